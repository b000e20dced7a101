"""Go on with a paused job, or take up a saved one that nobody runs: it was paused, or killed.

A saved job is taken up in a new runner, with the flow, the parameters and the folder that it was
started with, if the flow's source is still the same; --flow FLOW (or FLOW behind JOB) names it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import control, output
from routilux_tui.cli.arguments import add_worker_arguments
from routilux_tui.cli.config import effective_settings
from routilux_tui.cli.find_job import SavedJob, answering, find
from routilux_tui.errors import NotPossible
from routilux_tui.job.status import has_ended
from routilux_tui.store.locks import is_locked
from routilux_tui.views.naming import command

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    control.add_control_arguments(parser)
    parser.add_argument("place", metavar="FLOW", nargs="?", default="", help="as --flow")
    parser.add_argument("--flow", default="", help="the flow that it goes on with")
    add_worker_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, and wait for the job's word; or take it up."""
    flow = args.flow or args.place
    left = _left_unfinished(args.job)
    if left is not None:
        return _told_finished(args, left)
    path = _saved_file(args.job)
    if path is None:
        if flow:
            raise NotPossible(
                f"Job {args.job!r} is run by its runner.", f"Go on: {command('resume', args.job)}"
            )
        return control.request(args, "resume", {"running", "completed", "failed", "cancelled"})
    from routilux_tui.runner.launch import resume_job

    chosen = effective_settings()
    started = resume_job(
        path,
        flow,
        workers=args.workers,
        executor=args.executor,
        keep=chosen["keep"].value,
        log_size=chosen["log_size"].value,
    )
    if args.json:
        output.print_json(started)
    else:
        print(started.job_id)
    return 0


def _left_unfinished(name: str) -> SavedJob | None:
    """The job that had ended, and whose file is complete only now: its process was killed."""
    from routilux_tui.runner.kept_file import finish_file

    found = find(name, destroys=_is_file(name))
    path = found if isinstance(found, Path) else Path(found.path)
    if not has_ended(SavedJob(path).state.status if isinstance(found, Path) else found.status):
        return None
    return SavedJob(path) if path.is_file() and not is_locked(path) and finish_file(path) else None


def _told_finished(args: argparse.Namespace, job: SavedJob) -> int:
    state = job.state
    if args.json:
        output.print_json({"job_id": state.job_id, "status": state.status, "path": str(job.path)})
    else:
        print(state.job_id)
    print(
        f"Job {output.safe(args.job)} was {state.status} when its process was killed; its file was "
        "not written to the end, and is now.",
        file=sys.stderr,
    )
    return 0


def _saved_file(name: str) -> str | None:
    """The file of a saved job that nobody runs; None where somebody does.

    Raises:
        NoSuchJob: when no job is called so, or more than one is.
        NotPossible: when it has ended.
        NotConfirmed: when its runner does not answer.
    """
    from routilux_tui.store.large_file import open_job

    found = find(name, destroys=_is_file(name))  # of a name, the newest run is meant
    if isinstance(found, Path):
        if is_locked(found):
            return None
        _check_open(name, open_job(found).status)
        return str(found)
    _check_open(name, found.status)
    return found.path if answering(name, found).place == "saved" else None


def _is_file(name: str) -> bool:
    return os.path.isfile(name)  # noqa: PTH113 - a NUL or 300 letters are no error


def _check_open(name: str, status: str) -> None:
    """Refuse a job that has ended, and say what can be done instead."""
    if not has_ended(status):
        return
    way = f"As a new job: {command('again', name)}"
    if status == "failed":
        ways = (["retry", name, "--all"], ["again", name])
        same, new = (command(*words) for words in ways)
        way = f"What failed is sent again by: {same}, or as a new job: {new} [--only-failed]"
    raise NotPossible(f"Job {name} is {status}: it can't be resumed.", way)
