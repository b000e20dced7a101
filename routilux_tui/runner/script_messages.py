"""What a script says of a job, carried out on our copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.change_kinds import KINDS, has_shape
from routilux_tui.job.changes import FOLD
from routilux_tui.job.jsonable import as_text

if TYPE_CHECKING:
    from routilux_tui.runner.script_engine import ScriptEngine
    from routilux_tui.state.job_state import JobState

_MICROSECONDS = 1e-6
INEXACT = "inexact"
"""The key of a job's ``flow_shape`` that tells of events whose data are not kept as they were: what
could not be, by ``routine.event``."""


def job_of_message(message: dict[str, Any]) -> JobState:
    """Our copy of a job, as it is at its beginning: what a ``job`` message tells."""
    from routilux_tui.state.job_state import JobState

    state = JobState(str(message["flow_id"]))
    state._job_id = str(message["job_id"])
    state._created = float(message["created_at"])
    return state


def apply_message(state: JobState, engine: ScriptEngine, kind: str, args: list[Any]) -> None:
    """Carry out a message of a job; see `routilux_tui.tap.messages`.

    Raises:
        TypeError, ValueError: when it is none.
    """
    make = state.make
    if kind == "e":
        routine_id, event, data, at, parent, tasks = args
        make("emit", as_text(routine_id), as_text(event), data, at * _MICROSECONDS, parent, tasks)
    elif kind == "r":
        task, routine_id, at = args
        make("run", task, routine_id, at * _MICROSECONDS)
    elif kind == "d":
        task, routine_id, at = args
        make("ran", task, routine_id, "completed", at * _MICROSECONDS, None)
    elif kind == "record":
        *record, task, trace = args
        number = None if trace is None else state.traceback_number(trace)
        make("record", *record, task, number)
    elif kind == "inexact":
        routine_id, event, what = map(str, args)
        known = state.flow_shape.get(INEXACT) or {}
        make("shape", {**state.flow_shape, INEXACT: {**known, f"{routine_id}.{event}": what}})
    elif kind == "stack":
        engine.note_stack(*args)
    elif kind == "called_off":
        engine.call_off()
    elif kind in FOLD:
        if kind in {"hold", "drop"}:
            args = [_numbers(args[0], state.next_task_id), *args[1:]]
        # What is no such change could not be read back from the job's journal, nor what follows.
        if not has_shape(KINDS[kind].arguments, args):
            raise TypeError(f"{kind} of a kind unknown")
        make(kind, *args)


def _numbers(rows: list[list[int]], end: int) -> list[int]:
    """The numbers of tasks, by the first and last of each row; none is ``end`` or above."""
    return [number for first, last in rows for number in range(first, min(last + 1, end))]
