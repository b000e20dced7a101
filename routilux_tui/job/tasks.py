"""A task: one activation of a slot that is waiting for its turn, or running.

Tasks name routines by their ids in the flow, so that they mean the same in another process.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.numbers import is_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.job.error_kinds import Problem

NORMAL = 2
_FLAGS = ("merged", "edited", "on_hold")
MOST_FAILED = 10_000
"""How many failed tasks a job keeps with their inputs; those that follow are only counted."""
LONGEST_ERROR = 400
"""So much of its last error a task keeps."""


class Task(msgspec.Struct, eq=False, gc=False):
    """One slot to be activated with some data.

    ``emitted`` counts the events that its handler has emitted in the attempt that is under
    way; ``skip`` is how many of them a handler that is run again after a crash must not
    deliver twice. ``merged`` says that its slot has collected its data. ``problem`` is the number
    of the kind of error that it had last, in the job's statistics, ``error`` that error in a line.
    ``again`` is how often somebody sent it again after it had failed for good; ``edited`` says
    that its data is what somebody wrote, by the names that its slot knows it by; ``on_hold`` that
    it does not start until somebody lets it. ``created_at`` and ``due`` are in seconds since the
    epoch.
    """

    # A job may have a hundred thousand tasks queued: the garbage collector doesn't look at
    # them, or it would do so ever longer, and slow down every emit.

    id: int
    routine_id: str
    slot: str
    data: Any
    source_id: str | None
    source_event: str | None
    created_at: float
    emitted: int = 0
    retry_count: int = 0
    max_retries: int = 0
    priority: int = NORMAL
    skip: int = 0
    due: float = 0.0
    merged: bool = False
    problem: int | None = None
    again: int = 0
    edited: bool = False
    on_hold: bool = False
    error: str = ""

    def to_plain(self) -> dict[str, Any]:
        """The task as ``pending_tasks`` of a file has it, in routilux's words and two of ours."""
        connected = self.source_id is not None
        plain = {
            "slot_routine_id": self.routine_id,
            "slot_name": self.slot,
            "data": self.data,
            "connection_source_routine_id": self.source_id,
            "connection_source_event_name": self.source_event,
            "connection_target_routine_id": self.routine_id if connected else None,
            "connection_target_slot_name": self.slot if connected else None,
            "priority": self.priority,
            "retry_count": self.retry_count,
            "max_retries": self.max_retries,
            "created_at": timestamps.to_iso(self.created_at),
            "task_id": self.id,
            "emitted": self.emitted,
            "queued_at": self.created_at,  # to the last digit, unlike created_at
        }
        for name in _FLAGS:
            if getattr(self, name):
                plain[name] = True
        if self.again:
            plain["again"] = self.again
        if self.problem is not None:
            plain["problem"] = self.problem
        if self.error:
            plain["error"] = self.error
        if self.due:
            plain["due"] = self.due
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any], task_id: int) -> Task:
        """The task of a file's entry; ``task_id`` is used where the entry has none of its own."""
        own_id, queued_at = plain.get("task_id"), plain.get("queued_at")
        data = plain.get("data")
        if type(queued_at) is not float or not timestamps.is_time(queued_at):
            queued_at = timestamps.to_epoch(plain.get("created_at")) or time.time()
        task = cls(
            own_id if is_id(own_id) else task_id,
            as_text(plain.get("slot_routine_id")),
            as_text(plain.get("slot_name")),
            data if isinstance(data, dict) else {},
            plain.get("connection_source_routine_id"),
            plain.get("connection_source_event_name"),
            queued_at,
        )
        for name in ("retry_count", "max_retries", "priority", "emitted", "again"):
            value = plain.get(name)
            if is_id(value):
                setattr(task, name, value)
        for name in _FLAGS:
            setattr(task, name, plain.get(name) is True)
        problem = plain.get("problem")
        if is_id(problem):
            task.problem = problem
        error = plain.get("error")
        task.error = error[:LONGEST_ERROR] if isinstance(error, str) else ""
        due = plain.get("due")
        if type(due) is float and timestamps.is_time(due):
            task.due = due
        return task


def last_error(task: Task, kinds: Sequence[Problem]) -> str:
    """The error that a task had last; of a task of an older version, the last one of its kind.

    ``kinds`` are those of its job's errors.
    """
    if task.error or task.problem is None or task.problem >= len(kinds):
        return task.error
    kind = kinds[task.problem]
    return f"{kind.error_type}: {kind.message}" if kind.error_type else kind.message


class FailedTask(msgspec.Struct, gc=False):
    """A task that failed for good, as it was: with its input, so that it can be sent again.

    ``status`` is what its routine got by it (``failed``, ``error_continued``, ``skipped``), or
    ``given_up`` where somebody said that it is not to be tried again;
    ``at`` is in seconds since the epoch.
    """

    task: Task
    error: str
    status: str
    at: float

    def __post_init__(self) -> None:
        self.task.error = self.error[:LONGEST_ERROR]  # as a file has it

    def to_plain(self) -> dict[str, Any]:
        """The task as ``pending_tasks`` has it, with what became of it."""
        return {
            **self.task.to_plain(),
            "error": self.error,
            "status": self.status,
            "failed_at": timestamps.to_iso(self.at),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> FailedTask:
        """The failed task of a file's entry, whatever is missing from it."""
        error, status = plain.get("error"), plain.get("status")
        return cls(
            Task.from_plain(plain, 0),
            error if isinstance(error, str) else "",
            status if isinstance(status, str) else "failed",
            timestamps.to_epoch(plain.get("failed_at")) or 0.0,
        )
