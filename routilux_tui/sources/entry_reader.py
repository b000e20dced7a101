"""Reading the lines of many files in threads: one that takes long holds up none after it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

from routilux_tui.sources.saved_entry import read_entry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routilux_tui.views.shapes import JobEntry

_SLOW = 0.2
"""Seconds without a line after which the next files are given to another thread."""
_MOST_THREADS = 6


class EntryReader:
    """Files that wait to be read, and the lines of those that have been; for one event loop.

    Its threads end with the program, whatever file system does not answer them.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrival = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._reading: set[str] = set()
        #: What changed while it was read, and is to be read anew.
        self._again: set[str] = set()
        self._entries: list[JobEntry] = []
        #: How many are waited for: waking the loop for each would take longer than reading it.
        self._wanted = 1
        self._threads = 0
        self._closed = False

    @property
    def left(self) -> int:
        """How many files are still to be read, or being read."""
        with self._lock:
            return len(self._waiting) + len(self._reading)

    @property
    def waiting(self) -> int:
        """How many of them nobody reads yet."""
        with self._lock:
            return len(self._waiting)

    def put(self, paths: Iterable[str]) -> None:
        """Have files read, in this order."""
        with self._lock:
            waiting = set(self._waiting)
            for path in paths:
                if path in self._reading:
                    self._again.add(path)
                elif path not in waiting:
                    self._waiting.append(path)
            if self._waiting and not self._threads:
                self._start_thread()
        self._arrival.set()  # whoever waits sees that there is more to come

    async def get(self, count: int = 1, *, wait: bool = True) -> list[JobEntry]:
        """The lines that have come: as many as asked for, or fewer where a file takes long.

        Args:
            count: how many to wait for.
            wait: for the first of them as long as it takes; else none may come.
        """
        while True:
            with self._lock:
                self._arrival.clear()
                self._wanted = count
                known = len(self._entries)
                is_all = not (self._waiting or self._reading)
                if (known and (known >= count or is_all)) or (is_all and not wait):
                    return self._take()
                within = None if wait and not known and not self._waiting else _SLOW
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(self._arrival.wait(), within)
                continue
            with self._lock:
                if len(self._entries) > known:
                    continue
                if self._waiting and self._threads < _MOST_THREADS:
                    self._start_thread()
                if known or not wait:
                    return self._take()

    def _take(self) -> list[JobEntry]:
        entries, self._entries = self._entries, []
        return entries

    def close(self) -> None:
        """Read no more."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            self._again.clear()

    def _start_thread(self) -> None:
        self._threads += 1
        try:
            threading.Thread(target=self._read, name="entries", daemon=True).start()
        except RuntimeError:  # the system has no thread left: those that there are go on
            self._threads -= 1
            if not self._threads:
                raise

    def _read(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads -= 1
                    return
                path = self._waiting.popleft()
                self._reading.add(path)
            entry = read_entry(path)
            with self._lock:
                self._reading.discard(path)
                if path in self._again:
                    self._again.discard(path)
                    self._waiting.append(path)
                self._entries.append(entry)
                if self._closed:
                    self._threads -= 1
                    return
                is_all = not (self._waiting or self._reading)
                is_enough = is_all or len(self._entries) == self._wanted
            if is_enough:
                with contextlib.suppress(RuntimeError):  # the loop has been closed
                    self._loop.call_soon_threadsafe(self._arrival.set)
