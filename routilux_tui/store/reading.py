"""Reading a saved job of any version, safely.

A file is data: it is parsed, checked and shown, and nothing in it is imported, evaluated or
instantiated, whatever its ``_type`` says. What strict readers trip over (NaN, huge integers,
duplicate keys, a byte order mark, lone surrogates) is read as it is.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import (
    JobFileError,
    JobFileHostile,
    JobFileTorn,
    RoutiluxTuiError,
    UnknownKind,
)
from routilux_tui.job.history import Saved, SavedHistory
from routilux_tui.job.jsonable import decode
from routilux_tui.store.changes_reading import id_and_seq_of, job_from_changes, job_from_segments
from routilux_tui.store.collector import collector_paused
from routilux_tui.store.files import LARGE, journal_name, read_job_file
from routilux_tui.store.job_file import JOURNALED
from routilux_tui.store.recovery import GAP, MISSING, replay
from routilux_tui.store.versions import job_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.job.model import AnyJob


#: Where the history of a file with an indent of two begins and ends: a raw newline can't stand in
#: a JSON string, so that a search for these bytes is exact.
HISTORY_KEY = b'\n  "execution_history": ['
HISTORY_END = b"\n  ]"

_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_entries = msgspec.json.Decoder(list[Saved])
_EDGE = 1 << 20
_ATTEMPTS = 3


def load_job(path: str | os.PathLike[str], *, into: type[AnyJob], strict: bool = False) -> AnyJob:
    """The job of a file, of any version, with what its journal has beyond it.

    Args:
        path: the file.
        into: the class of the job that is made.
        strict: take nothing less than all that the journal has. Else what can't be carried out
            is left, and ``unread`` of the job says why.

    Raises:
        JobFileMissing: when there is no such file (also a FileNotFoundError).
        JobFileError: when it holds no readable job; its kinds say why, the message where.
    """
    place = os.fspath(path)
    for _ in range(_ATTEMPTS):
        state = _load(place, into)
        if state.unread != GAP:  # else it was saved between the two looks
            break
    if strict and state.unread:
        raise JobFileError(
            f"{journal_name(os.path.realpath(place))}: {state.unread}: some of what the job did "
            "would be lost.",
            "Take it up where its journal lies beside it, or copy that along."
            if state.unread == MISSING
            else "Take it up with the version that wrote it, or from a whole copy of that. What "
            "is left can be looked at, and not gone on from.",
        )
    return state


def _load(place: str, into: type[AnyJob]) -> AnyJob:
    real = os.path.realpath(place)
    known = id_and_seq_of(real) if _is_large(real) else None
    if known is not None:
        state = job_from_changes(real, into, *known) or job_from_segments(real, into, *known)
        if state is not None:
            return state
    content = read_job_file(place)
    try:
        plain = parse_job(content)
        state = _from_changes(real, into, plain)
        if state is not None:
            return state
        state = into.from_plain(plain)
    except JobFileError as error:
        raise type(error)(f"{place}: {error.message}", error.hint) from None
    except RoutiluxTuiError:
        raise
    except (RecursionError, MemoryError):
        raise _too_deep(place) from None
    replay(state, place, journaled=plain.get(JOURNALED) is True)
    return state


def _from_changes(real: str, into: type[AnyJob], plain: dict[str, Any]) -> AnyJob | None:
    job_id, seq = plain.get("job_id"), plain.get("seq")
    if not isinstance(job_id, str):
        return None
    return job_from_changes(real, into, job_id, seq if type(seq) is int else 0)


def _is_large(place: str) -> bool:
    try:
        return os.stat(place).st_size >= LARGE  # noqa: PTH116 - as text, like all of this
    except (OSError, ValueError):
        return False


def _too_deep(place: str) -> JobFileHostile:
    return JobFileHostile(f"{place}: it is nested too deeply to be a job's file.")


def parse_job(content: bytes) -> dict[str, Any]:
    """The job in a file's content.

    Raises:
        JobFileTorn, JobFileHostile, UnknownKind, JobFileError: without the path.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    for read in (_read_by_layout, _read_by_keys):
        try:
            job = read(content)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            continue
        if job is not None:
            return job_of(job)
    return job_of(parse(content))


def _read_by_layout(content: bytes) -> dict[str, Any] | None:
    """The job of a file with an indent of two: its history is found without reading the rest."""
    key = content.find(HISTORY_KEY)
    if key < 0:
        return None
    begin = key + len(HISTORY_KEY) - 1
    for end in _history_ends(content, begin):
        if content.find(HISTORY_KEY, end) >= 0:
            return None
        try:
            history = _records(memoryview(content)[begin:end])
        except msgspec.MsgspecError:
            continue
        top = _top.decode(content[:begin] + b"[]" + content[end:])
        if bytes(top.get("execution_history", b"")) != b"[]":
            return None
        return _job(top, history)
    return None


def _history_ends(content: bytes, begin: int) -> Iterator[int]:
    """Where a history may end: by a look at the file's end, which is quick, then by a search."""
    edge = max(begin, len(content) - _EDGE)
    near, key = content.find(HISTORY_END, edge), content.find(b'\n  "', edge)
    if near >= 0 and not 0 <= key < near:
        yield near + len(HISTORY_END)
    end = content.find(HISTORY_END, begin)
    if end >= 0 and end != near:
        yield end + len(HISTORY_END)


def _read_by_keys(content: bytes) -> dict[str, Any] | None:
    """The job of a file of any layout, with the keys as everybody writes them."""
    top = _top.decode(content)
    if "execution_history" not in top:
        return None
    return _job(top, _records(top["execution_history"]))


def _job(top: dict[str, msgspec.Raw], history: SavedHistory) -> dict[str, Any] | None:
    """A job with its history beside it; the data of its records stays text."""
    if "_type" in top and bytes(top["_type"]) != b'"JobState"':
        return None
    job = {key: msgspec.json.decode(raw) for key, raw in top.items() if key != "execution_history"}
    job["execution_history"] = history
    return job


def _records(raw: msgspec.Raw | memoryview) -> SavedHistory:
    with collector_paused():
        return SavedHistory(_entries.decode(raw))


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
        return _raise_not_json(stripped, error)


def _raise_not_json(content: bytes, error: ValueError) -> Any:
    if "digits" in str(error):
        raise JobFileHostile(f"{error}: that is no job's.") from None
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
