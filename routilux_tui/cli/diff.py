"""What two jobs differ in: flow, code, parameters, routines, errors, data, first other record.

The two are running jobs, saved ones, or files; the first is called A, the other B. Marked with ~
is what chance may make of it: counts of errors and retries within two standard deviations, where
both have any. Times alone never make two jobs differ: two runs of the same never take the same.

Exit codes: 0 they did the same, 1 they differ, 2 one of them can't be read, 3 there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.cli import output
from routilux_tui.cli.find_job import readable
from routilux_tui.cli.rows import all_rows
from routilux_tui.views.comparison import difference_lines, run_line, run_of
from routilux_tui.views.diff import DATA, Run, are_alike, diff, first_parting
from routilux_tui.views.insight import FIGURES, PROBLEMS
from routilux_tui.views.shapes import HISTORY, JOB

if TYPE_CHECKING:
    import argparse

    from routilux_tui.cli.find_job import Readable

#: Records that are compared; what comes later is not looked at, and that is said.
MOST_RECORDS = 200_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("a", metavar="JOB|FILE", help="the one")
    parser.add_argument("b", metavar="JOB|FILE", help="the other")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the differences."""
    (job_a, _), (job_b, _) = readable(args.a), readable(args.b)
    run_a, run_b = run_of_job(job_a), run_of_job(job_b)
    differences = diff(run_a, run_b)
    rows_a, rows_b = (all_rows(one, HISTORY, MOST_RECORDS) for one in (job_a, job_b))
    is_cut = any(one.header().counts.get(HISTORY, 0) > MOST_RECORDS for one in (job_a, job_b))
    cut_at = MOST_RECORDS if is_cut else None
    parting = first_parting(rows_a, rows_b, cut_at)
    alike = are_alike(differences) and parting == (None, None)
    if args.json:
        output.print_json(
            {
                "alike": alike,
                "records_compared": cut_at,
                "a": {"job_id": run_a.job_id, "flow_id": run_a.flow_id, "status": run_a.status},
                "b": {"job_id": run_b.job_id, "flow_id": run_b.flow_id, "status": run_b.status},
                "differences": [msgspec.to_builtins(one) for one in differences],
                "first_record": [
                    None if row is None else output.row_object(row) for row in parting
                ],
            }
        )
    else:
        _print(run_a, run_b, difference_lines(differences, parting, cut_at))
    return 0 if alike else 1


def run_of_job(job: Readable) -> Run:
    """What is compared of a job."""
    header = job.header()
    start = job.item(HISTORY, 0) if header.counts.get(HISTORY) else None
    data = {row.name: job.item(DATA, row.n) for row in all_rows(job, DATA, 1000)}
    insight = job.insight(FIGURES, PROBLEMS)
    return run_of(header, job.flow(), insight, start, job.item(JOB, "launch"), data)


def _print(a: Run, b: Run, lines: list[str]) -> None:
    for side, one in (("A", a), ("B", b)):
        print(output.safe(run_line(side, one)))
    for line in lines:
        print(output.safe(line))
