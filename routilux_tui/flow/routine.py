"""Routines: the steps of a flow. Their inputs are in `slot.py`, their outputs in `event.py`.

A routine holds its configuration and nothing of a job: two jobs may run through it at once.
What a job knows stands in its `JobState`, reached by `Routine.get_execution_context`.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from serilux import Serializable

from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.context import CURRENT_JOB_STATE, INVOCATION, ExecutionContext
from routilux_tui.flow.event import Event
from routilux_tui.flow.executor_spec import check_executor, with_fence
from routilux_tui.flow.question_spec import question_asked
from routilux_tui.flow.slot import Slot
from routilux_tui.flow.strategy import ErrorHandler, ErrorStrategy, checked_handler
from routilux_tui.job.jsonable import to_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.context import FlowInterface
    from routilux_tui.state.job_state import JobState

_MOST_EVENTS = 1 << 53


class Routine(Serializable):
    """A step of a flow. A subclass defines its slots and events in ``__init__``.

    It is a serilux `Serializable` for the sake of subclasses that declare fields to it. It is
    not registered there: routilux's own class of that name is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._id = hex(id(self))
        self._config: dict[str, Any] = {}
        self._slots: dict[str, Slot] = {}
        self._events: dict[str, Event] = {}
        self._error_handler: ErrorHandler | None = None
        self._current_flow: FlowInterface | None = None
        self._executor: Any = None
        self._before_hooks: list[Callable[[], Any]] = []
        self._after_hooks: list[Callable[[JobState], Any]] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}[{self._id}]"

    def __call__(self, **data: Any) -> None:
        """Does nothing: a routine works through its slots. Old subclasses define it."""

    def define_slot(
        self,
        name: str,
        handler: Callable[..., Any] | None = None,
        merge_strategy: str | Callable[[Any, Any], Any] = "override",
        validator: Any = None,
    ) -> Slot:
        """Add an input; see `Slot` for the parameters.

        Raises:
            FlowDefinitionError: when the routine has a slot of that name.
        """
        if name in self._slots:
            raise FlowDefinitionError(f"{self} already has a slot {name!r}.")
        slot = self._slots[name] = Slot(name, self, handler, merge_strategy, validator)
        return slot

    def define_event(self, name: str, output_params: list[str] | None = None) -> Event:
        """Add an output.

        Raises:
            FlowDefinitionError: when the routine has an event of that name.
        """
        if name in self._events:
            raise FlowDefinitionError(f"{self} already has an event {name!r}.")
        event = self._events[name] = Event(name, self, output_params)
        return event

    def get_slot(self, name: str) -> Slot | None:
        """The slot of that name, or None."""
        return self._slots.get(name)

    def get_event(self, name: str) -> Event | None:
        """The event of that name, or None."""
        return self._events.get(name)

    def emit(
        self,
        event_name: str,
        flow: FlowInterface | None = None,
        *,
        job_state: JobState | None = None,
        **data: Any,
    ) -> None:
        """Emit an event: it is recorded, and a task is queued for every slot connected to it.

        Returns at once. With a ``job_state`` it goes to that job, which must be run here. In a
        thread that runs no handler it goes to the one job of the flow that runs or is
        paused; where the flow never had a job, the connected slots are called directly.

        Raises:
            FlowDefinitionError: when the routine has no such event.
            JobCancelled: when the job has been cancelled.
            NotPossible: when it has ended, or it can't be told which job is meant.
        """
        invocation = INVOCATION.get()
        if invocation is not None and job_state is None and event_name in self._events:
            invocation.job.emit(invocation, self, event_name, data)
        else:
            self._event(event_name).emit(flow, job_state=job_state, **data)

    def _event(self, name: str) -> Event:
        event = self._events.get(name)
        if event is None:
            raise FlowDefinitionError(
                f"{self} has no event {name!r}.",
                f"It has: {', '.join(self._events) or 'none'}.",
            )
        return event

    def emit_deferred_event(self, event_name: str, **data: Any) -> None:
        """Have an event emitted when the job is resumed.

        Raises:
            RuntimeError: outside of a job, or when the routine has no such event.
        """
        context = self._context("emit_deferred_event")
        if event_name not in self._events:
            raise RuntimeError(
                f"{self} has no event {event_name!r} to put off; "
                f"it has: {', '.join(self._events) or 'none'}"
            )
        context.job_state.add_deferred_event(context.routine_id, event_name, data)

    def ask(
        self,
        text: str,
        event: str,
        data: dict[str, Any] | None = None,
        choices: Any = None,
        *,
        within: float | None = None,
        default: Any = None,
        remind: float | None = None,
    ) -> None:
        """Ask a person, and go on: the answer is one emit of an event of this routine.

        Returns at once and holds no thread. When nothing but questions is left, the job is paused
        until somebody answers; it survives its process.

        Args:
            text: the question.
            event: the event that the answer emits.
            data: what is shown with it; what of it the event takes is emitted with the answer.
            choices: the answers by their names, each with the data that it adds:
                ``{"yes": {"ok": True}, "no": {"ok": False}}``; or the type of each name that the
                answer has to give: ``{"amount": float}``; or one type, where one name is missing.
                By default the names that ``data`` lacks are asked for, or a plain yes.
            within: seconds that there are to answer it.
            default: the answer when they are over: a choice's name, or data. Without one the job
                fails then.
            remind: seconds between reminders; by default at half of its time and near its end.

        Raises:
            RuntimeError: outside of a job.
            FlowDefinitionError: when the routine has no such event, or nobody could answer.
            JobCancelled: when the job has been cancelled.
        """
        question = question_asked(self._event(event), text, data, choices, within, default, remind)
        state = self._context("ask").job_state
        if state.execution is None:
            raise RuntimeError("ask was called outside of a job")
        state.execution.ask(INVOCATION.get(), self, question)

    def send_output(self, output_type: str, **data: Any) -> None:
        """Send something to the job's output handler and output log.

        Raises:
            RuntimeError: outside of a job.
        """
        context = self._context("send_output")
        context.job_state.send_output(context.routine_id, output_type, data)

    def progress(self, done: float, total: float) -> None:
        """Say how much of its work the routine has done: ``done`` of ``total``, in any unit.

        Said for every item, it costs next to nothing: less than a thousandth more is not kept.

        Raises:
            RuntimeError: outside of a job.
            ValueError: when the two are no numbers, or ``total`` is not above 0.
        """
        if not (math.isfinite(done) and math.isfinite(total) and total > 0 <= done):
            raise ValueError(f"progress({done!r}, {total!r}): it is done of a total above 0.")
        context = self._context("progress")
        job = context.job_state
        known = job.said_progress.get(context.routine_id)
        is_known = known is not None and known[1] == total and done < total
        if known is not None and is_known and abs(done - known[0]) * 1000 < total:
            return
        if isinstance(done, bool) or isinstance(total, bool):  # a journal has numbers alone
            done, total = int(done), int(total)
        job.make("progress", context.routine_id, done, total, time.time())

    def expect(self, event_name: str, count: int) -> None:
        """Say that ``count`` more events of a name will come, so that the end can be estimated.

        Raises:
            RuntimeError: outside of a job.
            FlowDefinitionError: when the routine has no such event.
            ValueError: when ``count`` is below 0, or above 2**53.
        """
        self._event(event_name)
        if not 0 <= count < _MOST_EVENTS:
            raise ValueError(f"expect({event_name!r}, {count!r}): a count is from 0 to 2**53.")
        context = self._context("expect")
        context.job_state.make("expect", context.routine_id, event_name, int(count), time.time())

    def get_execution_context(self) -> ExecutionContext | None:
        """Flow, job state and this routine's id, while one of its handlers runs; else None."""
        invocation = INVOCATION.get()
        if invocation is None:
            flow, job_state = self._current_flow, CURRENT_JOB_STATE.get()
            routine_id = flow.id_of(self) if flow is not None else None
            if flow is None or job_state is None or routine_id is None:
                return None
            return ExecutionContext(flow, job_state, routine_id)
        return ExecutionContext(invocation.flow, invocation.job.job_state, invocation.id_of(self))

    @property
    def cancelled(self) -> bool:
        """Whether the job that runs here has been cancelled."""
        invocation = INVOCATION.get()
        return invocation is not None and invocation.job.cancelled

    @staticmethod
    def _extract_input_data(data: Any = None, **more: Any) -> Any:
        """What a handler was given, however it was given; flows of routilux call it."""
        if data is not None:
            return data
        if "data" in more:
            return more["data"]
        return next(iter(more.values())) if len(more) == 1 else more

    def _context(self, what: str) -> ExecutionContext:
        context = self.get_execution_context()
        if context is None:
            raise RuntimeError(f"{what} was called outside of a job")
        return context

    def before_execution(self, hook: Callable[[], Any]) -> Routine:
        """Have ``hook()`` called before each of the routine's handlers; what it raises counts."""
        self._before_hooks.append(hook)
        return self

    def after_execution(self, hook: Callable[[JobState], Any]) -> Routine:
        """Have ``hook(job_state)`` called after each handler that returned."""
        self._after_hooks.append(hook)
        return self

    def set_config(self, **config: Any) -> None:
        """Set values of the configuration."""
        self._config.update(config)

    def configure(self, **config: Any) -> Routine:
        """Set values of the configuration; returns the routine."""
        self._config.update(config)
        return self

    def get_config(self, key: str, default: Any = None) -> Any:
        """One value of the configuration."""
        return self._config.get(key, default)

    get_param = get_config

    def config(self) -> dict[str, Any]:
        """A copy of the configuration."""
        return dict(self._config)

    def set_executor(self, executor: Any, *, fence: bool = False) -> Routine:
        """Have this routine's handlers run elsewhere, whatever the flow says; see `Flow`.

        Raises:
            FlowDefinitionError: when there is no such executor, or it has no fence.
        """
        check_executor(executor)
        self._executor = with_fence(executor, fence)
        return self

    def set_error_handler(self, error_handler: ErrorHandler | None) -> None:
        """Have errors of this routine handled so, whatever the flow says.

        Raises:
            FlowDefinitionError: when it is no `ErrorHandler`.
        """
        self._error_handler = checked_handler(error_handler)

    def get_error_handler(self) -> ErrorHandler | None:
        """The routine's own error handler, or None."""
        return self._error_handler

    def set_as_optional(self, strategy: ErrorStrategy | None = None) -> None:
        """Have the job go on when this routine fails: CONTINUE by default, or SKIP."""
        self.set_error_handler(ErrorHandler(strategy or ErrorStrategy.CONTINUE))

    def set_as_critical(
        self, max_retries: int = 3, retry_delay: float = 1.0, retry_backoff: float = 2.0
    ) -> None:
        """Have this routine retried, and the job fail when it can't succeed."""
        self.set_error_handler(
            ErrorHandler(
                ErrorStrategy.RETRY, max_retries, retry_delay, retry_backoff, is_critical=True
            )
        )

    def serialize(self, max_depth: int = 100, _current_depth: int = 0) -> dict[str, Any]:
        """Class name, configuration, slots, events and declared fields, as a plain dict."""
        del max_depth, _current_depth  # serilux passes them; to_plain has its own bound
        handler = self._error_handler
        plain: dict[str, Any] = to_plain(
            {
                "_type": type(self).__name__,
                "_id": self._id,
                "_config": self._config,
                "_slots": {name: slot.serialize() for name, slot in self._slots.items()},
                "_events": {name: event.serialize() for name, event in self._events.items()},
                **{name: getattr(self, name, None) for name in self.fields_to_serialize},
            }
        )
        plain["_error_handler"] = None if handler is None else handler.serialize()
        return plain

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over what `serialize` gave; slots and events that are missing are defined.

        Handlers are those that the class sets: no data says what is called.
        """
        if isinstance(data.get("_config"), dict):
            self._config = dict(data["_config"])
        if isinstance(data.get("_error_handler"), dict):
            self._error_handler = ErrorHandler()
            self._error_handler.deserialize(data["_error_handler"])
        for name in data.get("_slots") or {}:
            if name not in self._slots:
                self.define_slot(name)
        for name in data.get("_events") or {}:
            if name not in self._events:
                self.define_event(name)
        for name in self.fields_to_serialize:
            if name in data:
                setattr(self, name, data[name])
