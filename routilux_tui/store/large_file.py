r"""A large job file, opened at once: its history stays in the file and is read by the piece.

With an indent of two, as routilux and we write it, records begin at ``\n    {\n`` and keys of the
job at ``\n  "``; a raw newline can't stand in a JSON string, so that a search for these bytes is
exact. The last records are found first; a thread then finds where each of them begins. A file
with any other layout is read whole. The file is read, not mapped: one that is cut short
meanwhile is an odd record, not a signal.
"""

from __future__ import annotations

import os
import threading
import time
from array import array
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import JobFileError
from routilux_tui.job.jsonable import decode
from routilux_tui.job.model import Job
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.store.changes_reading import id_and_seq_of, job_from_changes
from routilux_tui.store.files import LARGE
from routilux_tui.store.job_file import JOURNALED
from routilux_tui.store.reading import HISTORY_END, HISTORY_KEY, load_job, parse_job
from routilux_tui.store.recovery import GAP, replay

if TYPE_CHECKING:
    from collections.abc import Iterator

_EDGE = 2 << 20
_LONGEST_HEAD = 32 << 20
_SLICE = 1 << 20
_BLOCK = 500
_BEGIN = b"\n    {\n"
_YIELD_SECONDS = 0.0005


class FileHistory(list[Any]):
    """The records of a history that lies in a file, and those added since.

    Until all are found (`exact`), the length is an estimate, and records before the last ones
    are empty.
    """

    def __init__(self, handle: int, start: int, end: int) -> None:
        super().__init__()
        self._handle = handle
        self._start, self._end = start, end
        self._offsets = array("Q")
        self._found = threading.Event()
        edge = max(start, end - _EDGE)
        self._tail = _record_offsets(os.pread(handle, end - edge, edge), edge)
        if not self._tail:
            raise ValueError("no record begins where one should")
        per_record = (end - self._tail[0]) / len(self._tail)
        self._before = round((self._tail[0] - start) / per_record)
        threading.Thread(target=self._search, name="history index", daemon=True).start()

    def __del__(self) -> None:
        os.close(self._handle)

    @property
    def exact(self) -> bool:
        """Whether every record is found."""
        return self._found.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every record is found."""
        return self._found.wait(timeout)

    def _search(self) -> None:
        at, offsets = self._start, array("Q")
        while at < self._end:
            piece = os.pread(self._handle, min(_SLICE + len(_BEGIN) - 1, self._end - at), at)
            if not piece:
                break
            offsets.extend(_record_offsets(piece, at))
            at += _SLICE
            time.sleep(_YIELD_SECONDS)  # the screen goes first
        self._offsets = offsets
        self._found.set()

    def _count_in_file(self) -> int:
        return len(self._offsets) if self.exact else self._before + len(self._tail)

    def _span(self, n: int) -> tuple[int, int]:
        """Where the record at a position begins and ends in the file; nowhere if not found yet."""
        offsets = self._offsets if self.exact else self._tail
        at = n if self.exact else n - self._before
        if not 0 <= at < len(offsets):
            return 0, 0
        return offsets[at], offsets[at + 1] if at + 1 < len(offsets) else self._end

    def _read(self, n: int) -> ExecutionRecord:
        begin, end = self._span(n)
        return _parse_record(os.pread(self._handle, end - begin, begin) if end else b"{}")

    def __len__(self) -> int:
        return self._count_in_file() + super().__len__()

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, n: Any) -> Any:
        if isinstance(n, slice):
            return [self[at] for at in range(*n.indices(len(self)))]
        inside = self._count_in_file()
        if n < 0:
            n += len(self)
        return self._read(n) if 0 <= n < inside else super().__getitem__(n - inside)

    def __iter__(self) -> Iterator[Any]:
        """Every record, block by block; waits until all are found."""
        self.wait()
        for first in range(0, len(self._offsets), _BLOCK):
            last = min(first + _BLOCK, len(self._offsets))
            begin, end = self._offsets[first], self._span(last - 1)[1]
            block = os.pread(self._handle, end - begin, begin)
            for n in range(first, last):
                here, there = self._span(n)
                yield _parse_record(block[here - begin : there - begin])
        yield from super().__iter__()


class _Entry(msgspec.Struct):
    routine_id: str = ""
    event_name: str = ""
    timestamp: msgspec.Raw = msgspec.Raw(b"null")
    data: msgspec.Raw = msgspec.Raw(b"{}")
    task: int | None = None
    first: int | None = None
    trace: int | None = None


_entry = msgspec.json.Decoder(_Entry)


def _parse_record(text: bytes) -> ExecutionRecord:
    text = text.strip().removesuffix(b",")
    try:
        one = _entry.decode(text)
        at = decode(bytes(one.timestamp))
        return ExecutionRecord.of(
            one.routine_id, one.event_name, one.data, at, one.task, one.first, one.trace
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        pass
    try:
        return ExecutionRecord.from_plain(decode(text))
    except ValueError:
        return ExecutionRecord.of("", "", text.decode("utf-8", "replace"), None)


def _record_offsets(piece: bytes, at: int) -> array[int]:
    """Where in the file the records of a piece begin, which begins at ``at`` itself."""
    found = array("Q")
    here = piece.find(_BEGIN)
    while here >= 0:
        found.append(at + here)
        here = piece.find(_BEGIN, here + 1)
    return found


def open_job(path: str | os.PathLike[str]) -> Job:
    """A job to be looked at: like `load_job`, but the history of a large file stays in it.

    Its ``execution_history`` is then a `FileHistory`.

    Raises:
        JobFileMissing, JobFileError: as `load_job`.
    """
    place = os.fspath(path)
    try:
        state = _open_lazily(place)
    except (OSError, JobFileError, ValueError, RecursionError):
        state = None
    return load_job(place, into=Job) if state is None or state.unread == GAP else state


def _open_lazily(place: str) -> Job | None:
    handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size
        if size < LARGE:
            return None
        known = id_and_seq_of(place)
        running = job_from_changes(os.path.realpath(place), Job, *known) if known else None
        if running is not None:
            return running
        tail = os.pread(handle, _EDGE, size - _EDGE)
        close = tail.find(HISTORY_END)
        other = tail.find(b'\n  "')
        if close < 0 or 0 <= other < close or HISTORY_KEY in tail:
            return None
        head = os.pread(handle, _EDGE, 0)
        key = head.find(HISTORY_KEY)
        if key < 0:  # a flow of hundreds of routines has megabytes of statistics before it
            head = os.pread(handle, _LONGEST_HEAD, 0)
            key = head.find(HISTORY_KEY)
        if key < 0:
            return None
        start, end = key + len(HISTORY_KEY), size - _EDGE + close
        rest = parse_job(head[:start] + tail[close + len(b"\n  ") :])
        if rest.get("_type") != "JobState" or "_around" in rest:
            return None
        history = FileHistory(os.dup(handle), start, end)
    finally:
        os.close(handle)
    state = Job.from_plain(rest)
    state._history = history  # noqa: SLF001 - the reader fills a job that nobody has seen yet
    replay(state, place, journaled=rest.get(JOURNALED) is True)
    return state


def is_counted(state: Job) -> bool:
    """Whether the number of a job's records is exact already."""
    history = state.execution_history
    return not isinstance(history, FileHistory) or history.exact


def wait_counted(state: Job, timeout: float | None = None) -> bool:
    """Wait until the number of a job's records is exact."""
    history = state.execution_history
    return not isinstance(history, FileHistory) or history.wait(timeout)
