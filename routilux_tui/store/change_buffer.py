"""The changes of a running job that are to be written: the engine waits for it at every change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Raw

from routilux_tui.job.change_kinds import KINDS
from routilux_tui.job.jsonable import dumps, encode_onto, is_plain
from routilux_tui.job.spare_memory import SPARE
from routilux_tui.store.encoding import encoded
from routilux_tui.store.list_growth import LISTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.listeners import Change
    from routilux_tui.job.model import Job

#: All but those that come with every task.
_OTHERS = frozenset(KINDS) - {"emit", "run", "ran"}
_COMMA, _NEWLINE = ord(","), ord("\n")
_LONG = 1 << 20


class ChangeBuffer:
    """The changes that are not written yet, under the job's lock.

    What is in a change may be altered later, so its text is made at once, onto the line that is
    written next. Begin and end of a handler, names and numbers alone, wait for the next text:
    several at once cost half.

    Args:
        write: writes `line`, and says so by `clear`; called after a change before which the
            engine must not go on.
        wake: has them written a little later.
    """

    __slots__ = (
        *("_changes", "_end", "_is_unchecked", "_line", "_wake", "_write"),
        *("is_wake_sent", "nested", "replaced"),
    )

    def __init__(self, write: Callable[[], None], wake: Callable[[], None]) -> None:
        #: Whether somebody is called already who writes them a little later.
        self.is_wake_sent = False
        #: About how long the text of what is nested in the job is; a keyframe must not take long.
        self.nested = 0
        #: Growing lists that were assigned anew since the live segment began.
        self.replaced: set[str] = set()
        #: JSON of the first of them, as one list, and where its last bracket stands: 0 for none.
        self._line = bytearray()
        self._end = 0
        #: Those after that, each as it is or as its text (`msgspec.Raw`).
        self._changes: list[Any] = []
        #: Whether some of them may hold what is not plain: there was no memory for their texts.
        self._is_unchecked = False
        self._write = write
        self._wake = wake

    @property
    def is_empty(self) -> bool:
        """Whether all is written."""
        return not self._end and not self._changes

    def line(self) -> bytearray:
        """The journal's line of all that is not written; empty where all is.

        Raises:
            MemoryError: when there is none for it; nothing is lost.
        """
        line, end, changes = self._line, self._end, self._changes
        if changes:
            try:
                if self._is_unchecked:
                    self._add_texts()
                else:
                    encode_onto(changes, line, end)  # over the bracket
            except MemoryError:
                raise
            except Exception:  # a lone surrogate in a name
                self._add_texts()
            if end:
                line[end] = _COMMA
            self._end = len(line) - 1
            changes.clear()
            self._is_unchecked = False
            line.append(_NEWLINE)
        elif end:
            line[end + 1 :] = b"\n"
        else:
            line.clear()
        return line

    def clear(self) -> None:
        """All that `line` has is written."""
        self._end = 0
        if len(self._line) > _LONG:
            self._line.clear()

    def _add_texts(self) -> None:
        texts = [bytes(one) if type(one) is Raw else dumps(one) for one in self._changes]
        self._line[self._end :] = b"[%b]" % b",".join(texts)

    def follow(self, job: Job) -> Callable[[], None]:
        """Take every change of a job from now on; returns what ends it."""
        ends = [
            job.subscribe(self._record_emit, isolated=False, kinds=frozenset({"emit"})),
            job.subscribe(self._record_run, isolated=False, kinds=frozenset({"run"})),
            job.subscribe(self._record_ran, isolated=False, kinds=frozenset({"ran"})),
            job.subscribe(self._record, isolated=False, kinds=_OTHERS),
        ]

        def end_all() -> None:
            for end in ends:
                end()

        return end_all

    def _record_emit(self, change: Change) -> None:
        changes = self._changes
        try:
            data = change[4]
            for one in data.values():  # its keys are the names of a call's arguments
                kind = type(one)
                if kind is not int and kind is not str and (kind is not float or one - one):
                    if not is_plain(data):
                        self._record(change)
                        return
                    break
            changes.append(change)
            line, end = self._line, self._end
            encode_onto(changes, line, end)
            if end:
                line[end] = _COMMA
            self._end = len(line) - 1
            changes.clear()
        except Exception:
            if changes and changes[-1] is change:
                del changes[-1]
            self._record(change)
            return
        if not self.is_wake_sent:
            self.is_wake_sent = True
            self._wake()

    def _record_run(self, change: Change) -> None:
        try:
            self._changes.append(change)
        except MemoryError:
            SPARE.use()
            self._changes.append(change)
        if not self.is_wake_sent:
            self.is_wake_sent = True
            self._wake()

    def _record_ran(self, change: Change) -> None:
        if change[6] is not None:
            self._record(change)
            return
        try:
            self._changes.append(change)
        except MemoryError:
            SPARE.use()
            self._changes.append(change)
        self._write()

    def _record(self, change: Change) -> None:
        kind = change[1]
        text: bytes | bytearray = b""
        try:
            text = encoded(kind, change)
            self._changes.append(Raw(text))
        except MemoryError:
            SPARE.use()
            self._is_unchecked = True
            self._changes.append(change)  # made text when it is written
        if KINDS[kind].at_once:
            self._write()
            return
        if KINDS[kind].nested:
            self.nested += len(text)
            if kind == "set" and change[2] in LISTS:
                self.replaced.add(change[2])
        if not self.is_wake_sent:
            self.is_wake_sent = True
            self._wake()
