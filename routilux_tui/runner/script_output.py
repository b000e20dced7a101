"""What a script prints: handed on to who follows it, and kept line by line beside its jobs' files.

The script writes into two pipes, as it would to ``| cat``. A script that prints faster than its
lines are kept waits for it, so that little of it is kept in memory. The pipes have all that is
printed, and the only copy of it; which handler printed a line is told apart from them, before.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import threading
from collections import deque
from typing import TYPE_CHECKING

from routilux_tui.store.printed import LIMIT, LONGEST, PrintedWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PIECE = 1 << 16
_MOST_OF_LOG = 1 << 20
"""Bytes of the script's log that hold what it printed first; jobs have the rest."""
_EARLY = 1_000
"""Lines at most that are kept for the first job from before it began."""
_MOST_WAITING = 10_000
"""Lines at most that are taken and not kept yet."""
_MOST_ORIGINS = 4_096
"""Lines at most whose handlers are known, and that have not come yet."""

Source = tuple[int, str, int]
"""Who printed a line: the number of the job in its script, the routine, the task."""


class ScriptOutput:
    """Takes what a script prints, until nobody has its pipes any more.

    Args:
        log: the script's log, whose beginning is what it printed.
        followers: descriptors of who wants its standard output and its errors; -1 for nobody.
        limit: bytes that the lines take at most, beside each job's file; 0 for the default.
    """

    def __init__(self, log: str, followers: tuple[int, int], limit: int) -> None:
        self._limit = limit or LIMIT
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._room = _MOST_OF_LOG
        self._streams = [
            _Stream(level, follower, self._add)
            for level, follower in zip(("print", "stderr"), followers, strict=True)
        ]
        self._writers: dict[int, PrintedWriter] = {}
        #: The job that has begun last: what no handler has printed is told of it.
        self._latest = 0
        self._early: deque[tuple[str, str]] = deque(maxlen=_EARLY)
        self._origins: dict[tuple[str, str], deque[Source]] = {}
        self._waiting: list[tuple[str, str]] = []
        self._taken = threading.Condition()
        #: A pipe that has something to be read when `take` has something to give.
        self.news, self._news_writer = os.pipe()
        self._ended = threading.Event()
        self._drained = threading.Event()
        self._wake, self._called = os.pipe()
        self._thread = threading.Thread(target=self._copy, name="output", daemon=True)

    @property
    def ends(self) -> tuple[int, int]:
        """The writing ends of its pipes: the script's standard output, and its errors."""
        return self._streams[0].writing, self._streams[1].writing

    @property
    def sources(self) -> tuple[int, int]:
        """The reading ends, which the script has, too: should we be gone, it reads them itself."""
        return self._streams[0].reading, self._streams[1].reading

    def start(self) -> None:
        """Take what comes; the script has its ends of the pipes."""
        for handle in self.ends:
            os.close(handle)
        self._thread.start()

    def begin_job(self, number: int, path: Path) -> None:
        """A job has begun: what it prints stands beside its file."""
        writer = self._writers[number] = PrintedWriter(path, self._limit)
        self._latest = number
        for level, line in self._early:
            writer.write_lines("", None, level, [line])
        self._early.clear()

    def note_origin(self, number: int, task: int, routine: str, level: str, line: str) -> None:
        """A handler of a job prints a line, which may be among those that `take` gives next."""
        self._origins.setdefault((level, line), deque()).append((number, routine, task))
        if len(self._origins) > _MOST_ORIGINS:
            del self._origins[next(iter(self._origins))]

    def take(self) -> list[tuple[str, str]]:
        """The lines that have come since the last call, for `keep`.

        Who prints a line tells so before: of all these lines it is told by now, if not yet heard.
        """
        with self._taken:
            waiting, self._waiting = self._waiting, []
            if waiting:
                os.read(self.news, 1)
                self._taken.notify_all()
        return waiting

    def keep(self, lines: list[tuple[str, str]]) -> None:
        """Write these lines, each to the job that has printed it."""
        for level, line in lines:
            number, routine, task = self._source_of(level, line)
            writer = self._writers.get(number)
            if writer is None:
                self._early.append((level, line))
            else:
                writer.write_lines(routine, task, level, [line])

    def _source_of(self, level: str, line: str) -> tuple[int, str, int | None]:
        sources = self._origins.get((level, line))
        if sources is None:
            return self._latest, "", None
        source = sources.popleft()
        if not sources:
            del self._origins[level, line]
        return source

    def drain(self, meanwhile: Callable[[], None]) -> None:
        """The script has ended: take what it has printed before, all of it.

        Args:
            meanwhile: called while that takes time, as whoever follows may be slow; it has to
                `take` and to `keep`.
        """
        self._ended.set()
        os.write(self._called, b"\n")
        while not self._drained.wait(0.05):
            meanwhile()

    def is_open(self) -> bool:
        """Whether a process that the script has left behind may print still."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Let go of the files."""
        for writer in self._writers.values():
            writer.close()

    def _copy(self) -> None:
        waiting = {stream.reading: stream for stream in self._streams}
        while waiting:
            patience = 0 if self._ended.is_set() and not self._drained.is_set() else None
            ready = select.select([self._wake, *waiting], [], [], patience)[0]
            if self._wake in ready:
                os.read(self._wake, 1)
            if not ready:  # the script has ended, and all that it printed is here
                self._finish()
            for handle in ready:
                stream = waiting.get(handle)
                if stream is None:
                    continue
                piece = os.read(handle, _PIECE)
                if piece:
                    self._keep_beginning(piece)
                    stream.take(piece)
                else:
                    stream.finish()
                    os.close(handle)
                    del waiting[handle]
        self._finish()

    def _finish(self) -> None:
        for stream in self._streams:
            stream.finish()
        self._drained.set()

    def _keep_beginning(self, piece: bytes) -> None:
        if self._room <= 0:
            return
        with contextlib.suppress(OSError):  # a full disk is no fault of the script's
            os.write(self._log, piece[: self._room])
            self._room -= len(piece)
            if self._room <= 0:
                more = "routilux-tui log JOB --of print"
                os.write(self._log, f"\n... what is printed later: {more}\n".encode())

    def _add(self, level: str, lines: list[str]) -> None:
        with self._taken:
            if not self._waiting:
                os.write(self._news_writer, b"\n")
            self._waiting += [(level, line) for line in lines]
            while len(self._waiting) > _MOST_WAITING:
                self._taken.wait()


class _Stream:
    """One of the two pipes.

    Args:
        level: what its lines are called.
        follower: a descriptor that gets all of it; -1 for none.
        add: takes its lines.
    """

    def __init__(self, level: str, follower: int, add: Callable[[str, list[str]], None]) -> None:
        self._level = level
        self._follower = follower
        self._add = add
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._begun = ""
        self.reading, self.writing = os.pipe()

    def take(self, piece: bytes) -> None:
        """Hand on what was printed, and its whole lines."""
        if self._follower >= 0:
            self._forward(piece)
        *lines, rest_of_line = (self._begun + self._decoder.decode(piece)).split("\n")
        while len(rest_of_line) > LONGEST:
            lines.append(rest_of_line[:LONGEST])
            rest_of_line = rest_of_line[LONGEST:]
        self._begun = rest_of_line
        if lines:
            self._add(self._level, lines)

    def _forward(self, piece: bytes) -> None:
        try:
            while piece:
                piece = piece[os.write(self._follower, piece) :]
        except OSError:  # nobody follows any more
            os.close(self._follower)
            self._follower = -1

    def finish(self) -> None:
        """What has no end of a line is a line, too."""
        rest = self._begun + self._decoder.decode(b"", final=True)
        self._begun = ""
        if rest:
            self._add(self._level, [rest])
