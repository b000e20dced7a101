"""One job in full: its status, its routines and its counts.

JOB is a job that runs, or a saved one: its id, four or more letters that it begins with, its flow,
its file, or @last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.cli import output
from routilux_tui.cli.jobs import readable
from routilux_tui.views.insight import PARTS

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the job."""
    job, place = readable(args.job)
    header, routines = job.header(), job.routines()
    if args.json:
        insight = job.insight(*PARTS)
        output.print_json(
            {
                "header": msgspec.to_builtins(header),
                "routines": {
                    row.routine_id: job.item("routines", row.routine_id) for row in routines
                },
                "file": place,
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
        output.print_header(header, routines, place)
    return 0
