"""What led to a record, and what a task was given: found in the history by bisection.

The ids of the tasks that a record queued follow each other, and the first of them never falls
along the history: so the record that queued a task is the last whose ``first`` is not above it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.queue_actions import QUEUED_BY_HAND
from routilux_tui.job.record import ExecutionRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.job.tasks import Task


def cause_of(history: Sequence[Any], task_id: int | None) -> int | None:
    """The position of the record that queued a task; None where the history does not tell.

    Tasks are queued about evenly along a history: so it is looked for where it should be, and
    only every third time in the middle. Each look may read a piece of a file.
    """
    low, high = 0, len(history)
    if task_id is None or not high:
        return None
    # The first of all records up to low is not above the task's id, that of high and beyond is.
    first_low, first_high = _first(history, 0), _first(history, high - 1) + 1
    if first_low > task_id:
        return None
    steps = 0
    while high - low > 1:
        steps += 1
        middle = (low + high) // 2
        if steps % 3 and first_high > first_low:
            part = (task_id - first_low) / (first_high - first_low)
            middle = min(max(low + int((high - low) * min(part, 1.0)), low + 1), high - 1)
        first = _first(history, middle)
        if first <= task_id:
            low, first_low = middle, first
        else:
            high, first_high = middle, first
    return low if first_low >= 0 else None


def _first(history: Sequence[Any], n: int) -> int:
    """The id of the first task that a record queued; -1 for those that tell none."""
    first = getattr(history[n], "first", None)  # records of older versions stand first
    return -1 if first is None else first


def input_of(job: Job, task_id: int | None, slot: str = "") -> Any:
    """What a task was given, by the names that its slot knows it by; None where it is not known.

    Args:
        job: the job, whose lock is held.
        task_id: the task, whether it waits, runs or has ended.
        slot: its slot, where the caller knows it; else the flow's connections tell.
    """
    if task_id is None:
        return None
    task = job.outstanding.get(task_id)
    if task is not None:
        return task_input(job, task)
    for one in job.failed_tasks:  # the history may have to be read from files
        if one.task.id == task_id:
            return task_input(job, one.task)
    at = cause_of(job.execution_history, task_id)
    if at is None:
        return None
    record = job.execution_history[at]
    targets = list(_targets(job, record.routine_id, record.event_name))
    if not targets and record.event_name in QUEUED_BY_HAND:
        return record.data
    number = task_id - (record.first or 0)
    target, target_slot = targets[number] if number < len(targets) else ("", slot)
    return delivered(job, record.routine_id, record.event_name, target, target_slot, record.data)


def task_input(job: Job, task: Task) -> Any:
    """What a task that is kept is given, by the names that its slot knows it by."""
    if task.edited:
        return task.data
    source, event = task.source_id, task.source_event
    return delivered(job, source, event, task.routine_id, task.slot, task.data)


def delivered(
    job: Job, source: str | None, event: str | None, target: str, slot: str, data: Any
) -> Any:
    """Data with the names that a connection gives it beside its own."""
    if not isinstance(data, dict):
        return data
    for one in _connections(job):
        if one[:4] == [source, event, target, slot] and len(one) > 4:
            names = one[4] if isinstance(one[4], dict) else {}
            given = {
                to: data[name] for name, to in names.items() if name in data and type(to) is str
            }
            return {**data, **given}
    return data


def routine_of(job: Job, task_id: int) -> str:
    """The routine that a task was for; empty where it is not known."""
    task = job.outstanding.get(task_id)
    if task is not None:
        return task.routine_id
    at = cause_of(job.execution_history, task_id)
    if at is None:
        return ""
    record = job.execution_history[at]
    targets = list(_targets(job, record.routine_id, record.event_name))
    is_start = record.event_name == "start" and record.task is None
    if is_start or (not targets and record.event_name in QUEUED_BY_HAND):
        return str(record.routine_id)
    number = task_id - (record.first or 0)
    return targets[number][0] if number < len(targets) else ""


def trace_of(job: Job, record: Any) -> str:
    """The traceback of an error record, with the exception's own line; empty where it has none."""
    number = getattr(record, "trace", None)
    if not isinstance(record, ExecutionRecord) or number is None:
        return ""
    if not 0 <= number < len(job.tracebacks):
        return ""
    data = record.data if isinstance(record.data, dict) else {}
    error, kind = data.get("error", ""), data.get("error_type", "")
    line = f"{kind}: {error}" if kind and error != kind else f"{error}"
    return f"{job.tracebacks[number]}{line}"


def _connections(job: Job) -> Iterable[list[Any]]:
    listed = job.flow_shape.get("connections")
    return (one for one in listed if isinstance(one, list)) if isinstance(listed, list) else ()


def _targets(job: Job, source: str, event: str) -> Iterable[tuple[str, str]]:
    """Where an event goes, in the order in which its tasks are numbered."""
    return (
        (str(one[2]), str(one[3]))
        for one in _connections(job)
        if len(one) >= 4 and one[:2] == [source, event]
    )
