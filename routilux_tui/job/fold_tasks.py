"""How changes of tasks and handlers are carried out: queued, run, retried, held, dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.job.data import HELD, NUMBERS
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.job.statistics import MOST_USUAL
from routilux_tui.job.status import error_line
from routilux_tui.job.tasks import MOST_FAILED, FailedTask, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import JobData
    from routilux_tui.job.statistics import RoutineStatistics


def _emit(
    job: JobData,
    routine_id: str,
    event: str,
    data: Any,
    at: float,
    parent: int | None,
    tasks: list[tuple[int, str, str]],
) -> None:
    """A record, and the tasks that it queues: ``(task id, routine id, slot)`` each."""
    first = tasks[0][0] if tasks else job.next_task_id
    job._history.append(ExecutionRecord.of(routine_id, event, data, at, parent, first))
    if job._pending_tasks:
        job._pending_tasks = []  # they are waiting for their turn again
    outstanding, statistics = job.outstanding, job.statistics
    if at >= statistics.tick_ends:
        statistics.tick(at, job.running)
    source, source_event = (routine_id, event) if event != "start" or parent else (None, None)
    for task_id, target, slot in tasks:
        outstanding[task_id] = Task(task_id, target, slot, data, source, source_event, at)
        statistics.emitted.append(target)
        if task_id >= job.next_task_id:
            job.next_task_id = task_id + 1
        else:
            job.is_in_order = False
    if job.expected and (routine_id, event) in job.expected:
        job.expected[routine_id, event][1] += 1
    if parent is not None:
        task = outstanding.get(parent)
        if task is not None:
            task.emitted += 1
    job._updated = at


def _queue(
    job: JobData,
    tasks: list[tuple[int, str, str]],
    data: Any,
    at: float,
    source: str | None,
    source_event: str | None,
) -> None:
    """Tasks are queued that no record tells of: an engine of another kind made them."""
    if job._pending_tasks:
        job._pending_tasks = []
    statistics = job.statistics
    if at >= statistics.tick_ends:
        statistics.tick(at, job.running)
    for task in tasks_queued("queue", tasks, data, at, source, source_event):
        job.outstanding[task.id] = task
        statistics.emitted.append(task.routine_id)
        if task.id >= job.next_task_id:
            job.next_task_id = task.id + 1
        else:
            job.is_in_order = False
    job._updated = at


def tasks_queued(kind: str, *args: Any) -> list[Task]:
    """The tasks that a change of one of the kinds `QUEUEING` queues, as they are then."""
    source: str | None
    source_event: str | None
    if kind == "emit":
        source, source_event, data, at, parent, tasks = args
        if source_event == "start" and not parent:
            source = source_event = None
    else:
        tasks, data, at, source, source_event = args
    return [
        Task(task_id, target, slot, data, source, source_event, at)
        for task_id, target, slot in tasks
    ]


def _run(job: JobData, task_id: int, routine_id: str, at: float) -> None:
    """A handler has started."""
    if job._pending_tasks:
        job._pending_tasks = []
    routine = job._routine_states.get(routine_id)
    if not isinstance(routine, dict) or "runs" not in routine:
        own = routine if isinstance(routine, dict) else {}
        routine = {
            **own,
            "status": "running",
            "runs": 0,
            "errors": 0,
            "retries": 0,
            "active": 0,
            "started_at": timestamps.to_iso(at),
            "ended_at": None,
            "execution_time": 0.0,
        }
        dict.__setitem__(job._routine_states, routine_id, routine)
    routine["status"] = "running"
    routine["runs"] += 1
    routine["active"] += 1
    job.running[task_id] = (routine_id, at)
    if task_id > job.last_started:  # noqa: PLR1730 - a call costs more than all of this line
        job.last_started = task_id
    job._current_routine_id = routine_id
    job._updated = at


def _worker(job: JobData, task_id: int, worker: str, at: float) -> None:
    """A handler runs in a worker process; see `JobData.workers`."""
    job.workers = {one: known for one, known in job.workers.items() if one in job.running}
    if task_id in job.running:
        job.workers[task_id] = worker
    job._updated = at


def _ran(
    job: JobData,
    task_id: int,
    routine_id: str,
    status: str,
    at: float,
    detail: dict[str, Any] | None,
) -> None:
    """A handler has ended, and its task with it.

    ``detail`` has ``error`` and ``traceback`` (its last lines) where it raised. Its status is
    ``cancelled`` where it was stopped by the cancelling of its job: that is no error.
    """
    if job._pending_tasks:
        job._pending_tasks = []
    task = job.outstanding.pop(task_id, None)
    measured, routine = _end_of_run(job, task, task_id, routine_id, at)
    job._updated = at
    if detail is None:
        if measured.usual_seen < MOST_USUAL and task is not None:
            measured.note_usual(task.data)
        if status == "completed" and routine is not None and routine.get("error") is None:
            # A status that the handler itself has set for its routine stands.
            if routine.get("status", "running") == "running":
                routine["status"] = "running" if routine["active"] else status
            return
    _end_otherwise(job, task, status, at, detail, measured, routine)


def _end_otherwise(
    job: JobData,
    task: Task | None,
    status: str,
    at: float,
    detail: dict[str, Any] | None,
    measured: RoutineStatistics,
    routine: dict[str, Any] | None,
) -> None:
    """A handler has ended by an error, was stopped, or went well in a routine that had an error."""
    stopped = status == "cancelled"
    if stopped:
        status = "pending"  # routilux has no word for it
        measured.stopped += 1
        if job._status == "failed" and routine is not None and routine.get("error") is not None:
            status, detail = "failed", None  # what ended the job is not hidden
    elif detail is not None:
        measured.errors_noted += 1
        measured.skips += status != "failed"
        if task is not None:
            add_failed_task(job, FailedTask(task, error_line(detail), status, at))
    if routine is None:
        return
    if status == "completed" and job._status == "failed" and routine.get("error") is not None:
        status = "failed"  # what ended the job is not hidden by a run beside it that went well
    if status != "completed" or routine.get("status", "running") == "running":
        routine["status"] = "running" if routine["active"] else status
    if detail is not None:
        routine["errors"] += not stopped
        routine.pop("error_type", None)
        routine.update(detail)
    elif routine.get("error") is not None and status == "completed":
        routine["last_error"] = routine.pop("error")
        routine.pop("error_type", None)
        routine.pop("traceback", None)


def add_failed_task(job: JobData, failed: FailedTask) -> None:
    """Keep a task that failed for good; beyond `MOST_FAILED` they are only counted."""
    job.failed_count += 1
    if len(job.failed_tasks) < MOST_FAILED:
        job.failed_tasks.append(failed)


def _end_of_run(
    job: JobData, task: Task | None, task_id: int, routine_id: str, at: float
) -> tuple[RoutineStatistics, dict[str, Any] | None]:
    """A handler runs no more: what all its ends have in common.

    Returns:
        The statistics of its routine, and its state; None where that has not what the engine
        counts, but a user's own.
    """
    statistics = job.statistics
    if at >= statistics.tick_ends:
        statistics.tick(at, job.running)
    _, started = job.running.pop(task_id, (None, at))
    routine = job._routine_states.get(routine_id)
    if not isinstance(routine, dict) or "runs" not in routine:
        routine = None
    else:
        if routine["active"]:
            routine["active"] -= 1
        job.pending_ends[routine_id] = at
        if at > started:
            routine["execution_time"] += at - started
    measured = statistics.routines.get(routine_id) or statistics.of(routine_id)
    queued = started if task is None else task.due or task.created_at
    measured.noted += (queued, started, at)
    return measured, routine


def _retry(
    job: JobData,
    task_id: int,
    routine_id: str,
    at: float,
    detail: dict[str, Any],
    max_retries: int,
    due: float,
) -> None:
    """A handler has raised and its task will be run again, at ``due``."""
    if job.workers:
        job.workers.pop(task_id, None)
    if job._pending_tasks:
        job._pending_tasks = []
    task = job.outstanding.get(task_id)
    measured, routine = _end_of_run(job, task, task_id, routine_id, at)
    measured.errors_noted += 1
    measured.retries_noted += 1
    job.statistics.emitted.append(routine_id)
    if task is not None:
        task.retry_count += 1
        task.max_retries = max_retries
        task.emitted = 0
        task.skip = 0
        task.due = due
    if routine is not None:
        routine["errors"] += 1
        routine["retries"] += 1
        routine["retry_count"] = routine["retries"]
        routine.update(detail)
    job._updated = at


def _slot(
    job: JobData, task_id: int, routine_id: str, slot: str, how: str, data: Any, at: float
) -> None:
    """A slot keeps a task's data: ``append`` it to what it has, or ``set`` it in its place."""
    if job._pending_tasks:
        job._pending_tasks = []
    if how == "set":  # apart from the change itself, which is not to grow with what comes
        job.slot_data[routine_id, slot] = {
            name: list(value) if type(value) is list else value for name, value in data.items()
        }
    else:
        merge_append(job.slot_data.setdefault((routine_id, slot), {}), data)
    task = job.outstanding.get(task_id)
    if task is not None:
        task.merged = True
    job._updated = at


def merge_append(kept: dict[str, Any], new: dict[str, Any]) -> None:
    """The merge strategy ``append``: each key collects a list of its values."""
    for key, value in new.items():
        old = kept.get(key)
        if key not in kept:
            kept[key] = [value]
        elif isinstance(old, list):
            old.append(value)
        else:
            kept[key] = [old, value]


def _hold(job: JobData, order: list[int], at: float) -> None:
    """All that has not run is held; ``order`` has the ids of the tasks as they would have run."""
    outstanding = job.outstanding
    held = {task_id: outstanding[task_id] for task_id in order if task_id in outstanding}
    for task in held.values():
        if task.retry_count:
            no_retry_under_way(job, task, "pending")
    running = {task_id: outstanding[task_id] for task_id in outstanding if task_id not in held}
    job.outstanding = {**held, **running}
    job.is_in_order = job.is_in_order and not running and order == sorted(order)
    job._pending_tasks = HELD if job.outstanding else []
    job._updated = at


def _take_up(job: JobData, at: float) -> None:
    """Somebody runs the job (again): what was held is waiting for its turn once more."""
    job._pending_tasks = []
    job.running.clear()
    job.workers = {}
    job.statistics.began = at
    if job._status == "running":  # whoever ran it was killed, and nobody did since then
        job.statistics.uptime.go_on(at, job._updated)
    job.statistics.recount(job.outstanding, job.running)
    for routine in job._routine_states.values():
        if not isinstance(routine, dict) or "runs" not in routine:
            continue
        for name in NUMBERS:  # whatever the file has there
            if not isinstance(routine.get(name), (int, float)):
                routine[name] = 0
        if routine["active"]:
            routine["active"] = 0
            if routine.get("status") == "running":
                routine["status"] = "pending"
    job._updated = at


def no_retry_under_way(job: JobData, task: Task, status: str) -> None:
    """A retry that was waited for is held, or will never come: its routine does not run."""
    routine = job._routine_states.get(task.routine_id)
    if not isinstance(routine, dict) or routine.get("active"):
        return
    if as_text(routine.get("status")) in {"running", "pending"}:
        routine["status"] = status


def _drop(job: JobData, dropped: list[int], at: float) -> None:
    """Tasks that have not started are dropped, by their ids, and never run."""
    for task_id in dropped:
        task = job.outstanding.pop(task_id, None)
        if task is None:
            continue
        job.statistics.of(task.routine_id).dropped += 1
        if len(job.dropped_tasks) < MOST_FAILED:
            job.dropped_tasks.append(task)
        if task.retry_count:
            no_retry_under_way(job, task, "failed")
    job.statistics.recount(job.outstanding, job.running)
    job._pending_tasks = []
    job._updated = at


#: The kinds of change that queue new tasks.
QUEUEING = frozenset({"emit", "queue"})
#: The kinds of change of tasks and handlers, and what carries each out.
FOLD_TASKS: dict[str, Callable[..., None]] = {
    "emit": _emit,
    "queue": _queue,
    "run": _run,
    "worker": _worker,
    "ran": _ran,
    "retry": _retry,
    "slot": _slot,
    "hold": _hold,
    "take_up": _take_up,
    "drop": _drop,
}
