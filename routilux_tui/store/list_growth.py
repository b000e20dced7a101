"""What each change adds to a job's growing lists, without carrying it out on a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.job.fold_tasks import QUEUEING
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.record import ExecutionRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The lists whose entries lie in segments; pause points are few.
LISTS = ("execution_history", "shared_log", "output_log")
#: A kind of our own, in a segment of what a job had before its changes were kept:
#: ``(seq, "entry", list, the entry as a file has it)``.
ENTRY = "entry"


def next_task_after(changes: Iterable[Any], next_task: int) -> int:
    """The id that the next task gets after changes, by the one that it was to get before them."""
    for change in changes:
        kind = change[1]
        if kind in QUEUEING:
            tasks = change[7] if kind == "emit" else change[2]
            if tasks:
                next_task = max(next_task, tasks[-1][0] + 1)
        elif kind == "again":
            next_task = max(next_task, (change[3] or 0) + 1)
    return next_task


def entries_of(
    changes: Iterable[Any], next_task: int
) -> tuple[list[ExecutionRecord], list[Any], list[Any]]:
    """The entries of `LISTS` that changes add, in their order.

    Args:
        changes: changes, as a journal has them.
        next_task: the id that the next task was to get before the first of them.
    """
    records: list[ExecutionRecord] = []
    logged: list[Any] = []
    outputs: list[Any] = []
    by_name: dict[str, list[Any]] = dict(zip(LISTS, (records, logged, outputs), strict=True))
    make = ExecutionRecord.of
    for change in changes:
        kind = change[1]
        if kind == "emit":
            _, _, routine_id, event, data, at, parent, tasks = change
            first = next_task
            if tasks:
                first = tasks[0][0]
                next_task = max(next_task, tasks[-1][0] + 1)
            records.append(make(as_text(routine_id), as_text(event), data, at, parent, first))
        elif kind == "queue":
            if change[2]:
                next_task = max(next_task, change[2][-1][0] + 1)
        elif kind == "again":
            next_task = max(next_task, (change[3] or 0) + 1)
        elif kind == "record":
            routine_id, event, data, at, task, trace = [*change[2:], None, None][:6]
            names = as_text(routine_id), as_text(event)
            records.append(make(*names, data, at, task, next_task, trace))
        elif kind == "log":
            logged.append(change[2])
        elif kind == "output":
            _, _, routine_id, output_type, data, at = change
            outputs.append(
                {
                    "routine_id": routine_id,
                    "output_type": output_type,
                    "data": data,
                    "timestamp": timestamps.to_iso(at),
                }
            )
        elif kind == ENTRY:
            of_list, plain = change[2], change[3]
            is_record = of_list == "execution_history"
            by_name[of_list].append(ExecutionRecord.from_plain(plain) if is_record else plain)
    return records, logged, outputs
