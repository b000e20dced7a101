"""What led to a record, from the start of the job on, and what came of it.

N is the record's number, as `history --json` and the dashboard have it; -1 is the last one. Each
line has the time since the record that led to it, and what of it its task waited, and what it ran.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.arguments import row_number
from routilux_tui.cli.at_moment import replay_of
from routilux_tui.cli.find_job import readable
from routilux_tui.errors import RoutiluxTuiError, UsageError
from routilux_tui.views.formatting import clock, count, span
from routilux_tui.views.shapes import HISTORY, Filter
from routilux_tui.views.trace import folded, run_trace, waits_of, with_waits

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from routilux_tui.views.shapes import Row
    from routilux_tui.views.trace import Step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("n", metavar="N", type=row_number, help="the number of the record")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the chain."""
    job, place = readable(args.job)
    total = job.window(HISTORY, 0, 0, Filter()).total

    def window(start: int, stop: int) -> Sequence[Row]:
        return job.window(HISTORY, start, stop, Filter()).rows

    found = run_trace(args.n + total if args.n < 0 else args.n, total, window)
    if found is None:
        has = f"It has {count(total)}, from 0 on." if total else "It has none yet."
        raise UsageError(f"There is no record {args.n}.", has)
    if place:  # else nothing is kept of it
        with contextlib.suppress(RoutiluxTuiError):
            links = replay_of(Path(place)).chain(found.chain[-1].n).links
            found = with_waits(found, links)
    if args.json:
        output.print_json(found)
        return 0
    if found.note:
        print(f"  {found.note}")
    for one in folded(found.chain, gap=found.gap):
        print(f"{'':9}{output.safe(one)}" if isinstance(one, str) else _line(one))
    if found.came or not found.is_whole:
        print("what came of it:")
    for step in found.came:
        print(_line(step, "  " * step.depth))
    if not found.is_whole:
        print("  and perhaps more: not all records after it were looked at")
    return 0


def _line(step: Step, indent: str = "") -> str:
    after = "" if step.after is None else f"+{span(step.after)}"
    parts = [f"{indent}#{step.n}".ljust(8), clock(step.at), after.rjust(7), step.routine]
    waits = [waits_of(step)] if step.waited is not None else []
    return output.safe("  ".join([*parts, step.event, *waits, step.text])).rstrip()
