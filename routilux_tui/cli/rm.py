"""Remove saved jobs: the file, journal, changes and log of each. A running one is never removed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli.find_job import SavedJob, find
from routilux_tui.cli.output import print_json, safe
from routilux_tui.errors import UsageError
from routilux_tui.job.status import has_ended
from routilux_tui.views.shapes import JobEntry

if TYPE_CHECKING:
    import argparse

    from routilux_tui.job.model import Job


_RELEASED_WITHIN = 5.0
"""Seconds that the runner of a job that has ended is given to close its file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("jobs", metavar="JOB|FILE", nargs="+")
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")
    parser.add_argument("--json", action="store_true", help="what was removed, an object a line")


def run(args: argparse.Namespace) -> int:
    """Remove them, if the user is sure."""
    from routilux_tui.runner.removing import remove_saved

    # a job that is named twice is removed once
    chosen = list({os.path.abspath(one[0]): one for one in map(_removable, args.jobs)}.values())  # noqa: PTH100 - its links stay
    if not args.yes:
        for path, _, shown in chosen:
            print(f"{shown}  {safe(str(path))}", file=sys.stderr)
        print("Remove? [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            print(file=sys.stderr)
            raise UsageError("rm asks, and nobody answers.", "Without a question: rm -y JOB")
        if answer.strip().lower() not in {"y", "yes"}:
            return 1
    kept: OSError | None = None
    for path, state, shown in chosen:
        try:
            remove_saved(path, state.job_id, state.status)
        except OSError as error:  # the others are removed all the same
            kept = kept or error
            continue
        if args.json:
            print_json({"removed": str(path), "job_id": state.job_id})
        elif args.yes:  # who was asked has seen which
            print(f"removed {shown}  {safe(str(path))}", file=sys.stderr)
    if kept is not None:
        raise kept
    return 0


def _removable(name: str) -> tuple[Path, Job, str]:
    """The file, the state and the description of the only job that a name means.

    Raises:
        NoSuchJob: when there is none, or more than one.
        NotPossible: when it runs.
        JobFileError: when it is a file that can't be read.
    """
    from routilux_tui.runner.removing import refusal
    from routilux_tui.store.locks import is_locked

    found = find(name, destroys=True)
    path = found if isinstance(found, Path) else Path(found.path)
    state, place = SavedJob(path).state, Path(os.path.realpath(path))  # behind a link
    runs = isinstance(found, JobEntry) and found.place == "live"
    if has_ended(state.status):  # whoever ran it may be about to let go of it
        deadline = time.monotonic() + _RELEASED_WITHIN
        while (runs := is_locked(place)) and time.monotonic() < deadline:
            time.sleep(0.02)
    if runs or is_locked(place):
        raise refusal(name, state.status)
    shown = f"{state.status}  {state.flow_id}  {state.job_id[:8]}"
    if path.is_symlink():
        shown = f"the link, and not the job, {shown}"
    return path, state, safe(shown)
