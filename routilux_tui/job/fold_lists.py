"""How changes that make a job's lists longer are carried out: records, log, outputs, pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.job.error_kinds import FAILURES
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.record import MOST_TRACEBACKS, ExecutionRecord
from routilux_tui.job.status import error_line
from routilux_tui.job.tasks import LONGEST_ERROR

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import JobData


def _record(
    job: JobData,
    routine_id: str,
    event: str,
    data: Any,
    at: float,
    task: int | None = None,
    trace: int | None = None,
) -> None:
    """A record that queues nothing, of the task whose handler made it."""
    routine_id, event = as_text(routine_id), as_text(event)
    if event in FAILURES:
        failed = job.outstanding.get(task) if task is not None else None
        number = job.statistics.problems.add(routine_id, data, at, trace, failed)
        if failed is not None:
            failed.problem = number
            failed.error = error_line(data if isinstance(data, dict) else {})[:LONGEST_ERROR]
    first = job.next_task_id
    job._history.append(ExecutionRecord.of(routine_id, event, data, at, task, first, trace))
    job._updated = at


def _traceback(job: JobData, text: str) -> None:
    """A traceback that the job has not seen before; records name it by its number."""
    if len(job.tracebacks) < MOST_TRACEBACKS:
        job.traceback_numbers.setdefault(text, len(job.tracebacks))
        job.tracebacks.append(text)


def _log(job: JobData, entry: dict[str, Any], at: float) -> None:
    job._shared_log.append(entry)
    job._updated = at


def _output(job: JobData, routine_id: str, output_type: str, data: Any, at: float) -> None:
    job._output_log.append(
        {
            "routine_id": routine_id,
            "output_type": output_type,
            "data": data,
            "timestamp": timestamps.to_iso(at),
        }
    )
    job._updated = at


def _pause_point(job: JobData, point: dict[str, Any], at: float) -> None:
    job._pause_points.append(point)
    job._updated = at


def _deferred(job: JobData, routine_id: str, event: str, data: Any, at: float) -> None:
    job._deferred_events.append(
        {
            "routine_id": routine_id,
            "event_name": event,
            "data": data,
            "timestamp": timestamps.to_iso(at),
        }
    )
    job._updated = at


def _deferred_sent(job: JobData) -> None:
    """The first deferred event is being emitted: it is deferred no more."""
    if job._deferred_events:
        del job._deferred_events[0]


#: The kinds of change of growing lists, and what carries each out.
FOLD_LISTS: dict[str, Callable[..., None]] = {
    "record": _record,
    "traceback": _traceback,
    "pause_point": _pause_point,
    "log": _log,
    "output": _output,
    "deferred": _deferred,
    "deferred_sent": _deferred_sent,
}
