"""A job's shared log, or with --of print what its handlers printed and logged, oldest first.

What was printed is told with its time, routine and level (print, stderr, INFO and so on). With -f
it goes on with what comes, and ends with the job.
"""

from __future__ import annotations

import sys
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
from routilux_tui.errors import UsageError
from routilux_tui.views.shapes import LOG, PRINTED

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_row_arguments(parser)
    parser.add_argument("--of", choices=[LOG, PRINTED], default=LOG, help="what to print")
    parser.add_argument("--task", type=count, metavar="N", help="what this task printed alone")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    parser.add_argument("--tail", type=count, metavar="N", help="the last N alone")


def run(args: argparse.Namespace) -> int:
    """Print the entries."""
    if args.task is not None and args.of != PRINTED:
        raise UsageError("--task is known of what was printed.", "Say --of print, too.")
    job, _ = readable(args.job)
    where = filter_of(args, args.task)
    start = 0 if args.tail is None else start_of_last(job, args.of, where, args.tail)
    if args.of == PRINTED and not where and not start:
        gone = job.window(PRINTED, 0, 1, where).start
        if gone:
            print(f"{gone:,} earlier lines are gone: log_size keeps no more.", file=sys.stderr)
    at = print_rows(job, args.of, where, start, as_json=args.json)
    if args.follow and not isinstance(job, SavedJob):
        follow_rows(job, args.of, where, at, as_json=args.json)
    return 0
