"""A flow's structure as plain data, and back, without obeying what the data says.

Data names classes of routines. They are looked for in the module that asks for the flow, and
among the classes that the program has registered with serilux: nothing is ever imported.
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

from serilux import SerializableRegistry

from routilux_tui.errors import FlowDefinitionError, SerializationError
from routilux_tui.flow.routine import Routine
from routilux_tui.flow.strategy import ErrorHandler
from routilux_tui.job.jsonable import to_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.flow.structure import FlowStructure

logger = logging.getLogger("routilux_tui.flow")


def flow_to_plain(flow: FlowStructure) -> dict[str, Any]:
    """Routines with their configuration, connections and error handler, as JSON can hold them.

    Raises:
        SerializationError: when a routine's class can't be made without arguments.
    """
    for routine_id, routine in flow.routines.items():
        needed = _needed_arguments(type(routine))
        if needed:
            name = type(routine).__name__
            raise SerializationError(
                f"Routine {routine_id!r} could not be made again: {name}() needs the "
                f"{'argument' if len(needed) == 1 else 'arguments'} {', '.join(needed)}. "
                "Keep what it needs in its configuration: routine.set_config(...)",
                name,
            )
    handler = flow.error_handler
    return {
        "flow_id": flow.flow_id,
        "error_handler": handler.serialize() if handler is not None else None,
        "routines": {name: one.serialize() for name, one in flow.routines.items()},
        "connections": to_plain([one.serialize() for one in flow.connections]),
    }


def _needed_arguments(kind: type) -> list[str]:
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return []
    optional = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    empty = inspect.Parameter.empty
    return [one.name for one in parameters if one.default is empty and one.kind not in optional]


def fill_flow(flow: FlowStructure, data: Mapping[str, Any], names: Mapping[str, Any]) -> None:
    """Put in a flow the routines and connections of what `flow_to_plain` gave.

    Args:
        flow: the flow; routines that it has by the same ids give way.
        data: what `flow_to_plain` gave; routilux's own is understood, too.
        names: the names of the module in which the classes are looked for.

    Raises:
        FlowDefinitionError: when a class is not there, or the data is not a flow's.
    """
    routines = data.get("routines", {})
    if not isinstance(routines, dict) or not all(isinstance(v, dict) for v in routines.values()):
        raise FlowDefinitionError("The data holds no flow: its routines are no dicts.")
    made = {name: _make_routine(name, one, names) for name, one in routines.items()}
    if isinstance(data.get("flow_id"), str):
        flow.flow_id = data["flow_id"]
        flow.is_named = True
    handler = data.get("error_handler")
    if isinstance(handler, dict):
        flow.error_handler = ErrorHandler()
        flow.error_handler.deserialize(handler)
    for name, routine in made.items():
        flow.remove_routine(name)
        flow.add_routine(routine, name)
    for one in data.get("connections") or []:
        if isinstance(one, dict):
            _connect(flow, one)


def _make_routine(name: str, data: dict[str, Any], names: Mapping[str, Any]) -> Routine:
    type_name = data.get("_type")
    kind = names.get(type_name) if isinstance(type_name, str) else None
    if kind is None and type_name == "Routine":
        kind = Routine
    if kind is None and isinstance(type_name, str):
        kind = SerializableRegistry.get_class(type_name)
    if not (isinstance(kind, type) and issubclass(kind, Routine)):
        raise FlowDefinitionError(
            f"Routine {name!r} is of class {type_name!r}: class not found in registry, nor in "
            "the module that asks for the flow.",
            "Define or import it there; nothing is imported because a file says so.",
        )
    routine = kind()
    routine.deserialize(data)
    return routine


def _connect(flow: FlowStructure, data: dict[str, Any]) -> None:
    """Make a connection again; one that is not whole is logged and left out."""
    event, slot = data.get("_source_event_name"), data.get("_target_slot_name")
    source = data.get("_source_routine_id") or _owner(flow, "_events", event)
    target = data.get("_target_routine_id") or _owner(flow, "_slots", slot)
    mapping = data.get("param_mapping")
    try:
        flow.connect(
            str(source),
            str(event),
            str(target),
            str(slot),
            mapping if isinstance(mapping, dict) else None,
        )
    except FlowDefinitionError as error:
        logger.warning("A connection of flow %s is left out: %s", flow.flow_id, error)


def _owner(flow: FlowStructure, kind: str, name: Any) -> str | None:
    """The routine that has a slot or event of a name: routilux's data tells no more."""
    return next((key for key, one in flow.routines.items() if name in getattr(one, kind)), None)
