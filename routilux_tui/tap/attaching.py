"""Observing a job that runs already, in the process that runs it."""

from __future__ import annotations

import queue
import sys
from typing import TYPE_CHECKING, Any

from .thread_state import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from .observatory import Observatory
    from .observed import ObservedJob


def attach(
    observatory: Observatory, flow: Any, state: Any, unhooked: Callable[..., Any]
) -> ObservedJob:
    """Observe a job from now on: what it has, what it has queued, and what its handlers do.

    A handler that runs already is waited for by a pause, and not told of.

    Args:
        observatory: what observes the library in this process.
        flow: the library's flow that runs the job.
        state: the job's state.
        unhooked: the library's own `execute_task`, as tasks in the pool may still have it.
    """
    with observatory.messages.lock:
        job = observatory.observe(flow, state)
        if state.status != "pending":
            job.report_status(str(state.status))
        pooled = _pooled(flow, unhooked)
        for task in [*pooled, *list(flow._task_queue.queue), *flow._pending_tasks]:
            if task.job_state is state:
                job.queued(task)
        with flow._execution_lock:
            futures = [one for one in flow._active_tasks if one.running()]
        for future in futures:
            number = job.next_task
            job.next_task += 1
            job.outstanding[number] = None
            job.active[number] = ""
            future.add_done_callback(lambda _, number=number: job.leave_unobserved(number))
        if state.status == "paused":
            job.held_by_script()
        else:
            job.check_end()
    return job


def _pooled(flow: Any, unhooked: Callable[..., Any]) -> list[Any]:
    """The tasks that wait in a flow's pool; they pass the gate from now on."""
    hooked = sys.modules["routilux.flow.event_loop"].execute_task
    waiting: Any = getattr(flow._executor, "_work_queue", None)
    items = []
    while waiting is not None:  # it can be looked into only by taking all out
        try:
            items.append(waiting.get_nowait())
        except queue.Empty:
            break
    tasks = []
    for item in items:
        if getattr(item, "fn", None) in {unhooked, hooked}:
            item.fn = hooked
            tasks.append(item.args[0])
        waiting.put(item)
    return tasks


def detach(observatory: Observatory, job: ObservedJob) -> None:
    """Observe a job no more; one that is held from outside goes on."""
    job.reopen()
    with observatory.messages.lock:
        setattr(job.state, KEY, None)
        observatory.forget(job)
