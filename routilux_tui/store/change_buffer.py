"""The changes of a running job that are to be written: the engine waits for it at every change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Raw

from routilux_tui.job.spare_memory import SPARE
from routilux_tui.store.encoding import encoded
from routilux_tui.store.list_growth import LISTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.listeners import Change

_WRITTEN_AT_ONCE = frozenset({"ran", "status", "hold", "retry", "answered", "alert"})
#: Kinds whose data a keyframe has.
_NESTED = frozenset({"set", "routine", "shared", "slot", "deferred", "pause_point", "traceback"})


class ChangeBuffer:
    """The changes that are not written yet, under the job's lock.

    Args:
        write: writes them; called after a change before which the engine must not go on.
        wake: has them written a little later.
    """

    def __init__(self, write: Callable[[], None], wake: Callable[[], None]) -> None:
        #: Each as its text (`msgspec.Raw`), or as it is.
        self.changes: list[Any] = []
        #: Whether somebody is called already who writes them a little later.
        self.is_wake_sent = False
        #: About how long the text of what is nested in the job is; a keyframe must not take long.
        self.nested = 0
        #: Growing lists that were assigned anew since the live segment began.
        self.replaced: set[str] = set()
        self._write = write
        self._wake = wake

    def recorder(self) -> Callable[[Change], None]:
        """The listener that takes every change.

        It makes each text at once, for what is in it may be altered later; but begin and end of
        a handler, names and numbers alone, are made text with what they are written with.
        """
        append, write, wake = self.changes.append, self._write, self._wake

        def record(change: Change) -> None:
            kind = change[1]
            if kind == "run" or (kind == "ran" and change[6] is None):
                try:
                    append(change)
                except MemoryError:
                    SPARE.use()
                    append(change)
                if kind == "ran":
                    write()
                    return
            else:
                text: bytes | bytearray = b""
                try:
                    text = encoded(kind, change)
                    append(Raw(text))
                except MemoryError:
                    SPARE.use()
                    append(change)  # made text when it is written
                if kind != "emit":
                    if kind in _WRITTEN_AT_ONCE:
                        write()
                        return
                    if kind in _NESTED:
                        self.nested += len(text)
                        if kind == "set" and change[2] in LISTS:
                            self.replaced.add(change[2])
            if not self.is_wake_sent:
                self.is_wake_sent = True
                wake()

        return record
