"""List jobs: those that run on this machine, then the saved ones of the state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.cli.jobs import live_entries, saved_entries
from routilux_tui.job.status import look
from routilux_tui.views.shapes import ABANDONED, SILENT

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.shapes import JobEntry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--live", action="store_true", help="only those that run")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print the list."""
    entries = live_entries()
    if not args.live:
        entries.extend(saved_entries(entries))
    if args.json:
        for entry in entries:
            output.print_json(entry)
        return 0
    if not entries:
        print("No jobs. Start one: routilux-tui run FLOW")
        return 0
    output.table(
        ["job", "status", "flow", "routines", "records", "errors", "updated", "file"],
        (
            [
                entry.job_id[:8],
                status_of(entry),
                entry.flow_id,
                f"{entry.routines_done}/{entry.routines_total}",
                f"{entry.records:,}",
                f"{entry.errors:,}",
                entry.updated_at[:19],
                entry.error or entry.path,
            ]
            for entry in entries
        ),
        frozenset({3, 4, 5}),
    )
    return 0


def status_of(entry: JobEntry) -> str:
    """How a job is, in a word or two that are true of it."""
    if entry.error:
        return "unreadable"
    if entry.badge == SILENT:
        return "no answer"
    if entry.badge == ABANDONED:
        return "killed"
    return f"{look(entry.status).word}{' (live)' if entry.place == 'live' else ''}"
