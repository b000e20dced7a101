"""One job in full: its status, its routines and its counts.

JOB is a job that runs, or a saved one: its id, four or more letters that it begins with, its flow,
its file, or @last. With --json, header.status and the status of each of the routines are those of
the job's file; how it is, and each routine, as it is printed without, is in outlook.word and in the
state of each of the figures.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.cli import output
from routilux_tui.cli.at_moment import add_at_argument, readable_at
from routilux_tui.cli.find_job import SavedJob
from routilux_tui.errors import UsageError
from routilux_tui.job.status import NO_ANSWER
from routilux_tui.views.formatting import zoned
from routilux_tui.views.insight import NOW, PARTS, PROBLEMS, Now
from routilux_tui.views.shapes import JOB

if TYPE_CHECKING:
    import argparse

    from routilux_tui.cli.find_job import Readable
    from routilux_tui.views.insight import Insight


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument(
        "--problems",
        action="store_true",
        help="its errors by kind, with their inputs and what these have in common",
    )
    parser.add_argument("--now", action="store_true", help="what runs, and what comes next")
    parser.add_argument(
        "--stacks", action="store_true", help="with --now: where each handler is in its code"
    )
    add_at_argument(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the job, or the parts of it that are asked for."""
    if args.stacks and not args.now:
        raise UsageError("--stacks goes with --now.")
    if args.stacks and args.at is not None:
        raise UsageError("--stacks goes with what runs now: past ones are not kept.")
    if args.problems or args.now:
        with contextlib.closing(readable_at(args.job, args.at)[0]) as opened:
            _print_parts(opened, args)
        return 0
    job, place = readable_at(args.job, args.at)
    header, routines = job.header(), job.routines()
    insight = _insight(job, *PARTS)
    if insight.outlook is not None:
        header = msgspec.structs.replace(header, progress=insight.outlook.progress)
    if args.json:
        output.print_json(
            {
                "header": msgspec.to_builtins(header),
                "routines": {
                    row.routine_id: job.item("routines", row.routine_id) for row in routines
                },
                "file": place,
                "launch": job.item(JOB, "launch"),
                "flow": msgspec.to_builtins(job.flow()),
                "controls": job.item(JOB, "controls"),
                **{
                    part: msgspec.to_builtins(getattr(insight, part))
                    for part in ("outlook", "problems", "now")
                },
                "figures": [
                    dict(zip(one.__struct_fields__, msgspec.to_builtins(one), strict=True))
                    for one in insight.figures
                ],
            }
        )
    else:
        output.print_header(header, routines, place, insight)
        _print_executors(job.item(JOB, "launch"))
    return 0


def _print_executors(launch: Any) -> None:
    """Where the handlers run that run elsewhere, and what is promised of them."""
    from routilux_tui.flow.executor_spec import THREADS, promise_of

    known = launch if isinstance(launch, dict) else {}
    own = known.get("executors")
    executors = {"": known.get("executor"), **(own if isinstance(own, dict) else {})}
    if all(one in (None, "", THREADS) for one in executors.values()):
        return
    print()
    for routine, spec in executors.items():
        if isinstance(spec, str) and spec:
            whose = f"{output.safe(routine)} runs by" if routine else "handlers run by"
            print(f"  {whose} {output.safe(spec)}: {promise_of(spec)}")


def _is_silent(job: Readable) -> bool:
    """Whether its runner does not answer, so that its file tells how it was."""
    return isinstance(job, SavedJob) and job.is_silent


def _insight(job: Readable, *parts: str) -> Insight:
    """What is measured of a job; nothing of what is to come, where its runner does not answer."""
    insight = job.insight(*parts)
    if insight.outlook is None or not _is_silent(job):
        return insight
    replace = msgspec.structs.replace
    outlook = replace(insight.outlook, word=NO_ANSWER, low=None, high=None, eta="", basis="")
    return replace(insight, outlook=outlook)


def _print_parts(job: Readable, args: argparse.Namespace) -> None:
    parts = [part for part, wanted in ((PROBLEMS, args.problems), (NOW, args.now)) if wanted]
    insight = _insight(job, *parts)
    now = insight.now or Now()
    stacks = {one.task: job.stack(one.task) for one in now.handlers if args.stacks}
    if not args.json:
        from routilux_tui.cli.insight_text import print_now, print_problems

        header = job.header()
        if _is_silent(job):
            print(f"Its runner does not answer; as of {zoned(header.updated_at)}:")
        stands = header.gone or header.status == "paused"
        if args.problems:
            print_problems(insight, stands=stands)
        if args.now:
            print_now(now, stacks, stands=stands)
        return
    shown: dict[str, Any] = {"at": insight.at}
    if args.problems:
        shown["problems"] = msgspec.to_builtins(insight.problems)
        shown["problems_beyond"] = msgspec.to_builtins(insight.problems_beyond)
    if args.now:
        shown["now"] = msgspec.to_builtins(now)
    if args.stacks:
        shown["stacks"] = msgspec.to_builtins(stacks)
    output.print_json(shown)
