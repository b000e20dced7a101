"""Slots and events: the inputs and outputs of routines, and the connections between them."""

from __future__ import annotations

import inspect
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.context import INVOCATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routilux_tui.flow.context import FlowInterface

_TAKES_ALL, _TAKES_ONE, _TAKES_SEVERAL = range(3)


def _parameters(handler: Callable[..., Any] | None) -> tuple[int, list[str], bool]:
    """What a handler takes, by which names, and whether all of them have defaults.

    Looked at once for each slot: a look takes longer than many a handler.
    """
    if handler is None:
        return _TAKES_SEVERAL, [], True
    try:
        parameters = list(inspect.signature(handler).parameters.values())
    except (TypeError, ValueError):  # some builtins have no signature
        return _TAKES_ONE, ["data"], False
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return _TAKES_ALL, [], False
    named = [one for one in parameters if one.kind is not one.VAR_POSITIONAL]
    names = [one.name for one in named]
    defaults = all(one.default is not one.empty for one in named)
    if parameters and not named:  # it takes *args alone
        return _TAKES_ONE, ["data"], False
    if len(named) == 1 and named[0].kind is not named[0].KEYWORD_ONLY:
        return _TAKES_ONE, names, defaults
    return _TAKES_SEVERAL, names, defaults


def copy_collected(kept: dict[str, Any]) -> dict[str, Any]:
    """What a slot has collected, apart from what it goes on to collect."""
    return {name: list(v) if type(v) is list else v for name, v in kept.items()}


class Owner(Protocol):
    """The routine that a slot or an event belongs to."""

    _current_flow: FlowInterface | None


class Slot:
    """An input of a routine.

    Args:
        name: its name in the routine.
        routine: the routine that it belongs to.
        handler: called with the data that arrives; see `call` for how.
        merge_strategy: ``override`` (what arrives replaces what was), ``append`` (each key
            collects a list; the handler is given those of the keys that have just come) or a
            callable ``(old, new) -> merged``. What is collected belongs to the job.
        validator: its ``validate(data)`` raises when the handler is not to have that data.

    Raises:
        FlowDefinitionError: when the merge strategy is none of these, or the handler is async or
            a generator.
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
        self.connected_events: list[Event] = []

    def __repr__(self) -> str:
        owner = "" if self.routine is None else f"{self.routine}."
        return f"Slot[{owner}{self.name}]"

    @property
    def handler(self) -> Callable[..., Any] | None:
        """What is called with the data that arrives."""
        return self._handler

    @handler.setter
    def handler(self, handler: Callable[..., Any] | None) -> None:
        is_async = inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler)
        if is_async or inspect.isgeneratorfunction(handler):
            raise FlowDefinitionError(
                f"The handler of slot {self.name!r} is {'async' if is_async else 'a generator'}: "
                "called, it would do nothing.",
                "Give a plain function; it may call asyncio.run(...) itself."
                if is_async
                else "Give a plain function that emits what it would yield.",
            )
        self._handler = handler
        self._parameters = _parameters(handler)

    @property
    def collects(self) -> bool:
        """Whether the job keeps what the slot was given, for the data to come."""
        return self.merge_strategy != "override"

    @property
    def _data(self) -> Mapping[str, Any]:
        """What the slot holds in the job that runs here; handlers of routilux read and set it.

        It is set to start collecting anew, ``slot._data = {}``, and is empty outside of a job.
        """
        invocation = INVOCATION.get()
        if invocation is None:
            return MappingProxyType({})
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

    def connect(self, event: Event, param_mapping: dict[str, str] | None = None) -> None:
        """Have an event delivered to this slot; see `Event.connect`."""
        event.connect(self, param_mapping)

    def disconnect(self, event: Event) -> None:
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
        if handler is None:
            return None
        kind, names, defaults = self._parameters
        if kind is _TAKES_ALL:
            return handler(**data)
        if kind is _TAKES_ONE:
            name = names[0]
            if name == "data":
                return handler(dict(data))
            if name in data:
                return handler(data[name])
            return handler(dict(data)) if data or not defaults else handler()
        matched = {name: data[name] for name in names if name in data}
        if matched or (defaults and not data):
            return handler(**matched)
        return handler(dict(data)) if names else handler()

    def ignored(self, data: dict[str, Any]) -> list[str]:
        """The names in ``data`` that the handler would silently not be given."""
        kind, names, defaults = self._parameters
        if kind is _TAKES_ALL or self._handler is None or names == ["data"]:
            return []
        if not defaults and not any(name in data for name in names):
            return []  # its first parameter is given the whole
        return [name for name in data if name not in names]

    def parameters(self) -> list[str]:
        """The names of the handler's parameters."""
        return self._parameters[1]

    def receive(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Give the handler data outside of any job: for trying a routine by itself."""
        self.call(data)


class Event:
    """An output of a routine.

    Args:
        name: its name in the routine.
        routine: the routine that it belongs to.
        output_params: the names of its data, for people.
    """

    def __init__(
        self,
        name: str = "",
        routine: Owner | None = None,
        output_params: list[str] | None = None,
    ) -> None:
        self.name = name
        self.routine = routine
        self.output_params = output_params or []
        self.connected_slots: list[Slot] = []

    def __repr__(self) -> str:
        owner = "" if self.routine is None else f"{self.routine}."
        return f"Event[{owner}{self.name}]"

    def connect(self, slot: Slot, param_mapping: dict[str, str] | None = None) -> None:
        """Have this event delivered to a slot, where a flow holds the routines of both.

        ``param_mapping`` is that of `Flow.connect`.

        Raises:
            FlowDefinitionError: when no flow does.
        """
        flow, source, target = self._ends(slot)
        flow.connect(source, self.name, target, slot.name, param_mapping)

    def disconnect(self, slot: Slot) -> None:
        """Have this event delivered to a slot no more."""
        flow, source, target = self._ends(slot)
        flow.disconnect(source, self.name, target, slot.name)

    def _ends(self, slot: Slot) -> tuple[FlowInterface, str, str]:
        flow = self.routine._current_flow if self.routine is not None else None
        source = flow.id_of(self.routine) if flow is not None else None
        target = flow.id_of(slot.routine) if flow is not None else None
        if flow is None or source is None or target is None:
            raise FlowDefinitionError(
                f"{self} and {slot} are not of one flow.",
                "Add both routines to a flow, then connect them by flow.connect(...).",
            )
        return flow, source, target

    def emit(self, flow: FlowInterface | None = None, **data: Any) -> None:
        """Emit the event; see `Routine.emit`."""
        invocation = INVOCATION.get()
        if invocation is not None:
            invocation.job.emit(invocation, self.routine, self.name, data)
            return
        flow = flow or getattr(self.routine, "_current_flow", None)
        job = flow.job_to_emit_into(self) if flow is not None else None
        if job is not None:
            job.emit(None, self.routine, self.name, data)
            return
        for slot in self.connected_slots:
            slot.receive(dict(data))


class Connection(NamedTuple):
    """One event joined to one slot.

    ``param_mapping`` has the names by which the slot knows the data, by those that it is emitted
    with; None where they are the same.
    """

    source_routine_id: str
    source_event: Event
    target_routine_id: str
    target_slot: Slot
    param_mapping: dict[str, str] | None = None
