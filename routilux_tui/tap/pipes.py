"""Descriptors of ours in a process that is not: a script may close all that it does not know.

What it opens then gets the same numbers, and is not ours to read or to write.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 1 << 16


class Pipe:
    """An end of a pipe.

    Args:
        handle: its descriptor.
    """

    def __init__(self, handle: int) -> None:
        os.set_inheritable(handle, False)
        self.handle = handle
        self._identity = self._identify()

    def _identify(self) -> tuple[int, int]:
        found = os.fstat(self.handle)
        return found.st_dev, found.st_ino

    def is_ours(self) -> bool:
        """Whether the descriptor is still what it was."""
        try:
            return self._identify() == self._identity
        except OSError:
            return False

    def read(self) -> bytes:
        """What comes next; nothing at its end."""
        try:
            return os.read(self.handle, _PIECE) if self.is_ours() else b""
        except OSError:
            return b""

    def write(self, data: bytes) -> bool:
        """Write to a pipe that does not block; False when nobody reads it any more."""
        try:
            if self.is_ours():
                os.write(self.handle, data)
        except BlockingIOError:
            pass  # it is full of the same
        except OSError:
            return False
        return True

    def lines(self) -> Iterator[bytes]:
        """Its lines, as they come, to its end."""
        begun = b""
        while True:
            piece = self.read()
            if not piece:
                return
            *lines, begun = (begun + piece).split(b"\n")
            yield from lines


def discard(pipes: list[Pipe]) -> None:
    """Read what comes, and forget it, as long as something may come."""
    while pipes:
        handles = [one.handle for one in pipes if one.is_ours()]
        if not handles:
            return
        ready = select.select(handles, [], [])[0]
        pipes = [one for one in pipes if one.handle not in ready or one.read()]
