"""Open the dashboard on a running job of this machine.

JOB is its id, a unique beginning of it, its flow's name where only one runs, or @last; without
it, the only job there is. Any number of dashboards may watch one job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.config import add_screen_arguments, settings
from routilux_tui.errors import UsageError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("job", metavar="JOB", nargs="?", default="")
    add_screen_arguments(parser)


def run(words: argparse.Namespace) -> int:
    """Open the dashboard."""
    from routilux_tui.cli.output import is_interactive
    from routilux_tui.cli.screen import show
    from routilux_tui.runner.discover import find_job, running_jobs
    from routilux_tui.sources.live import socket_handle

    jobs = running_jobs()
    chosen = settings(words)
    found = find_job(words.job, jobs)
    if not is_interactive():
        raise UsageError("attach needs a terminal.", "Without one: routilux-tui tail -f JOB")
    return show(
        chosen, handle=socket_handle(found.socket, fps=chosen.fps, read_only=chosen.read_only)
    )
