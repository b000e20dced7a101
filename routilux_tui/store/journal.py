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
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import JobFileError
from routilux_tui.job.forking import blank, let_go_in_children
from routilux_tui.job.jsonable import dumps, is_plain
from routilux_tui.store.files import journal_path, unwritable
from routilux_tui.store.live_segment import LiveSegment
from routilux_tui.store.locks import acquire_job_id, acquire_lock, lock_path, write_lock_owner
from routilux_tui.store.recovery import VERSION
from routilux_tui.store.writing import Snapshot, write_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import Change
    from routilux_tui.job.model import Job

logger = logging.getLogger("routilux_tui.job")

DELAY = 0.01
"""Seconds at most between a change and its line."""
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
        path: its file, or a link to it.
        on_disk_full: called with a reason, from another thread, when the disk has no more room.
            A little is kept back, so that the handlers that run and a pause are written still.
        on_disk_free: called, from another thread, when it has room again and all is written.

    Raises:
        JobFileError: when the file can't be written.
        NotPossible: when another process keeps this file, or runs this job from another.
    """

    def __init__(
        self,
        state: Job,
        path: str | os.PathLike[str],
        on_disk_full: Callable[[str], None] | None = None,
        on_disk_free: Callable[[], None] | None = None,
    ) -> None:
        self.state = state
        self.path = Path(os.path.realpath(path))
        self._journal = journal_path(self.path)
        self._on_disk_full = on_disk_full or (lambda _reason: None)
        self._on_disk_free = on_disk_free or (lambda: None)
        self._buffer: list[Any] = []
        self._wakeup = threading.Event()
        #: Whether the thread that writes late changes is called already.
        self._wake_sent = False
        #: Why nothing more can be written; empty while all can.
        self._disk_error = ""
        self._closed = threading.Event()
        self._snapshot_lock = threading.Lock()
        self._snapshot_at = _SNAPSHOT_AT
        self.fork_lock: threading.RLock | None = None
        with contextlib.ExitStack() as undo:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise unwritable(self.path, error) from error
            self._lock_file = acquire_lock(self.path)
            undo.callback(os.close, self._lock_file)
            self._id_lock = acquire_job_id(state.job_id, self.path)
            undo.callback(os.close, self._id_lock)
            with state.lock:
                write_file(Snapshot(state, journaled=True), self.path)
                try:
                    self._live = self._begin_journal(state.seq)
                except OSError as error:
                    raise unwritable(self._journal, error) from error
                self._unsubscribe = state.subscribe(self._make_recorder(), isolated=False)
            undo.pop_all()
        self._thread = threading.Thread(target=self._run_writer, name="journal", daemon=True)
        self._thread.start()
        let_go_in_children(self)

    def _begin_journal(self, seq: int, rest: bytes = b"") -> LiveSegment:
        """A new journal file, in place of the former one."""
        header = {"journal": VERSION, "job_id": self.state.job_id, "seq": seq}
        return LiveSegment(self._journal, dumps(header) + b"\n" + rest)

    def _make_recorder(self) -> Callable[[Change], None]:
        """The listener that encodes every change, under the job's lock; a handler waits for it.

        Each is made text at once: what is kept meanwhile would cost the garbage collector's time.
        """
        append, write, wakeup = self._buffer.append, self._write, self._wakeup

        def record(change: Change) -> None:
            kind = change[1]
            try:
                append(_encoded(kind, change))
            except MemoryError:
                append(change)  # made text when it is written
            if kind in _WRITTEN_AT_ONCE:
                write()
            elif not self._wake_sent:
                self._wake_sent = True
                wakeup.set()

        return record

    def _write(self) -> None:
        """Write what is buffered, under the job's lock; what can't be written stays there."""
        buffer, live = self._buffer, self._live
        if self._disk_error or not buffer:
            return
        try:
            live.append(b"[%b]\n" % b",".join(buffer))
        except TypeError:
            buffer[:] = [one if type(one) is bytes else dumps(one) for one in buffer]
            self._write()
            return
        except (OSError, MemoryError) as error:
            self._disk_error = getattr(error, "strerror", None) or str(error) or "no memory is left"
            self._wakeup.set()
            return
        buffer.clear()
        if live.low or live.size > self._snapshot_at:
            self._wakeup.set()

    def flush(self) -> bool:
        """Write what is buffered now; returns whether all is written."""
        with self.state.lock:
            self._write()
            return not self._buffer

    def _run_writer(self) -> None:
        """Write late changes, fold a long journal, and wait for room on a full disk."""
        while True:
            self._wakeup.wait()
            self._wakeup.clear()
            if self._closed.is_set():
                return
            if self._disk_error or self._live.low:
                self._wait_for_space()
            self._closed.wait(DELAY / 2)
            self._wake_sent = False
            self.flush()
            if self._live.size > self._snapshot_at:
                self.write_snapshot()

    def _wait_for_space(self) -> None:
        where = f"the disk of {self.path.parent} is full ({self._disk_error or self._live.low})"
        logger.warning("Job %s: %s", self.state.job_id, where)
        self._on_disk_full(where)
        while not self._closed.wait(_RETRY):
            with self.state.lock:
                self._disk_error = ""
                self._write()
                self._live.reserve()
                if not self._disk_error and not self._live.low:
                    break
        if not self._closed.is_set():
            self._on_disk_free()

    def write_snapshot(self) -> None:
        """Save the job anew, and begin a new journal with what has come meanwhile.

        A file that can't be saved now is left as it is: the journal goes on.
        """
        with self._snapshot_lock:
            if self._closed.is_set():
                return
            with self.state.lock:
                self._write()
                snapshot, end = Snapshot(self.state, journaled=True), self._live.size
                complete = not self._buffer
            try:
                write_file(snapshot, self.path)
                with self.state.lock:
                    if complete and not self._closed.is_set():
                        former = self._live
                        rest = former.read(end, former.size)
                        self._live = self._begin_journal(snapshot.seq, rest)
                        former.close()
            except (OSError, JobFileError) as error:
                logger.warning("Job %s is not saved anew: %s", self.state.job_id, error)
            with contextlib.suppress(OSError):
                self._snapshot_at = max(_SNAPSHOT_AT, 2 * self.path.stat().st_size)

    def close(self) -> None:
        """Save the job a last time; the journal is gone when all it holds is in the file.

        Raises:
            JobFileError: when the file can't be written. The journal goes on then; try again, or
                `abandon` it.
        """
        with self._snapshot_lock:
            while not self._closed.is_set():
                with self.state.lock:
                    self._write()
                    snapshot = Snapshot(self.state)
                write_file(snapshot, self.path)
                with self.state.lock:
                    if self.state.seq == snapshot.seq and not self._closed.is_set():
                        self._release()
                        with contextlib.suppress(OSError):
                            self._journal.unlink()

    def abandon(self) -> None:
        """End without saving: the file stays as it is, with all else in the journal beside it."""
        with self.state.lock:
            if not self._closed.is_set():
                self._write()
                self._release()

    def _release(self) -> None:
        """Record no more, and let go of all files; the lock's own file is removed."""
        self._unsubscribe()
        self._closed.set()
        self._wakeup.set()
        self._live.close()
        with contextlib.suppress(OSError):
            lock_path(self.path).unlink()
        for handle in (self._lock_file, self._id_lock):
            os.close(handle)
        self._lock_file = self._id_lock = -1

    def set_owner(self, owner: dict[str, Any]) -> None:
        """Say in the file's lock who runs the job, and where it answers."""
        write_lock_owner(self._lock_file, owner)

    def let_go(self) -> None:
        """This is a forked child: the locks and the file are its parent's."""
        self._disk_error = "this is a forked child"
        for handle in (self._lock_file, self._id_lock, self._live.handle):
            if handle >= 0:
                blank(handle)


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
