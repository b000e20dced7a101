"""What a Dask worker does for a job that runs elsewhere: it calls handlers, batch after batch.

It is called by name out of bytes that Dask does not look into: what can't be imported here is an
error of one task, and never ends the worker.
"""

from __future__ import annotations

import io
import logging
import pickle
import sys
import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.flow.calls import (
    Log,
    Print,
    not_begun,
    pack_message,
    sendable_end,
    unpack_call,
    worker_name,
)
from routilux_tui.flow.dask_sources import have_modules
from routilux_tui.flow.remote_job import RemoteJob, run_call
from routilux_tui.flow.worker_output import log_fields

if TYPE_CHECKING:
    from routilux_tui.flow.calls import Message
    from routilux_tui.flow.dask_sources import Source

STREAM_AFTER = 0.05
"""Seconds after which what a handler does is told at once, and no longer with its end alone."""


class Packed(NamedTuple):
    """A call as it is sent; see `pack_call`."""

    number: int
    content: bytes
    sources: tuple[Source, ...]


class Batch(NamedTuple):
    """Calls that are run one after the other.

    ``topic`` names the job. With a ``fence`` they are run once at the most: it names a queue that
    holds one token. ``is_small`` says that nobody needs to know before they have ended.
    """

    topic: str
    calls: list[Packed]
    fence: str
    is_small: bool


class Done(NamedTuple):
    """What came of a call: its messages, pickled, the `End` last; how long it took, in seconds."""

    number: int
    messages: list[bytes]
    seconds: float


class Refused(Exception):
    """The calls were begun before, by a worker that has died: they are not run again."""


_running: dict[str, set[RemoteJob]] = {}
_cancelled: set[str] = set()
_lock = threading.Lock()
_loading = threading.Lock()


def run_batch(batch: Batch) -> list[Done]:
    """Call the handlers of a batch.

    Raises:
        Refused: when it has a fence, and was begun before.
    """
    from distributed import get_worker

    _install_output()
    if batch.fence and not _take_token(batch.fence):
        raise Refused
    worker = get_worker()
    return [_run(one, batch, worker) for one in batch.calls]


def cancel(topic: str) -> None:
    """A job has been cancelled: tell its handlers."""
    with _lock:
        _cancelled.add(topic)
        for job in _running.get(topic, ()):
            job.set_cancelled()


def _take_token(fence: str) -> bool:
    import asyncio

    from distributed import Queue, get_client

    tokens = Queue(fence, client=get_client())
    try:
        tokens.get(timeout=0.5)
    except (asyncio.TimeoutError, TimeoutError):
        return False
    finally:
        tokens.close()
    return True


def _run(packed: Packed, batch: Batch, worker: Any) -> Done:
    began = time.perf_counter()
    sink = _Sink(packed.number, batch.topic, worker)
    timer = threading.Timer(STREAM_AFTER, sink.start_streaming)
    if not batch.is_small:
        timer.start()
    token, job = _sink.set(sink), None
    try:
        if packed.sources:
            with _loading:
                have_modules(packed.sources)
        call = unpack_call(packed.content)
        job = RemoteJob(call, sink.send)
        _note_running(job, batch.topic)
        error, text = run_call(call, job)
    except BaseException as problem:
        error, text = problem, ""
    finally:
        timer.cancel()
        sink.flush()
        _sink.reset(token)
        with _lock:
            _running.get(batch.topic, set()).discard(job)
    end = pickle.dumps(sendable_end(error, text))
    return Done(packed.number, [*sink.close(), end], time.perf_counter() - began)


def _note_running(job: RemoteJob, topic: str) -> None:
    """Have a cancel reach a handler.

    Raises:
        JobCancelled: when it has come already.
    """
    with _lock:
        _running.setdefault(topic, set()).add(job)
        if topic in _cancelled:
            raise not_begun()


class _Sink:
    """Takes what one handler does, and tells it: at its end, or as it comes where it takes long."""

    def __init__(self, number: int, topic: str, worker: Any) -> None:
        self._number, self._topic, self._worker = number, topic, worker
        self._messages: list[bytes] = []
        self._sent: int | None = None
        self._lock = threading.Lock()
        self._begun = {"stdout": "", "stderr": ""}

    def send(self, message: Message) -> None:
        """Take a message."""
        content = pack_message(message)
        with self._lock:
            self._messages.append(content)
            if self._sent is not None:
                self._send_new()

    def start_streaming(self) -> None:
        """It takes long: tell what there is, and from now on all."""
        with self._lock:
            if self._sent is None:
                self._sent = 0
                self._send_new()

    def close(self) -> list[bytes]:
        """All messages; no more are told."""
        with self._lock:
            self._sent = None
            return self._messages

    def _send_new(self) -> None:
        first, self._sent = self._sent or 0, len(self._messages)
        message = {"n": self._number, "first": first, "messages": self._messages[first:]}
        self._worker.log_event(self._topic, {**message, "process": worker_name()})

    def write(self, stream: str, text: str) -> None:
        """Take what is printed, line by line."""
        whole, end, self._begun[stream] = (self._begun[stream] + text).rpartition("\n")
        if end:
            self.send(Print(stream, whole + end))

    def flush(self) -> None:
        """The handler has ended: what has no end of a line is sent, too."""
        for stream, text in self._begun.items():
            if text:
                self.send(Print(stream, text))


_sink: ContextVar[_Sink | None] = ContextVar("routilux_sink", default=None)


class _Stream(io.TextIOBase):
    """Stands in the place of a stream of the worker: what handlers print goes to their jobs."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, name: str, former: Any) -> None:
        self._name, self._former = name, former

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        number: int = self._former.fileno()
        return number

    def write(self, text: str) -> int:
        sink = _sink.get()
        if sink is None:
            self._former.write(text)
        else:
            sink.write(self._name, text)
        return len(text)

    def flush(self) -> None:
        if _sink.get() is None:
            self._former.flush()


class _LogSender(logging.Handler):
    """Sends what handlers log."""

    def emit(self, record: logging.LogRecord) -> None:
        sink = _sink.get()
        if sink is not None:
            try:
                sink.send(Log(log_fields(record)))
            except Exception:
                self.handleError(record)


def _install_output() -> None:
    with _lock:
        if not isinstance(sys.stdout, _Stream):
            sys.stdout = _Stream("stdout", sys.stdout)
            sys.stderr = _Stream("stderr", sys.stderr)
            logging.getLogger().addHandler(_LogSender())
