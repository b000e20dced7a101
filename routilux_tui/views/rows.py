"""One line of each section of a job, from what the section holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import as_text, preview, shortened
from routilux_tui.job.numbers import as_count, as_number, is_id
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.job.tasks import Task
from routilux_tui.views import shapes
from routilux_tui.views.shapes import RoutineRow, Row

if TYPE_CHECKING:
    from collections.abc import Callable


def record_row(n: int, record: Any) -> Row:
    """A record of the history."""
    if not isinstance(record, ExecutionRecord):
        record = ExecutionRecord.from_plain(record)
    at = timestamps.shown(record.written_at)
    text = preview(record.raw_data)
    text = "" if text == "{}" else text
    return Row(n, at, record.routine_id, record.event_name, text, record.task, record.first)


def log_row(n: int, entry: Any) -> Row:
    """An entry of the shared log: its message first, then whatever else it says."""
    if not isinstance(entry, dict):
        return Row(n, text=preview(entry))
    rest = dict(entry)
    at = timestamps.shown(rest.pop("timestamp", None))
    routine = as_text(rest.pop("routine_id", rest.pop("routine", "")))
    level = as_text(rest.pop("level", ""))
    message = next((rest.pop(key) for key in ("message", "msg", "text") if key in rest), None)
    text = "" if message is None else (message if type(message) is str else preview(message))
    if rest:
        text = f"{shortened(text)} {preview(rest)}".strip()
    return Row(n, at, routine, level, shortened(text))


def pause_row(n: int, point: Any) -> Row:
    """A pause point: its reason, then its checkpoint."""
    if not isinstance(point, dict):
        return Row(n, text=preview(point))
    text = shortened(as_text(point.get("reason")))
    checkpoint = point.get("checkpoint")
    if checkpoint:
        text = shortened(f"{text} {preview(checkpoint)}".strip())
    held = point.get("pending_tasks_count")
    return Row(
        n,
        timestamps.shown(point.get("timestamp")),
        as_text(point.get("current_routine_id")),
        f"{held:,} held" if is_id(held) else "",
        text,
    )


def data_row(n: int, item: Any) -> Row:
    """A value of the shared data, given as ``(key, value)``."""
    key, value = item
    return Row(n, name=as_text(key), text=preview(value))


def output_row(n: int, output: Any) -> Row:
    """An output."""
    if not isinstance(output, dict):
        return Row(n, text=preview(output))
    return Row(
        n,
        timestamps.shown(output.get("timestamp")),
        as_text(output.get("routine_id")),
        as_text(output.get("output_type")),
        preview(output.get("data")),
    )


def pending_row(n: int, task: Any) -> Row:
    """A task that has not run."""
    if isinstance(task, Task):
        at = timestamps.to_iso(task.created_at)
        return Row(n, at, task.routine_id, task.slot, preview(task.data))
    if not isinstance(task, dict):
        return Row(n, text=preview(task))
    return Row(
        n,
        timestamps.shown(task.get("created_at")),
        as_text(task.get("slot_routine_id")),
        as_text(task.get("slot_name")),
        preview(task.get("data")),
    )


def deferred_row(n: int, event: Any) -> Row:
    """An event that is emitted on resume."""
    if not isinstance(event, dict):
        return Row(n, text=preview(event))
    return Row(
        n,
        timestamps.shown(event.get("timestamp")),
        as_text(event.get("routine_id")),
        as_text(event.get("event_name")),
        preview(event.get("data")),
    )


#: How each section but the routines makes its rows.
ROWS: dict[str, Callable[[int, Any], Row]] = {
    shapes.HISTORY: record_row,
    shapes.LOG: log_row,
    shapes.PAUSES: pause_row,
    shapes.DATA: data_row,
    shapes.OUTPUT: output_row,
    shapes.PENDING: pending_row,
    shapes.DEFERRED: deferred_row,
}


def routine_row(routine_id: str, state: Any) -> RoutineRow:
    """A routine, from its state; older versions tell less of it."""
    if not isinstance(state, dict):
        return RoutineRow(routine_id, "pending", error=preview(state))
    status = as_text(state.get("status", "pending"))
    error = statuses.error_line(
        {name: as_text(state.get(name)) for name in ("error", "error_type")}
    )
    failed = statuses.routine_has_failed(status) or status == "error_continued"
    return RoutineRow(
        routine_id,
        status,
        as_count(state.get("runs")),
        as_count(state.get("errors")) or int(failed and "errors" not in state),
        as_count(state.get("retries", state.get("retry_count"))),
        as_count(state.get("active")),
        timestamps.shown(state.get("started_at")),
        timestamps.shown(state.get("ended_at", state.get("error_time"))),
        as_number(state.get("execution_time")),
        shortened(error),
    )
