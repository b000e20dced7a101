"""Events and connections: the outputs of routines, and what joins them to slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible
from routilux_tui.flow.context import CURRENT_JOB_STATE, INVOCATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routilux_tui.flow.context import FlowInterface, LiveJob
    from routilux_tui.flow.slot import Owner, Slot
    from routilux_tui.state.job_state import JobState


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
        #: The connections that were made of the event itself, for the flow that it comes to.
        self._connections: dict[Slot, Connection] = {}

    def __repr__(self) -> str:
        owner = "" if self.routine is None else f"{self.routine}."
        return f"Event[{owner}{self.name}]"

    def serialize(self) -> dict[str, Any]:
        """The event as a plain dict."""
        return {"_type": "Event", "name": self.name, "output_params": self.output_params}

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over what `serialize` gave; what is missing, or of another type, stays."""
        if isinstance(data.get("name"), str):
            self.name = data["name"]
        if isinstance(data.get("output_params"), list):
            self.output_params = data["output_params"]

    def connect(self, slot: Slot, param_mapping: dict[str, str] | None = None) -> None:
        """Have this event delivered to a slot, in the flow that holds or will hold both.

        Where a job's flow does not hold the slot's routine, the slot is called as it is emitted.
        ``param_mapping`` is that of `Flow.connect`.
        """
        Connection(self, slot, param_mapping)

    def disconnect(self, slot: Slot) -> None:
        """Have this event delivered to a slot no more; one that it isn't is no error."""
        self._connections.pop(slot, None)
        flow, source, target = self._ends(slot)
        if flow is not None and source is not None and target is not None:
            flow.disconnect(source, self.name, target, slot.name)
        self.unlink(slot)

    def link(self, slot: Slot) -> None:
        """Have the event and a slot know each other."""
        if slot not in self.connected_slots:
            self.connected_slots.append(slot)
        if self not in slot.connected_events:
            slot.connected_events.append(self)

    def unlink(self, slot: Slot) -> None:
        """Have the event and a slot know nothing of each other."""
        if slot in self.connected_slots:
            self.connected_slots.remove(slot)
        if self in slot.connected_events:
            slot.connected_events.remove(self)

    def _ends(self, slot: Slot) -> tuple[FlowInterface | None, str | None, str | None]:
        """The flow of the event's routine, and the ids that both routines go by there."""
        flow = getattr(self.routine, "_current_flow", None)
        if flow is None:
            return None, None, None
        return flow, flow.id_of(self.routine), flow.id_of(slot.routine)

    def emit(
        self,
        flow: FlowInterface | None = None,
        *,
        job_state: JobState | None = None,
        **data: Any,
    ) -> None:
        """Emit the event; see `Routine.emit`."""
        invocation = INVOCATION.get()
        if invocation is not None and job_state in {None, invocation.job.job_state}:
            invocation.job.emit(invocation, self.routine, self.name, data)
            return
        job = self._job_outside(flow or getattr(self.routine, "_current_flow", None), job_state)
        if job is not None:
            job.emit(None, self.routine, self.name, data)
            return
        for slot in self.connected_slots:
            known = self._connections.get(slot)
            slot.receive(dict(data) if known is None else known.mapped(data))

    @property
    def has_own_connections(self) -> bool:
        """Whether any connection was made of the event itself, and not of a flow."""
        return bool(self._connections)

    def call_slots_outside(
        self, id_of: Callable[[object], str | None], data: dict[str, Any]
    ) -> None:
        """Give data to those slots whose routines are not in a flow, as where there is none.

        Args:
            id_of: the id that a routine goes by in that flow.
            data: what is emitted.
        """
        for slot, connection in list(self._connections.items()):
            if id_of(slot.routine) is None:
                outside = INVOCATION.set(None)
                try:
                    slot.receive(dict(connection.mapped(data)))
                finally:
                    INVOCATION.reset(outside)

    def _job_outside(
        self, flow: FlowInterface | None, job_state: JobState | None
    ) -> LiveJob | None:
        """The job that the event goes to where no handler of it emits; None where there is none.

        Raises:
            NotPossible: when it can't be told, or ``job_state`` is run by nobody here.
        """
        meant = job_state or CURRENT_JOB_STATE.get()
        job: LiveJob | None = meant.execution if meant is not None else None
        if job is None and job_state is not None:
            raise NotPossible(f"Job {job_state.job_id} is not run here: {self} is not emitted.")
        if job is None and flow is not None:
            job = flow.job_to_emit_into(self)
        return job


#: What routilux calls the ends of a connection; it leaves out the two ids.
_ENDS = (
    "_source_routine_id",
    "_source_event_name",
    "_target_routine_id",
    "_target_slot_name",
)


class Connection:
    """One event joined to one slot; made by itself, it joins them.

    Where one flow holds the routines of both, or comes to hold them, it is a connection of that
    flow.

    Args:
        source_event: the event.
        target_slot: the slot.
        param_mapping: the names by which the slot knows the data, by those that it is emitted
            with. What isn't named keeps its name, unless that is one that another is given.
    """

    def __init__(
        self,
        source_event: Event | None = None,
        target_slot: Slot | None = None,
        param_mapping: dict[str, str] | None = None,
    ) -> None:
        self.source_event = source_event
        self.target_slot = target_slot
        self.param_mapping = dict(param_mapping or {})
        #: The ids of both routines in the flow; empty while the connection is of none.
        self.source_routine_id = ""
        self.target_routine_id = ""
        if source_event is None or target_slot is None:
            return
        source_event._connections[target_slot] = self
        source_event.link(target_slot)
        flow, source, target = source_event._ends(target_slot)
        if flow is not None and source is not None and target is not None:
            flow.add_connection(self)

    def __repr__(self) -> str:
        return f"Connection[{self.source_event} -> {self.target_slot}]"

    def __iter__(self) -> Iterator[Any]:
        """Its parts: source routine's id, event, target routine's id, slot, mapping."""
        yield self.source_routine_id
        yield self.source_event
        yield self.target_routine_id
        yield self.target_slot
        yield self.param_mapping

    @property
    def ends(self) -> tuple[str, str, str, str]:
        """Source routine's id, event's name, target routine's id, slot's name."""
        event = self.source_event.name if self.source_event is not None else ""
        slot = self.target_slot.name if self.target_slot is not None else ""
        return self.source_routine_id, event, self.target_routine_id, slot

    def serialize(self) -> dict[str, Any]:
        """The connection as a plain dict: the names of its ends, and the mapping."""
        return {
            "_type": "Connection",
            "param_mapping": dict(self.param_mapping),
            **dict(zip(_ENDS, self.ends, strict=True)),
        }

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over the mapping that `serialize` gave; `Flow.deserialize` finds the ends."""
        if isinstance(data.get("param_mapping"), dict):
            self.param_mapping = data["param_mapping"]

    def mapped(self, data: dict[str, Any]) -> dict[str, Any]:
        """Data of the event, by the names that the slot knows it by."""
        return map_names(self.param_mapping, data)

    def activate(self, data: dict[str, Any]) -> None:
        """Give the slot data as if the event had been emitted with it, outside of any job."""
        if self.target_slot is not None:
            self.target_slot.receive(self.mapped(data))

    def disconnect(self) -> None:
        """Have the event delivered to the slot no more."""
        if self.source_event is not None and self.target_slot is not None:
            self.source_event.disconnect(self.target_slot)


def map_names(mapping: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    """Data by the names of ``mapping``: what it renames also keeps its own name, as in routilux."""
    if not mapping:
        return data
    given = {mapping[name]: data[name] for name in mapping if name in data}
    taken = set(mapping.values())
    return {**given, **{name: data[name] for name in data if name not in taken}}
