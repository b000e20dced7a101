"""A running job's line in the list (its `JobEntry`)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.views.shapes import HISTORY, PENDING, JobEntry

if TYPE_CHECKING:
    from routilux_tui.runner.survey import Found


def entry_of(found: Found) -> JobEntry:
    """The line of a job that answers."""
    hello, header = found.hello, found.header
    size = 0
    with contextlib.suppress(OSError):
        size = Path(hello.path).stat().st_size if hello.path else 0
    return JobEntry(
        key=str(found.socket),
        place="live",
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
        path=hello.path,
        badge="live",
        name=header.name,
        labels=header.labels,
        queued=header.counts.get(PENDING, 0),
        note=header.note,
        progress=header.progress,
        reason=header.reason,
        questions=header.questions,
        reminders=header.reminders,
        alerts=header.alerts,
        told=header.told,
    )
