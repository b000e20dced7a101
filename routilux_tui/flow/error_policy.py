"""Deciding what an error in a handler means: another try, going on, or that its job has failed.

Where tasks have run out, `routilux_tui.flow.job_end` decides.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ExecutionError, JobCancelled
from routilux_tui.flow.invocation import Refused, error_detail, error_message, error_trace, one_line
from routilux_tui.flow.strategy import ErrorStrategy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routilux_tui.flow.context import LiveJob
    from routilux_tui.flow.strategy import ErrorHandler
    from routilux_tui.flow.structure import FlowStructure
    from routilux_tui.job.model import Job
    from routilux_tui.job.tasks import Task

logger = logging.getLogger("routilux_tui.flow")

#: What an error that does not fail its job is recorded as, and what its routine gets by it.
_ENDS = {
    ErrorStrategy.CONTINUE: ("error_continued", "error_continued"),
    ErrorStrategy.SKIP: ("skipped", "skipped"),
}


def apply_error_policy(
    job: LiveJob,
    handler: ErrorHandler | None,
    task: Task,
    error: BaseException,
    now: float,
    decision: bool | None = None,
) -> None:
    """Record what a task's handler raised, and do as the routine's error handler says.

    ``now`` is when it raised, in seconds since the epoch; ``decision`` is what a user's own
    ``handle_error`` said about a retry, None where there is none.

    Called with the job's lock held, when the handler counts as running no more.
    """
    state, routine_id = job.job_state, task.routine_id
    if job.cancelled and _is_cancellation(error):
        stopped = {"error": "stopped: the job was cancelled"}
        state.make("drop", [task.id], now)  # its input is kept beside what had not started
        state.make("ran", task.id, routine_id, "cancelled", now, stopped)
        return
    if isinstance(error, Refused):
        _record_refusal(job, task, error.__cause__ or error, now)
        return
    if handler is not None and not job.ending and _retries(handler, task, error, decision):
        record, cause = _described(state, task, error)
        delay = handler.delay(task.retry_count)
        handler.retry_count = task.retry_count + 1
        record["retry"] = f"{task.retry_count + 1} of {handler.max_retries}"
        state.make("record", routine_id, "error", record, now, *cause)
        detail = error_detail(error)
        state.make("retry", task.id, routine_id, now, detail, handler.max_retries, now + delay)
        job.delay(task, delay)
        return
    why = end_task(state, handler, task, error, now)
    if why:
        job.fail_job(why)


def end_task(
    state: Job, handler: ErrorHandler | None, task: Task, error: BaseException, now: float
) -> str:
    """Record that a task has failed for good; returns why its job fails by it, empty where not."""
    record, cause = _described(state, task, error)
    strategy = handler.strategy if handler is not None else ErrorStrategy.STOP
    event, status = _ENDS.get(strategy, ("error", "failed"))
    state.make("record", task.routine_id, event, record, now, *cause)
    state.make("ran", task.id, task.routine_id, status, now, error_detail(error))
    if strategy in _ENDS:
        return ""
    return f"routine {task.routine_id}: {one_line(error, cut=True)}"


def fail_fenced(state: Job, flow: FlowStructure, fenced: Iterable[int], now: float) -> str:
    """Fail what ran when its job's process was killed, and must not be begun again.

    Called with the job's lock held, before it is taken up.

    Args:
        state: the job.
        flow: what it is made of.
        fenced: the ids of these tasks.
        now: in seconds since the epoch.

    Returns:
        Why the job fails by it; empty where it does not.
    """
    found = ""
    for task_id in fenced:
        task = state.outstanding.get(task_id)
        if task is None:  # its file is damaged
            continue
        error = ExecutionError("It ran when its runner was killed; its fence lets it run no more.")
        handler = flow.error_handler_of(task.routine_id)
        found = end_task(state, handler, task, error, now) or found
    return found


def _described(
    state: Job, task: Task, error: BaseException
) -> tuple[dict[str, Any], tuple[int, int | None]]:
    """What the record of an error says, and what it is of: its task, its traceback's number."""
    record = {"slot": task.slot, "error": error_message(error), "error_type": type(error).__name__}
    if task.id in state.workers:
        record["worker"] = state.workers[task.id]
    return record, (task.id, state.traceback_number(error_trace(error)))


def _is_cancellation(error: BaseException) -> bool:
    """Whether a handler stopped because its job was cancelled: by our error, or by asyncio's."""
    from routilux_tui.flow.event_loop import is_cancellation  # asyncio takes long to import

    return isinstance(error, JobCancelled) or is_cancellation(error)


def _retries(
    handler: ErrorHandler, task: Task, error: BaseException, decision: bool | None
) -> bool:
    if decision is None:
        return handler.retries(error, task.retry_count)
    is_retry = handler.strategy is ErrorStrategy.RETRY
    return is_retry and decision and task.retry_count < handler.max_retries


def _record_refusal(job: LiveJob, task: Task, why: BaseException, now: float) -> None:
    """The slot's validator refused the data: its handler was not called, the job goes on."""
    logger.warning("Slot %s of routine %s: %s", task.slot, task.routine_id, one_line(why))
    record = {"slot": task.slot, "error": error_message(why)}
    detail = {"error": f"its data was refused: {error_message(why)}"}
    state = job.job_state
    state.make("record", task.routine_id, "validation_failed", record, now, task.id)
    state.make("ran", task.id, task.routine_id, "error_continued", now, detail)
