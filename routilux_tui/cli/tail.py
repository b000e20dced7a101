"""The last rows of a job's history, log, output or pauses, and with -f what follows, as it comes.

With -f it ends with the job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.arguments import count
from routilux_tui.cli.find_job import SavedJob, readable
from routilux_tui.cli.rows import (
    add_row_arguments,
    filter_of,
    follow_rows,
    print_rows,
    start_of_last,
)
from routilux_tui.views.shapes import APPENDED, HISTORY

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_row_arguments(parser)
    parser.add_argument(
        "-n", type=count, default=10, metavar="N", help="begin N rows before the end"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    parser.add_argument("--of", choices=APPENDED, default=HISTORY, help="what to print")


def run(args: argparse.Namespace) -> int:
    """Print the rows, and follow."""
    job, _ = readable(args.job)
    where = filter_of(args)
    start = start_of_last(job, args.of, where, args.n)
    at = print_rows(job, args.of, where, start, as_json=args.json)
    if args.follow and not isinstance(job, SavedJob):
        follow_rows(job, args.of, where, at, as_json=args.json)
    return 0
