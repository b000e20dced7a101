"""The list of jobs: this machine's, and with --host those of other machines.

What runs is on top, what is saved below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.cli.config import (
    add_remote_command,
    add_screen_arguments,
    effective_settings,
    settings,
)
from routilux_tui.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from routilux_tui.cli.config import Value
    from routilux_tui.sources.base import Source
    from routilux_tui.tui.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_host_arguments(parser)
    add_screen_arguments(parser)


def add_host_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says whose jobs are listed."""
    parser.add_argument("--poll", action="store_true", help="look for changes: no events come here")
    parser.add_argument(
        "--host",
        dest="hosts",
        action="append",
        metavar="HOST",
        help="a machine to reach by ssh, as you would give it to ssh; may be given again",
    )
    add_remote_command(parser)


def run(args: argparse.Namespace) -> int:
    """Open the list."""
    from routilux_tui.cli.output import is_interactive
    from routilux_tui.cli.screen import show

    chosen = settings(args)
    if not is_interactive():
        raise UsageError("The list needs a terminal.", "Without one: routilux-tui ps")
    return show(chosen, source=listed(args, chosen))


def listed(args: argparse.Namespace, chosen: Settings) -> Source:
    """The jobs of this machine, and of those that are named."""
    from routilux_tui.runner.queues import start_waiting_jobs
    from routilux_tui.sources.local import local_source

    effective = effective_settings(args)
    start_waiting_jobs(effective["queues"].value)
    here = local_source(poll=args.poll, fps=chosen.fps, read_only=chosen.read_only)
    return with_hosts(here, effective, fps=chosen.fps, read_only=chosen.read_only)


def with_hosts(here: Source, effective: Mapping[str, Value], **options: Any) -> Source:
    """The jobs of this machine, and with them those of the machines that are named."""
    if not effective["hosts"].value:
        return here
    from routilux_tui.sources.merged import MergedSource
    from routilux_tui.sources.ssh import SshSource, host_of

    command = effective["remote_command"].value
    far = [SshSource(host_of(name), command, **options) for name in effective["hosts"].value]
    return MergedSource([here, *far])
