"""The list of jobs: this machine's, and with --host those of other machines.

What runs is on top, what is saved below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.config import add_remote_command, add_screen_arguments, in_force, settings
from routilux_tui.errors import UsageError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("--poll", action="store_true", help="look for changes: no events come here")
    parser.add_argument(
        "--host",
        dest="hosts",
        action="append",
        metavar="HOST",
        help="a machine to reach by ssh, as you would give it to ssh; may be given again",
    )
    add_remote_command(parser)
    add_screen_arguments(parser)


def run(words: argparse.Namespace) -> int:
    """Open the list."""
    from routilux_tui.cli.output import is_interactive
    from routilux_tui.cli.screen import show

    told = in_force(words)
    chosen = settings(words)
    if not is_interactive():
        raise UsageError("The list needs a terminal.", "Without one: routilux-tui ps")
    from routilux_tui.sources.local import local_source
    from routilux_tui.sources.merged import MergedSource

    here = local_source(poll=words.poll, fps=chosen.fps, read_only=chosen.read_only)
    if not told["hosts"].value:
        return show(chosen, source=here)
    from routilux_tui.sources.ssh import SshSource, host_of

    far = [
        SshSource(
            host_of(name),
            told["remote_command"].value,
            fps=chosen.fps,
            read_only=chosen.read_only,
        )
        for name in told["hosts"].value
    ]
    return show(chosen, source=MergedSource([here, *far]))
