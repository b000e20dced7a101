r"""Writing a job's file, ``NAME.json``, with its held tasks: wholly or not at all.

The file is JSON with an indent of two, each record of the history compact on one of its lines, so
that the byte sequences ``\n  "key": `` and ``\n    {\n`` mark its keys and records: a raw newline
can't stand in a JSON string, so that a reader may find a large file's tail without parsing it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import astuple

from routilux_tui.errors import JobFileError
from routilux_tui.job.history import Saved, SavedHistory
from routilux_tui.job.jsonable import dumps, encode_plain, is_plain, to_plain
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.store.files import NO_LOCKS, flush_folder
from routilux_tui.store.list_growth import LISTS
from routilux_tui.store.stored_list import StoredList

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.job.tasks import Task

#: A key that says that the file is not complete without the journal beside it.
JOURNALED = "journaled"
#: Keys whose entries stand one by one, as those of the growing lists do.
_LISTED = frozenset({"pending_tasks", "pause_points", "failed_tasks", "dropped_tasks"})
#: Keys whose values nobody reads line by line: each stands on one line.
_COMPACT = frozenset({"statistics", "tracebacks"})
#: A record, as it is or as it was saved.
_RECORD_TYPES = frozenset({ExecutionRecord, Saved})
_RECORD_BEGIN, _RECORD_END = b'    {\n      "_type": "ExecutionRecord",', b"\n    }"
#: Two commas in a row: nothing else in JSON is like it, for in a string no raw newline stands.
_BETWEEN = b"},\n,{"
_FIELDS = attrgetter(
    *("routine_id", "event_name", "written_at", "raw_data", "task", "first", "trace")
)
_BATCH = 2000


class Snapshot:
    """What a job's file will say: the job as it was at one moment, whatever becomes of it later.

    All that may still change in place is made text at once; the lists that only grow are copied.

    Args:
        job: the job; its lock is held while this is made.
        journaled: whether a journal will lie beside the file, without which it is not complete.
    """

    def __init__(self, job: Job, *, journaled: bool = False) -> None:
        with job.lock:
            plain = small_plain(job)
            if journaled:
                plain[JOURNALED] = True
            self.seq: int = job.seq
            self._lists = {name: _frozen(getattr(job, name)) for name in reversed(LISTS)}
            self._small = [_keyed(key, value) for key, value in plain.items()]

    def pieces(self) -> Iterator[bytes]:
        """The file, in pieces of some hundred kilobytes."""
        yield b"{\n" + b",\n".join(self._small)
        for key, entries in self._lists.items():
            yield b",\n  " + dumps(key) + b": "
            if entries:
                yield from _list_pieces(entries)
            else:
                yield b"[]"
        yield b"\n}\n"


def small_plain(job: Job, tasks: Sequence[Task] | None = None) -> dict[str, Any]:
    """A job as a file has it, without the lists whose entries lie in segments.

    ``tasks`` are those that it is to have; None for all.
    """
    plain = job.to_plain(lists=False, tasks=tasks)
    plain["pause_points"] = list(job.pause_points)
    return plain


def _frozen(entries: Any) -> Any:
    """A copy of a growing list that stays as it is."""
    if isinstance(entries, SavedHistory):
        return entries.as_saved()
    return entries.frozen() if isinstance(entries, StoredList) else list(entries)


def _keyed(key: str, value: Any) -> bytes:
    """A key of the file with its value."""
    if key in _LISTED and value:
        return b"  " + dumps(key) + b": " + b"".join(_list_pieces(value))
    text = dumps(value)
    return b"  " + dumps(key) + b": " + (text if key in _COMPACT else _indented(text, 1))


def save_job(state: Job, path: str | os.PathLike[str]) -> None:
    """Write a job to a file, through a temporary file beside it that then takes its name.

    Makes the folder; keeps the former file's mode. No value of the job makes it fail.

    Raises:
        JobFileError: when the file can't be written; the former one is as it was.
    """
    write_file(Snapshot(state), path)


def write_file(snapshot: Snapshot, path: str | os.PathLike[str]) -> None:
    """Write a snapshot; see `save_job`."""
    target = Path(path)
    if target.is_symlink():
        target = Path(os.path.realpath(target))
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            raise JobFileError(f"{target}: it is not a regular file.", "Save under another name.")
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600
        handle, temporary = _open_temporary(target)
        with os.fdopen(handle, "wb", buffering=0) as file:
            os.fchmod(file.fileno(), mode)
            for piece in snapshot.pieces():
                view = memoryview(piece)
                while view:
                    view = view[file.write(view) :]
            os.fsync(file.fileno())
            temporary.replace(target)
        temporary = None
        flush_folder(target.parent)
    except OSError as error:
        raise JobFileError(
            f"{target}: it can't be written: {error.strerror or error}.",
            "The former file is as it was; make room, or save elsewhere.",
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def temporary_path(path: Path) -> Path:
    """Where a job's file is written before it takes its name."""
    return path.with_name(f".{path.name[:80]}.tmp")


def _open_temporary(target: Path) -> tuple[int, Path]:
    """A temporary file beside a file, locked while it is written.

    It has always the same name, so that what a killed process leaves is used again; only where
    somebody writes it at this moment, another is taken.
    """
    place = temporary_path(target)
    handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino == place.stat().st_ino:
            os.ftruncate(handle, 0)
            return handle, place
    except OSError as error:
        if error.errno in NO_LOCKS and not os.fstat(handle).st_size:
            place.unlink(missing_ok=True)  # nobody can use it where nothing can be locked
    os.close(handle)
    handle, name = tempfile.mkstemp(prefix=place.name[:-3], suffix=".tmp", dir=target.parent)
    return handle, Path(name)


def _list_pieces(entries: list[Any]) -> Iterator[bytes]:
    before = b"[\n"
    for start in range(0, len(entries), _BATCH):
        part = entries[start : start + _BATCH]
        if _RECORD_TYPES.issuperset(map(type, part)):
            yield before + _records(part)
        else:
            yield before + b",\n".join(map(_entry_lines, part))
        before = b",\n"
    yield b"\n  ]"


def _records(records: list[Any]) -> bytes:
    """Records as the file has them, made text at once: alone, each takes three times as long."""
    text = _encoded(records)
    lines = text[len("[{") : -len("}]")].split(_BETWEEN)
    if text.count(b"\n") > len(lines) - 1:  # in data that stands as it was read
        lines = [one.replace(b"\n", b" ") for one in lines]
    return _RECORD_BEGIN + (_RECORD_END + b",\n" + _RECORD_BEGIN).join(lines) + _RECORD_END


def _encoded(records: list[Any]) -> bytearray:
    """JSON of records, with `_BETWEEN` only between them."""
    marked: list[Any] = [msgspec.Raw(b"\n")] * (2 * len(records) - 1)
    try:
        marked[::2] = [one if type(one) is Saved else _Written(*_FIELDS(one)) for one in records]
        if is_plain([_may_be_odd(one) for one in marked[::2] if type(one) is _Written]):
            return encode_plain(marked)
    except Exception:  # noqa: S110 - a lone surrogate, a huge integer: the other way takes it
        pass
    marked[::2] = [_Written.of(one) for one in records]
    return encode_plain(marked)


class _Written(msgspec.Struct, gc=False, omit_defaults=True):
    """A record as it is written, each part of it plain, or text already."""

    routine_id: Any
    event_name: Any
    timestamp: Any
    data: Any
    task: int | None = None
    first: int | None = None
    trace: int | None = None

    @classmethod
    def of(cls, record: ExecutionRecord | Saved) -> _Written:
        """A record, all of it text, however odd it is."""
        routine_id, event_name, at, data, *cause = _FIELDS(record)
        names = _name_json(routine_id), _name_json(event_name)
        text = data if type(data) is msgspec.Raw else msgspec.Raw(dumps(data))
        return cls(*names, _time_json(at), text, *cause)


def _may_be_odd(one: _Written) -> tuple[Any, ...]:
    """What of a record is not known to be plain."""
    fields = astuple(one)
    return fields[:3] if type(one.data) is msgspec.Raw else fields


@lru_cache(4096)
def _name_json(name: str) -> msgspec.Raw:
    return msgspec.Raw(dumps(name))


def _time_json(at: Any) -> msgspec.Raw:
    if type(at) is str:
        with contextlib.suppress(UnicodeEncodeError):  # a lone surrogate
            return msgspec.Raw(encode_plain(at))
    return msgspec.Raw(dumps(at))


def _entry_lines(entry: Any) -> bytes:
    if isinstance(entry, (ExecutionRecord, Saved)):
        return _records([entry])
    plain = to_plain(entry)
    if not isinstance(plain, dict) or not plain:
        return b"    " + dumps(plain)
    fields = (b"      " + dumps(key) + b": " + dumps(value) for key, value in plain.items())
    return b"    {\n" + b",\n".join(fields) + b"\n    }"


def _indented(line: bytes, depth: int) -> bytes:
    """Compact JSON laid out with an indent of two, set ``depth`` levels in."""
    try:
        laid_out = msgspec.json.format(line, indent=2)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return line  # NaN and the like: one line is right, too
    return laid_out.replace(b"\n", b"\n" + b"  " * depth)
