"""Messages from one process to another through shared memory.

The writer copies a line into a ring and moves a counter: no system call, and what was written is
there for the reader even when the writer was killed in that moment. When the ring is full the
writer waits, so a slow reader costs no memory. A reader that has nothing to do sleeps on a pipe,
and says so in the ring; the writer then writes one byte to wake it.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import time

from .pipes import Pipe

SIZE = 8 << 20
"""Bytes of the shared memory."""
_HEAD = 64
_ROOM = SIZE - _HEAD
_WRITTEN, _READ, _ASLEEP = 0, 1, 2  # numbers of eight bytes
_PATIENCE = 0.001
_DEAD = 10.0
"""Seconds without a sign of the reader, which the script has parted from us, until it is gone."""
PACE = 0.01
"""Seconds between two looks of the reader while lines come."""
LONGEST = _ROOM // 4
"""The longest line that is taken, in bytes."""


class Writer:
    """The end of the process that sends. Its caller sees to it that one thread writes at a time.

    Args:
        memory: a file of `SIZE` bytes, as a descriptor.
        wake: the writing end of the pipe that wakes the reader.
    """

    def __init__(self, memory: int, wake: int) -> None:
        self._memory = mmap.mmap(memory, SIZE)
        #: The memory's first numbers: a store in one of them is one store of the machine.
        self._numbers = memoryview(self._memory).cast("Q")
        self._wake = Pipe(wake)
        self._written = self._numbers[_WRITTEN]
        self._free = self._measure()
        #: Whether nobody reads any more: what is written goes nowhere.
        self.gone = False

    def _measure(self) -> int:
        return _ROOM - (self._written - self._numbers[_READ])

    def write(self, line: bytes) -> None:
        """Send a line; waits while there is no room for it."""
        size = len(line)
        if size > self._free and not self._wait_for(size):
            return
        memory, written = self._memory, self._written
        begin = written % _ROOM + _HEAD
        if begin + size <= SIZE:
            memory[begin : begin + size] = line
        else:
            first = SIZE - begin
            memory[begin:SIZE] = line[:first]
            memory[_HEAD : _HEAD + size - first] = line[first:]
        self._written = written = written + size
        self._free -= size
        numbers = self._numbers
        numbers[_WRITTEN] = written
        if numbers[_ASLEEP]:
            self._call()

    def _call(self) -> None:
        self._numbers[_ASLEEP] = 0
        if not self._wake.write(b"\n"):
            self.gone = True

    def _wait_for(self, size: int) -> bool:
        if size > LONGEST:
            return False
        self._free = self._measure()
        read, since = self._numbers[_READ], time.monotonic()
        while size > self._free and not self.gone:
            self._call()
            time.sleep(_PATIENCE)
            self._free = self._measure()
            if self._numbers[_READ] != read or self._wake.is_ours():
                read, since = self._numbers[_READ], time.monotonic()
            elif time.monotonic() - since > _DEAD:  # it can't be called, and nobody would say so
                self.gone = True
        return not self.gone


class Reader:
    """The end of the process that receives.

    Args:
        memory: the file that the `Writer` was given.
        wake: the reading end of the pipe.
    """

    def __init__(self, memory: int, wake: int) -> None:
        self._memory = mmap.mmap(memory, SIZE)
        self._numbers = memoryview(self._memory).cast("Q")
        self._wake = wake
        self._read = 0
        #: Whether the writing process has ended, and every copy of it.
        self.ended = False

    def take(self) -> bytes:
        """All that was written since the last call: whole lines."""
        written = self._numbers[_WRITTEN]
        size = written - self._read
        if not size:
            return b""
        begin = self._read % _ROOM + _HEAD
        if begin + size <= SIZE:
            lines = self._memory[begin : begin + size]
        else:
            first = SIZE - begin
            lines = self._memory[begin:SIZE] + self._memory[_HEAD : _HEAD + size - first]
        self._read = written
        self._numbers[_READ] = written
        return lines

    def wait(self, timeout: float, *also: int) -> None:
        """Sleep until something is written, the writer has ended, or ``timeout`` seconds.

        What can be read of the descriptors in ``also`` ends it, too.

        It asks to be woken only when nothing comes for `PACE`: a writer at work is not to pay for
        a system call with every line.
        """
        time.sleep(PACE)
        written = self._numbers[_WRITTEN]
        if written != self._read:
            return
        self._numbers[_ASLEEP] = 1
        written = self._numbers[_WRITTEN]
        ready = written == self._read and select.select([self._wake, *also], [], [], timeout)[0]
        if ready and self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                self.ended = not os.read(self._wake, 4096)
        self._numbers[_ASLEEP] = 0

    def close(self) -> None:
        """Give the memory back."""
        self._numbers.release()
        self._memory.close()


def make_memory(folder: str) -> int:
    """A file of `SIZE` bytes that goes by no name, as a descriptor."""
    handle = nameless_file(folder)
    os.ftruncate(handle, SIZE)
    return handle


def nameless_file(folder: str) -> int:
    """An empty file that goes by no name, as a descriptor."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("routilux-tui")
    import tempfile

    handle, path = tempfile.mkstemp(dir=folder)
    os.unlink(path)
    return handle
