"""The file that a running job's changes are written to, through shared memory.

The disk promises room beforehand, in chunks, and always more of it than is needed now: a copy
into the file survives a killed process at once and without a system call, and a full disk is
told while what is under way can still be written.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20
RESERVE = 1 << 20
"""Bytes that are free when a disk is said to be full: for the handlers that run, and the pause."""


class LiveSegment:
    """A file of lines that only grows.

    Args:
        path: where it is made; whatever is there is written over.

    Raises:
        OSError: when it can't be made; nothing is left of it.
    """

    def __init__(self, path: Path) -> None:
        #: Why the disk gives no more room ahead of need; empty while it does.
        self.low = ""
        self.size = 0
        self.path = path
        self._capacity = RESERVE + _CHUNK
        self._memory: mmap.mmap | None = None
        self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(self.handle, 0, self._capacity)
        except BaseException:
            self.discard()
            raise
        self._map()

    @classmethod
    def reopened(cls, path: Path, size: int) -> LiveSegment:
        """A file that a killed process left, to be read."""
        segment = cls.__new__(cls)
        segment.low, segment.size, segment.path = "", size, path
        segment._capacity, segment._memory = size, None  # noqa: SLF001 - its own
        segment.handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return segment

    def rename(self, path: Path) -> None:
        """Have another name, in place of what is called so now.

        Raises:
            OSError: when it can't be; it is called as before then.
        """
        self.path.replace(path)
        self.path = path

    def discard(self) -> None:
        """Let go of the file, and remove it."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def append(self, line: bytes | bytearray) -> None:
        """Add a line.

        Raises:
            OSError: when the disk is full, the reserve included; nothing is written then.
        """
        size = self.size
        end = size + len(line)
        if end > self._capacity - RESERVE:
            self._grow(end)
        memory = self._memory
        if memory is not None:
            memory[size:end] = line
        else:
            self._write(line, size)
        self.size = end

    def reserve(self) -> None:
        """Try again to have the room that the disk refused; `low` tells whether it did."""
        if self.low:
            with contextlib.suppress(OSError):
                self._grow(self.size)

    def _grow(self, end: int) -> None:
        capacity = (end + RESERVE) // _CHUNK * _CHUNK + _CHUNK
        try:
            os.posix_fallocate(self.handle, self._capacity, capacity - self._capacity)
        except OSError as error:
            self.low = error.strerror or str(error)
            if end > self._capacity:
                raise
            return
        self.low = ""
        self._capacity = capacity
        self._map()

    def _map(self) -> None:
        """Map the file; where there is no memory for that, it is written by system calls."""
        former, self._memory = self._memory, None
        if former is not None:
            former.close()
        with contextlib.suppress(OSError, ValueError, MemoryError):
            self._memory = mmap.mmap(self.handle, self._capacity)

    def _write(self, line: bytes | bytearray, at: int) -> None:
        view = memoryview(line)
        while view:
            written = os.pwrite(self.handle, view, at)
            view, at = view[written:], at + written

    def read(self, start: int, stop: int) -> bytes:
        """What is between two positions."""
        return os.pread(self.handle, stop - start, start)

    def close(self) -> None:
        """Let go of the file, which stays as it is."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
