"""The terminal dashboard for routilux jobs, and the job model and engine under it.

Everything here is imported on first use, so that a command without a screen starts at once.

The words, each for one thing everywhere:

- flow: routines and the connections between them. It holds structure, and nothing of a job.
- routine: a step of a flow. slot: an input of it, with a handler. event: an output of it.
- connection: joins an event to a slot.
- job: one execution of a flow. `JobState`: its public face; `Job`: its data.
- change: one small step in a job's life, numbered by ``seq``. A job is the fold of its changes:
  what one has when they are carried out in order.
- record: one entry of a job's history: a routine emitted an event, with data, at a moment.
- task: one activation of a slot. outstanding: queued or running; held: not run as its job is paused
  (``pending_tasks`` of a file). deferred event: emitted when the job is resumed.
- handler: the user's function behind a slot. invocation: one call of it, for one task.
- retry: the same task once more after an error. strategy: what a user wants of errors; error
  policy: what it makes of one.
- engine: what runs a job's tasks. execution: one job in its engine. worker: a thread of it, or a
  process. executor: what handlers are sent to that do not run in its threads.
- runner: the process that owns a live job. attach: to watch and steer it through its socket.
- control: pause, resume or cancel; "asked" until the job's own state confirms it.
- snapshot: a job's file, ``NAME.json``. journal: the changes since. recovery: both put together.
- lock: says which process runs the job of a file.
- source: where jobs come from: saved files, runners, far machines. It gives entries (a line of the
  list each) and handles (one job to be looked at and steered).
- section: one of a job's lists. window: a stretch of its rows. row: one entry, ready to be shown.
- projection: the views of a job that is in memory. frame: all that changed since the last one.
- insight: what is measured of a job: figures of its routines, problems, what runs, its outlook.
- problem: errors of one kind. cause: the record that queued a task. sketch: quantiles in short.
- pane: a part of the job screen. tail: to follow what comes at its end.
- segment: sealed changes on disk. keyframe: a job without its lists, from which they are folded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from routilux_tui import aliases

__version__ = "0.1.0"

_HOMES = {
    "CallbackOutputHandler": "routilux_tui.state.outputs",
    "ConfigurationError": "routilux_tui.errors",
    "Connection": "routilux_tui.flow.event",
    "ErrorHandler": "routilux_tui.flow.strategy",
    "ErrorStrategy": "routilux_tui.flow.strategy",
    "Event": "routilux_tui.flow.event",
    "ExecutionContext": "routilux_tui.flow.context",
    "ExecutionError": "routilux_tui.errors",
    "ExecutionRecord": "routilux_tui.job.record",
    "ExecutionTracker": "routilux_tui.flow.tracker",
    "Flow": "routilux_tui.flow.flow",
    "JobState": "routilux_tui.state.job_state",
    "NullOutputHandler": "routilux_tui.state.outputs",
    "OutputHandler": "routilux_tui.state.outputs",
    "QueueOutputHandler": "routilux_tui.state.outputs",
    "Routine": "routilux_tui.flow.routine",
    "SerializationError": "routilux_tui.errors",
    "Slot": "routilux_tui.flow.slot",
    "SlotHandlerError": "routilux_tui.errors",
    "StateError": "routilux_tui.errors",
    "ValidationError": "routilux_tui.flow.validators",
    "Validator": "routilux_tui.flow.validators",
    "serve": "routilux_tui.runner.serve",
}
#: Names of routilux that are called otherwise here: (module, name there).
_ALIASES = {
    "RoutiluxError": ("routilux_tui.errors", "RoutiluxTuiError"),
    "_current_job_state": ("routilux_tui.flow.context", "CURRENT_JOB_STATE"),
}

__all__ = [*sorted(_HOMES), "RoutiluxError", "__version__"]  # noqa: PLE0604 - the names stand in the table above

if TYPE_CHECKING:
    from routilux_tui.errors import ConfigurationError as ConfigurationError
    from routilux_tui.errors import ExecutionError as ExecutionError
    from routilux_tui.errors import RoutiluxTuiError as RoutiluxError
    from routilux_tui.errors import SerializationError as SerializationError
    from routilux_tui.errors import SlotHandlerError as SlotHandlerError
    from routilux_tui.errors import StateError as StateError
    from routilux_tui.flow.context import ExecutionContext as ExecutionContext
    from routilux_tui.flow.event import Connection as Connection
    from routilux_tui.flow.event import Event as Event
    from routilux_tui.flow.flow import Flow as Flow
    from routilux_tui.flow.routine import Routine as Routine
    from routilux_tui.flow.slot import Slot as Slot
    from routilux_tui.flow.strategy import ErrorHandler as ErrorHandler
    from routilux_tui.flow.strategy import ErrorStrategy as ErrorStrategy
    from routilux_tui.flow.tracker import ExecutionTracker as ExecutionTracker
    from routilux_tui.flow.validators import ValidationError as ValidationError
    from routilux_tui.flow.validators import Validator as Validator
    from routilux_tui.job.record import ExecutionRecord as ExecutionRecord
    from routilux_tui.runner.serve import serve as serve
    from routilux_tui.state.job_state import JobState as JobState
    from routilux_tui.state.outputs import CallbackOutputHandler as CallbackOutputHandler
    from routilux_tui.state.outputs import NullOutputHandler as NullOutputHandler
    from routilux_tui.state.outputs import OutputHandler as OutputHandler
    from routilux_tui.state.outputs import QueueOutputHandler as QueueOutputHandler


aliases.install()


def __getattr__(name: str) -> Any:
    if name in aliases.MODULES:  # as after `import routilux`, which imports them all
        return import_module(f"routilux_tui.{name}")
    home, there = _ALIASES.get(name) or (_HOMES.get(name), name)
    if home is None:
        from routilux_tui.flow.porting import why_not_here

        why = why_not_here(name)
        if why:  # of an AttributeError, `from routilux_tui import ...` would not show the message
            raise ImportError(why, name=name)
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(home), there)
