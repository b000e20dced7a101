"""Printing a section of a job: what ``history``, ``log`` and ``tail`` have in common."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.job import status as statuses
from routilux_tui.views.shapes import Filter

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from routilux_tui.cli.find_job import Readable
    from routilux_tui.views.shapes import Row

_AT_ONCE = 1000
_LOOK_EVERY = 0.1
"""Seconds between two looks for new rows."""


def add_row_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose rows."""
    parser.add_argument("job", metavar="JOB|FILE")
    parser.add_argument("--routine", default="", metavar="R", help="of this routine alone")
    parser.add_argument("--event", default="", metavar="E", help="of this event alone")
    parser.add_argument("--grep", default="", metavar="TEXT", help="that hold this text")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def filter_of(args: argparse.Namespace, task: int | None = None) -> Filter:
    """The filter that the arguments name."""
    return Filter(args.routine, args.event, args.grep, task)


def all_rows(job: Readable, section: str, most: int) -> Iterator[Row]:
    """The rows of a section from its beginning, at most so many."""
    at = 0
    while at < most:
        window = job.window(section, at, min(most, at + _AT_ONCE), Filter())
        yield from window.rows
        at += len(window.rows)
        if not window.rows or at >= window.total:
            return


def start_of_last(job: Readable, section: str, where: Filter, n: int) -> int:
    """Where the last ``n`` rows begin."""
    window = job.window(section, -max(1, n), -max(1, n) + 1, where)
    if n == 0:
        return window.total
    return window.start if window.total else 0


def follow_rows(job: Readable, section: str, where: Filter, start: int, *, as_json: bool) -> None:
    """Print the rows from ``start`` on, then what comes; ends with the job."""
    at = start
    while True:
        sys.stdout.flush()
        header = job.header()
        at = print_rows(job, section, where, at, as_json=as_json)
        if statuses.has_ended(header.status) and not header.still_running:
            return
        output.wait_while_read(_LOOK_EVERY)


def print_rows(
    job: Readable, section: str, where: Filter, start: int, *, as_json: bool, stop: int = 1 << 52
) -> int:
    """Print the rows from ``start`` on; returns where they end."""
    at = start
    while at < stop:
        window = job.window(section, at, min(stop, at + _AT_ONCE), where)
        for row in window.rows:
            if as_json:
                shown = output.row_object(row)
                shown["data"] = job.item(section, row.n)
                output.print_json(shown)
            else:
                print(output.row_line(row))
        at = window.start + len(window.rows)
        if not window.rows or at >= window.total:
            break
    return at
