"""The dashboard of one tab of a browser; `routilux-tui web` starts it by itself.

It draws into a pipe, and ends when its tab does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from routilux_tui.cli.browse import listed
from routilux_tui.cli.config import settings
from routilux_tui.cli.open import opened
from routilux_tui.cli.web import add_shown_arguments

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_shown_arguments(parser)
    parser.add_argument("--stay-read-only", action="store_true", help="no key turns it off")


def main() -> int:
    """Run it as a process of its own."""
    from routilux_tui.cli.main import main as run_command

    return run_command(["tab", *sys.argv[3:]])


def run(args: argparse.Namespace) -> int:
    """Show it until the tab is closed."""
    from routilux_tui.tui.app import run_dashboard
    from routilux_tui.tui.terminal.tab_driver import TabDriver

    chosen = settings(args)
    if args.stay_read_only:
        chosen = chosen._replace(read_only=True, stays_read_only=True)
    handle, source = opened(args) if args.paths else (None, listed(args, chosen))
    return run_dashboard(chosen, handle=handle, source=source, driver=TabDriver).code
