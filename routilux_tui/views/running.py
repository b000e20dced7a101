"""What runs at this moment, and what comes next."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview
from routilux_tui.views.causes import input_of
from routilux_tui.views.insight import NextTask, Now, RunningHandler
from routilux_tui.views.moment import bounded

if TYPE_CHECKING:
    from routilux_tui.views.moment import Moment

_MOST_COMING = 20


def now(moment: Moment) -> Now:
    """What runs, the longest first, and what comes next."""
    job = moment.job
    handlers = [
        _handler(moment, task_id, routine_id, began)
        for task_id, (routine_id, began) in job.running.items()
    ]
    handlers.sort(key=lambda one: -one.elapsed)
    waiting = (task for task in job.outstanding.values() if task.id not in job.running)
    coming = [
        NextTask(
            task.id,
            task.routine_id,
            behind,
            preview(moment.delivered(task)),
            timestamps.to_iso(task.due) if task.due > moment.at else "",
        )
        for behind, task in enumerate(islice(waiting, _MOST_COMING))
    ]
    queued = max(0, len(job.outstanding) - len(job.running))
    return Now(handlers=[] if moment.is_over else handlers, coming=coming, queued=queued)


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
        thread=moment.threads.get(task_id, ""),
        text=preview(data),
        input=bounded(data),
    )
