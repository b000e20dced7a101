"""Open the dashboard on a running job.

JOB is its id, four or more letters that it begins with, its flow's name where only one runs, its
file, or @last; without it, the only job there is, or the list of those that run, to choose from.
ssh://host/JOB is one of another machine. Any number of dashboards may watch one job.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli.arguments import LAST
from routilux_tui.cli.config import (
    add_remote_command,
    add_screen_arguments,
    effective_settings,
    settings,
)
from routilux_tui.cli.find_job import find, find_running
from routilux_tui.errors import NoSuchJob, UsageError
from routilux_tui.views.naming import command

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB", nargs="?")
    add_remote_command(parser)
    add_screen_arguments(parser)


def _with_way_to_see(error: NoSuchJob, name: str) -> NoSuchJob:
    """The error that no job of that name runs, with how a saved one is looked at, if one is."""
    from routilux_tui.cli.output import is_interactive

    with contextlib.suppress(NoSuchJob):
        found = find(name)
        path = found if isinstance(found, Path) else Path(found.path)
        if path.is_file():
            look = command("open" if is_interactive() else "show", path)
            hint = error.hint[:1].lower() + error.hint[1:]
            return NoSuchJob(error.message, f"Look at it: {look}; {hint}")
    return error


def run(args: argparse.Namespace) -> int:
    """Open the dashboard."""
    from routilux_tui.cli.output import is_interactive
    from routilux_tui.cli.screen import show, show_runner
    from routilux_tui.runner.discover import find_job, running_jobs
    from routilux_tui.sources.live_source import LiveSource

    chosen = settings(args)
    if (args.job or "").startswith("ssh://"):
        from routilux_tui.sources.ssh import split_address, ssh_handle

        host, job = split_address(args.job)
        if not is_interactive():
            raise UsageError("attach needs a terminal.", f"Without one: ssh {host.name} ...")
        remote = effective_settings(args)["remote_command"].value
        far = ssh_handle(host, remote, job, fps=chosen.fps, read_only=chosen.read_only)
        return show(chosen, handle=far)
    if args.job is not None:
        try:
            socket = Path(find_running(args.job, must_answer=False).key)
        except NoSuchJob as error:
            raise _with_way_to_see(error, args.job) from None
    else:
        jobs = running_jobs()
        if len(jobs) > 1 and is_interactive():
            return show(chosen, source=LiveSource(fps=chosen.fps, read_only=chosen.read_only))
        socket = find_job(jobs=jobs).socket
    if not is_interactive():
        way = command("tail", "-f", args.job or LAST)
        raise UsageError("attach needs a terminal.", f"Without one: {way}")
    return show_runner(chosen, socket)
