"""Wait for a job's end, or until a condition holds.

CONDITION is CEL: status == "paused" || routines.validator.retry_count >= 2. Without one, the
exit code tells the job's end: 0 completed, 1 failed or cancelled. With one: 0 when it holds,
1 when the job has ended and it can't any more, 124 when the time is over first.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.arguments import seconds
from routilux_tui.cli.find_job import SavedJob, find, find_running
from routilux_tui.cli.turn import running_of, wait_for_turn, waits_for_turn
from routilux_tui.errors import (
    ConditionImpossible,
    JobFailed,
    NotConfirmed,
    NotPossible,
    TimedOut,
    Unreachable,
)
from routilux_tui.job import status as statuses
from routilux_tui.store.locks import is_locked
from routilux_tui.store.retention import says_its_end
from routilux_tui.views.formatting import limit
from routilux_tui.views.naming import command
from routilux_tui.views.shapes import WaitResult

if TYPE_CHECKING:
    import argparse

    from routilux_tui.runner.client import Client

_ANSWERS, _ANSWERS_AT_LEAST = 5.0, 1.0
"""Seconds that a runner is given to answer, and those that it gets though less time is left."""
_GONE_WITHIN = 2.0
_LOOKS_EVERY = 0.05


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
    result = _wait(args)
    if args.json:
        output.print_json(result)
    elif sys.stderr.isatty():
        print(f"{result.outcome}: the job is {output.safe(result.status)}", file=sys.stderr)
    if result.outcome == "timeout":
        raise TimedOut(f"Not within {limit(args.timeout)}; the job is {result.status}.")
    if result.outcome == "ended":
        raise ConditionImpossible(f"It can't hold any more: the job is {result.status}.")
    if not args.until and result.status != "completed":
        raise JobFailed(f"The job is {result.status}.")
    return 0


def _wait(args: argparse.Namespace) -> WaitResult:
    """Wait where the job lives; a file that nobody writes is judged at once."""
    from routilux_tui.runner.client import Client

    begun = time.monotonic()
    found = find(args.job)
    if isinstance(found, Path) and is_locked(found):
        found = find_running(args.job, must_answer=False)
    if isinstance(found, Path) or found.place != "live":
        path = found if isinstance(found, Path) else Path(found.path)
        if waits_for_turn(path):
            if args.until and _holds(SavedJob(path), args.until):
                return WaitResult("met", "pending")
            if not wait_for_turn(path, None if args.timeout is None else begun + args.timeout):
                return WaitResult("timeout", "pending")
        running = running_of(path)
        if running is None:
            return _judge_file(SavedJob(path), args.until)
        found = running
    path, deadline = Path(found.path), None
    left, patience = None, _ANSWERS
    if args.timeout is not None:
        deadline = begun + args.timeout
        left = max(0.0, deadline - time.monotonic())
        patience = min(_ANSWERS, max(_ANSWERS_AT_LEAST, left))
    try:
        with Client(found.key, patience) as client:
            path = Path(client.hello.path)
            result = client.wait(args.until, left)
            if not args.until and not wait_until_saved(client, deadline):
                return WaitResult("timeout", f"{result.status}, and its file is not written yet")
            return result
    except NotConfirmed as error:
        if args.timeout is not None and time.monotonic() - begun >= args.timeout:
            raise TimedOut(
                f"Not within {limit(args.timeout)}: {error.message}", error.hint
            ) from None
        raise
    except Unreachable:
        deadline = time.monotonic() + _GONE_WITHIN  # a process that is killed takes a moment to go
        while is_locked(path) and time.monotonic() < deadline:
            time.sleep(0.02)
        if is_locked(path) or not path.is_file():
            raise
        return _judge_file(SavedJob(path), args.until)  # it has ended, or its process is gone


def wait_until_saved(client: Client, deadline: float | None = None) -> bool:
    """Wait until the file of a job that has ended has all of it: its runner writes it last.

    Where it can't be written just now, that is said, and waited for no longer.

    Args:
        client: asks the job's runner.
        deadline: when to wait no more, on the clock of `time.monotonic`.

    Returns:
        False where that came first.
    """
    path = Path(client.hello.path)
    while client.hello.path and is_locked(path) and not says_its_end(path):
        if deadline is not None and time.monotonic() > deadline:
            return False
        try:
            header = client.header()
        except Unreachable:
            return True
        if not statuses.has_ended(header.status):  # it goes on: what failed was sent again
            return True
        if path.name in header.note:
            print(f"The job is not saved yet: {output.safe(header.note)}", file=sys.stderr)
            return True
        time.sleep(_LOOKS_EVERY)
    return True


def _judge_file(job: SavedJob, until: str) -> WaitResult:
    """A file that nobody writes: it is so, or it never will be."""
    status = job.state.status
    if until and _holds(job, until):
        return WaitResult("met", status)
    if not statuses.has_ended(status):
        raise NotPossible(
            f"{job.path}: {statuses.how_left(status)}.",
            f"What was done is kept. Go on: {command('resume', job.path)}",
        )
    return WaitResult("ended" if until else "met", status)


def _holds(job: SavedJob, until: str) -> bool:
    """Whether a condition holds of a saved job."""
    from routilux_tui.runner.blocking_judge import BlockingJudge
    from routilux_tui.sources.entry_progress import judge_by_earlier
    from routilux_tui.views.condition_context import context_of
    from routilux_tui.views.conditions import Condition
    from routilux_tui.views.projection import Projection

    projection = Projection(job.state)
    judge_by_earlier(projection)
    context = context_of(job.state, projection.earlier, gone=job.is_abandoned())
    condition = Condition(until)
    if job.state.status != "pending":  # it knows its routines when it begins, and says then
        condition.check_names(context)
    with contextlib.closing(BlockingJudge()) as judge:
        return judge.holds(condition, context)
