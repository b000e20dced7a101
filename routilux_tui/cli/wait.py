"""Wait for a job's end, or until a condition holds.

CONDITION is CEL: status == "paused" || routines.validator.retry_count >= 2. Without one, the
exit code tells the job's end: 0 completed, 1 failed or cancelled. With one: 0 when it holds,
1 when the job has ended and it can't any more, 124 when the time is over first.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.arguments import seconds
from routilux_tui.cli.jobs import SavedJob, readable
from routilux_tui.errors import ConditionImpossible, JobFailed, NotPossible, TimedOut
from routilux_tui.job import status as statuses
from routilux_tui.views.shapes import WaitResult

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB")
    parser.add_argument("--until", default="", metavar="CONDITION", help="a condition in CEL")
    parser.add_argument(
        "--timeout", type=seconds, default=None, metavar="S", help="seconds at most"
    )
    parser.add_argument("--json", action="store_true", help="how it ended, as JSON")


def run(args: argparse.Namespace) -> int:
    """Wait."""
    job, place = readable(args.job)
    if isinstance(job, SavedJob):
        result = _of_file(job, args.until, place)
    else:
        result = job.wait(args.until, args.timeout)  # type: ignore[attr-defined] # a Client
    if args.json:
        output.print_json(result)
    elif sys.stderr.isatty():
        print(f"{result.outcome}: the job is {output.safe(result.status)}", file=sys.stderr)
    if result.outcome == "timeout":
        raise TimedOut(f"Not within {args.timeout:g} s; the job is {result.status}.")
    if result.outcome == "ended":
        raise ConditionImpossible(f"It can't hold any more: the job is {result.status}.")
    if not args.until and result.status != "completed":
        raise JobFailed(f"The job is {result.status}.")
    return 0


def _of_file(job: SavedJob, until: str, place: str) -> WaitResult:
    """A file that nobody writes: it is so, or it never will be."""
    status = job.state.status
    if until:
        from routilux_tui.views.conditions import Condition, context_of

        condition, context = Condition(until), context_of(job.state)
        condition.check(context)
        if condition.holds(context):
            return WaitResult("met", status)
    if not statuses.has_ended(status):
        raise NotPossible(
            f"{place}: the job is {status}, and nobody runs it.",
            "Take it up: routilux-tui resume FILE FLOW",
        )
    return WaitResult("ended" if until else "met", status)
