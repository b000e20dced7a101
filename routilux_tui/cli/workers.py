"""Give a running job more or fewer handlers at once.

It takes effect with the next task; no handler that runs is interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import control
from routilux_tui.cli.arguments import at_least_one

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_job_arguments(parser)
    parser.add_argument(
        "number", type=at_least_one, metavar="N", help="handlers at once, from 1 up"
    )


def run(args: argparse.Namespace) -> int:
    """Ask for it."""
    return control.send(args, "workers", workers=args.number)
