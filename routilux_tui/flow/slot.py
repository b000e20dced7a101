"""Slots: the inputs of routines, and the handlers behind them."""

from __future__ import annotations

import inspect
import logging
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.context import CURRENT_JOB_STATE, INVOCATION
from routilux_tui.flow.signature import Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routilux_tui.flow.context import FlowInterface
    from routilux_tui.state.job_state import JobState

logger = logging.getLogger("routilux_tui.flow")


def _no_handler() -> None:
    """Stands for the handler of a slot without one."""


def _described(function: Callable[..., Any] | None) -> dict[str, Any] | None:
    """A function's name and module, for people: nothing finds it by them again."""
    if function is None:
        return None
    return {
        "_type": "callable",
        "name": getattr(function, "__qualname__", type(function).__qualname__),
        "module": getattr(function, "__module__", ""),
    }


def copy_collected(kept: dict[str, Any]) -> dict[str, Any]:
    """What a slot has collected, apart from what it goes on to collect."""
    return {name: list(v) if type(v) is list else v for name, v in kept.items()}


class Owner(Protocol):
    """The routine that a slot or an event belongs to."""

    _current_flow: FlowInterface | None


class Source(Protocol):
    """An event, as a slot sees it."""

    #: The connections that were made of the event itself, by their slots.
    _connections: dict[Any, Any]

    def connect(self, slot: Slot, param_mapping: dict[str, str] | None = None) -> None:
        """Have the event delivered to a slot."""

    def disconnect(self, slot: Slot) -> None:
        """Have the event delivered to a slot no more."""


class Slot:
    """An input of a routine.

    Args:
        name: its name in the routine.
        routine: the routine that it belongs to.
        handler: called with the data that arrives; see `call` for how. It may be an ``async
            def``: many such wait at once, on one event loop of the job.
        merge_strategy: ``override`` (what arrives replaces what was), ``append`` (each key
            collects a list; the handler is given those of the keys that have just come) or a
            callable ``(old, new) -> merged``. What is collected belongs to the job.
        validator: its ``validate(data)`` raises when the handler is not to have that data.

    Raises:
        FlowDefinitionError: when the merge strategy is none of these, or the handler is a
            generator.
    """

    def __init__(
        self,
        name: str = "",
        routine: Owner | None = None,
        handler: Callable[..., Any] | None = None,
        merge_strategy: str | Callable[[Any, Any], Any] = "override",
        validator: Any = None,
    ) -> None:
        if merge_strategy not in {"override", "append"} and not callable(merge_strategy):
            raise FlowDefinitionError(
                f"Slot {name!r} has the merge strategy {merge_strategy!r}.",
                "It is 'override', 'append' or a callable (old, new) -> merged.",
            )
        self.name = name
        self.routine = routine
        self.handler = handler
        self.merge_strategy = merge_strategy
        self.validator = validator
        self.connected_events: list[Source] = []
        #: What the slot holds of data that it was given outside of any job.
        self._direct_data: dict[str, Any] = {}

    def __repr__(self) -> str:
        owner = "" if self.routine is None else f"{self.routine}."
        return f"Slot[{owner}{self.name}]"

    @property
    def handler(self) -> Callable[..., Any] | None:
        """What is called with the data that arrives."""
        return self._handler

    @handler.setter
    def handler(self, handler: Callable[..., Any] | None) -> None:
        if inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler):
            raise FlowDefinitionError(
                f"The handler of slot {self.name!r} is a generator: called, it would do nothing.",
                "Give a function that emits what it would yield.",
            )
        self._handler = handler
        self._signature = Signature(handler or _no_handler)
        #: Whether it is an ``async def``: such handlers share one event loop.
        self.is_async = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
            getattr(type(handler), "__call__", None)  # noqa: B004 - an object's own method
        )

    @property
    def collects(self) -> bool:
        """Whether the job keeps what the slot was given, for the data to come."""
        return self.merge_strategy != "override"

    @property
    def _data(self) -> Mapping[str, Any]:
        """What the slot holds in the job that runs here; handlers of routilux read and set it.

        It is set to start collecting anew, ``slot._data = {}``. Outside of a job it is what the
        slot was given directly.
        """
        invocation = INVOCATION.get()
        if invocation is None:
            return MappingProxyType(self._direct_data)
        job, task = invocation.job, invocation.task
        routine_id = invocation.id_of(self.routine)
        if self.collects:
            with job.job_state.lock:
                kept = job.job_state.slot_data.get((routine_id, self.name), {})
                return MappingProxyType(copy_collected(kept))
        is_here = (task.routine_id, task.slot) == (routine_id, self.name)
        return MappingProxyType(dict(invocation.flow.delivered(task)) if is_here else {})

    @_data.setter
    def _data(self, data: Mapping[str, Any]) -> None:
        invocation = INVOCATION.get()
        if invocation is None:
            if data:
                raise RuntimeError(f"what {self} holds belongs to a job, and none runs here")
            self._direct_data = {}
            return
        job = invocation.job
        if self.collects:
            with job.merging:
                job.job_state.make(
                    "slot",
                    invocation.task.id,
                    invocation.id_of(self.routine),
                    self.name,
                    "set",
                    dict(data),
                    time.time(),
                )

    def serialize(self) -> dict[str, Any]:
        """The slot as a plain dict, with its handler's name for people."""
        strategy = self.merge_strategy
        return {
            "_type": "Slot",
            "name": self.name,
            "handler": _described(self._handler),
            "merge_strategy": _described(strategy) if callable(strategy) else strategy,
        }

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over the name and the merge strategy's name that `serialize` gave.

        The handler stays: no data says what is called.
        """
        if isinstance(data.get("name"), str):
            self.name = data["name"]
        if data.get("merge_strategy") in ("override", "append"):
            self.merge_strategy = data["merge_strategy"]

    def connect(self, event: Source, param_mapping: dict[str, str] | None = None) -> None:
        """Have an event delivered to this slot; see `Event.connect`."""
        event.connect(self, param_mapping)

    def disconnect(self, event: Source) -> None:
        """Have an event delivered to this slot no more."""
        event.disconnect(self)

    def call(self, data: dict[str, Any]) -> Any:
        """Call the handler with ``data`` as its parameters ask for it.

        With ``**kwargs`` it gets everything by name; one parameter named ``data`` gets the whole
        dict; one of another name gets the value of that name, or the dict where there is none;
        several get the values of their names, or the first gets the dict where none is there.
        Where there is no data and every parameter has a default, the defaults stand.
        """
        handler = self._handler
        return None if handler is None else self._signature.call(handler, data)

    def ignored(self, data: dict[str, Any]) -> list[str]:
        """The names in ``data`` that the handler would silently not be given."""
        return [] if self._handler is None else self._signature.ignored(data)

    def parameters(self) -> list[str]:
        """The names of the handler's parameters."""
        return self._signature.names

    def receive(
        self,
        data: dict[str, Any],
        job_state: JobState | None = None,
        flow: FlowInterface | None = None,
    ) -> None:
        """Give the handler data directly, as routilux does: what it raises is logged.

        The slot collects by its merge strategy, and its validator is asked. With a ``job_state``
        an error is recorded there, too.
        """
        try:
            with CURRENT_JOB_STATE.given(job_state):
                self.call_handler(data, propagate_exceptions=True)
        except Exception as error:
            logger.exception("The handler of %s raised", self)
            flow = flow or getattr(self.routine, "_current_flow", None)
            routine_id = flow.id_of(self.routine) if flow is not None else None
            if job_state is not None and routine_id is not None:
                record = {"slot": self.name, "error": str(error)}
                job_state.record_execution(routine_id, "error", record)

    def call_handler(self, data: dict[str, Any], propagate_exceptions: bool = False) -> None:
        """Give the handler data directly, merged with what the slot has collected.

        Args:
            data: what arrives.
            propagate_exceptions: raise what the validator or the handler raises; else it is
                logged.
        """
        if not propagate_exceptions:
            self.receive(data)
            return
        merged = self._merged(data)
        if self.validator is not None:
            self.validator.validate(merged)
        result = self.call(merged)
        if inspect.iscoroutine(result):
            import asyncio

            asyncio.run(result)

    def _merged(self, new: dict[str, Any]) -> dict[str, Any]:
        """New data merged with what the slot holds, which it holds from now on."""
        strategy = self.merge_strategy
        if callable(strategy):
            merged: dict[str, Any] = strategy(dict(self._data), new)
            self._hold(merged)
            return merged
        if strategy != "append":
            self._hold(new)
            return new
        kept = dict(self._data)
        for name, value in new.items():
            former = kept.get(name, [])
            kept[name] = [*(former if isinstance(former, list) else [former]), value]
        self._hold(kept)
        return {name: kept[name] for name in new}

    def _hold(self, data: dict[str, Any]) -> None:
        """Hold data in the job that runs here, or of itself."""
        if INVOCATION.get() is None:
            self._direct_data = dict(data)
        else:
            self._data = data
