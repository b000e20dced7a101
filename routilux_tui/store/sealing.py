"""Sealing: what a live segment has becomes a compressed one, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job.jsonable import dumps
from routilux_tui.store.keyframes import LateKeyframes
from routilux_tui.store.list_growth import ENTRY, LISTS
from routilux_tui.store.segments import Segment
from routilux_tui.store.stored_list import StoredList

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.model import Job
    from routilux_tui.store.live_segment import LiveSegment
    from routilux_tui.store.segments import SegmentStore

logger = logging.getLogger("routilux_tui.job")

BLOCK_CHANGES = 1000
"""Changes that are compressed together: what is read to see one of them."""
_RETRY = 1.0
_LOCK_WAIT = 0.05
_FREED_AT_ONCE = 200
_PAUSE = 0.0002

Counts = tuple[int, int, int]


class Mark(msgspec.Struct, gc=False):
    """Where a block begins in a live segment: see `segments.Block`."""

    offset: int
    first: int
    counts: Counts
    next_task: int


class Unsealed(msgspec.Struct, eq=False):
    """A segment whose changes lie in a file of raw lines still.

    ``replaced`` has the lists that were assigned anew meanwhile, as they were at its end; they
    get a segment of their own, ``replaced_number``. ``assigned`` are these lists themselves, which
    go on growing until something else is assigned.
    """

    number: int
    live: LiveSegment
    keyframe: bytes
    start: float
    marks: list[Mark]
    last: int = 0
    end: float = 0.0
    counts: Counts = (0, 0, 0)
    replaced: dict[str, list[Any]] = {}
    assigned: dict[str, list[Any]] = {}
    replaced_number: int = 0

    def forget_counts(self) -> None:
        """What it adds to the replaced lists is in their own segment, with all else of them."""
        for name in self.replaced:
            of = LISTS.index(name)
            places: list[Unsealed | Mark] = [self, *self.marks]
            for mark in places:
                counts = list(mark.counts)
                counts[of] = 0
                mark.counts = (counts[0], counts[1], counts[2])


class Sealer:
    """Seals one segment after another; without room on the disk it tries again.

    Args:
        job: the job, whose lists let go of what is sealed.
        store: where the segments go.
        on_sealed: called, in that thread, when a segment is sealed.
    """

    def __init__(self, job: Job, store: SegmentStore, on_sealed: Callable[[], None]) -> None:
        self.job = job
        self.store = store
        self._on_sealed = on_sealed
        self._late = LateKeyframes(store)
        self._waiting: deque[Unsealed] = deque()
        self._wakeup = threading.Event()
        self._ended = False
        #: What is sealed, and still held by the job's lists; and what they have let go of.
        self._ready: tuple[Segment, Unsealed] | None = None
        self._heads: list[list[Any]] = []
        self._busy = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many segments are not sealed yet."""
        return len(self._waiting)

    def put(self, unsealed: Unsealed) -> None:
        """Have a segment sealed, after those before it."""
        self._waiting.append(unsealed)
        self._wakeup.set()

    def _run(self) -> None:
        while not self._ended:
            self._wakeup.wait()
            self._wakeup.clear()
            while not self._ended and not self.seal_waiting():
                time.sleep(_RETRY)

    def seal_waiting(self) -> bool:
        """Seal what waits; False where the disk does not let it."""
        with self._busy:
            while self._waiting:
                unsealed = self._waiting[0]
                try:
                    if unsealed.replaced:
                        add_base(
                            self.store,
                            unsealed.replaced,
                            unsealed.replaced_number,
                            unsealed.last,
                            unsealed.end,
                        )
                    if not unsealed.keyframe:
                        unsealed.keyframe = self._late.before(
                            unsealed.marks[0].first, unsealed.live.size
                        )
                    segment = seal(self.store, unsealed)
                except (OSError, MemoryError) as error:
                    logger.warning("Job %s: a segment is not sealed: %s", self.job.job_id, error)
                    return False
                self._waiting.popleft()
                self._absorb(segment, unsealed)
                unsealed.live.discard()
                self._on_sealed()
        return True

    def _absorb(self, segment: Segment, unsealed: Unsealed) -> None:
        """Have the job's lists read from the segment what they held, and free it bit by bit."""
        self._ready = (segment, unsealed)
        while self._holds_sealed():  # a busy job does it itself, before we have its lock
            if self.job.lock.acquire(timeout=_LOCK_WAIT):
                try:
                    self.absorb_ready()
                finally:
                    self.job.lock.release()
        heads, self._heads = self._heads, []
        for head in heads:
            while head:
                del head[-_FREED_AT_ONCE:]
                time.sleep(_PAUSE)  # the job goes first

    def _holds_sealed(self) -> bool:
        return self._ready is not None

    def absorb_ready(self) -> None:
        """Have the lists let go of what is sealed by now, under the job's lock."""
        if self._ready is None:
            return
        segment, unsealed = self._ready
        for name in LISTS:
            entries = getattr(self.job, name)
            if isinstance(entries, StoredList) and entries.store is self.store:
                self._heads.append(entries.absorb(segment))
            elif name in unsealed.assigned and entries is unsealed.assigned[name]:
                attach(self.job, self.store, name, entries[len(unsealed.replaced[name]) :])
        self._ready = None

    def end(self) -> list[Unsealed]:
        """Seal no more; returns what is not sealed, whose files stay."""
        self._ended = True
        self._wakeup.set()
        if not self._busy.acquire(blocking=False):
            return []  # the thread waits for the job's lock, and the caller may have it
        try:
            left = list(self._waiting)
            self._waiting.clear()
        finally:
            self._busy.release()
        return left


def seal(store: SegmentStore, unsealed: Unsealed) -> Segment:
    """Write a segment from the raw lines of a live one.

    Raises:
        OSError: when it can't be written.
    """
    live, marks = unsealed.live, unsealed.marks
    blocks = []
    for n, mark in enumerate(marks):
        following = marks[n + 1] if n + 1 < len(marks) else None
        stop = following.offset if following else live.size
        last = following.first - 1 if following else unsealed.last
        if stop > mark.offset:
            raw = live.read(mark.offset, stop)
            blocks.append((raw, mark.first, last, mark.counts, mark.next_task))
    segment = Segment(
        number=unsealed.number,
        first=marks[0].first,
        last=unsealed.last,
        start=unsealed.start,
        end=unsealed.end,
        counts=unsealed.counts,
        size=0,
        keyframe=bool(unsealed.keyframe),
    )
    return store.add(segment, unsealed.keyframe, blocks)


def attach(job: Job, store: SegmentStore, name: str, since: list[Any]) -> None:
    """Have one of a job's lists read from segments; ``since`` is what they don't have."""
    entries = StoredList(store, name)
    entries.extend(since)
    setattr(job, "_history" if name == LISTS[0] else f"_{name}", entries)


def add_base(
    store: SegmentStore, lists: dict[str, Any], number: int, seq: int, at: float, next_task: int = 1
) -> Segment:
    """Write a segment of what lists had at a moment, whatever changes made them so.

    Raises:
        OSError: when it can't be written.
    """
    totals = [0, 0, 0]
    blocks: list[tuple[bytes, int, int, Counts, int]] = []
    for name, entries in lists.items():
        of = LISTS.index(name)
        for start in range(0, len(entries), BLOCK_CHANGES):
            part = entries[start : start + BLOCK_CHANGES]
            lines = [
                [seq, ENTRY, name, one.to_plain() if hasattr(one, "to_plain") else one]
                for one in part
            ]
            counts = (totals[0], totals[1], totals[2])
            blocks.append((dumps(lines), seq + 1, seq, counts, next_task))
            totals[of] += len(part)
    segment = Segment(
        number=number,
        first=seq + 1,
        last=seq,
        start=at,
        end=at,
        counts=(totals[0], totals[1], totals[2]),
        size=0,
        keyframe=False,
        reset=tuple(lists),
    )
    return store.add(segment, b"", blocks)
