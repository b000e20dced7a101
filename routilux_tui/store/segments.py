"""The sealed changes of a job: numbered files of compressed blocks, and an index of them.

Beside ``NAME.json`` lies ``NAME.json.changes/``. A segment, ``000001.seg``, has a keyframe (the job
without its growing lists, as it was before the first change), then blocks of some thousand changes,
then a footer that says where each block begins. ``index.json`` says of each segment what a reader
must know to find a moment or a record. Nothing that is sealed is ever written again; an index that
is lost is made anew from the footers.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from routilux_tui.errors import JobFileError
from routilux_tui.job.jsonable import decode, encode
from routilux_tui.store.collector import collector_paused
from routilux_tui.store.files import flush_folder, read_regular
from routilux_tui.store.list_growth import entries_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION = 1
"""The version of segments that is written, and the newest that is read."""

_MAGIC = b"RTSEG001"
#: The quickest: 16 bytes a change, and the job's processor is its own.
_LEVEL = 1
MOST_RAW = 64 << 20
"""A keyframe or a block that is longer is not read."""
_KEPT_BLOCKS = 6
_KEPT_FOOTERS = 16
_MOST_INDEX = 256 << 20


#: What the numbers of a file may be: a file says what it likes.
_Number = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 48)]
_Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
_Counts = tuple[_Count, _Count, _Count]


class Block(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Some thousand changes that are compressed together.

    ``counts`` are the entries of the growing lists that the segment has before this block;
    ``next_task`` is the id that the next task was to get there.
    """

    offset: _Size
    size: _Size
    first: _Number
    last: _Number
    counts: _Counts
    next_task: _Number


class Segment(msgspec.Struct, gc=False, frozen=True):
    """What the index says of a segment.

    ``first`` and ``last`` are the numbers of its changes, ``start`` and ``end`` their times,
    ``counts`` its entries of the growing lists. ``reset`` names the lists that begin anew with it.
    """

    number: _Count
    first: _Number
    last: _Number
    start: float
    end: float
    counts: _Counts
    size: _Size
    keyframe: bool
    reset: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.number:06d}.seg"


class Footer(msgspec.Struct, gc=False, frozen=True):
    """The end of a segment's file."""

    version: int
    job_id: str
    segment: Segment
    blocks: list[Block]
    keyframe_size: _Size


class _Index(msgspec.Struct):
    version: int
    job_id: str
    segments: list[Segment]
    forgotten: int = 0


class Damaged(Exception):
    """A segment, or a block of one, that can't be read."""


def changes_folder(path: str | os.PathLike[str]) -> Path:
    """Where the sealed changes of a job's file are."""
    return Path(f"{os.fspath(path)}.changes")


def numbered(folder: Path, suffix: str) -> list[int]:
    """The numbers of the files in a folder that are called by one, in order."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names alone are needed
    except OSError:
        return []
    stems = (name.removesuffix(suffix) for name in names if name.endswith(suffix))
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


class SegmentStore:
    """The sealed segments of one job.

    Args:
        folder: where they are; need not exist.
        job_id: the job.
    """

    def __init__(self, folder: Path, job_id: str) -> None:
        self.folder = folder
        self.job_id = job_id
        self.segments: list[Segment] = []
        #: The number of the last change that is kept no more, by will: no hole.
        self.forgotten = 0
        #: Whether some of it was written by a newer version, and is left alone.
        self.newer = False
        self._lock = RLock()
        self._footers: OrderedDict[int, Footer] = OrderedDict()
        self._blocks: OrderedDict[tuple[int, int], Any] = OrderedDict()

    def load(self) -> SegmentStore:
        """Read the index; where it is lost, or lacks a segment, the footers tell."""
        with contextlib.suppress(JobFileError, msgspec.MsgspecError, UnicodeDecodeError):
            index = msgspec.json.decode(
                read_regular(str(self.folder / "index.json"), _MOST_INDEX), type=_Index
            )
            self.newer = index.version > VERSION
            if index.job_id == self.job_id and not self.newer:
                self.segments = index.segments
                self.forgotten = index.forgotten
        known = {one.number for one in self.segments}
        for number in numbered(self.folder, ".seg"):
            with contextlib.suppress(Damaged, OSError):
                if number in known:
                    continue
                footer = self._read_footer(number)
                if footer.job_id == self.job_id:
                    size = (self.folder / footer.segment.name).stat().st_size
                    self.segments.append(msgspec.structs.replace(footer.segment, size=size))
        self.segments.sort(key=lambda one: one.number)
        return self

    @property
    def last(self) -> int:
        """The number of the last sealed change; 0 where there is none."""
        return self.segments[-1].last if self.segments else 0

    @property
    def next_number(self) -> int:
        """The number of the next segment."""
        return self.segments[-1].number + 1 if self.segments else 1

    # Writing

    def add(
        self,
        segment: Segment,
        keyframe: bytes,
        blocks: Sequence[tuple[bytes, int, int, tuple[int, int, int], int]],
    ) -> Segment:
        """Write a segment, and the index with it.

        Args:
            segment: what the index is to say; its ``size`` is filled in.
            keyframe: JSON of the job before its first change; empty for none.
            blocks: raw lines, first and last change, counts and next task of each block.

        Raises:
            OSError: when it can't be written; nothing is left of it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        packed = zlib.compress(keyframe, _LEVEL) if keyframe else b""
        pieces, offset, table = [packed], len(packed), []
        for raw, first, last, counts, next_task in blocks:
            piece = zlib.compress(raw, _LEVEL)
            table.append(Block(offset, len(piece), first, last, counts, next_task))
            pieces.append(piece)
            offset += len(piece)
        footer = Footer(VERSION, self.job_id, segment, table, len(packed))
        tail = zlib.compress(encode(footer), _LEVEL)
        pieces.extend((tail, len(tail).to_bytes(8, "little"), _MAGIC))
        content = b"".join(pieces)
        _write_whole(self.folder / segment.name, content)
        segment = msgspec.structs.replace(segment, size=len(content))
        with self._lock:
            self.segments = sorted([*self.segments, segment], key=lambda one: one.number)
        self.write_index()
        return segment

    def forget(self, count: int) -> None:
        """Keep the first segments no more."""
        with self._lock:
            gone, self.segments = self.segments[:count], self.segments[count:]
            self.forgotten = gone[-1].last
        self.write_index()
        for one in gone:
            with contextlib.suppress(OSError):
                (self.folder / one.name).unlink()

    def write_index(self) -> None:
        """Write the index anew; without room for that, the footers tell it."""
        index = _Index(VERSION, self.job_id, self.segments, self.forgotten)
        with contextlib.suppress(OSError):
            _write_whole(self.folder / "index.json", encode(index))

    # Reading

    def _read_footer(self, number: int) -> Footer:
        with self._lock:
            footer = self._footers.get(number)
            if footer is not None:
                self._footers.move_to_end(number)
                return footer
        try:
            handle = os.open(
                self.folder / f"{number:06d}.seg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
            )
            try:
                size = os.fstat(handle).st_size
                end = os.pread(handle, 16, max(0, size - 16))
                length = int.from_bytes(end[:8], "little")
                if end[8:] != _MAGIC or length > size - 16:
                    raise Damaged("its end is lost")
                footer = msgspec.json.decode(
                    _unpacked(os.pread(handle, length, size - 16 - length)), type=Footer
                )
            finally:
                os.close(handle)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Damaged(str(error)) from error
        if footer.version > VERSION:
            self.newer = True
            raise Damaged("it is from a newer version")
        with self._lock:
            self._footers[number] = footer
            while len(self._footers) > _KEPT_FOOTERS:
                self._footers.popitem(last=False)
        return footer

    def footer(self, segment: Segment) -> Footer:
        """Where the blocks of a segment are.

        Raises:
            Damaged: when its file is not as it was sealed.
        """
        footer = self._read_footer(segment.number)
        if footer.segment.first != segment.first or footer.job_id != self.job_id:
            raise Damaged("it is of another job")
        return footer

    def _read(self, segment: Segment, offset: int, size: int) -> bytes:
        try:
            handle = os.open(self.folder / segment.name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                # no more than there is: room for all of it is made beforehand
                return _unpacked(os.pread(handle, min(size, os.fstat(handle).st_size), offset))
            finally:
                os.close(handle)
        except OSError as error:
            raise Damaged(str(error)) from error

    def keyframe(self, segment: Segment) -> dict[str, Any]:
        """The job as it was before a segment's first change, without its growing lists.

        Raises:
            Damaged: when it can't be read, or there is none.
        """
        size = self.footer(segment).keyframe_size
        plain = _decoded(self._read(segment, 0, size)) if size else None
        if not isinstance(plain, dict):
            raise Damaged("it has no keyframe")
        return plain

    def changes(self, segment: Segment, block: Block) -> list[Any]:
        """The changes of a block.

        Raises:
            Damaged: when they can't be read.
        """
        raw = self._read(segment, block.offset, block.size)
        # a raw newline can't stand in JSON: this is exact
        with collector_paused():
            changes = _decoded(raw.strip().replace(b"]\n[", b","))
        if not isinstance(changes, list):
            raise Damaged("a block is no list of changes")
        return changes

    def entries(self, segment: Segment, n: int) -> tuple[list[Any], list[Any], list[Any]]:
        """What a block, by its position, adds to the growing lists; the last few are kept.

        Raises:
            Damaged: when it can't be read.
        """
        key = (segment.number, n)
        with self._lock:
            kept = self._blocks.get(key)
            if kept is not None:
                self._blocks.move_to_end(key)
                return kept  # type: ignore[no-any-return]
        block = self.footer(segment).blocks[n]
        try:
            with collector_paused():
                made = entries_of(self.changes(segment, block), block.next_task)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise Damaged(str(error)) from error
        with self._lock:
            self._blocks[key] = made
            while len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return made

    def holes(self) -> Iterator[tuple[int, int]]:
        """The first and the last number of changes that are missing between segments."""
        before = self.forgotten
        for one in self.segments:
            if one.first > before + 1 and not one.reset:
                yield before + 1, one.first - 1
            before = max(before, one.last)

    def lost(self) -> list[Segment]:
        """The segments whose files are gone, or not as long as they were."""
        lost = []
        for one in self.segments:
            try:
                size = (self.folder / one.name).stat().st_size
            except OSError:
                size = 0
            if size != one.size:
                lost.append(one)
        return lost

    def at(self, seq: int) -> int:
        """The position of the segment that has a change, or that would have it; -1 for none."""
        return bisect_right(self.segments, seq, key=lambda one: one.first) - 1


def _unpacked(piece: bytes) -> bytes:
    unpack = zlib.decompressobj()
    try:
        raw = unpack.decompress(piece, MOST_RAW)
    except zlib.error as error:
        raise Damaged(str(error)) from error
    if not unpack.eof:
        raise Damaged("it is cut short")
    return raw


def _decoded(raw: bytes) -> Any:
    try:
        return decode(raw)
    except ValueError as error:
        raise Damaged(str(error)) from error


def _write_whole(path: Path, content: bytes) -> None:
    """Write a small file beside its place, and rename it when the disk has it."""
    fresh = path.with_name(f"{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    finally:
        os.close(handle)
    flush_folder(path.parent)
