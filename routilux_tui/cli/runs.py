"""The last runs of a flow beside each other, oldest first, and what is odd of them.

FLOW-ID is the flow's name, as `ps` shows it. The runs are those of this machine's state folder
and of the folders and files given.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.arguments import at_least_one
from routilux_tui.cli.find_job import live_entries, saved_entries
from routilux_tui.errors import NoSuchJob
from routilux_tui.views.formatting import date_time, span, sparkline
from routilux_tui.views.list_line import status_of
from routilux_tui.views.trends import trend

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.shapes import JobEntry
    from routilux_tui.views.trends import RunEntry, Trend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("flow", metavar="FLOW-ID")
    parser.add_argument("paths", metavar="PATH", nargs="*", help="more folders and files")
    parser.add_argument("--last", type=at_least_one, default=50, metavar="N", help="so many (50)")
    parser.add_argument("--json", action="store_true", help="a JSON object a run")


def run(args: argparse.Namespace) -> int:
    """Print the runs."""
    entries = [*known_entries(), *entries_of(args.paths)]
    unique: dict[str, JobEntry] = {}
    for entry in entries:
        if entry.flow_id == args.flow:  # a job that runs is told by its runner, not by its file
            unique.setdefault(os.path.realpath(entry.path) if entry.path else entry.key, entry)
    found = trend(list(unique.values()), args.last)
    if not found.runs:
        names = sorted({one.flow_id for one in entries if one.flow_id})[:9]
        raise NoSuchJob(
            f"No run of a flow called {args.flow!r} is known.",
            f"There are runs of: {', '.join(names)}." if names else "",
        )
    if args.json:
        for one in found.runs:
            output.print_json(run_object(one))
        return 0
    _print(found)
    return 0


def known_entries() -> list[JobEntry]:
    """The jobs that run here, and those of the state folder."""
    live = live_entries()
    return [*live, *saved_entries(live)]


def entries_of(paths: list[str]) -> list[JobEntry]:
    """The saved jobs in folders and files."""
    from routilux_tui.sources.saved_entry import read_entry

    files: list[Path] = []
    for path in map(Path, paths):
        files += sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [read_entry(one) for one in files]


def run_object(one: RunEntry) -> dict[str, Any]:
    """A run for programs."""
    return {**output.entry_object(one.entry), "seconds": one.seconds, "odd": one.odd}


def _print(found: Trend) -> None:
    output.table(
        ["job", "status", "started", "took", "records", "errors", "odd"],
        (
            [
                one.entry.job_id[:8],
                status_of(one.entry),
                date_time(one.entry.created_at),
                "" if one.seconds is None else span(one.seconds),
                f"{one.entry.records:,}",
                f"{one.entry.errors:,}",
                "; ".join(one.odd),
            ]
            for one in found.runs
        ),
        frozenset({3, 4, 5}),
    )
    if len(found.runs) < 2:
        return
    print()
    curves = {
        "took": [one.seconds or 0.0 for one in found.runs],
        "records": [float(one.entry.records) for one in found.runs],
        "errors": [float(one.entry.errors) for one in found.runs],
    }
    if not output.is_ascii():
        for name, values in curves.items():
            print(f"{name:<8} {sparkline(values)}")
    if found.usual is not None:
        print(f"usually  {span(found.usual)}")
