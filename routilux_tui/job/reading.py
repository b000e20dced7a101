"""Reading a saved job of any version, safely.

A file is data: it is parsed, checked and shown, and nothing in it is imported, evaluated or
instantiated, whatever its ``_type`` says. What strict readers trip over (NaN, huge integers,
duplicate keys, a byte order mark, lone surrogates) is read as it is.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import stat
from typing import Any

import msgspec

from routilux_tui.errors import (
    JobFileError,
    JobFileHostile,
    JobFileMissing,
    JobFileTorn,
    RoutiluxTuiError,
    UnknownKind,
)
from routilux_tui.job.journal import replay
from routilux_tui.job.plain import decode
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.job.state import JobState
from routilux_tui.job.versions import job_of

MAX_SIZE = 768 << 20
"""Bytes of a file that are read whole at the most."""

_OPENING = {
    errno.ENOENT: (JobFileMissing, "there is no such file"),
    errno.ENOTDIR: (JobFileMissing, "a part of its path is no folder"),
    errno.EACCES: (JobFileError, "you may not read it"),
    errno.ELOOP: (JobFileHostile, "its symbolic links go in a circle"),
    errno.ENXIO: (JobFileHostile, "it is no regular file"),
    errno.ENAMETOOLONG: (JobFileError, "its name is too long"),
}


class _Entry(msgspec.Struct, gc=False):
    """A record of the history as every version writes it, its data still JSON text."""

    routine_id: str
    event_name: str
    timestamp: str
    data: msgspec.Raw


_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_entries = msgspec.json.Decoder(list[_Entry])


def load_job(path: str | os.PathLike[str]) -> JobState:
    """The job of a file, of any version, with what its journal has beyond it.

    Raises:
        JobFileMissing: when there is no such file (also a FileNotFoundError).
        JobFileError: when it holds no readable job; its kinds say why, the message where.
    """
    place = os.fspath(path)
    content = read_regular(place)
    try:
        state = JobState.from_plain(parse_job(content))
    except JobFileError as error:
        raise type(error)(f"{place}: {error.message}", error.hint) from None
    except RoutiluxTuiError:
        raise
    except (RecursionError, MemoryError):
        raise _too_deep(place) from None
    replay(state, place)
    return state


def read_regular(place: str, limit: int = MAX_SIZE) -> bytes:
    """The content of a regular file; never waits on a pipe or a device.

    Raises:
        JobFileMissing, JobFileHostile, JobFileError: as the file is.
    """
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise file_error(place, error) from error
    except ValueError:
        raise JobFileError(f"{place!r}: its name holds a NUL.") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise JobFileHostile(f"{place}: it is {kind}.", "Name a saved job.")
        if found.st_size > limit:
            raise JobFileHostile(
                f"{place}: it is larger ({found.st_size:,} bytes) than what is read "
                f"whole ({limit:,} bytes)."
            )
        parts, left = [], limit
        while left > 0 and (part := os.read(handle, min(left, 1 << 26))):
            parts.append(part)
            left -= len(part)
    except OSError as error:
        raise file_error(place, error) from error
    finally:
        os.close(handle)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def file_error(place: str, error: OSError) -> JobFileError:
    """Our own error for one of the system's about a file."""
    kind, words = _OPENING.get(error.errno or 0, (JobFileError, error.strerror or str(error)))
    return kind(f"{place}: {words}.")


def _too_deep(place: str) -> JobFileHostile:
    return JobFileHostile(f"{place}: it is nested too deeply to be a job's file.")


def parse_job(content: bytes) -> dict[str, Any]:
    """The job in a file's content.

    Raises:
        JobFileTorn, JobFileHostile, UnknownKind, JobFileError: without the path.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        top = _top.decode(content)
        kind = bytes(top["_type"]) if "_type" in top else b'"JobState"'
        if "execution_history" in top and kind == b'"JobState"':
            return job_of(_quickly(top))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    return job_of(parse(content))


def _quickly(top: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """The job of a file as everybody writes it; the data of its records stays text."""
    job: dict[str, Any] = {}
    for key, raw in top.items():
        if key == "execution_history":
            job[key] = _records(raw)
        else:
            job[key] = msgspec.json.decode(raw)
    return job


def _records(raw: msgspec.Raw) -> list[Any]:
    """The records, each put in place of what it is made of, so that memory holds one of them."""
    records: list[Any] = _entries.decode(raw)
    names: dict[str, str] = {}
    collects = gc.isenabled()
    gc.disable()  # nothing here is garbage, and looking for it costs most of the time
    try:
        for n, one in enumerate(records):
            routine = names.setdefault(one.routine_id, one.routine_id)
            event = names.setdefault(one.event_name, one.event_name)
            records[n] = ExecutionRecord.of(routine, event, one.data, one.timestamp)
    finally:
        if collects:
            gc.enable()
    return records


def parse(content: bytes) -> Any:
    """The value of a file's JSON, however odd.

    Raises:
        JobFileTorn: when it is cut short.
        JobFileHostile: when it is nested too deeply.
        UnknownKind: when it is no JSON.
    """
    stripped = content.rstrip(b" \t\r\n\0")
    if not stripped:
        raise JobFileTorn("it is empty.", "It may be being written: look again.")
    try:
        return decode(stripped)
    except RecursionError:
        raise JobFileHostile("it is nested too deeply to be a job's file.") from None
    except ValueError as error:
        return _not_json(stripped, error)


def _not_json(content: bytes, error: ValueError) -> Any:
    if "too deeply" in str(error):
        raise JobFileHostile("it is nested too deeply to be a job's file.") from None
    if content[:1] not in b"{[":
        raise UnknownKind("it is no JSON.", "A saved job begins with '{'.") from None
    where = ""
    if isinstance(error, json.JSONDecodeError):
        where = f" at line {error.lineno}, column {error.colno}"
        torn = error.pos >= len(content.decode("utf-8", "replace")) - 2
        if not torn and content[-1:] in b"}]" and content[:1] == b"{":
            raise JobFileError(f"its JSON is wrong{where}: {error.msg}.") from None
    raise JobFileTorn(f"it is cut short{where}.", "It may be being written: look again.") from None
