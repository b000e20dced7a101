"""The journal beside a job's file: what changed since the file was last saved.

A line is a batch of changes as a JSON list; the first line says which job and which snapshot
it goes with. The file is written through shared memory in pieces that the disk has promised
beforehand: a copy into it survives a killed process at once and without a system call, and a
full disk is an error when a piece is asked for, not a signal when it is written. A change that
ends a handler is written before the engine goes on; all else within `DELAY` seconds.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.errors import JobFileError
from routilux_tui.job.forking import blank, let_go_in_children
from routilux_tui.job.jsonable import dumps, is_plain
from routilux_tui.store.files import acquire_lock, journal_path, lock_path, unwritable
from routilux_tui.store.recovery import VERSION
from routilux_tui.store.writing import write_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import Change
    from routilux_tui.job.model import Job

logger = logging.getLogger("routilux_tui.job")

DELAY = 0.01
"""Seconds at most between a change and its line."""
_CHUNK = 1 << 20
_SNAPSHOT_AT = 16 << 20
_RETRY = 0.5
_WRITTEN_AT_ONCE = frozenset({"ran", "status", "hold", "retry"})
#: Kinds whose arguments are the engine's own, and need no look before they are encoded.
_ALWAYS_PLAIN = frozenset({"run", "status", "current", "hold", "take_up", "drop", "deferred_sent"})
_encode = msgspec.json.Encoder().encode


class Journal:
    """Keeps a job's file and its journal true while the job runs.

    Args:
        state: the job; saved at once.
        path: its file.
        on_disk_full: called with a reason, from another thread, when the disk has no more room.
        on_disk_free: called, from another thread, when it has room again and all is written.

    Raises:
        JobFileError: when the file can't be written.
        NotPossible: when another process keeps this file.
    """

    def __init__(
        self,
        state: Job,
        path: str | os.PathLike[str],
        on_disk_full: Callable[[str], None] | None = None,
        on_disk_free: Callable[[], None] | None = None,
    ) -> None:
        self.state = state
        self.path = Path(path)
        self._journal = journal_path(path)
        self._on_disk_full = on_disk_full or (lambda _reason: None)
        self._on_disk_free = on_disk_free or (lambda: None)
        self._buffer: list[bytes] = []
        self._wakeup = threading.Event()
        #: Whether the thread that writes late changes is called already.
        self._wake_sent = False
        self._disk_error = ""
        self._closed = False
        self._snapshot_lock = threading.Lock()
        self._snapshot_at = _SNAPSHOT_AT
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock_file = acquire_lock(self.path)
        self.fork_lock: threading.RLock | None = None
        with state.lock:
            write_plain(state.to_plain(raw=True), self.path)
            try:
                self._create_journal(state.seq)
            except OSError as error:
                raise unwritable(self._journal, error) from error
            self._unsubscribe = state.subscribe(self._make_recorder(), isolated=False)
        self._thread = threading.Thread(target=self._run_writer, name="journal", daemon=True)
        self._thread.start()
        let_go_in_children(self)

    def _create_journal(self, seq: int, rest: bytes = b"") -> None:
        """Begin a new journal file, in place of the former one."""
        fresh = Path(f"{self._journal}.new")
        handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            header = {"journal": VERSION, "job_id": self.state.job_id, "seq": seq}
            head = dumps(header) + b"\n" + rest
            room = (len(head) // _CHUNK + 1) * _CHUNK
            os.posix_fallocate(handle, 0, room)
            memory = mmap.mmap(handle, room)
            memory[: len(head)] = head
            fresh.replace(self._journal)
        except BaseException:
            os.close(handle)
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise
        self._handle, self._memory, self._capacity, self._end = handle, memory, room, len(head)

    def _make_recorder(self) -> Callable[[Change], None]:
        """The listener that encodes every change, under the job's lock; a handler waits for it.

        Each is made text at once: what is kept meanwhile would cost the garbage collector's time.
        """
        append, write, wakeup = self._buffer.append, self._write, self._wakeup

        def record(change: Change) -> None:
            kind = change[1]
            append(_encoded(kind, change))
            if kind in _WRITTEN_AT_ONCE:
                write()
            elif not self._wake_sent:
                self._wake_sent = True
                wakeup.set()

        return record

    def _write(self) -> None:
        """Write what is buffered, under the job's lock; what can't be written stays there."""
        if self._disk_error or not self._buffer:
            return
        line = b"[%b]\n" % b",".join(self._buffer)
        end = self._end + len(line)
        if end > self._capacity:
            try:
                self._grow(end)
            except OSError as error:
                self._disk_error = error.strerror or str(error)
                self._wakeup.set()
                return
        self._memory[self._end : end] = line
        self._end = end
        self._buffer.clear()
        if end > self._snapshot_at:
            self._wakeup.set()

    def _grow(self, end: int) -> None:
        room = (end // _CHUNK + 2) * _CHUNK
        os.posix_fallocate(self._handle, self._capacity, room - self._capacity)
        self._memory.close()
        self._memory = mmap.mmap(self._handle, room)
        self._capacity = room

    def let_go(self) -> None:
        """This is a forked child: the lock and the file are its parent's."""
        self._disk_error = "this is a forked child"
        blank(self._lock_file)
        blank(self._handle)

    def flush(self) -> None:
        """Write what is buffered now."""
        with self.state.lock:
            self._write()

    def _run_writer(self) -> None:
        """Write late changes, fold a long journal, and wait for room on a full disk."""
        while True:
            self._wakeup.wait()
            self._wakeup.clear()
            if self._closed:
                return
            if self._disk_error:
                self._wait_for_space()
            threading.Event().wait(DELAY / 2)
            self._wake_sent = False
            self.flush()
            if self._end > self._snapshot_at:
                self.write_snapshot()

    def _wait_for_space(self) -> None:
        where = f"the disk of {self.path.parent} is full ({self._disk_error})"
        logger.warning("Job %s: %s", self.state.job_id, where)
        self._on_disk_full(where)
        while not self._closed:
            with self.state.lock:
                self._disk_error = ""
                self._write()
                if not self._disk_error:
                    break
            threading.Event().wait(_RETRY)
        if not self._closed:
            self._on_disk_free()

    def write_snapshot(self) -> None:
        """Save the job anew, and begin a new journal with what has come meanwhile.

        A file that can't be saved now is left as it is: the journal goes on.
        """
        with self._snapshot_lock:
            with self.state.lock:
                self._write()
                plain, end = self.state.to_plain(raw=True), self._end
            try:
                write_plain(plain, self.path)
                with self.state.lock:
                    memory, handle = self._memory, self._handle
                    rest = bytes(memory[end : self._end])
                    self._create_journal(plain["seq"], rest)
                    memory.close()
                    os.close(handle)
            except (OSError, JobFileError) as error:
                logger.warning("Job %s is not folded: %s", self.state.job_id, error)
            self._snapshot_at = max(_SNAPSHOT_AT, 2 * self.path.stat().st_size)

    def close(self) -> None:
        """Save the job a last time; the journal is gone when all it holds is in the file."""
        self._unsubscribe()
        with self._snapshot_lock, self.state.lock:
            self._closed = True
            self._wakeup.set()
            self._write()
            write_plain(self.state.to_plain(raw=True), self.path)
            self._memory.close()
            os.close(self._handle)
            with contextlib.suppress(OSError):
                self._journal.unlink()
            with contextlib.suppress(OSError):
                lock_path(self.path).unlink()
            os.close(self._lock_file)


def _encoded(kind: str, change: Change) -> bytes:
    """A change as JSON."""
    if kind == "emit" or kind == "record":  # noqa: PLR1714 - a third of the time of a set's
        plain = is_plain(change[4])
    elif kind == "ran":
        plain = change[6] is None
    else:
        plain = kind in _ALWAYS_PLAIN or is_plain(change)
    if plain:
        try:
            return _encode(change)
        except Exception:  # noqa: S110 - a lone surrogate, a huge integer: the other way takes it
            pass
    return dumps(change)
