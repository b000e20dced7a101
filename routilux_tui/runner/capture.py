"""What handlers print and log goes beside the job's file, each line with where it came from.

It stands in a runner alone: a program of a user's own prints where it always did. A thread that a
handler starts inherits the handler's context, so that its lines are the handler's, too.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from routilux_tui.flow.context import INVOCATION
from routilux_tui.job.forking import release_in_children
from routilux_tui.store.printed import LONGEST, PrintedWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Capture:
    """Takes what this process prints and logs, until it ends.

    Args:
        path: the job's file.
        limit: bytes that the lines take at the most.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.fork_lock: threading.RLock | None = None
        self._writer = PrintedWriter(path, limit)
        self._former = (sys.stdout, sys.stderr)
        self._streams = (_Stream(self, "print", sys.stdout), _Stream(self, "stderr", sys.stderr))
        self._handler = _LogHandler(self)
        #: What has no end of a line yet: (thread, stream) -> where it came from, and the text.
        self._open: dict[tuple[int, str], tuple[tuple[str, int | None], str]] = {}

    def start(self) -> None:
        """Take what comes from now on."""
        sys.stdout, sys.stderr = self._streams
        logging.getLogger().addHandler(self._handler)
        _inherit_context()
        release_in_children(self)

    def release_in_child(self) -> None:
        """This is a forked child: it prints where this process did before."""
        sys.stdout, sys.stderr = self._former
        logging.getLogger().removeHandler(self._handler)

    def stop(self) -> None:
        """Write what has no end of a line, too; what comes later goes where it did before."""
        sys.stdout, sys.stderr = self._former
        logging.getLogger().removeHandler(self._handler)
        for (_, level), (source, text) in list(self._open.items()):
            self._writer.write(*source, level, text)
        self._open.clear()
        self._writer.close()

    def add(self, level: str, text: str) -> None:
        """Take a piece of text, which may hold many lines, or the beginning of one."""
        source, key = _source(), (threading.get_ident(), level)
        former, begun = self._open.pop(key, (source, ""))
        if begun and former != source:
            self._writer.write(*former, level, begun)
            begun = ""
        *lines, rest = (begun + text).split("\n")
        self._writer.write_lines(*source, level, lines)
        while len(rest) > LONGEST:
            self._writer.write(*source, level, rest[:LONGEST])
            rest = rest[LONGEST:]
        if "\r" in rest[:-1]:  # a progress bar: what it has overwritten is seen by nobody
            rest = rest[rest.rindex("\r", 0, -1) + 1 :]
        if rest:
            self._open[key] = (source, rest)

    def add_line(self, level: str, text: str) -> None:
        """Take a whole text; each of its lines is one."""
        self._writer.write_lines(*_source(), level, text.split("\n"))


def _source() -> tuple[str, int | None]:
    """The routine and the task of the handler that this thread runs, or was started by."""
    invocation = INVOCATION.get()
    return ("", None) if invocation is None else (invocation.task.routine_id, invocation.task.id)


class _Stream(io.TextIOBase):
    """What stands in the place of standard output, or error."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, capture: Capture, level: str, former: Any) -> None:
        self._capture = capture
        self._level = level
        self._former = former
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._capture.add(self._level, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """For programs that a handler starts: they write to the runner's own log."""
        number: int = self._former.fileno()
        return number


class _Bytes(io.RawIOBase):
    """The stream for those who write bytes."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._stream.write(content.decode("utf-8", "backslashreplace"))
        return len(content)

    def writable(self) -> bool:
        return True


class _LogHandler(logging.Handler):
    """Takes what handlers log; what this program logs of itself stays in the runner's log."""

    def __init__(self, capture: Capture) -> None:
        super().__init__()
        self._capture = capture

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == "routilux_tui":
            return
        with contextlib.suppress(Exception):
            text = self.format(record)
            self._capture.add_line(record.levelname, f"{record.name}: {text}")


def _inherit_context() -> None:
    """Have threads that a handler starts, by themselves or in a pool, run in its context."""
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    def start_in_context(thread: threading.Thread) -> None:
        if INVOCATION.get() is not None:
            context, run = copy_context(), thread.run
            thread.run = lambda: context.run(run)  # type: ignore[method-assign]
        start(thread)

    def submit_in_context(
        pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **named: Any
    ) -> Any:
        if INVOCATION.get() is None:
            return submit(pool, function, *args, **named)
        return submit(pool, copy_context().run, function, *args, **named)

    threading.Thread.start = start_in_context  # type: ignore[method-assign, assignment]
    ThreadPoolExecutor.submit = submit_in_context  # type: ignore[method-assign, assignment]
