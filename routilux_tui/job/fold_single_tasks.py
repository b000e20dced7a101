"""How changes are carried out that people make to single tasks: sent again, given up, moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job.fold_tasks import no_retry_under_way
from routilux_tui.job.queue_actions import GIVEN_UP
from routilux_tui.job.tasks import FailedTask, last_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import JobData
    from routilux_tui.job.tasks import Task

#: What a routine got by a task that somebody gave up: its job goes on, as with SKIP.
_ROUTINE_STATUS = "skipped"


def _again(job: JobData, old_id: int, new_id: int, data: dict[str, Any] | None, at: float) -> None:
    """A new task stands in the place of one that failed for good, or that waits.

    It has the input of the old one, or ``data``. The record before this change has its input, and
    names the old task as its cause: so what led to it and what it was given are found as ever.
    """
    waiting = job.outstanding.get(old_id)
    old = _take_failed(job, old_id).task if waiting is None else waiting
    task = msgspec.structs.replace(
        old,
        id=new_id,
        data=old.data if data is None else data,
        created_at=at,
        merged=old.merged and data is None,
        edited=old.edited or data is not None,
    )
    if data is not None:
        task.emitted = task.skip = 0  # what it emitted was of another input
    if waiting is not None:  # in the same place of the line
        job.outstanding = {
            one.id: one for one in (task if one is old else one for one in job.outstanding.values())
        }
    else:
        task.emitted = task.skip = task.retry_count = 0
        task.due, task.on_hold = 0.0, False
        task.again += 1
        _queue_anew(job, [task], at)
    job.next_task_id = max(job.next_task_id, new_id + 1)
    job.renew_held()
    _is_as_queued_no_more(job)
    job._updated = at


def _is_as_queued_no_more(job: JobData) -> None:
    """No change that queues a task tells what waits now, and in which order."""
    job.is_in_order = False
    job.last_started = job.next_task_id - 1


def _take_failed(job: JobData, task_id: int) -> FailedTask:
    """Take a task out of those that failed for good.

    Raises:
        KeyError: when it is none of them.
    """
    for n, one in enumerate(job.failed_tasks):
        if one.task.id == task_id:
            del job.failed_tasks[n]
            job.failed_count -= 1
            return one
    raise KeyError(task_id)


def _undrop(job: JobData, wanted: list[int], at: float) -> None:
    """Tasks that were dropped when the job failed or was cancelled are queued again."""
    known = set(wanted)
    back = [one for one in job.dropped_tasks if one.id in known]
    job.dropped_tasks = [one for one in job.dropped_tasks if one.id not in known]
    for one in back:
        job.statistics.of(one.routine_id).dropped -= 1
    _queue_anew(job, back, at)
    _is_as_queued_no_more(job)


def _queue_anew(job: JobData, tasks: list[Task], at: float) -> None:
    statistics = job.statistics
    if at >= statistics.tick_ends:
        statistics.tick(at, job.running)
    for task in tasks:
        job.outstanding[task.id] = task
        statistics.emitted.append(task.routine_id)
    job.renew_held()
    job._updated = at


def _give_up(job: JobData, task_id: int, at: float) -> None:
    """A task will not be tried again, by somebody's word: the job goes on without it."""
    task = job.outstanding.pop(task_id, None)
    if task is not None:
        job.renew_held()
        task.retry_count = max(0, task.retry_count - 1)  # the one that it waited for
        job.failed_tasks.append(
            FailedTask(task, last_error(task, job.statistics.problems.kinds), GIVEN_UP, at)
        )
        job.failed_count += 1
        job.statistics.recount(job.outstanding, job.running)
    else:
        one = _take_failed(job, task_id)
        task = one.task
        job.failed_tasks.append(FailedTask(task, one.error, GIVEN_UP, at))
        job.failed_count += 1
    others = (one.task.routine_id for one in job.failed_tasks if one.status == "failed")
    state = job._routine_states.get(task.routine_id)
    if task.routine_id not in others and isinstance(state, dict) and not state.get("active"):
        if state.get("status") == "failed":
            state["status"] = _ROUTINE_STATUS
        no_retry_under_way(job, task, _ROUTINE_STATUS)
    job._updated = at


def _due(job: JobData, wanted: list[int], at: float) -> None:
    """Tasks that wait for another try have it now."""
    for task_id in wanted:
        task = job.outstanding.get(task_id)
        if task is not None:
            task.due = min(task.due, at)
    job.renew_held()
    _is_as_queued_no_more(job)
    job._updated = at


def _keep_back(job: JobData, wanted: list[int], at: float) -> None:
    """Tasks that wait do not start until they are let go."""
    _set_on_hold(job, wanted, at, on_hold=True)


def _let_go(job: JobData, wanted: list[int], at: float) -> None:
    """Tasks that were kept back may start."""
    _set_on_hold(job, wanted, at, on_hold=False)


def _set_on_hold(job: JobData, wanted: list[int], at: float, *, on_hold: bool) -> None:
    for task_id in wanted:
        task = job.outstanding.get(task_id)
        if task is not None:
            task.on_hold = on_hold
    job.renew_held()
    _is_as_queued_no_more(job)
    job._updated = at


def _remove(job: JobData, wanted: list[int], at: float) -> None:
    """Tasks that wait will never run, by somebody's word; the job goes on without them."""
    for task_id in wanted:
        task = job.outstanding.pop(task_id, None)
        if task is not None and task.retry_count:
            no_retry_under_way(job, task, _ROUTINE_STATUS)
    job.statistics.recount(job.outstanding, job.running)
    job.renew_held()
    _is_as_queued_no_more(job)
    job._updated = at


def _first(job: JobData, wanted: list[int], at: float) -> None:
    """Tasks that wait come before all others."""
    outstanding = job.outstanding
    moved = {one: outstanding[one] for one in wanted if one in outstanding}
    for task in moved.values():
        task.due = min(task.due, at)
    job.outstanding = {
        **moved,
        **{key: one for key, one in outstanding.items() if key not in moved},
    }
    job.renew_held()
    _is_as_queued_no_more(job)
    job._updated = at


#: The kinds of change that people make to single tasks, and what carries each out.
FOLD_SINGLE_TASKS: dict[str, Callable[..., None]] = {
    "again": _again,
    "undrop": _undrop,
    "give_up": _give_up,
    "due": _due,
    "keep_back": _keep_back,
    "let_go": _let_go,
    "remove": _remove,
    "first": _first,
}
