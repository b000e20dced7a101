"""A growing list of a job whose older entries lie in sealed segments and are read by the block."""

from __future__ import annotations

import errno
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from routilux_tui.job.record import ExecutionRecord
from routilux_tui.store.list_growth import LISTS
from routilux_tui.store.segments import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.job.model import Job
    from routilux_tui.store.segments import Segment, SegmentStore

_BATCH = 2000


class StoredList(list[Any]):
    """The entries of one of `LISTS`: those in segments, and those that were added since.

    The list itself holds the latter, so that adding one costs what it does in any list.

    Args:
        store: the segments.
        name: which list.
        last: the number of the last change that is looked for in segments.
    """

    def __init__(self, store: SegmentStore, name: str, last: int | None = None) -> None:
        super().__init__()
        self.store = store
        self.name = name
        self._of = LISTS.index(name)
        self._segments: list[Segment] = []
        #: How many entries there are before each segment, and before the list's own.
        self._starts = array("Q", [0])
        #: How many of the first entries are kept no more.
        self._dropped = 0
        self._is_frozen = False
        for segment in store.segments:
            # what a job had before its changes were kept comes before the next change
            if last is None or segment.first <= last + bool(segment.reset):
                self._take(segment)

    def _take(self, segment: Segment) -> None:
        if self.name in segment.reset:
            self._segments.clear()
            self._starts = array("Q", [0])
        if segment.counts[self._of]:
            self._segments.append(segment)
            self._starts.append(self._starts[-1] + segment.counts[self._of])

    def absorb(self, segment: Segment) -> list[Any]:
        """A segment has what the list holds first: the list lets go of that, and returns it."""
        count = segment.counts[self._of]
        head = list.__getitem__(self, slice(0, count))
        list.__delitem__(self, slice(0, count))
        self._take(segment)
        return head

    def drop_first(self, count: int) -> None:
        """Keep the first entries no more."""
        self._dropped = min(len(self) + self._dropped, self._dropped + count)

    def is_dropped(self, segment: Segment) -> bool:
        """Whether no entry of a segment is kept any more, or it has none."""
        n = bisect_left(self._segments, segment.number, key=lambda one: one.number)
        if n == len(self._segments) or self._segments[n].number != segment.number:
            return True
        return self._starts[n + 1] <= self._dropped

    @property
    def added(self) -> int:
        """How many entries were ever added, those that are kept no more included."""
        return self._starts[-1] + super().__len__()

    def frozen(self) -> StoredList:
        """A copy that stays as it is, whatever is added or sealed; entries are shared."""
        copy = StoredList(self.store, self.name, -1)
        copy._is_frozen = True
        copy._segments = list(self._segments)
        copy._starts = self._starts[:]
        copy._dropped = self._dropped
        list.extend(copy, list.__getitem__(self, slice(None)))
        return copy

    def __len__(self) -> int:
        return self._starts[-1] + super().__len__() - self._dropped

    def __bool__(self) -> bool:
        return len(self) > 0

    def __getitem__(self, n: Any) -> Any:
        if isinstance(n, slice):
            first, last, step = n.indices(len(self))
            if step == 1:
                return list(self.iterate(first, last))
            return [self[at] for at in range(first, last, step)]
        if n < 0:
            n += len(self)
        if not 0 <= n < len(self):
            raise IndexError("list index out of range")
        return next(self.iterate(n, n + 1))

    def iterate(self, start: int = 0, stop: int | None = None) -> Iterator[Any]:
        """The entries from one position to another, block by block."""
        stop = len(self) if stop is None else min(stop, len(self))
        at, end = start + self._dropped, stop + self._dropped
        while at < min(end, self._starts[-1]):
            block, before = self._block(at)
            part = block[at - before : end - before]
            yield from part
            at += max(1, len(part))
        inside = self._starts[-1]
        if end > inside:
            own = list.__getitem__(self, slice(max(at, inside) - inside, end - inside))
            yield from own

    def _block(self, at: int) -> tuple[list[Any], int]:
        """The entries of the block that has a position, and the position of its first."""
        n = bisect_right(self._starts, at) - 1
        segment, before = self._segments[n], self._starts[n]
        count = segment.counts[self._of]
        try:
            blocks = self.store.footer(segment).blocks
            of = self._of
            b = bisect_right(blocks, at - before, key=lambda one: one.counts[of]) - 1
            ends = blocks[b + 1].counts[of] if b + 1 < len(blocks) else count
            entries = self.store.entries(segment, b)[of]
        except (Damaged, IndexError) as error:
            cause = error.__cause__
            if self._is_frozen and isinstance(cause, OSError) and cause.errno != errno.ENOENT:
                raise cause from None  # it may be read the next time: no hole to write down
            return [_lost(self.name, segment, count, error)] * count, before
        missing = ends - blocks[b].counts[of] - len(entries)
        if missing > 0:
            entries = [*entries, *[_lost(self.name, segment, count, Damaged("too few"))] * missing]
        return entries, before + blocks[b].counts[of]

    def __iter__(self) -> Iterator[Any]:
        return self.iterate()

    def __reversed__(self) -> Iterator[Any]:
        for end in range(len(self), 0, -_BATCH):
            yield from reversed(list(self.iterate(max(0, end - _BATCH), end)))

    def __contains__(self, entry: object) -> bool:
        return any(one == entry for one in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and len(self) == len(other) and list(self) == list(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # as of any list

    def copy(self) -> list[Any]:
        """A plain list of all entries."""
        return list(self)

    def index(self, entry: Any, start: Any = 0, stop: Any = None) -> int:
        """The position of the first equal entry, as `list.index`."""
        first, last, _ = slice(start, stop).indices(len(self))
        for n, one in enumerate(self.iterate(first, last), first):
            if one == entry:
                return n
        raise ValueError(f"{entry!r} is not in list")

    def count(self, entry: Any) -> int:
        """How many entries are equal to one."""
        return sum(one == entry for one in self)

    def __add__(self, other: Any) -> Any:
        return list(self) + list(other)

    def __radd__(self, other: Any) -> Any:
        return other + list(self)

    def __repr__(self) -> str:
        return repr(list(self))

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        return (list, (list(self),))


def added_in(job: Job) -> list[int]:
    """How many entries each of a job's `LISTS` ever got."""
    lists = (getattr(job, name) for name in LISTS)
    return [one.added if isinstance(one, StoredList) else len(one) for one in lists]


def _lost(name: str, segment: Segment, count: int, error: Exception) -> Any:
    """What stands for each entry of a segment that can't be read."""
    data = {
        "missing": f"changes {segment.first:,} to {segment.last:,} can't be read: {error}",
        "entries": count,
    }
    if name == LISTS[0]:
        return ExecutionRecord.of("", "missing", data, segment.start)
    return data
