"""What is put around the library's `JobState`: it tells how it is altered."""

from __future__ import annotations

import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from .errors import step_out
from .gate import CANCELLED
from .state_reporter import DICTS, LISTS
from .thread_state import KEY, Hidden, here, job_of

if TYPE_CHECKING:
    from .observatory import Observatory

#: Records that tell of an exception that is being handled.
_OF_ERRORS = frozenset(("error", "error_continued", "validation_failed"))


class Observed:
    """An attribute of a state that tells when it is set; it is kept where it was.

    Args:
        name: the attribute.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, state: Any, owner: Any = None) -> Any:
        if state is None:
            return self
        try:
            return state.__dict__[self._name]
        except KeyError:
            raise AttributeError(self._name) from None

    def __set__(self, state: Any, value: Any) -> None:
        name, job = self._name, job_of(state)
        if job is None:
            state.__dict__[name] = value
        elif name == "status":
            if job.gate == CANCELLED and value != "cancelled":
                return
            state.__dict__[name] = value
            job.status_set(value)
        elif name == "pending_tasks":
            state.__dict__[name] = value
            job.held_by_script()
        else:
            state.__dict__[name] = job.watched(name, value)
            job.replaced(name, value)


def wrap_states(module: Any, observatory: Observatory) -> None:
    """Have the states of this version of the library tell what becomes of them."""
    states = module.JobState
    make, record = states.__init__, states.record_execution
    in_order = threading.Lock()

    @wraps(make)
    def init(self: Any, flow_id: str = "", *args: Any, **more: Any) -> None:
        try:
            make(self, flow_id, *args, **more)
        except BaseException as error:
            step_out(error)
            raise
        starting = here().starting
        if starting is not None and starting.job is None and flow_id == starting.flow.flow_id:
            starting.job = observatory.observe(starting.flow, self)
            starting.job.executing = True

    @wraps(record)
    def record_execution(self: Any, routine_id: Any, event_name: Any, data: Any) -> None:
        job = getattr(self, KEY)
        if job is None:
            record(self, routine_id, event_name, data)
            return
        place = here()
        if place.emitting is not None and place.emitting == event_name:
            place.emitting = None
        elif event_name == "start" and job.next_task == 1:
            job.start(routine_id, data)
        else:
            task = place.task if place.job is job else None
            error = None
            if event_name in _OF_ERRORS and task is not None:
                error = sys.exc_info()[1]
                place.error = error or place.error
            job.report_record(routine_id, event_name, data, task, error)
        with in_order:
            record(self, routine_id, event_name, data)
            job.mark_last_reported(self.execution_history)

    setattr(states, KEY, Hidden())
    states.__init__ = init
    states.record_execution = record_execution
    for name in ("status", "pending_tasks", *DICTS, *LISTS):
        setattr(states, name, Observed(name))
