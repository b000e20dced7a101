"""A saved job's line in the list (its `JobEntry`), read quickly and without ever failing."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import JobFileError, JobFileTorn, RoutiluxTuiError, UnknownKind
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import decode
from routilux_tui.sources.entry_progress import measured_progress, progress_in
from routilux_tui.store.files import LARGE, journal_name, read_job_file
from routilux_tui.store.locks import is_locked
from routilux_tui.views import shapes
from routilux_tui.views.list_line import entry_of_header, note_of
from routilux_tui.views.naming import launch_names
from routilux_tui.views.shapes import Header, JobEntry

if TYPE_CHECKING:
    from routilux_tui.views.projection import Projection

_AHEAD = 300.0
"""Seconds that a file's times may be ahead of this machine's clock."""
_DROPPED = 4
"""Where a routine's counts have the tasks that were dropped, then the handlers stopped."""


class _Routine(msgspec.Struct, gc=False):
    status: str = "pending"
    errors: int | None = None
    reason: Any = None
    dropped: Any = None
    running: Any = None
    forced: Any = None


_ACCOUNT = ("reason", "dropped", "running", "forced")
"""What is kept of a job's end beside its routines' states, as one of them."""


class _Question(msgspec.Struct, gc=False):
    answer: Any = None


class _Named(msgspec.Struct, gc=False):
    id: str


class _Shape(msgspec.Struct, gc=False):
    routines: list[_Named]
    connections: list[list[Any]] = []


class _Held(msgspec.Struct, gc=False):
    slot_routine_id: str


class _Counted(msgspec.Struct, gc=False):
    counts: list[int]


class _Statistics(msgspec.Struct, gc=False):
    routines: dict[str, _Counted]


class _Job(msgspec.Struct, gc=False):
    """What a list needs of a job's file; all else is skipped unread."""

    job_id: str
    status: str
    routine_states: dict[str, _Routine]
    execution_history: list[msgspec.Raw]
    flow_id: str = ""
    created_at: str = ""
    updated_at: str = ""
    pending_tasks: list[msgspec.Raw] = []
    running: list[msgspec.Raw] = []
    pause_points: list[msgspec.Raw] = []
    kind: str = msgspec.field(name="_type", default="JobState")
    launch: Any = None
    deferred_events: list[msgspec.Raw] = []
    questions: list[_Question] = []
    flow_shape: msgspec.Raw = msgspec.Raw()
    statistics: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Job).decode


def read_entry(path: str | os.PathLike[str]) -> JobEntry:
    """A file's line: what it says, or in ``error`` why it can't be read.

    Its badge says when a file calls running what nobody runs, is cut short, from the future,
    or no job.
    """
    place = os.fspath(path)
    size = 0
    try:
        target, found = place, os.lstat(place)  # of ten thousand, at once: few calls
        if stat.S_ISLNK(found.st_mode):
            target = os.path.realpath(place)
            found = os.stat(target)  # noqa: PTH116 - as above
        size = found.st_size
        if size >= LARGE:
            return _entry_of_job(place, size)
        content = read_job_file(place)
        if os.path.exists(journal_name(target)):  # noqa: PTH110 - as above
            return _entry_of_job(place, size)
        try:
            job = _decode(content)
            progress = _progress(job, content) if job.kind == "JobState" else None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _entry_of_job(place, size)
        if job.kind != "JobState":
            return _entry_of_job(place, size)
        badge = _badge(place, job.status, job.updated_at)
        header = msgspec.structs.replace(_header_of(job), progress=progress)
        return entry_of_header(header, key=place, path=place, size=size, badge=badge)
    except JobFileError as error:
        badge = "torn" if isinstance(error, JobFileTorn) else ""
        if isinstance(error, UnknownKind):
            badge = "unknown"
        why = error.message.removeprefix(f"{place}: ")
        return JobEntry(key=place, path=place, size=size, badge=badge, error=why)
    except (OSError, RoutiluxTuiError, MemoryError, RecursionError, ValueError) as error:
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        return JobEntry(key=place, path=place, size=size, error=str(why))


def file_note(projection: Projection, path: Path) -> str:
    """Why a job that is read from a file is as it is; the file may say what is not so."""
    note, job = projection.note(), projection.job
    if not note and job.status == "running" and not is_locked(path):
        return "its file says running, and nobody runs it"
    if not note and job.status == "pending":
        return _turn(job.extra.get("launch"), job.job_id)
    return note


def _turn(launch: Any, job_id: str) -> str:
    """For what a job waits that has not begun; empty where it is in no queue."""
    queue = launch.get("queue") if isinstance(launch, dict) else None
    if not isinstance(queue, str) or not queue:
        return ""
    from routilux_tui.runner.queues import JobQueue

    return JobQueue(queue).place_of(job_id)


def _header_of(job: _Job) -> Header:
    """What of `Projection.header` a list shows, and the same, without making a job of the file."""
    total = done = errors = 0
    for name, one in job.routine_states.items():
        if statuses.is_routine(name):
            total += 1
            done += statuses.routine_is_done(one.status)
            failed = one.status in {"failed", "error", "error_continued"}
            errors += failed if one.errors is None else one.errors
    if len(job.flow_shape):
        with contextlib.suppress(msgspec.MsgspecError):  # else as its routines' states say
            shape = msgspec.json.decode(job.flow_shape, type=_Shape)
            states = filter(statuses.is_routine, job.routine_states)
            total = len({one.id for one in shape.routines}.union(states))
            if job.status in {"paused", "cancelled"}:
                done = _certainly_done(job, shape)
    name, labels = launch_names(job.launch)
    return Header(
        status=job.status,
        flow_id=job.flow_id,
        job_id=job.job_id,
        routines_done=done,
        routines_total=total,
        counts={
            shapes.HISTORY: len(job.execution_history),
            shapes.PENDING: _queued(job),
        },
        errors=errors,
        created_at=job.created_at,
        updated_at=job.updated_at,
        name=name,
        labels=labels,
        note=_note(job),
        questions=_questions(job),
    )


def _progress(job: _Job, content: bytes) -> float | None:
    """The part that is done; read for itself where it is not plain."""
    if job.status in {"completed", "pending"}:
        return float(job.status == "completed")
    with contextlib.suppress(msgspec.MsgspecError):
        return progress_in(content)
    return None


def _certainly_done(job: _Job, shape: _Shape) -> int:
    """How many routines are done and can get no more; see `views.moment`.

    A job that stands still or was stopped calls a routine completed that had more to do.

    Raises:
        MsgspecError: where the file does not tell.
    """
    ahead = [msgspec.json.decode(one, type=_Held).slot_routine_id for one in job.pending_tasks]
    if job.status == "cancelled":
        counted = msgspec.json.decode(job.statistics, type=_Statistics).routines
        ahead += [name for name, one in counted.items() if sum(one.counts[_DROPPED:])]
        account = job.routine_states.get("_cancellation")
        if account is not None and isinstance(account.running, list):
            ahead += [name for name in account.running if isinstance(name, str)]
    more = set(ahead)
    while ahead:
        source = ahead.pop()
        fed = {one[2] for one in shape.connections if len(one) >= 4 and one[0] == source}
        ahead += fed - more
        more |= fed
    return sum(
        statuses.routine_is_done(one.status) and name not in more
        for name, one in job.routine_states.items()
        if statuses.is_routine(name)
    )


def _queued(job: _Job) -> int:
    """How many tasks wait; those that ran when a job was ended by force, or killed, do not."""
    ran = len(job.running) if statuses.has_ended(job.status) else 0
    return max(0, len(job.pending_tasks) - ran)


def _note(job: _Job) -> str:
    """Why the job is as it is, in its own words."""
    if job.status == "pending":
        return _turn(job.launch, job.job_id)
    if job.status == "paused" and job.pause_points:
        return note_of(decode(bytes(job.pause_points[-1])))  # which nobody has looked at yet
    account = job.routine_states.get({"failed": "_failure"}.get(job.status, "_cancellation"))
    if account is None or job.status not in {"failed", "cancelled"}:
        return ""
    return note_of({name: getattr(account, name) for name in _ACCOUNT})


def _questions(job: _Job) -> int:
    """How many questions of the job wait for somebody."""
    if statuses.has_ended(job.status):
        return 0
    deferred = len(job.deferred_events) if job.status == "paused" else 0
    return deferred + sum(one.answer is None for one in job.questions)


def _entry_of_job(place: str, size: int) -> JobEntry:
    """The line of a file that must be read in full: an odd one, or one with a journal."""
    from routilux_tui.store.large_file import open_job, wait_counted
    from routilux_tui.store.recovery import NEWER
    from routilux_tui.views.projection import Projection

    state = open_job(place)
    wait_counted(state)
    projection = Projection(state)
    header = projection.header()
    badge = _badge(place, header.status, header.updated_at)
    progress = measured_progress(projection, gone=badge == shapes.ABANDONED)
    header = msgspec.structs.replace(header, progress=progress)
    if state.unread == NEWER:
        badge = "newer"
    return entry_of_header(header, key=place, path=place, size=size, badge=badge)


def _badge(place: str, status: str, updated: str) -> str:
    """What is odd about a file that can be read; empty for nothing."""
    if _is_ahead(updated):
        return "future"
    return shapes.ABANDONED if status == "running" and not is_locked(Path(place)) else ""


def _is_ahead(at: str) -> bool:
    """Whether a time is after now; of most the first letters tell that it is long ago."""
    now = time.time()
    if at[:4].isdigit() and at[:10] < _date(int(now // 86_400) - 2):
        return False
    then = timestamps.to_epoch(at)
    return then is not None and then > now + _AHEAD


@lru_cache(maxsize=2)
def _date(day: int) -> str:
    """The date of a day since the epoch."""
    return timestamps.to_iso(day * 86_400)[:10]
