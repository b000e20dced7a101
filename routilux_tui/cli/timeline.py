"""When which routine was busy, retried, gave up or stood still: a lane a routine.

Stretches in which nothing happened are folded, with their length below them. MOMENT is a time of
day (03:07 or 03:07:21), a date and time, so long after the start (+1h30m) or before the end (-5m),
a change's number, a record's (#12), or a condition: the first moment at which it holds. With
--json: one object, whose lanes have a level from 0 to 8 and a mark for each cell.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.cli import output
from routilux_tui.cli.arguments import at_least_one
from routilux_tui.cli.at_moment import file_of, replay_of, time_of_moment
from routilux_tui.cli.find_job import readable
from routilux_tui.errors import UsageError
from routilux_tui.job import timestamps
from routilux_tui.views.critical_path import busiest, summary
from routilux_tui.views.formatting import clock, duration, sparkline
from routilux_tui.views.text import cells
from routilux_tui.views.timeline import cell_text

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.critical_path import Link
    from routilux_tui.views.timeline import Timeline

_WIDEST_NAME = 24
_MOST_LINKS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("--from", dest="begin", metavar="MOMENT", help="from then on")
    parser.add_argument("--to", dest="end", metavar="MOMENT", help="until then")
    parser.add_argument(
        "--columns", type=at_least_one, default=0, metavar="N", help="cells of a lane"
    )
    parser.add_argument(
        "--expand", action="append", default=[], metavar="ROUTINE",
        help="with a lane for each handler of it that ran beside others, or each worker",
    )  # fmt: skip
    parser.add_argument("--busiest", action="store_true", help="say which tenth was the busiest")
    parser.add_argument(
        "--critical",
        action="store_true",
        help="the chain of waits and runs that its end waited for",
    )
    parser.add_argument("--flat", action="store_true", help="don't fold idle stretches")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the timeline."""
    job, _ = readable(args.job)
    names = [one[:_WIDEST_NAME] for one in job.flow().routines]
    width = max(map(cells, [*names, "queue"]))
    columns = args.columns or max(10, shutil.get_terminal_size().columns - width - 7)
    shown = job.timeline(0.0, 0.0, columns, fold=not args.flat)
    if args.begin is not None or args.end is not None:
        begin, end = (
            known if moment is None else time_of_moment(args.job, moment, shown.first, shown.last)
            for moment, known in ((args.begin, shown.first), (args.end, shown.last))
        )
        if begin >= end:
            raise UsageError("--from is not before --to.")
        shown = job.timeline(begin, end, columns, fold=not args.flat)
    if args.expand:
        there = {lane.routine_id for lane in shown.lanes}
        unknown = next((one for one in args.expand if one not in there), None)
        if unknown is not None:
            raise UsageError(f"The job has no routine {unknown!r}.")
        shown = replay_of(file_of(args.job)).detail(
            shown.begin, shown.end, columns, fold=not args.flat, expanded=args.expand
        )
        width = max(width, *(cells(one.name[:_WIDEST_NAME]) for one in shown.lanes))
    path = replay_of(file_of(args.job)).chain() if args.critical else None
    if args.json:
        plain = msgspec.to_builtins(shown)
        if args.busiest:
            plain["busiest"] = dict(zip(("begin", "end", "handlers"), busiest(shown), strict=True))
        if path is not None:
            plain["critical_path"] = msgspec.to_builtins(path)
        output.print_json(plain)
        return 0
    _print(shown, width)
    if args.busiest and shown.lanes:
        begin, end, handlers = busiest(shown)
        print(f"busiest from {_time(begin)} to {_time(end)}: {handlers:.1f} handlers at once")
    if path is not None:
        print(f"critical path: {output.safe(summary(path))}")
        for one in path.links[-_MOST_LINKS:]:
            print(_link_line(one))
    return 0


def _time(at: float) -> str:
    return clock(timestamps.to_iso(at))


def _link_line(one: Link) -> str:
    tries = f", {one.tries} tries" if one.tries > 1 else ""
    text = f"waited {duration(one.waited)}, ran {duration(one.ran)}{tries}"
    by = f"  after {one.source}.{one.event}" if one.source else ""
    return output.safe(f"  {_time(one.queued)}  {one.routine_id}  {text}{by}")


def _print(shown: Timeline, width: int) -> None:
    in_ascii = output.is_ascii()
    for lane in shown.lanes:
        drawn = "".join(cell_text(one, ascii_only=in_ascii) for one in lane.cells)
        name = output.padded(output.safe(lane.name)[:_WIDEST_NAME], width)
        print(f"{name} {drawn} {lane.share * 100:4.0f}%")
    if not in_ascii:
        for name, values in (("queue", list(map(float, shown.queue))), ("rate", shown.rate)):
            if any(values):
                print(f"{name.ljust(width)} {sparkline(values)} {max(values):,.0f}")
    ticks = ""
    for column, label in shown.ticks:
        ticks = ticks.ljust(column) + label
    print(f"{'' if shown.is_exact else '~':<{width}} {ticks}".rstrip())
    if not shown.is_exact:
        print("~ from the times of its records: its file has no starts and ends")
