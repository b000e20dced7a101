"""A job's records, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.arguments import count
from routilux_tui.cli.at_moment import add_at_argument, readable_at
from routilux_tui.cli.rows import add_row_arguments, filter_of, print_rows, start_of_last
from routilux_tui.views.shapes import HISTORY

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_row_arguments(parser)
    parser.add_argument("--tail", type=count, metavar="N", help="the last N alone")
    add_at_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Print the records."""
    job, _ = readable_at(args.job, args.at)
    where = filter_of(args)
    start = 0 if args.tail is None else start_of_last(job, HISTORY, where, args.tail)
    print_rows(job, HISTORY, where, start, as_json=args.json)
    return 0
