"""What two jobs differ in: flow, parameters, routines, errors, shared data, first other record.

The two are running jobs, saved ones, or files; the first is called A, the other B. Marked with ~
is what chance may make of it. Times alone never make two jobs differ: two runs of the same never
take the same.

Exit codes: 0 they did the same, 1 they differ, 2 one of them can't be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.cli import output
from routilux_tui.cli.find_job import readable
from routilux_tui.cli.rows import all_rows
from routilux_tui.errors import JobFileError, UsageError
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview
from routilux_tui.views.diff import (
    DATA,
    RECORDS,
    TIMES,
    Difference,
    Run,
    are_alike,
    diff,
    first_parting,
)
from routilux_tui.views.formatting import count, duration
from routilux_tui.views.insight import FIGURES, PROBLEMS
from routilux_tui.views.shapes import HISTORY

if TYPE_CHECKING:
    import argparse

    from routilux_tui.cli.find_job import Readable
    from routilux_tui.views.insight import Insight
    from routilux_tui.views.shapes import Row

#: Records that are compared; what comes later is not looked at, and that is said.
MOST_RECORDS = 200_000
_WIDEST = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("a", metavar="JOB|FILE", help="the one")
    parser.add_argument("b", metavar="JOB|FILE", help="the other")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the differences."""
    try:
        (job_a, _), (job_b, _) = readable(args.a), readable(args.b)
    except JobFileError as error:
        error.exit_code = UsageError.exit_code  # 1 says that they differ
        raise
    run_a, run_b = run_of(job_a), run_of(job_b)
    differences = diff(run_a, run_b)
    parting = first_parting(
        all_rows(job_a, HISTORY, MOST_RECORDS), all_rows(job_b, HISTORY, MOST_RECORDS)
    )
    alike = are_alike(differences) and parting == (None, None)
    if args.json:
        output.print_json(
            {
                "alike": alike,
                "a": {"job_id": run_a.job_id, "flow_id": run_a.flow_id, "status": run_a.status},
                "b": {"job_id": run_b.job_id, "flow_id": run_b.flow_id, "status": run_b.status},
                "differences": [msgspec.to_builtins(one) for one in differences],
                "first_record": [
                    None if row is None else output.row_object(row) for row in parting
                ],
            }
        )
    else:
        _print(run_a, run_b, differences, parting)
    return 0 if alike else 1


def run_of(job: Readable) -> Run:
    """What is compared of a job."""
    header = job.header()
    began, ended = timestamps.to_epoch(header.created_at), timestamps.to_epoch(header.updated_at)
    flow, insight = job.flow(), job.insight(FIGURES, PROBLEMS)
    first = job.item(HISTORY, 0) if header.counts.get(HISTORY) else None
    params = first.get("data") if isinstance(first, dict) and _is_start(first) else None
    return Run(
        job_id=header.job_id,
        flow_id=header.flow_id,
        status=header.status,
        params=params if isinstance(params, dict) else None,
        seconds=None if began is None or ended is None else ended - began,
        connections=list(flow.links) if flow.is_whole else None,
        routines={one.routine_id: one for one in insight.figures},
        kinds=_kinds(insight),
        data={row.name: job.item(DATA, row.n) for row in all_rows(job, DATA, 1000)},
    )


def _kinds(insight: Insight) -> dict[str, int]:
    """How many errors there were of each kind; of an older file, how many each routine had."""
    kinds = {
        f"{one.routine_id}: {one.error_type}: {one.kind}": one.count for one in insight.problems
    }
    if kinds:
        return kinds
    return {
        f"{one.routine_id}: {one.last_error}": one.errors
        for one in insight.figures
        if one.errors and one.last_error
    }


def _is_start(record: dict[str, Any]) -> bool:
    return record.get("event_name") == "start"


def _print(
    a: Run, b: Run, differences: list[Difference], parting: tuple[Row | None, Row | None]
) -> None:
    for side, job in (("A", a), ("B", b)):
        print(f"{side}  {output.safe(job.flow_id)}  {output.safe(job.job_id)}  ", end="")
        print(output.safe(job.status))
    part = ""
    for one in differences:
        if one.part != part:
            part = one.part
            print(f"\n{part}")
        values = " → ".join(_value(value, is_time=part == TIMES) for value in (one.a, one.b))
        print(f"  {'~' if one.is_noise else ' '} {output.safe(one.name)}: {output.safe(values)}")
    if parting != (None, None):
        print(f"\n{RECORDS}")
        for side, row in zip("AB", parting, strict=True):
            if row is not None:
                print(f"    {side} alone has #{row.n}: {output.row_line(row)[:200]}")
    elif are_alike(differences):
        print("\nThey did the same.")


def _value(value: Any, *, is_time: bool) -> str:
    if value is None:
        return "nothing"
    if is_time and isinstance(value, float):
        return duration(value)
    if type(value) is int:
        return count(value)
    return preview(value, _WIDEST)
