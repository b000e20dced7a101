"""What handlers print, kept beside the job's file: one line each, with time, routine, task, level.

The lines are text for people, parted by tabs. Beside them lies an index: where every 256th line
ends, and which tasks are among those 256; so a line, and the lines of a task, are found without
anything of it in memory. At a size that is given, the file becomes ``.1`` and a new one begins; the
``.1`` before it is gone, and readers say how many lines that were.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from routilux_tui.job.timestamps import to_iso

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 64 << 20
"""Bytes that the lines take at most, by default."""
LONGEST = 64 << 10
"""Bytes of a line at most; what is longer is cut into several."""
_RESERVE = 16 << 20
"""Bytes of the disk that are left to the job itself: lines are lost before it has to pause."""
_LOOK_EVERY = 0.2
"""Seconds between two looks at the room on the disk."""
_BLOCK = 256
_HEAD = struct.Struct("<8sQ")
_ENTRY = struct.Struct("<Qqq")
_MAGIC = b"rtprint1"
_NO_TASKS = (1 << 62, -1)
_MOST_LINES = 1 << 62


class Line(NamedTuple):
    """One line that was printed; ``n`` counts all that there ever were, from 0."""

    n: int
    at: str
    routine: str
    task: int | None
    level: str
    text: str


def printed_path(path: str | os.PathLike[str]) -> Path:
    """Where what a job's handlers print is kept."""
    return Path(f"{os.fspath(path)}.log")


def printed_files(path: str | os.PathLike[str]) -> list[Path]:
    """All files that what a job's handlers print is kept in."""
    place = printed_path(path)
    return [one for base in (place, Path(f"{place}.1")) for one in (base, Path(f"{base}.index"))]


class PrintedWriter:
    """Adds lines; never raises, whatever becomes of the disk.

    Args:
        path: the job's file.
        limit: bytes that the lines take at the most.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path = printed_path(path)
        self._limit = max(limit // 2, 4 * LONGEST)
        self._lock = threading.Lock()
        self._log = self._index = -1
        self._size = self._lines = self._in_block = 0
        self._tasks = _NO_TASKS
        self._lost = 0
        self._next_look, self._room = 0.0, True
        with contextlib.suppress(OSError):
            self._open()

    def write(self, routine: str, task: int | None, level: str, text: str) -> None:
        """Add a line of text, which has no end of a line in it."""
        with self._lock:
            self._write(_head(routine, task, level) + text, task)

    def write_lines(self, routine: str, task: int | None, level: str, lines: list[str]) -> None:
        """Add lines as a terminal shows them, without what a carriage return has overwritten.

        What is longer than `LONGEST` is cut into several.
        """
        head = _head(routine, task, level)
        with self._lock:
            for line in lines:
                text = line.removesuffix("\r").rpartition("\r")[2]
                for at in range(0, max(1, len(text)), LONGEST):
                    self._write(head + text[at : at + LONGEST], task)

    def _write(self, text: str, task: int | None) -> None:
        line = text.encode("utf-8", "backslashreplace")[: LONGEST + 256] + b"\n"
        try:
            if self._log < 0:
                self._open()
            self._check_room()
            if self._lost:
                self._tell_lost()
            self._add(line, task)
        except OSError:  # a full disk is no handler's fault
            if not self._lost:
                with contextlib.suppress(OSError):
                    self._add(_told_line("the disk has too little room: lines are lost"), None)
            self._lost += 1

    def _tell_lost(self) -> None:
        what = "line" if self._lost == 1 else "lines"
        self._add(_told_line(f"{self._lost} {what} could not be written"), None)
        self._lost = 0

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            if self._lost and self._log >= 0:  # so much room is left even now, or was made
                with contextlib.suppress(OSError):
                    self._tell_lost()
            for handle in (self._log, self._index):
                if handle >= 0:
                    os.close(handle)
            self._log = self._index = -1

    def _open(self) -> None:
        """Open the files to go on where they end."""
        full, index = _full(self._path), Path(f"{self._path}.index")
        if _is_half_rotated(self._path):
            self._path.replace(full)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_APPEND | os.O_NOFOLLOW
        self._log = os.open(self._path, flags, 0o600)
        try:
            self._index = os.open(index, flags, 0o600)
            part = _Part.of(self._path)
            if part is None:
                former = _Part.of(full)
                first = 0 if former is None else former.first + former.count()
                os.ftruncate(self._index, 0)
                os.write(self._index, _HEAD.pack(_MAGIC, first))
                part = _Part.of(self._path)
            if part is not None:
                self._go_on(part)
        except BaseException:
            for handle in (self._log, self._index):
                if handle >= 0:
                    os.close(handle)
            self._log = self._index = -1
            raise

    def _go_on(self, part: _Part) -> None:
        """Count what is there; an index that knows less than all is completed, torn ends go."""
        os.ftruncate(self._index, _HEAD.size + part.blocks * _ENTRY.size)
        self._lines, self._size = part.blocks * _BLOCK, part.end()
        self._in_block, self._tasks = 0, _NO_TASKS
        with self._path.open("rb") as log:
            log.seek(self._size)
            for raw in _raw_lines(log, 0):
                self._size += len(raw)
                self._count(_parsed(0, raw).task)
        os.ftruncate(self._log, self._size)

    def _check_room(self) -> None:
        """Raise OSError where the disk has no more room than the job itself may need.

        That is looked at now and then.
        """
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            disk = os.fstatvfs(self._log)
            self._room = disk.f_bavail * disk.f_frsize > _RESERVE
        if not self._room:
            raise OSError

    def _add(self, line: bytes, task: int | None) -> None:
        if self._size + len(line) > self._limit:
            self._rotate()
        written = os.write(self._log, line)
        if written < len(line):  # the disk is full
            os.ftruncate(self._log, self._size)
            raise OSError
        self._size += written
        self._count(task)

    def _count(self, task: int | None) -> None:
        """A line more is in the file; of each full block the index is told."""
        self._lines += 1
        self._in_block += 1
        if task is not None:
            low, high = self._tasks
            self._tasks = (min(low, task), max(high, task))
        if self._in_block >= _BLOCK:
            os.write(self._index, _ENTRY.pack(self._size, *self._tasks))
            self._in_block, self._tasks = 0, _NO_TASKS

    def _rotate(self) -> None:
        for handle in (self._log, self._index):
            os.close(handle)
        self._log = self._index = -1
        full = _full(self._path)
        for former in (full, Path(f"{full}.index")):
            former.unlink(missing_ok=True)
        Path(f"{self._path}.index").replace(f"{full}.index")
        self._path.replace(full)  # after its index: a kill between the two is seen and made good
        self._open()


def _full(path: Path) -> Path:
    """Where the lines are that were printed before the last rotation."""
    return Path(f"{path}.1")


def _is_half_rotated(path: Path) -> bool:
    """Whether the index has its new name already, and the lines have not."""
    full = _full(path)
    there = [Path(one).exists() for one in (path, f"{path}.index", full, f"{full}.index")]
    return there == [True, False, False, True]


def _head(routine: str, task: int | None, level: str) -> str:
    mark = "" if task is None else str(task)
    return "\t".join((to_iso(time.time()), _field(routine), mark, _field(level), ""))


def _field(text: str) -> str:
    return " ".join(text.split("\t")).replace("\n", " ").replace("\r", " ") or ""


def _told_line(text: str) -> bytes:
    """A line about the log itself."""
    return f"{to_iso(time.time())}\t\t\tlost\t{text}\n".encode()


class _Part:
    """One of the two files, to be read."""

    def __init__(
        self, path: Path, index: Path, first: int, blocks: int, ends: array[int] | None = None
    ) -> None:
        self.path = path
        #: Where its blocks end, as far as they have been read, where that takes an index's place.
        self.ends = ends
        self.index = index
        #: The number of its first line, among all that there ever were.
        self.first = first
        #: How many blocks its index knows.
        self.blocks = blocks

    @classmethod
    def of(cls, path: Path) -> _Part | None:
        """The file as it is now; None where there is none, or its index is not its own."""
        place = Path(f"{_full(path) if _is_half_rotated(path) else path}.index")
        try:
            with place.open("rb") as index:
                magic, first = _HEAD.unpack(index.read(_HEAD.size))
                blocks = (os.fstat(index.fileno()).st_size - _HEAD.size) // _ENTRY.size
            part = cls(path, place, first, blocks)
            is_own = magic == _MAGIC and first < _MOST_LINES and part.end() <= path.stat().st_size
        except (OSError, struct.error):
            return None
        return part if is_own else None

    def end(self) -> int:
        """Where the last block that its index knows ends."""
        if not self.blocks:
            return 0
        with self.index.open("rb") as index:
            index.seek(_HEAD.size + (self.blocks - 1) * _ENTRY.size)
            end: int = _ENTRY.unpack(index.read(_ENTRY.size))[0]
            return end

    def count(self) -> int:
        """How many lines it has."""
        known = (self.blocks if self.ends is None else len(self.ends)) * _BLOCK
        return known + sum(1 for _ in self.lines(known))

    def lines(self, start: int, task: int | None = None) -> Iterator[Line]:
        """Its lines from the ``start``-th of its own on; blocks without a task are left out."""
        if self.ends is not None:
            yield from self._lines_by_ends(self.ends, start, task)
            return
        block = min(start // _BLOCK, self.blocks)
        try:
            with self.path.open("rb") as log, self.index.open("rb") as index:
                size = os.fstat(log.fileno()).st_size
                index.seek(_HEAD.size + max(0, block - 1) * _ENTRY.size)
                at = _ENTRY.unpack(index.read(_ENTRY.size))[0] if block else 0
                if at > size:  # what its index says of it is not so
                    block = at = 0
                    index.seek(_HEAD.size)
                while True:
                    entry = index.read(_ENTRY.size) if block < self.blocks else b""
                    end, low, high = _ENTRY.unpack(entry) if len(entry) == _ENTRY.size else (0,) * 3
                    end = end if at < end <= size else 0
                    if end and task is not None and not low <= task <= high:
                        at, block = end, block + 1
                        continue
                    log.seek(at)
                    for n, raw in enumerate(_raw_lines(log, end), self.first + block * _BLOCK):
                        line = _parsed(n, raw)
                        if n - self.first >= start and task in {None, line.task}:
                            yield line
                    if not end:
                        return
                    at, block = end, block + 1
        except (OSError, struct.error):
            return

    def _lines_by_ends(self, ends: array[int], start: int, task: int | None) -> Iterator[Line]:
        with contextlib.suppress(OSError), self.path.open("rb") as log:
            if ends and ends[-1] > os.fstat(log.fileno()).st_size:
                del ends[:]
            block = min(start // _BLOCK, len(ends))
            at = ends[block - 1] if block else 0
            log.seek(at)
            for n, raw in enumerate(_raw_lines(log, 0), block * _BLOCK):
                at += len(raw)
                if n + 1 == (len(ends) + 1) * _BLOCK:
                    ends.append(at)
                if n >= start:
                    line = _parsed(self.first + n, raw)
                    if task in {None, line.task}:
                        yield line


def _raw_lines(log: BinaryIO, end: int) -> Iterator[bytes]:
    """Lines up to a position; to the last whole one where it is 0."""
    while not end or log.tell() < end:
        raw = log.readline(2 * LONGEST)
        if not raw.endswith(b"\n"):
            return
        yield raw


def _parsed(n: int, raw: bytes) -> Line:
    fields = raw[:-1].decode("utf-8", "replace").split("\t", 4)
    fields += [""] * (5 - len(fields))
    at, routine, task, level, text = fields
    number = int(task) if task.isascii() and task.isdigit() and len(task) < 19 else None
    return Line(n, at, routine, number, level, text)


class PrintedReader:
    """Reads what a job's handlers have printed, while they print on, too.

    Args:
        path: the job's file, or a link to it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = printed_path(os.path.realpath(path))
        #: Of files without an index, by their inodes: where each of their blocks ends.
        self._ends: dict[int, array[int]] = {}

    def _parts(self) -> list[_Part]:
        found: list[_Part] = []
        for path in (_full(self._path), self._path):
            part = _Part.of(path)
            if part is None and path.is_file():
                first = found[0].first + found[0].count() if found else 0
                ends = self._ends.setdefault(path.stat().st_ino, array("Q"))
                part = _Part(path, path, first, 0, ends)
            if part is not None:
                found.append(part)
        return found

    def extent(self) -> tuple[int, int]:
        """The number of the first line that is still there, and how many there ever were."""
        parts = self._parts()
        if not parts:
            return 0, 0
        return parts[0].first, parts[-1].first + parts[-1].count()

    def lines(self, start: int = 0, task: int | None = None) -> Iterator[Line]:
        """The lines from the ``start``-th of all on that are still there; of one task, if given."""
        for part in self._parts():
            for line in part.lines(max(0, start - part.first), task):
                if line.n >= start:
                    yield line
                    start = line.n + 1
