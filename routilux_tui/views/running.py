"""What runs at this moment, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview
from routilux_tui.views.causes import input_of
from routilux_tui.views.insight import AWAITED, PAUSING, NextTask, Now, RunningHandler
from routilux_tui.views.moment import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.job.model import Job
    from routilux_tui.job.tasks import Task
    from routilux_tui.views.moment import Moment

_MOST_COMING = 20
_MOST_RETRIES = 5
_MOST_LOOKED_AT = 20_000
MOST_QUEUED = 1000
"""Tasks of the queue that are told at once."""


def what_runs(moment: Moment) -> Now:
    """What runs, the longest first, and what comes next."""
    job = moment.job
    handlers = [
        _handler(moment, task_id, routine_id, began)
        for task_id, (routine_id, began) in job.running.items()
        if moment.has_handlers
    ]
    handlers.sort(key=lambda one: -one.elapsed)
    queued = max(0, len(job.outstanding) - len(job.running))
    coming = waiting_tasks(moment, 0, _MOST_COMING)
    if queued > len(coming):  # behind a long queue the next retries are seen, too
        soonest = [_next(moment, task, 0) for task in _soonest_retries(moment)]
        missing = [one for one in soonest if all(one.task != other.task for other in coming)]
        coming[_MOST_COMING - len(missing) :] = missing
    awaited = _awaited(moment) if handlers else ""
    since = moment.control.since if awaited and moment.control is not None else ""
    return Now(
        handlers=handlers,
        coming=coming,
        queued=queued,
        killed_after=moment.last_known if moment.gone else "",
        awaited=awaited,
        awaited_since=since,
    )


def _awaited(moment: Moment) -> str:
    """What the handlers that run are in the way of, one of `AWAITED`; empty for nothing."""
    if moment.is_over:
        return moment.job.status if moment.job.status in AWAITED else ""
    pausing = moment.control is not None and moment.control.action == "pause"
    return PAUSING if pausing else ""


def waiting_tasks(moment: Moment, start: int, stop: int) -> list[NextTask]:
    """Some of the tasks that wait, in the order in which they come."""
    stop = min(stop, start + MOST_QUEUED)
    coming, behind = [], 0
    for n, task in enumerate(islice(_in_order(moment), max(0, stop))):
        if n >= start:
            coming.append(_next(moment, task, behind))
        behind += not task.on_hold
    return coming


def _in_order(moment: Moment) -> Iterator[Task]:
    """The tasks that wait: those that may start, then those that wait for a moment, as it comes.

    Of very many, only the first are put in order.
    """
    running = moment.job.running
    waiting = (task for task in moment.job.outstanding.values() if task.id not in running)
    later = []
    for task in islice(waiting, _MOST_LOOKED_AT):
        if task.due > moment.at and not task.on_hold:
            later.append(task)
        else:
            yield task
    later.sort(key=lambda task: task.due)
    yield from later
    yield from waiting


def _soonest_retries(moment: Moment) -> list[Task]:
    """The first of those tasks that wait for a moment to be tried again."""
    if not any(one.retries for one in moment.statistics.routines.values()):
        return []
    waiting = islice(moment.job.outstanding.values(), _MOST_LOOKED_AT)
    due = (task for task in waiting if task.due > moment.at and not task.on_hold)
    return nsmallest(_MOST_RETRIES, due, key=lambda task: task.due)


def _next(moment: Moment, task: Task, behind: int) -> NextTask:
    return NextTask(
        task.id,
        task.routine_id,
        behind,
        preview(moment.delivered(task)),
        timestamps.to_iso(task.due) if task.due > moment.at else "",
        task.on_hold,
        task.retry_count,
    )


def _handler(moment: Moment, task_id: int, routine_id: str, began: float) -> RunningHandler:
    task = moment.job.outstanding.get(task_id)
    one = moment.statistics.of(routine_id)
    one.fill_sketches()
    data = input_of(moment.job, task_id) if task is None else moment.delivered(task)
    tried = 0 if task is None else task.retry_count
    return RunningHandler(
        task=task_id,
        routine_id=routine_id,
        slot="" if task is None else task.slot,
        since=timestamps.to_iso(began) if timestamps.is_time(began) else "",
        elapsed=max(0.0, moment.at - began),
        median=one.run_time.quantile(0.5),
        p95=one.run_time.quantile(0.95),
        tries=tried + 1,
        most_tries=max(tried, 0 if task is None else task.max_retries) + 1,
        thread=moment.threads.get(task_id) or moment.job.workers.get(task_id, ""),
        text=preview(data),
        input=bounded(data),
    )


def pending_of(job: Job) -> Sequence[Any]:
    """The tasks that have not started; those that are held are as a file has them.

    A file holds what ran, too, for whoever takes the job up: of one that has ended nobody does.
    """
    if job.pending_tasks and not (job.running and statuses.has_ended(job.status)):
        return job.pending_tasks
    return WaitingTasks(job)


class WaitingTasks(Sequence[Any]):
    """The tasks that have not started, as a sequence that is only counted until it is cut."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __len__(self) -> int:
        return max(0, len(self._job.outstanding) - len(self._job.running))

    def __iter__(self) -> Any:
        running = self._job.running
        return (task for task in self._job.outstanding.values() if task.id not in running)

    def __getitem__(self, n: Any) -> Any:
        return next(islice(iter(self), n, None))
