"""Any moment of a job whose changes are kept: the fold of those until then.

A moment is named by the number of the last change that is carried out. From a keyframe on some
ten thousand changes are carried out at the most, however long the job is; a moment that comes soon
after the last one goes on from there.
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import JobFileMissing
from routilux_tui.job.jsonable import to_plain
from routilux_tui.job.model import Job
from routilux_tui.job.timestamps import is_time
from routilux_tui.store.changes_reading import (
    changes_of_raw,
    id_and_seq_of,
    raw_segments,
    read_lists_from,
)
from routilux_tui.store.collector import collector_paused
from routilux_tui.store.files import journal_name
from routilux_tui.store.keyframe_tasks import TaskReader, job_from_keyframe
from routilux_tui.store.recovery import apply_changes, time_of
from routilux_tui.store.segments import Damaged, SegmentStore, changes_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routilux_tui.store.changes_reading import RawSegment
    from routilux_tui.store.segments import Segment

_MICRO = 1e-6
_NO_END = 1 << 62
_KEPT_BLOCKS = 8
_TRIES = 3


class Piece:
    """Changes that follow each other, in one file: sealed, or not yet.

    Attributes:
        first: the number of its first change.
        last: that of its last one.
        begin: when the first was made, in seconds since the epoch.
        end: when the last was.
        has_keyframe: whether the job as it was before the first is in it.
    """

    first: int
    last: int
    begin: float
    end: float
    has_keyframe: bool

    def __init__(self, content: Segment | RawSegment, changes: list[Any] | None = None) -> None:
        self.content = content
        self.changes = changes
        if changes is None:
            segment: Any = content
            self.first, self.last = segment.first, segment.last
            self.begin, self.end = segment.start, segment.end
            self.has_keyframe = segment.keyframe
            return
        raw: Any = content
        numbers = [one[0] for one in changes]
        self.first = raw.seq + 1 if raw.seq >= 0 else min(numbers, default=1)
        self.last = max(numbers, default=self.first - 1)
        begun = raw.head.get("at")
        times = _times(changes)
        self.begin = begun if is_time(begun) else next(iter(times), 0.0)
        self.end = max(self.begin, times[-1] if times else self.begin)
        self.has_keyframe = raw.keyframe is not None


class KeptChanges:
    """The changes of a job that are kept, and the job at any moment of them.

    One reader's: no two threads may use it at once.

    Args:
        path: the job's file.

    Raises:
        JobFileMissing: when none are kept, or none from a moment on that is known.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._place = os.path.realpath(path)
        self._job_id, _ = id_and_seq_of(self._place) or ("", 0)
        self._blocks: OrderedDict[tuple[int, int], list[Any]] = OrderedDict()
        self._store = SegmentStore(changes_folder(self._place), self._job_id)
        self.pieces: list[Piece] = []
        self._job: Job | None = None
        self._job_piece: Piece | None = None
        self._stamp: int | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take note of what was added since."""
        stamp = self._sealed_stamp()
        if stamp is not None and stamp == self._stamp:
            return
        self._stamp = stamp
        for _ in range(_TRIES):
            store = SegmentStore(changes_folder(self._place), self._job_id).load()
            pieces = [Piece(one) for one in store.segments]
            sealed = store.last
            for raw in raw_segments(self._place, store):
                changes = [one for one in changes_of_raw(raw) if _is_change(one)]
                if raw.seq >= sealed or any(one[0] > sealed for one in changes):
                    pieces.append(Piece(raw, changes))
            at_hole = any(two.first > one.last + 1 for one, two in pairwise(pieces))
            if not at_hole:  # else one may have been sealed between two looks
                break
        while pieces and not pieces[0].has_keyframe:
            del pieces[0]
        if not pieces:
            raise JobFileMissing(
                f"{changes_folder(self._place)}: the changes of that moment are not kept.",
                "Jobs keep them unless the configuration says otherwise: [keep] changes.",
            )
        self._store, self.pieces = store, pieces

    def _sealed_stamp(self) -> int | None:
        """What tells this state of a job that is sealed whole from the next; None while it runs."""
        if os.path.lexists(journal_name(self._place)):
            return None
        with contextlib.suppress(OSError):
            return changes_folder(self._place).stat().st_mtime_ns
        return None

    @property
    def first(self) -> int:
        """The number of the change after which the job is first known; 0 is its birth."""
        return self.pieces[0].first - 1

    @property
    def last(self) -> int:
        """The number of the last change."""
        return self.pieces[-1].last

    @property
    def begin(self) -> float:
        """When the first of the changes was made."""
        return self.pieces[0].begin

    @property
    def end(self) -> float:
        """When the last of the changes was made."""
        return self.pieces[-1].end

    # Moments

    def job_at(self, seq: int) -> Job:
        """The job after a change; after the first or last one where it is beyond these.

        The same object as before where the moment comes soon after the last one.

        Raises:
            JobFileMissing: when the changes that lead there can't be read.
        """
        seq = max(self.first, min(seq, self.last))
        n = max(n for n, one in enumerate(self.pieces) if n == 0 or one.first <= seq)
        return self._folded(n, seq, None)

    def job_at_time(self, at: float) -> Job:
        """The job at a time, in seconds since the epoch: after the last change until then.

        Raises:
            JobFileMissing: when the changes that lead there can't be read.
        """
        n = max(n for n, one in enumerate(self.pieces) if n == 0 or one.begin <= at + _MICRO)
        return self._folded(n, None, at)

    def fresh_at_time(self, at: float) -> Job:
        """The job at a time, as an object that nobody else has.

        Raises:
            JobFileMissing: when the changes that lead there can't be read.
        """
        self._job = None
        job = self.job_at_time(at)
        self._job = None
        return job

    def fresh_at(self, seq: int) -> Job:
        """The job after a change, as an object that nobody else has.

        Raises:
            JobFileMissing: when the changes that lead there can't be read.
        """
        self._job = None
        job = self.job_at(seq)
        self._job = None
        return job

    @collector_paused()
    def _folded(self, n: int, seq: int | None, at: float | None) -> Job:
        n = self._with_keyframe(n)
        job = self._job
        known = self._job_piece
        can_go_on = (
            job is not None
            and known is not None
            and known.first == self.pieces[n].first
            and (job.seq <= seq if seq is not None else _time(job) <= (at or 0.0))
        )
        try:
            if job is None or not can_go_on:
                job = self._start(self.pieces[n])
            self._job, self._job_piece = job, self.pieces[n]
            for piece in self.pieces[n:]:
                if piece.first > job.seq + 1 and (seq is None or seq >= piece.first):
                    return self._folded_over_hole(piece, seq, at)
                for changes in self.blocks(piece, job.seq):
                    if not _apply_until(job, changes, seq, at):
                        return job
        except Damaged as error:
            self._job = None
            raise JobFileMissing(
                f"{changes_folder(self._place)}: the changes of that moment can't be read: {error}."
            ) from error
        return job

    def _folded_over_hole(self, piece: Piece, seq: int | None, at: float | None) -> Job:
        """Behind changes that are missing the next keyframe leads; a moment in them is before."""
        job = self._job
        n = self.pieces.index(piece)
        if job is not None and (not piece.has_keyframe or (at is not None and at < piece.begin)):
            return job
        return self._folded(n, seq, at)

    def _with_keyframe(self, n: int) -> int:
        while n > 0 and not self.pieces[n].has_keyframe:
            n -= 1
        return n

    def _start(self, piece: Piece) -> Job:
        """The job before the first change of a piece."""
        content: Any = piece.content
        if piece.changes is None:
            plain = self._store.keyframe(content)
        else:  # is kept, and what is carried out on the job must not be so on it
            plain = {key: to_plain(value) for key, value in content.keyframe.items()}
        before = self.pieces[: self.pieces.index(piece)]
        unsealed = [one.changes for one in before if one.changes is not None]
        job = job_from_keyframe(plain, Job, TaskReader(self._store, unsealed))
        read_lists_from(job, self._store, piece.first - 1)
        return job

    # Changes

    def blocks(self, piece: Piece, after: int = 0) -> Iterator[Sequence[Any]]:
        """The changes of a piece by the block, in order, without the blocks that end before one.

        Raises:
            Damaged: when they can't be read.
        """
        if piece.changes is not None:
            yield piece.changes
            return
        segment: Any = piece.content
        if segment.reset:
            return
        for n, block in enumerate(self._store.footer(segment).blocks):
            if block.last <= after:
                continue
            key = (segment.number, n)
            changes = self._blocks.pop(key, None)
            if changes is None:
                changes = list(filter(_is_change, self._store.changes(segment, block)))
            self._blocks[key] = changes
            while len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
            yield changes


def job_at(path: str | os.PathLike[str], *, seq: int | None = None, at: float | None = None) -> Job:
    """The job as it was at a moment: after one of its changes, or at a time.

    Args:
        path: the job's file.
        seq: the number of the last change that is carried out.
        at: or the time, in seconds since the epoch, of the last one.

    Raises:
        JobFileMissing: when its changes are not kept, or don't reach so far back.
    """
    kept = KeptChanges(path)
    beyond = seq < kept.first if seq is not None else (at or 0.0) + _MICRO < kept.begin
    if beyond and kept.first:
        raise JobFileMissing(
            f"{changes_folder(path)}: the changes of that moment are not kept: "
            f"they begin with number {kept.first + 1:,}."
        )
    return kept.job_at(seq) if seq is not None else kept.job_at_time(at or 0.0)


def _is_change(one: Any) -> bool:
    return type(one) is list and len(one) > 1 and type(one[0]) is int and type(one[1]) is str


def _times(changes: Sequence[Any]) -> list[float]:
    """When the first and the last of some changes that say so were made."""
    found = []
    for order in (changes, reversed(changes)):
        at = next((at for at in map(time_of, order) if at is not None), None)
        if at is not None:
            found.append(at)
    return found


def _time(job: Job) -> float:
    updated = job._updated  # noqa: SLF001 - as it was folded
    return updated if is_time(updated) else 0.0


def _apply_until(job: Job, changes: Sequence[Any], seq: int | None, at: float | None) -> bool:
    """Carry out changes up to a number or a time; False when that is reached."""
    known = job.seq - changes[0][0] + 1 if changes else 0
    if 0 < known <= len(changes) and changes[known - 1][0] == job.seq:
        changes = changes[known:]  # what is carried out already is not even looked at
    if at is not None:
        until = at + _MICRO  # files tell times by the microsecond
        last = _times(changes[-16:])
        if not last or last[-1] > until:
            n = next((n for n, one in enumerate(changes) if (time_of(one) or 0.0) > until), None)
            if n is not None:
                apply_changes(job, changes[:n], _NO_END)
                return False
    apply_changes(job, changes, seq if seq is not None else _NO_END)
    return seq is None or job.seq < seq
