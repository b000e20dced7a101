"""What a flow is made of: routines by their ids, and which event goes to which slot."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.event import Connection, map_names
from routilux_tui.flow.routine import Routine
from routilux_tui.flow.strategy import checked_handler

if TYPE_CHECKING:
    from routilux_tui.flow.strategy import ErrorHandler
    from routilux_tui.job.tasks import Task


class FlowStructure:
    """Routines and connections, and nothing of a job.

    Args:
        flow_id: its name; a UUID by default.
    """

    def __init__(self, flow_id: str | None = None) -> None:
        self.flow_id = flow_id or str(uuid.uuid4())
        #: Whether the id was given by whoever made the flow, and so is the same next time.
        self.is_named = bool(flow_id)
        self.routines: dict[str, Routine] = {}
        self.connections: list[Connection] = []
        self.error_handler: ErrorHandler | None = None
        #: Whether no handler is begun twice, also where an executor would do so by itself.
        self.fence = False
        self._targets: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        #: The connections that rename what they deliver: (source, event, target, slot) -> names.
        self._mappings: dict[tuple[str | None, str | None, str, str], dict[str, str]] = {}

    def add_routine(self, routine: Routine, routine_id: str | None = None) -> str:
        """Add a routine; returns the id it goes by.

        Raises:
            FlowDefinitionError: when it is no `Routine` of ours, or the flow has one of that id.
        """
        if not isinstance(routine, Routine):
            kind = routine if isinstance(routine, type) else type(routine)  # type: ignore[unreachable] # a ported flow may mix up two packages
            raise FlowDefinitionError(
                f"{kind.__name__} (of {kind.__module__}) is no routine that this flow can run.",
                "Give an instance of a class that derives from routilux_tui.Routine.",
            )
        name = routine_id or routine._id
        if name in self.routines:
            raise FlowDefinitionError(f"The flow already has a routine {name!r}.")
        self.routines[name] = routine
        self._adopt_connections(routine)
        return name

    def remove_routine(self, routine_id: str) -> None:
        """Take a routine away, with its connections; one that is not there is no error."""
        for one in list(self.connections):
            if routine_id in {one.source_routine_id, one.target_routine_id}:
                self.disconnect(*one.ends)
        self.routines.pop(routine_id, None)

    def connect(
        self,
        source_routine_id: str,
        source_event: str,
        target_routine_id: str,
        target_slot: str,
        param_mapping: dict[str, str] | None = None,
    ) -> Connection:
        """Have what one routine emits delivered to a slot of another.

        With a ``param_mapping`` (emitted name -> the slot's name) the slot gets the data by its
        own names as well. Connected again, the last mapping holds.

        Raises:
            FlowDefinitionError: when one of the four does not exist.
        """
        source = self.routine(source_routine_id)
        target = self.routine(target_routine_id)
        event = source.get_event(source_event)
        if event is None:
            raise FlowDefinitionError(
                f"Routine {source_routine_id!r} has no event {source_event!r}.",
                f"It has: {', '.join(source._events) or 'none'}.",
            )
        slot = target.get_slot(target_slot)
        if slot is None:
            raise FlowDefinitionError(
                f"Routine {target_routine_id!r} has no slot {target_slot!r}.",
                f"It has: {', '.join(target._slots) or 'none'}.",
            )
        connection = Connection()
        connection.source_event, connection.target_slot = event, slot
        connection.param_mapping = dict(param_mapping or {})
        event.link(slot)
        self._put_connection(connection, source_routine_id, target_routine_id)
        return connection

    def add_connection(self, connection: Connection) -> None:
        """Take in a connection that was made of an event and a slot of two routines here."""
        event, slot = connection.source_event, connection.target_slot
        source = self.id_of(event.routine) if event is not None else None
        target = self.id_of(slot.routine) if slot is not None else None
        if source is not None and target is not None:
            self._put_connection(connection, source, target)

    def _put_connection(self, connection: Connection, source: str, target: str) -> None:
        """Have a connection in the list, in place of a former one of the same ends."""
        event, slot = connection.source_event, connection.target_slot
        if event is None or slot is None:
            return
        connection.source_routine_id, connection.target_routine_id = source, target
        key, to = (source, event.name), (target, slot.name)
        ends = (*key, *to)
        self._mappings.pop(ends, None)
        if connection.param_mapping:
            self._mappings[ends] = connection.param_mapping
        for number, one in enumerate(self.connections):
            if list(one)[:4] == [source, event, target, slot]:
                self.connections[number] = connection
                return
        self.connections.append(connection)
        self._targets[key] = (*self._targets.get(key, ()), to)

    def _adopt_connections(self, routine: Routine) -> None:
        """Take in the connections of a routine that were made before it came here."""
        for event in routine._events.values():
            for connection in event._connections.values():
                self.add_connection(connection)
        for slot in routine._slots.values():
            for source in slot.connected_events:
                known = source._connections.get(slot)
                if known is not None:
                    self.add_connection(known)

    def disconnect(
        self, source_routine_id: str, source_event: str, target_routine_id: str, target_slot: str
    ) -> None:
        """Take a connection away; one that is not there is no error."""
        ends = (source_routine_id, source_event, target_routine_id, target_slot)
        for one in self.connections:
            event, slot = one.source_event, one.target_slot
            if one.ends == ends and event is not None and slot is not None:
                self.connections.remove(one)
                event._connections.pop(slot, None)
                event.unlink(slot)
                key = (source_routine_id, source_event)
                gone = (target_routine_id, target_slot)
                self._targets[key] = tuple(to for to in self._targets[key] if to != gone)
                self._mappings.pop(ends, None)
                return

    def routine(self, routine_id: str) -> Routine:
        """The routine of that id.

        Raises:
            FlowDefinitionError: when there is none; the message lists those that there are.
        """
        routine = self.routines.get(routine_id)
        if routine is None:
            raise FlowDefinitionError(
                f"The flow has no routine {routine_id!r}.",
                f"It has: {', '.join(self.routines) or 'none'}.",
            )
        return routine

    def id_of(self, routine: object) -> str | None:
        """The id that a routine goes by here, or None."""
        return next((name for name, one in self.routines.items() if one is routine), None)

    def targets(self, routine_id: str, event: str) -> tuple[tuple[str, str], ...]:
        """The ``(routine id, slot)`` pairs that an event goes to."""
        return self._targets.get((routine_id, event), ())

    def delivered(self, task: Task) -> Any:
        """A task's data, by the names that its slot knows it by."""
        data = task.data
        if not self._mappings or task.edited or not isinstance(data, dict):
            return data
        ends = (task.source_id, task.source_event, task.routine_id, task.slot)
        return map_names(self._mappings.get(ends, {}), data)

    def shape(self, workers: int) -> dict[str, Any]:
        """What the flow is made of, as a job keeps it: see `JobData.flow_shape`."""
        connections: list[list[Any]] = []
        for one in self.connections:
            renamed = [dict(one.param_mapping)] if one.param_mapping else []
            connections.append([*one.ends, *renamed])
        return {
            "routines": [
                {"id": name, "slots": list(one._slots), "events": list(one._events)}
                for name, one in self.routines.items()
            ],
            "connections": connections,
            "workers": workers,
        }

    def has_async_handlers(self) -> bool:
        """Whether any handler is asynchronous."""
        return any(slot.is_async for one in self.routines.values() for slot in one._slots.values())

    def find_routines_by_type(self, routine_type: type) -> list[tuple[str, Routine]]:
        """All routines of a type, with their ids."""
        return [one for one in self.routines.items() if isinstance(one[1], routine_type)]

    def entry_routine(self) -> str:
        """The id of the only routine that can be an entry: one with a ``trigger`` slot.

        Raises:
            FlowDefinitionError: when there is none, or more than one.
        """
        entries = [name for name, one in self.routines.items() if one.get_slot("trigger")]
        if len(entries) == 1:
            return entries[0]
        if not entries:
            raise FlowDefinitionError(
                "No routine of the flow has a slot named 'trigger'.",
                "Define one: routine.define_slot('trigger', handler=...).",
            )
        raise FlowDefinitionError(
            "More than one routine of the flow can be the entry.",
            f"Name one of: {', '.join(entries)}.",
        )

    def set_error_handler(self, error_handler: ErrorHandler | None) -> None:
        """Have the errors of all routines without a handler of their own handled so.

        Raises:
            FlowDefinitionError: when it is no `ErrorHandler`.
        """
        self.error_handler = checked_handler(error_handler)

    def error_handler_of(self, routine_id: str) -> ErrorHandler | None:
        """The routine's own error handler, else the flow's, else None (which means STOP)."""
        routine = self.routines.get(routine_id)
        own = routine.get_error_handler() if routine is not None else None
        return self.error_handler if own is None else own
