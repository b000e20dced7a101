"""The terminal dashboard for routilux jobs, and the job model and engine under it.

Everything here is imported on first use, so that a command without a screen starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "CallbackOutputHandler": "routilux_tui.job.outputs",
    "Connection": "routilux_tui.flow.connection",
    "ErrorHandler": "routilux_tui.flow.strategy",
    "ErrorStrategy": "routilux_tui.flow.strategy",
    "Event": "routilux_tui.flow.routine",
    "ExecutionContext": "routilux_tui.flow.context",
    "ExecutionRecord": "routilux_tui.job.record",
    "Flow": "routilux_tui.flow.flow",
    "JobState": "routilux_tui.job.state",
    "NullOutputHandler": "routilux_tui.job.outputs",
    "OutputHandler": "routilux_tui.job.outputs",
    "QueueOutputHandler": "routilux_tui.job.outputs",
    "Routine": "routilux_tui.flow.routine",
    "Slot": "routilux_tui.flow.slot",
    "ValidationError": "routilux_tui.flow.validators",
    "Validator": "routilux_tui.flow.validators",
    "serve": "routilux_tui.runner.serve",
}

__all__ = [*sorted(_HOMES), "__version__"]  # noqa: PLE0604 - the names stand in the table above

if TYPE_CHECKING:
    from routilux_tui.flow.connection import Connection as Connection
    from routilux_tui.flow.context import ExecutionContext as ExecutionContext
    from routilux_tui.flow.flow import Flow as Flow
    from routilux_tui.flow.routine import Event as Event
    from routilux_tui.flow.routine import Routine as Routine
    from routilux_tui.flow.slot import Slot as Slot
    from routilux_tui.flow.strategy import ErrorHandler as ErrorHandler
    from routilux_tui.flow.strategy import ErrorStrategy as ErrorStrategy
    from routilux_tui.flow.validators import ValidationError as ValidationError
    from routilux_tui.flow.validators import Validator as Validator
    from routilux_tui.job.outputs import CallbackOutputHandler as CallbackOutputHandler
    from routilux_tui.job.outputs import NullOutputHandler as NullOutputHandler
    from routilux_tui.job.outputs import OutputHandler as OutputHandler
    from routilux_tui.job.outputs import QueueOutputHandler as QueueOutputHandler
    from routilux_tui.job.record import ExecutionRecord as ExecutionRecord
    from routilux_tui.job.state import JobState as JobState
    from routilux_tui.runner.serve import serve as serve


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        from routilux_tui.flow.porting import why_not_here

        why = why_not_here(name)
        if why:  # of an AttributeError, `from routilux_tui import ...` would not show the message
            raise ImportError(why, name=name)
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(home), name)
