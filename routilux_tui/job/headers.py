"""A saved job's line in a list, read quickly and without ever failing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import JobFileError, JobFileTorn, RoutiluxTuiError, UnknownKind
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps, views
from routilux_tui.job.files import LARGE, is_kept, journal_path, read_regular
from routilux_tui.job.views import JobEntry

if TYPE_CHECKING:
    from pathlib import Path

_AHEAD = 300.0
"""Seconds that a file's times may be ahead of this machine's clock."""


class _Routine(msgspec.Struct):
    status: str = "pending"
    errors: int | None = None


class _Job(msgspec.Struct):
    """What a list needs of a job's file; all else is skipped unread."""

    job_id: str
    status: str
    routine_states: dict[str, _Routine]
    execution_history: list[msgspec.Raw]
    flow_id: str = ""
    created_at: str = ""
    updated_at: str = ""
    _type: str = "JobState"


_decode = msgspec.json.Decoder(_Job).decode


def read_header(path: Path) -> JobEntry:
    """A file's line: what it says, or in ``error`` why it can't be read.

    Its badge says when a file calls running what nobody runs, is cut short, from the future,
    or no job.
    """
    place = str(path)
    size = 0
    try:
        size = path.stat().st_size
        if size >= LARGE:
            return _of_state(path, size)
        content = read_regular(place)
        if journal_path(path).exists():
            return _of_state(path, size)
        try:
            return _of_content(_decode(content), path, size)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _of_state(path, size)
    except JobFileError as error:
        badge = "torn" if isinstance(error, JobFileTorn) else ""
        if isinstance(error, UnknownKind):
            badge = "unknown"
        why = error.message.removeprefix(f"{place}: ")
        return JobEntry(key=place, path=place, size=size, badge=badge, error=why)
    except (OSError, RoutiluxTuiError, MemoryError, RecursionError, ValueError) as error:
        words = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        return JobEntry(key=place, path=place, size=size, error=str(words))


def _of_content(job: _Job, path: Path, size: int) -> JobEntry:
    states = {name: one for name, one in job.routine_states.items() if statuses.is_routine(name)}
    errors = sum(
        one.errors
        if one.errors is not None
        else int(one.status in {"failed", "error", "error_continued"})
        for one in states.values()
    )
    return _entry(
        path,
        size,
        status=job.status,
        flow_id=job.flow_id,
        job_id=job.job_id,
        done=sum(statuses.routine_is_done(one.status) for one in states.values()),
        total=len(states),
        records=len(job.execution_history),
        errors=errors,
        created=job.created_at,
        updated=job.updated_at,
    )


def _of_state(path: Path, size: int) -> JobEntry:
    """The line of a file that must be read in full: an odd one, or one with a journal."""
    from routilux_tui.job.bigfile import open_job, wait_counted
    from routilux_tui.job.project import Projection

    state = open_job(path)
    wait_counted(state)
    header = Projection(state).header()
    return _entry(
        path,
        size,
        status=header.status,
        flow_id=header.flow_id,
        job_id=header.job_id,
        done=header.routines_done,
        total=header.routines_total,
        records=header.counts.get(views.HISTORY, 0),
        errors=header.errors,
        created=header.created_at,
        updated=header.updated_at,
    )


def _entry(path: Path, size: int, *, status: str, done: int, total: int, **told: Any) -> JobEntry:
    badge = ""
    if status == "running" and not is_kept(path):
        badge = "abandoned"
    ahead = timestamps.to_epoch(told["updated"])
    if ahead is not None and ahead > time.time() + _AHEAD:
        badge = "future"
    return JobEntry(
        key=str(path),
        status=status,
        flow_id=told["flow_id"],
        job_id=told["job_id"],
        routines_done=done,
        routines_total=total,
        records=told["records"],
        errors=told["errors"],
        created_at=told["created"],
        updated_at=told["updated"],
        size=size,
        path=str(path),
        badge=badge,
    )
