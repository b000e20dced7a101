"""What conditions see of a job, of one of its tasks, or of a job's line in a list."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import key_text, to_plain
from routilux_tui.job.status import KILLED, has_ended, is_routine, routine_is_done
from routilux_tui.views.figures import figures, outlook
from routilux_tui.views.flow_shape import MOST_ROUTINES
from routilux_tui.views.list_line import progress_of, status_of
from routilux_tui.views.moment import Moment
from routilux_tui.views.naming import launch_names
from routilux_tui.views.questions import count_open, waits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.views.estimate import EarlierRun
    from routilux_tui.views.shapes import JobEntry

_PENDING: dict[str, Any] = {
    "status": "pending",
    "runs": 0,
    "errors": 0,
    "retries": 0,
    "retry_count": 0,
    "active": 0,
    "execution_time": 0.0,
    "error": "",
    "queue": 0,
    "p95": 0.0,
    "rate": 0.0,
    "error_type": "",
}
_MOST_ITEMS = 200
_MOST_VALUES = 5000
_LONGEST_TEXT = 100_000
_LARGE: Any = object()
"""Stands for what a condition is not shown."""


def context_of(
    job: Job,
    earlier: Sequence[EarlierRun] = (),
    now: float | None = None,
    names: frozenset[str] | None = None,
    *,
    gone: bool = False,
) -> dict[str, Any]:
    """What a condition on a job sees; ``earlier`` are runs of its flow, the newest first.

    ``now`` is the moment, in seconds since the epoch; by default the present one. ``names`` are
    those that are asked for, where the others are not wanted: most cost nothing to tell. ``gone``
    says that the process that ran it was killed: then that is its ``status``.

    ``age`` is in seconds. ``progress`` is the part that is done, 0 to 1, and 1 only when the job
    has completed; ``eta`` is the seconds that are left, -1 where no end is known. ``queue`` counts
    the tasks that wait, ``oldest`` is for how many seconds the first of them does; ``waiting`` is
    true while the job stands still until a person answers, ``questions`` counts what it asks;
    ``silent_for`` is how many seconds nothing has changed;
    ``slower_than_usual`` is how many times as long as earlier runs it takes, 0 where that is not
    known.
    A routine has ``queue``, ``p95`` and ``rate`` (in the last minute, a second), and is ``idle``
    between two inputs. ``shared`` is the shared data; ``log_last`` and ``output_last`` are the
    last entries.
    """
    with job.lock:
        plain = {
            name: value(job) for name, value in _PLAIN.items() if names is None or name in names
        }
        if gone and "status" in plain:
            plain["status"] = KILLED
        if names is not None and names <= plain.keys():
            return plain
        moment = Moment(job, now=now, earlier=earlier, gone=gone)
        seen = outlook(moment)
        is_over = has_ended(job.status)
        routines = {
            name: {**_PENDING, **_small(routine)}
            for name, routine in islice(job.routine_states.items(), MOST_ROUTINES)
            if is_routine(name) and isinstance(routine, dict)
        }
        for name in job.flow_routines:
            routines.setdefault(name, dict(_PENDING))
        for one in figures(moment):
            routine = routines.setdefault(one.routine_id, dict(_PENDING))
            own = job.routine_states.get(one.routine_id)
            measured = {"queue": one.queued, "p95": one.p95 or 0.0, "rate": one.rate}
            for key, value in measured.items():
                if not isinstance(own, dict) or key not in own:  # a user's own value stands
                    routine[key] = value
            if not is_over and one.state == "idle" and routine_is_done(str(routine["status"])):
                routine["status"] = "idle"
        done = sum(routine_is_done(str(one["status"])) for one in routines.values())
        guess = done / len(routines) if routines else 0.0
        progress = seen.progress if seen.progress is not None else min(guess, 0.99)
        created = timestamps.to_epoch(job.created_at)
        return {
            **plain,
            "age": max(0.0, (now or time.time()) - created) if created is not None else 0.0,
            "progress": progress,
            "eta": -1.0 if seen.low is None or seen.high is None else (seen.low + seen.high) / 2,
            "queue": seen.queued,
            "oldest": seen.oldest or 0.0,
            "silent_for": seen.silent or 0.0,
            "slower_than_usual": seen.slower or 0.0,
            "routines": routines,
        }


def _sum_of(count: str) -> Callable[[Job], int]:
    """What counts a number of all routines' states together."""

    def total(job: Job) -> int:
        states = islice(job.routine_states.items(), MOST_ROUTINES)
        return sum(
            _count(state, count)
            for name, state in states
            if is_routine(name) and isinstance(state, dict)
        )

    return total


def _last(entries: Sequence[Any]) -> Any:
    value = _bounded(entries[-1], [_MOST_VALUES]) if entries else {}
    return {} if value is _LARGE else value


def _count(routine: dict[str, Any], name: str) -> int:
    value = routine.get(name)
    return value if isinstance(value, int) and value.bit_length() <= 63 else 0


def _small(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values as a condition may see them: what is large is left out, however deep it lies."""
    left = [_MOST_VALUES]
    pairs = ((key_text(key), _bounded(value, left)) for key, value in islice(values.items(), 1000))
    return {key: value for key, value in pairs if value is not _LARGE}


def _bounded(value: Any, left: list[int]) -> Any:
    """A value as a condition may see it, or `_LARGE`; ``left`` counts down the values to come."""
    left[0] -= 1
    if left[0] < 0:
        return _LARGE
    kind = type(value)  # what a value says of itself may raise
    if issubclass(kind, dict):
        if len(value) > _MOST_ITEMS:
            return _LARGE
        pairs = ((key_text(key), _bounded(one, left)) for key, one in list(value.items()))
        return {key: one for key, one in pairs if one is not _LARGE}
    if issubclass(kind, (list, tuple, set, frozenset)):
        if len(value) > _MOST_ITEMS:
            return _LARGE
        items = (_bounded(one, left) for one in list(value))
        return [one for one in items if one is not _LARGE]
    if issubclass(kind, int) and value.bit_length() > 63:
        return _LARGE
    if issubclass(kind, str) and len(value) > _LONGEST_TEXT:
        return _LARGE
    return to_plain(value)


#: What is told of a job without measuring anything, by its name.
_PLAIN: dict[str, Callable[[Job], Any]] = {
    "status": lambda job: job.status,
    "flow_id": lambda job: job.flow_id,
    "job_id": lambda job: job.job_id,
    "name": lambda job: launch_names(job.extra.get("launch"))[0],
    "labels": lambda job: launch_names(job.extra.get("launch"))[1],
    "current": lambda job: job.current_routine_id or "",
    "records": lambda job: len(job.execution_history),
    "runs": _sum_of("runs"),
    "errors": _sum_of("errors"),
    "retries": _sum_of("retries"),
    "pending": lambda job: len(job.pending_tasks) or len(job.outstanding) - len(job.running),
    "deferred": lambda job: len(job.deferred_events),
    "pauses": lambda job: len(job.pause_points),
    "logs": lambda job: len(job.shared_log),
    "outputs": lambda job: len(job.output_log),
    "waiting": waits,
    "questions": count_open,
    "shared": lambda job: _small(job.shared_data),
    "log_last": lambda job: _last(job.shared_log),
    "output_last": lambda job: _last(job.output_log),
}


def context_of_task(
    routine: str,
    slot: str,
    data: Any,
    source: str | None = None,
    event: str | None = None,
    tries: int = 0,
) -> dict[str, Any]:
    """What a breakpoint's condition sees of a task beside its job: its input, and what sent it."""
    return {
        "routine": routine,
        "slot": slot,
        "data": _small(data) if isinstance(data, dict) else {},
        "source": source or "",
        "event": event or "",
        "tries": tries,
    }


def _part_done(entry: JobEntry) -> float:
    """The part of a job that is done; by its routines where nothing else is known."""
    known = progress_of(entry)
    if known is not None:
        return known
    return min(entry.routines_done / entry.routines_total, 0.99) if entry.routines_total else 0.0


def context_of_entry(entry: JobEntry) -> dict[str, Any]:
    """What a condition that filters a list sees of a job."""
    created = timestamps.to_epoch(entry.created_at)
    updated = timestamps.to_epoch(entry.updated_at)
    now = time.time()
    return {
        "status": status_of(entry),
        "flow_id": entry.flow_id,
        "job_id": entry.job_id,
        "name": entry.name,
        "labels": entry.labels,
        "host": entry.host,
        "place": entry.place,
        "live": entry.place == "live",
        "records": entry.records,
        "errors": entry.errors,
        "routines_done": entry.routines_done,
        "routines_total": entry.routines_total,
        "size": entry.size,
        "path": entry.path,
        "badge": entry.badge,
        "questions": entry.questions,
        "waiting": entry.questions > 0 and entry.status == "paused",
        "queue": entry.queued,
        "progress": _part_done(entry),
        "age": max(0.0, now - created) if created is not None else 0.0,
        "updated": max(0.0, now - updated) if updated is not None else 0.0,
    }
