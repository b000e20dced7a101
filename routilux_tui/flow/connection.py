"""`Connection`: what joins an event to a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from routilux_tui.flow.routine import Event
    from routilux_tui.flow.slot import Slot


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
