"""Remove saved jobs: a job's file, its journal and its log. A running job is never removed."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli.jobs import SavedJob, readable
from routilux_tui.cli.output import print_json, safe
from routilux_tui.errors import NotPossible, UsageError

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("jobs", metavar="JOB|FILE", nargs="+")
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")
    parser.add_argument("--json", action="store_true", help="what was removed, an object a line")


def run(args: argparse.Namespace) -> int:
    """Remove them, if the user is sure."""
    from routilux_tui.runner.paths import log_path
    from routilux_tui.store.files import journal_path
    from routilux_tui.store.locks import is_locked

    removed = []
    for name in args.jobs:
        job, place = readable(name)
        path = Path(place)
        if not isinstance(job, SavedJob) or is_locked(path):
            raise NotPossible(
                f"Job {name} is running.", f"Cancel it first: routilux-tui cancel {name}"
            )
        removed.append((path, job.state.job_id))
    if not args.yes:
        for path, _ in removed:
            print(safe(str(path)), file=sys.stderr)
        print("Remove? [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            print(file=sys.stderr)
            raise UsageError("rm asks, and nobody answers.", "Without a question: rm -y JOB")
        if answer.strip().lower() not in {"y", "yes"}:
            return 1
    for path, job_id in removed:
        for one in (path, journal_path(path), log_path(job_id)):
            with contextlib.suppress(OSError):
                one.unlink()
        if args.json:
            print_json({"removed": str(path), "job_id": job_id})
    return 0
