"""List jobs: those that run on this machine, then the saved ones of the state folder.

CONDITION is CEL: status == "failed" && age < 86400. It sees status, flow_id, job_id, name, labels,
live, records, errors, queue, progress, routines_done, routines_total, age and updated (in seconds),
size, path and badge. status is "killed" where a job's runner was, and "no answer" where it gives
none; --json has that as word, and as status what the job's file says. Whatever else a job's own
condition sees (help conditions) each job is asked for: eta, oldest, silent_for, routines.X.queue,
shared.X.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from routilux_tui.cli import output
from routilux_tui.cli.find_job import live_entries, saved_entries
from routilux_tui.errors import RoutiluxTuiError, TooCostly
from routilux_tui.job.status import word_of
from routilux_tui.runner.paths import queues_folder
from routilux_tui.views.formatting import zoned
from routilux_tui.views.list_line import progress_of, summary_of
from routilux_tui.views.orders import JOB_ORDERS
from routilux_tui.views.shapes import ABANDONED, SILENT, JobEntry

if TYPE_CHECKING:
    import argparse

    from routilux_tui.views.list_condition import ListCondition


_WHAT = 60
"""Letters of what is to be said of a job."""
_COLUMNS = f"by {', '.join(sorted(JOB_ORDERS))}: the newest and the most come first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--live", action="store_true", help="only those that run")
    parser.add_argument("--sort", choices=sorted(JOB_ORDERS), metavar="COLUMN", help=_COLUMNS)
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument(
        "--where", default="", metavar="CONDITION", help="those of which a CEL condition holds"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print the list."""
    if queues_folder().is_dir():
        from routilux_tui.cli.config import effective_settings
        from routilux_tui.runner.queues import start_waiting_jobs

        start_waiting_jobs(effective_settings()["queues"].value)
    entries = live_entries()
    if not args.live:
        entries.extend(saved_entries(entries))
    if args.where:
        entries = _matching(entries, args.where)
    if args.sort:
        entries.sort(key=JOB_ORDERS[args.sort])
    if args.reverse:
        entries.reverse()
    if args.json:
        for entry in entries:
            output.print_json(output.entry_object(entry))
        return 0
    if not entries:
        print("No such job." if args.where else "No jobs. Start one: routilux-tui run FLOW")
        return 0
    _print_table(entries)
    return 0


def _print_table(entries: list[JobEntry]) -> None:
    heads = ["job", "status", "flow", "progress", "routines", "records", "errors", "updated"]
    heads += ["queue", "what of it", "file"]
    is_named = any(entry.name or entry.labels for entry in entries)
    if is_named:
        heads.insert(3, "name")
    rows = []
    for entry in entries:
        row = [
            entry.job_id[:8],
            _status_cell(entry),
            entry.flow_id,
            "" if (part := progress_of(entry)) is None else f"{part:.0%}",
            f"{entry.routines_done}/{entry.routines_total}",
            f"{entry.records:,}",
            f"{entry.errors:,}",
            zoned(entry.updated_at),
            f"{entry.queued:,}",
            output.safe("" if entry.error else summary_of(entry), _WHAT),
            entry.error or entry.path,
        ]
        if is_named:
            row.insert(3, " ".join([entry.name, *output.labels_of(entry.labels)]).strip())
        rows.append(row)
    numbers = {"progress", "routines", "records", "errors", "queue"}
    output.table(heads, rows, frozenset(n for n, head in enumerate(heads) if head in numbers))


def _matching(entries: list[JobEntry], where: str) -> list[JobEntry]:
    """The jobs of which a condition holds; those that it can't be judged of are none.

    A condition on what the list has costs nothing more; for any other figure (``eta``,
    ``routines.load.queue``) each job is asked for its own, or its file read.

    Raises:
        ConditionError: when it does not parse, or names what no job has.
        TooCostly: when it takes too much time or memory.
    """
    from routilux_tui.runner.blocking_judge import BlockingJudge
    from routilux_tui.views.list_condition import ListCondition

    with contextlib.closing(BlockingJudge()) as judge:
        condition = ListCondition(where, judge)
        holds = _holds if condition.needs_figures else ListCondition.holds
        return [entry for entry in entries if holds(condition, entry)]


def _holds(condition: ListCondition, entry: JobEntry) -> bool:
    """Whether a condition holds of a job, by its own figures."""
    if not condition.can_ask(entry):
        return False
    from routilux_tui.runner.client import Client
    from routilux_tui.store.large_file import open_job
    from routilux_tui.views.condition_context import context_of

    try:
        if entry.place == "live":
            with Client(entry.key) as client:
                figures: dict[str, Any] = client.call("context")
        else:
            gone = entry.badge == ABANDONED
            figures = context_of(open_job(entry.path), names=condition.names, gone=gone)
        return condition.holds_with(entry, figures)
    except TooCostly:
        raise
    except RoutiluxTuiError:  # it has gone meanwhile
        return False


def _status_cell(entry: JobEntry) -> str:
    """How a job is, in a word or two that are true of it."""
    if entry.error:
        return "unreadable"
    if entry.badge == SILENT:
        return "no answer"
    if entry.badge == ABANDONED:
        return "killed"
    if entry.status == "pending" and entry.note:
        return f"pending: {output.safe(entry.note)}"
    word = word_of(entry.status, entry.still_running)
    return f"{word}{' (live)' if entry.place == 'live' else ''}"
