"""List jobs: those that run on this machine, then the saved ones of the state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.cli import output
from routilux_tui.job.status import look

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
        entries.extend(saved_entries({entry.path for entry in entries}))
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
                f"{look(entry.status).word}{' (live)' if entry.place == 'live' else ''}"
                if not entry.error
                else "unreadable",
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


def live_entries() -> list[JobEntry]:
    """The jobs that run on this machine."""
    from routilux_tui.runner.discover import running_jobs
    from routilux_tui.runner.entry import entry_of

    return [entry_of(found) for found in running_jobs()]


def saved_entries(live: set[str]) -> list[JobEntry]:
    """The saved jobs of the state folder, newest first, but those that run."""
    from routilux_tui.runner.paths import jobs_folder
    from routilux_tui.sources.headers import read_header

    entries = [read_header(path) for path in jobs_folder().glob("*.json")]
    kept = [entry for entry in entries if entry.path not in live]
    return sorted(kept, key=lambda entry: entry.updated_at, reverse=True)
