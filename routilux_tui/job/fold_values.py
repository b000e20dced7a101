"""How changes of single values are carried out: status, routine states, shared data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.job.data import (
    MOST_CONTROLS,
    NUMBERS,
    counting,
    is_count,
    shape_routines,
)
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.numbers import as_number
from routilux_tui.job.status import has_ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import JobData

_COUNTED = (*NUMBERS, "retry_count")
#: What the engine counts of a routine; a state that a user stores keeps them.
COUNTERS = (*NUMBERS, "retry_count", "started_at", "ended_at")


def _status(job: JobData, status: str, at: float) -> None:
    former, job._status = job._status, as_text(status)
    uptime = job.statistics.uptime
    if job._status == "running":
        if former != "running":
            uptime.go_on(at, job._created if not uptime.since else None)
    elif job._status == "paused" or has_ended(job._status):
        uptime.stand(at)
    job._updated = at


def _current(job: JobData, routine_id: str | None) -> None:
    job._current_routine_id = None if routine_id is None else as_text(routine_id)


def _set(job: JobData, name: str, value: Any, at: float) -> None:
    job._replace(name, value)
    job._updated = at


def _routine(job: JobData, routine_id: str, new: Any, at: float) -> None:
    job._updated = at
    job.flush_ends()
    routine_id = as_text(routine_id)
    if not isinstance(new, dict):  # a user's own value, for which nothing is counted
        dict.__setitem__(job._routine_states, routine_id, new)
        return
    kept = {}
    old = job._routine_states.get(routine_id)
    if isinstance(old, dict) and "runs" in old:
        kept = {name: old[name] for name in COUNTERS if name in old}
    odd = [name for name in _COUNTED if not is_count(new.get(name, 0))]
    if odd:  # what can't be counted on, and no journal or viewer takes
        new = {name: value for name, value in new.items() if name not in odd}
    dict.__setitem__(job._routine_states, routine_id, counting({**kept, **new}))


def _no_routine(job: JobData, routine_id: str, at: float) -> None:
    job.pending_ends.pop(routine_id, None)
    dict.pop(job._routine_states, routine_id, None)
    job._updated = at


def _shape(job: JobData, shape: dict[str, Any]) -> None:
    """What the flow is made of; see `JobData.flow_shape`."""
    job.flow_shape = shape
    job.flow_routines = shape_routines(shape)


def _progress(job: JobData, routine_id: str, done: float, total: float, at: float) -> None:
    job.said_progress[routine_id] = [as_number(done), as_number(total)]
    job.statistics.said_at = job._updated = at


def _expect(job: JobData, routine_id: str, event: str, count: int, at: float) -> None:
    """So many more of an event will come."""
    expected = job.expected.setdefault((routine_id, event), [0, 0])
    expected[0] += count
    job.statistics.said_at = job._updated = at


def _control(job: JobData, action: str, who: dict[str, Any], reason: str, at: float) -> None:
    """Somebody steered the job; see `JobData.controls`."""
    control = {"action": action, "who": who, "reason": reason, "at": timestamps.to_iso(at)}
    job.controls.append(control)
    del job.controls[:-MOST_CONTROLS]
    job._updated = at


def _breakpoint(job: JobData, number: int, condition: str, who: dict[str, Any], at: float) -> None:
    """Somebody wants the job paused before a task for which a condition holds."""
    entry = {"number": number, "condition": condition, "who": who, "at": timestamps.to_iso(at)}
    job.breakpoints[number] = entry
    job.next_breakpoint = max(job.next_breakpoint, number + 1)
    job._updated = at


def _breakpoint_off(job: JobData, number: int, at: float) -> None:
    job.breakpoints.pop(number, None)
    job._updated = at


def _shared(job: JobData, key: Any, value: Any, at: float) -> None:
    dict.__setitem__(job._shared_data, key, value)
    job._updated = at


def _unshared(job: JobData, key: Any, at: float) -> None:
    dict.pop(job._shared_data, key, None)
    job._updated = at


#: The kinds of change of single values, and what carries each out.
FOLD_VALUES: dict[str, Callable[..., None]] = {
    "status": _status,
    "current": _current,
    "set": _set,
    "routine": _routine,
    "no_routine": _no_routine,
    "shape": _shape,
    "control": _control,
    "progress": _progress,
    "expect": _expect,
    "breakpoint": _breakpoint,
    "breakpoint_off": _breakpoint_off,
    "shared": _shared,
    "unshared": _unshared,
}
