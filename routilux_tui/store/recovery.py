"""Carrying out on a loaded job what its journal has beyond its file.

A journal is data like any file: it is read as safely, and each of its changes is looked at before
it is carried out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import JobFileError, JobFileMissing
from routilux_tui.job import timestamps
from routilux_tui.job.change_kinds import KINDS, TIME_PLACES, has_shape
from routilux_tui.job.changes import FOLD
from routilux_tui.job.data import DICT_ATTRIBUTES, LIST_ATTRIBUTES
from routilux_tui.job.jsonable import decode
from routilux_tui.job.numbers import is_id
from routilux_tui.store.files import journal_name, read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.job.model import Job

VERSION = 2
"""The version of journals that is written, and the newest that is read."""
NEWER = "it is from a newer version"
GAP = "it goes with another state of the file"
MISSING = "it is missing: the file is a copy, or was moved without it"
LOST = "its beginning is lost"


def replay(state: Job, path: str | os.PathLike[str], *, journaled: bool = False) -> int:
    """Carry out on a loaded job what its journal has beyond it.

    A torn end is normal and is dropped; a journal that goes with another job is left alone.
    Where some of it can't be carried out, ``state.unread`` says why, and the job is as the file
    and what came before have it.

    Args:
        state: the job, as its file has it.
        path: the file, or a link to it.
        journaled: whether the file says that it is not complete without a journal.

    Returns:
        The number of changes carried out.
    """
    state.unread = ""
    expected = journaled and state.status in {"pending", "running"}
    try:
        content = read_regular(journal_name(os.path.realpath(path)))
    except JobFileMissing:
        state.unread = MISSING if expected else ""
        return 0
    except JobFileError as error:
        state.unread = error.message.partition(": ")[2].rstrip(".")
        return 0
    content = content.rstrip(b"\0")
    begin = content.find(b"\n") + 1 or len(content)
    head = decode_line(content[:begin])
    if not isinstance(head, dict):
        state.unread = LOST if journaled else ""
        return 0
    if head.get("job_id") != state.job_id:
        state.unread = MISSING if expected else ""
        return 0
    version, seq = head.get("journal"), head.get("seq")
    if isinstance(version, int) and version > VERSION:
        state.unread = NEWER
        return 0
    if is_id(seq) and seq > state.seq:
        state.unread = GAP
        return 0
    done = apply_lines(state, content, begin)
    if done and state.outstanding:
        state.hold_tasks()
    return done


def apply_lines(state: Job, content: bytes, begin: int) -> int:
    """Carry out the lines of a journal from a position on; ``state.unread`` says what can't be.

    Returns:
        The number of changes carried out.
    """
    done, number, last = 0, 1, -1
    while begin < len(content):
        end = content.find(b"\n", begin)
        end = len(content) if end < 0 else end
        line, begin, number = content[begin:end], end + 1, number + 1
        batch = decode_line(line)
        if not isinstance(batch, list) or not batch:
            # What a kill leaves of a copy need not be its beginning.
            if content.find(b"[", begin) >= 0:
                state.unread = f"its line {number} is no list of changes"
            break
        before = state.seq
        first, last = last + 1, _last_number(batch, last)
        why = apply_changes(state, batch, 1 << 62) if last >= first else "it is there twice"
        done += state.seq - before
        if why:
            state.unread = f"its line {number} can't be carried out: {why}"
            if why == NEWER:
                state.unread = NEWER
            return done
    return done


def apply_changes(state: Job, changes: Sequence[Any], last: int) -> str:
    """Carry out those of some changes that follow what a job has, up to a number.

    Returns:
        Why one can't be carried out, which ends it; empty where all are.
    """
    for change in changes:
        why = _why_invalid(change, state.seq)
        if not why and change[0] > last:
            return ""
        if not why and change[0] > state.seq:
            try:
                state.apply(tuple(change))
            except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
                why = f"{change[1]}: {error}"
        if why:
            return why
    return ""


def time_of(change: Any) -> float | None:
    """When a change was made, in seconds since the epoch; None where it does not say."""
    if not isinstance(change, list) or len(change) < 3:
        return None
    place = TIME_PLACES.get(change[1]) if isinstance(change[1], str) else None
    at = change[place] if place is not None and place < len(change) else None
    return at if timestamps.is_time(at) else None


def _last_number(batch: list[Any], before: int) -> int:
    """The number of the last change of a line; that of the line before where it has none."""
    last = batch[-1]
    return last[0] if isinstance(last, list) and last and is_id(last[0]) else before + 1


def is_change(one: Any) -> bool:
    """Whether something that a file has in a change's place is one that can be carried out."""
    return not _why_invalid(one, 1 << 62)


def _why_invalid(change: Any, seq: int) -> str:
    """What is wrong with a change that is to follow another; empty where nothing is."""
    if not isinstance(change, list) or len(change) < 2:
        return "no change"
    number, kind, values = change[0], change[1], change[2:]
    if not is_id(number) or not isinstance(kind, str):
        return "no change"
    if kind not in FOLD:
        return NEWER
    if not has_shape(KINDS[kind].arguments, values) or (
        kind == "set" and not _is_assignable(*values[:2])
    ):
        return f"{kind} of a kind unknown"
    return GAP if number > seq + 1 else ""


def _is_assignable(name: str, value: Any) -> bool:
    if name in LIST_ATTRIBUTES:
        return isinstance(value, list)
    if name in DICT_ATTRIBUTES:
        return isinstance(value, dict)
    return name not in {"flow_id", "job_id"} or isinstance(value, str)


def decode_line(line: bytes) -> Any:
    """The value of a line; None where it is no JSON."""
    try:
        return decode(line)
    except ValueError:
        return None
