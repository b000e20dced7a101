"""One call of `Flow.execute`, until it returns."""

from __future__ import annotations

from typing import Any


class Starting:
    """What is known of an execution whose entry handler has not returned yet.

    Args:
        flow: the library's flow.
        entry: the id of the routine that it starts with.
    """

    ENTRY_TASK = 1

    def __init__(self, flow: Any, entry: Any) -> None:
        self.flow = flow
        self.entry = entry
        self.job: Any = None
        #: What the entry handler raised last, until it is told as a retry or as its end.
        self.error: BaseException | None = None

    def is_entry(self, slot: Any) -> bool:
        """Whether a slot is the one that this execution starts with."""
        routine = self.flow.routines.get(self.entry)
        return routine is not None and slot is routine.get_slot("trigger")
