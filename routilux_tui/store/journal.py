"""The journal of a running job: all that changes, as it happens.

A line is a batch of changes as a JSON list; the first line says which job it goes with, after which
change it begins, and what the job was then (a keyframe). When it is long it is sealed, and a new
one begun; `segments` has what becomes of it. The file is written through shared memory in pieces
that the disk has promised beforehand: a copy into it survives a killed process at once and without
a system call, and a full disk is an error when a piece is asked for, not a signal when it is
written. A change that ends a handler is written before the engine goes on; all else within `DELAY`
seconds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from operator import sub
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import JobFileError
from routilux_tui.job.forking import blank, release_in_children
from routilux_tui.job.jsonable import dumps
from routilux_tui.job.spare_memory import SPARE
from routilux_tui.store.adopting import adopt_changes, check_unchanged
from routilux_tui.store.change_buffer import ChangeBuffer
from routilux_tui.store.files import journal_path, unwritable
from routilux_tui.store.forgetting import forget_dropped
from routilux_tui.store.job_file import Snapshot, write_file
from routilux_tui.store.keyframes import quick_keyframe
from routilux_tui.store.live_segment import LiveSegment
from routilux_tui.store.locks import acquire_job_id, acquire_lock, remove_lock, write_lock_owner
from routilux_tui.store.recovery import VERSION
from routilux_tui.store.sealing import BLOCK_CHANGES, Counts, Mark, Sealer, Unsealed
from routilux_tui.store.stored_list import added_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.model import Job

logger = logging.getLogger("routilux_tui.job")

DELAY = 0.01
"""Seconds at most between a change and its line."""
SEAL_CHANGES = 10_000
SEAL_BYTES = 16 << 20
"""A live segment with so many changes, or so long, is sealed."""
_RETRY = 0.5
_NO_MEMORY = "no memory is left"


class Journal:
    """Keeps a job's file, its journal and its sealed changes true while the job runs.

    Args:
        state: the job; saved at once, unless its file and its changes have all of it.
        path: its file, or a link to it.
        on_disk_full: called with a reason, from another thread, when the disk has no more room.
            A little is kept back, so that the handlers that run and a pause are written still.
        on_disk_free: called, from another thread, when it has room again and all is written.
        keeps_changes: whether what the job's limits drop is kept in its changes.
        read_at: the job's last change when it was read from this file, which is to be as it was.

    Raises:
        JobFileError: when the file can't be written.
        RunElsewhere: when another process keeps this file, runs this job, or ran it meanwhile.
    """

    def __init__(
        self,
        state: Job,
        path: str | os.PathLike[str],
        on_disk_full: Callable[[str], None] | None = None,
        on_disk_free: Callable[[], None] | None = None,
        *,
        keeps_changes: bool = True,
        read_at: int | None = None,
    ) -> None:
        self.state = state
        self.path = Path(os.path.realpath(path))
        self._journal = journal_path(self.path)
        self._on_disk_full = on_disk_full or (lambda _reason: None)
        self._on_disk_free = on_disk_free or (lambda: None)
        self._keeps_changes = keeps_changes
        self._wakeup = threading.Event()
        self._buffer = ChangeBuffer(self._write, self._wakeup.set)
        #: Why nothing more can be written; empty while all can.
        self._disk_error = ""
        self._closed = threading.Event()
        self._snapshot_lock = threading.Lock()
        self._rotate_after = 0.0
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
            if read_at is not None:
                check_unchanged(self.path, state.job_id, read_at)
            with state.lock:
                try:
                    self._begin()
                except OSError as error:
                    raise unwritable(self._journal, error) from error
                self._unsubscribe = self._buffer.follow(state)
            undo.pop_all()
        SPARE.hold()
        self._thread = threading.Thread(target=self._run_writer, name="journal", daemon=True)
        self._thread.start()
        release_in_children(self)

    def _begin(self) -> None:
        """Have the job's lists lie in segments, its file written, and a live segment begun."""
        self._store, left, saved = adopt_changes(self.state, self.path)
        self._sealer = Sealer(self.state, self._store, self._forget_dropped)
        self._number = max([self._store.next_number, *(one.number + 1 for one in left)])
        fresh = LiveSegment(self._journal.with_name(f"{self._journal.name}.new"))
        try:
            self._start_live(fresh)
            fresh.rename(self._journal)
        except BaseException:
            fresh.discard()
            raise
        for one in left:  # not before: until the next journal stands, these are the job's newest
            self._sealer.put(one)
        if not saved:  # after the journal, without which it would not be complete
            existed = self.path.exists()
            try:
                write_file(Snapshot(self.state, journaled=True), self.path)
            except JobFileError:
                fresh.close() if existed else fresh.discard()
                raise

    def _start_live(self, live: LiveSegment) -> None:
        """Write the head of a live segment, under the job's lock, and have it written from now."""
        state, now = self.state, time.time()
        keyframe, self._buffer.nested = quick_keyframe(state, self._buffer.nested)
        header = {
            "journal": VERSION,
            "job_id": state.job_id,
            "seq": state.seq,
            "at": now,
            "next_task": state.next_task_id,
        }
        head = dumps(header)[:-1]
        if keyframe:
            head += b',"keyframe":' + keyframe
        live.append(head + b"}\n")
        self._live = live
        self._origin = added_in(state)
        first = Mark(live.size, state.seq + 1, (0, 0, 0), state.next_task_id)
        self._unsealed = Unsealed(self._number, live, keyframe, now, [first])
        self._next_mark = state.seq + BLOCK_CHANGES
        self._rotate_at = state.seq + SEAL_CHANGES

    def _write(self) -> None:
        """Write what is buffered, under the job's lock; what can't be written stays there."""
        buffer, live = self._buffer, self._live
        if self._disk_error:
            return
        try:
            line = buffer.line()
            if not line:
                return
            live.append(line)
        except (OSError, MemoryError) as error:
            if isinstance(error, MemoryError) and SPARE.use():
                self._write()
                return
            self._disk_error = getattr(error, "strerror", None) or str(error) or _NO_MEMORY
            self._wakeup.set()
            return
        buffer.clear()
        if self.state.seq >= self._next_mark:
            try:
                self._mark(live)
            except MemoryError:  # the block is longer then
                SPARE.use()
        if live.low or SPARE.is_low:
            self._wakeup.set()

    def _mark(self, live: LiveSegment) -> None:
        """Begin a block, and a segment where this one is long."""
        seq = self.state.seq
        self._next_mark = seq + BLOCK_CHANGES
        mark = Mark(live.size, seq + 1, self._counts(), self.state.next_task_id)
        self._unsealed.marks.append(mark)
        # Here, and not in a thread: a busy job would not let that have its lock for seconds.
        self._sealer.absorb_ready()
        self._rotate_if_long()

    def _counts(self) -> Counts:
        """The entries that the live segment has added to the growing lists."""
        records, logged, outputs = map(sub, added_in(self.state), self._origin)
        return records, logged, outputs

    def flush(self) -> bool:
        """Write what is buffered now; returns whether all is written."""
        with self.state.lock:
            self._write()
            return self._buffer.is_empty

    def _run_writer(self) -> None:
        """Write late changes, begin new segments, and wait for room on a full disk."""
        while not self._closed.is_set():
            try:
                self._wakeup.wait()
                self._wakeup.clear()
                if self._closed.is_set():
                    return
                if self._disk_error or self._live.low or SPARE.is_low:
                    self._wait_for_space()
                while self._is_written_meanwhile() and not self._wakeup.is_set():
                    pass  # a busy job writes by itself: taking its lock would only slow it down
                self._buffer.is_wake_sent = False
                self.flush()
            except MemoryError:
                SPARE.use()
                self._wakeup.set()
                self._closed.wait(_RETRY)

    def _is_written_meanwhile(self) -> bool:
        """Wait for half of `DELAY`; whether all that is buffered then has come since."""
        live, size = self._live, self._live.size
        is_closed = self._closed.wait(DELAY / 2)
        return not is_closed and (self._live is not live or live.size != size)

    def rotate(self) -> None:
        """Begin a new live segment if this one is long, and have it sealed; without room, later."""
        with self.state.lock:
            if self.flush():
                self._rotate_if_long()

    def _rotate_if_long(self) -> None:
        is_long = self.state.seq >= self._rotate_at or self._live.size > SEAL_BYTES
        if is_long and time.monotonic() > self._rotate_after:
            self._rotate()

    def _rotate(self) -> None:
        fresh = None
        try:
            self._store.folder.mkdir(mode=0o700, exist_ok=True)
            fresh = LiveSegment(self._journal.with_name(f"{self._journal.name}.new"))
            with self.state.lock:
                if self._closed.is_set() or not self._buffer.is_empty:
                    fresh.discard()
                    return
                former, origin = self._unsealed, self._origin
                former.live.rename(self._store.folder / f"{former.number:06d}.journal")
                self._end_unsealed(former)
                try:
                    self._number += 1 + bool(former.replaced)
                    self._start_live(fresh)
                    fresh.rename(self._journal)
                except (OSError, MemoryError):
                    self._live, self._unsealed, self._origin = former.live, former, origin
                    self._buffer.replaced.update(former.replaced)
                    former.replaced, former.assigned = {}, {}
                    with contextlib.suppress(OSError):  # it is found under both names
                        former.live.rename(self._journal)
                    raise
            self._sealer.put(former)
        except (OSError, MemoryError) as error:
            if fresh is not None:
                fresh.discard()
            self._rotate_after = time.monotonic() + _RETRY
            logger.warning("Job %s: no new segment yet: %s", self.state.job_id, error)

    def _end_unsealed(self, unsealed: Unsealed) -> None:
        """Say of the live segment what it has now, under the job's lock."""
        unsealed.last, unsealed.end = self.state.seq, time.time()
        unsealed.counts = self._counts()
        replaced = self._buffer.replaced
        if replaced:
            unsealed.assigned = {name: getattr(self.state, name) for name in replaced}
            unsealed.replaced = {name: list(one) for name, one in unsealed.assigned.items()}
            unsealed.replaced_number = unsealed.number + 1
            unsealed.forget_counts()
            replaced.clear()

    def _forget_dropped(self) -> None:
        """Remove what is not kept, unless the job's file is just made of it."""
        if not self._keeps_changes and self._snapshot_lock.acquire(blocking=False):
            try:
                forget_dropped(self.state, self._store)
            finally:
                self._snapshot_lock.release()

    def _wait_for_space(self) -> None:
        why = self._disk_error or self._live.low
        where = f"no room on the disk: the disk of {self.path.parent} is full ({why})"
        if SPARE.is_low or why == _NO_MEMORY:
            where = "no room in memory: the job's process gets no more"
        logger.warning("Job %s: %s", self.state.job_id, where)
        self._on_disk_full(where)
        while not self._closed.wait(_RETRY):
            with self.state.lock:
                self._disk_error = ""
                self._write()
                self._live.reserve()
                if SPARE.is_low and not SPARE.hold():
                    continue
                if not self._disk_error and not self._live.low:
                    break
        if not self._closed.is_set():
            self._on_disk_free()

    def write_snapshot(self) -> None:
        """Save the job anew; a file that can't be saved now is left as it is."""
        with self._snapshot_lock:
            if self._closed.is_set():
                return
            try:
                with self.state.lock:
                    self._write()
                    snapshot = Snapshot(self.state, journaled=True)
                write_file(snapshot, self.path)
            except (JobFileError, MemoryError) as error:
                logger.warning("Job %s is not saved anew: %r", self.state.job_id, error)

    def close(self) -> None:
        """Save the job a last time, and seal what its journal has.

        Raises:
            JobFileError: when the file can't be written. The journal goes on then; try again, or
                `abandon` it.
        """
        with self._snapshot_lock:
            while not self._closed.is_set():
                try:
                    with self.state.lock:
                        self._write()
                        snapshot = Snapshot(self.state)
                    write_file(snapshot, self.path)
                except MemoryError as error:
                    raise JobFileError(f"{self.path}: not saved: {_NO_MEMORY}.") from error
                with self.state.lock:
                    if self.state.seq != snapshot.seq or self._closed.is_set():
                        continue
                    self._unsubscribe()
                self._seal_rest()
                self._release()

    def _seal_rest(self) -> None:
        """Seal what is live; without room for that it stays as it is, to be read so."""
        last = self._unsealed
        self._end_unsealed(last)
        if last.last < last.marks[0].first:
            last.live.discard()  # nothing has changed
            return
        try:
            self._store.folder.mkdir(mode=0o700, exist_ok=True)
            last.live.rename(self._store.folder / f"{last.number:06d}.journal")
        except OSError as error:
            logger.warning("Job %s: its changes are not sealed: %s", self.state.job_id, error)
            return
        self._sealer.put(last)
        self._sealer.seal_waiting()

    def abandon(self) -> None:
        """End without saving: the file stays as it is, with all else in the journal beside it."""
        with self.state.lock:
            if self._closed.is_set():
                return
            self._write()
            self._unsubscribe()
        self._release()

    def _release(self) -> None:
        """Let go of all files; the lock's own file is removed."""
        self._closed.set()
        self._wakeup.set()
        for one in self._sealer.end():
            one.live.close()
        self._live.close()
        remove_lock(self.path, self._lock_file)
        for handle in (self._lock_file, self._id_lock):
            os.close(handle)
        self._lock_file = self._id_lock = -1

    def set_owner(self, owner: dict[str, Any]) -> None:
        """Say in the file's lock who runs the job, and where it answers."""
        write_lock_owner(self._lock_file, owner)

    def release_in_child(self) -> None:
        """This is a forked child: the locks and the file are its parent's."""
        self._disk_error = "this is a forked child"
        for handle in (self._lock_file, self._id_lock, self._live.handle):
            if handle >= 0:
                blank(handle)
