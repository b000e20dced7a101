"""A job's line in a list: the group it stands in, and what is to be said of it in a few cells.

A new column is a field of `shapes.JobEntry` and, if the list does not know it by itself, of
`shapes.Header`; it has a name in

- `views.projection.Projection.header`, for a job in memory; what only a runner knows, in
  `runner.backend.Backend.listed`;
- `sources.saved_entry._header_of`, for a file of which no job is made; of its keys those alone are
  read that `sources.saved_entry._Job` declares;
- `entry_of_header` here;
- `tui.widgets.job_columns`, which shows it, and `cli.ps`: a column of its table, a word of its
  help; its JSON has every field by itself;
- `views.orders.JOB_ORDERS`, by which it is sorted;
- `views.condition_figures.FIGURES`, by which it is asked for, and `cli.help`, which explains it.

``tests/extension_points/test_new_column.py`` checks where its value comes from, and says what is
missing; whether the list shows it at all, or sorts by it, is for whoever adds it to decide.
"""

from __future__ import annotations

from typing import Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import PREVIEW, as_text, shortened
from routilux_tui.job.numbers import is_id
from routilux_tui.job.status import BECOMES, WAITS
from routilux_tui.views import formatting
from routilux_tui.views.formatting import counted, minutes, span
from routilux_tui.views.reason import verb
from routilux_tui.views.shapes import ABANDONED, HISTORY, PENDING, SILENT, Header, JobEntry
from routilux_tui.views.trends import seconds_of

NEEDS_YOU, RUNNING, ENDED = "needs you", "running", "ended"
#: The groups of a list, from its top.
GROUPS = (NEEDS_YOU, RUNNING, ENDED)

#: States that need nobody any more when a later run of the flow has gone well, or after some days.
OVERCOME = frozenset({"failed", "killed"})
_SETTLED_AFTER = 7 * 86_400.0

#: How a job or a machine is, beyond the job's status: its glyph, its word, and its group.
STATES: dict[str, tuple[str, str, str]] = {
    "paused": ("‖", "waits", NEEDS_YOU),
    "failed": ("✗", "failed", NEEDS_YOU),
    "killed": ("?", "killed", NEEDS_YOU),
    "silent": ("?", "no answer", NEEDS_YOU),
    "down": ("↯", "down", NEEDS_YOU),
    "running": ("▶", "running", RUNNING),
    "pausing": ("▶", "pausing", RUNNING),
    "cancelling": ("⊘", "cancelling", RUNNING),
    "pending": ("·", "pending", RUNNING),
    "completed": ("✓", "done", ENDED),
    "cancelled": ("⊘", "cancelled", ENDED),
    "unreadable": ("!", "unreadable", ENDED),
    "unknown": ("?", "unknown", ENDED),
}


_NOTHING_LIVE = Header(job_id="", flow_id="", status="")


def entry_of_header(
    header: Header, *, key: str, path: str, size: int, badge: str, place: str = "saved"
) -> JobEntry:
    """The line of a job, live or in a file; how it goes on is known of a live one alone."""
    live = header if place == "live" else _NOTHING_LIVE
    return JobEntry(
        key=key,
        place=place,
        status=header.status,
        flow_id=header.flow_id,
        job_id=header.job_id,
        routines_done=header.routines_done,
        routines_total=header.routines_total,
        records=header.counts.get(HISTORY, 0),
        errors=header.errors,
        created_at=header.created_at,
        updated_at=header.updated_at,
        size=size,
        path=path,
        badge=badge,
        name=header.name,
        labels=header.labels,
        queued=header.counts.get(PENDING, 0),
        note=header.note,
        questions=header.questions,
        progress=header.progress,
        reason=live.reason,
        reminders=live.reminders,
        alerts=live.alerts,
        told=live.told,
        still_running=header.still_running,
    )


def state_of(one: JobEntry) -> str:
    """How a job or a machine is, one of `STATES`; what nobody runs does not run."""
    if one.place == "host":
        return "down"
    if one.error:
        return "unreadable"
    if one.badge == ABANDONED:
        return "killed"
    if one.badge == SILENT:
        return "silent"
    if one.still_running and one.status in BECOMES:
        return BECOMES[one.status]
    return one.status if one.status in STATES else "unknown"


def status_of(one: JobEntry) -> str:
    """A job's status as conditions see it: its own, unless that is not how it is."""
    state = state_of(one)
    own = dict.fromkeys(("unknown", *BECOMES.values()), one.status)
    return own.get(state, statuses.NO_ANSWER if state == "silent" else state)


def group_of(one: JobEntry, well: float | None = None) -> str:
    """The group that a job or a machine stands in.

    What waits for a person, has failed, was killed or does not answer needs one to look at it;
    but not for ever: what has failed or was killed some days ago, or has been run again since and
    went well, has ended.

    Args:
        one: the job or machine.
        well: when the newest run of its flow began that has completed, if one has.
    """
    state = state_of(one)
    if state in OVERCOME and _is_settled(one, well):
        return ENDED
    return STATES[state][2]


def _is_settled(one: JobEntry, well: float | None) -> bool:
    began, ended = timestamps.to_epoch(one.created_at), timestamps.to_epoch(one.updated_at)
    if well is not None and began is not None and well > began:
        return True
    return ended is not None and formatting.now() - ended > _SETTLED_AFTER


def progress_of(one: JobEntry) -> float | None:
    """The part of a job that is done, from 0 to 1; None where it is not known."""
    return 1.0 if one.status == "completed" else one.progress


def summary_of(one: JobEntry) -> str:
    """What is to be said of a job: why it is as it is, when it ends, or how long it took."""
    if one.error:
        return one.error
    if one.badge == ABANDONED:
        return "runner was killed"
    if one.badge == SILENT:
        return "no answer"
    if one.still_running and one.status in BECOMES:
        still = f"{counted(one.still_running, 'handler')} still {verb(one.still_running, 'run')}"
        return f"{still}: {one.note}" if one.note else still
    if one.status == "paused":
        return f"{one.note.removeprefix(WAITS) or 'paused'}{_waited(one)}"
    if one.status == "failed":
        return one.note.removeprefix("routine ") or "failed"
    if one.status == "cancelled":
        return one.note or "cancelled"
    if one.status == "completed":
        took = seconds_of(one)
        return "" if took is None else f"took {span(took)}"
    return one.reason or one.note or ("not started" if one.status == "pending" else "")


def _waited(one: JobEntry) -> str:
    """For how long it has been paused, by the minute, so that what stands still costs nothing."""
    since = timestamps.to_epoch(one.updated_at)
    if since is None:
        return ""
    return f" {minutes(formatting.now() - since)}".rstrip()


def note_of(account: Any) -> str:
    """Why a job is paused, failed or cancelled, from what it keeps of that."""
    if not isinstance(account, dict):
        return ""
    reason = as_text(account.get("reason"))
    parts = []
    dropped, ended = account.get("dropped"), account.get("running")
    if is_id(dropped) and dropped:
        parts.append(f"{dropped:,} not started")
    if account.get("forced") and isinstance(ended, list) and ended:
        parts.append(f"{counted(len(ended), 'handler')} ended by force")
    left = ", ".join(parts)
    if reason and left:
        left = f" ({left})"
    return f"{shortened(reason, PREVIEW - len(left))}{left}"
