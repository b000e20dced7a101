"""A job's shared log, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.arguments import count
from routilux_tui.cli.jobs import readable
from routilux_tui.cli.rows import add_row_arguments, filter_of, print_rows, start_of_last
from routilux_tui.views.shapes import LOG

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_row_arguments(parser)
    parser.add_argument("--tail", type=count, metavar="N", help="the last N alone")


def run(args: argparse.Namespace) -> int:
    """Print the entries."""
    job, _ = readable(args.job)
    where = filter_of(args)
    start = 0 if args.tail is None else start_of_last(job, LOG, where, args.tail)
    print_rows(job, LOG, where, start, as_json=args.json)
    return 0
