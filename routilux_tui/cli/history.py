"""A job's records, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli.jobs import readable
from routilux_tui.cli.rows import add_row_arguments, filter_of, print_rows
from routilux_tui.views.shapes import HISTORY

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_row_arguments(parser)
    parser.add_argument("--tail", type=int, default=0, metavar="N", help="the last N alone")


def run(args: argparse.Namespace) -> int:
    """Print the records."""
    job, _ = readable(args.job)
    print_rows(job, HISTORY, filter_of(args), -args.tail, as_json=args.json)
    return 0
