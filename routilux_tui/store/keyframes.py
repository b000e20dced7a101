"""Keyframes: a job at one moment, without its growing lists; a segment of changes begins with one.

A handler waits while one is made. Of a job that has too much in it for that, the thread that seals
makes it, from the changes: any moment is near one, however much a job has and however long it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.jsonable import dumps, encode
from routilux_tui.job.model import Job
from routilux_tui.store.changes_reading import folded
from routilux_tui.store.job_file import small_plain
from routilux_tui.store.keyframe_tasks import named_tasks, split_tasks
from routilux_tui.store.segments import MOST_RAW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.job.tasks import Task
    from routilux_tui.store.segments import SegmentStore

_MOST_NESTED = 256 << 10
"""A job with more in it has no keyframe at once: it could not be made in 5 ms."""
_BYTES_OF_A_VALUE = 4
"""What a value takes as text at least, about."""


def keyframe_text(job: Job) -> bytes:
    """A job without its growing lists as JSON; empty where its tasks are too many for that."""
    tasks = split_tasks(job)
    return b"" if tasks is None else _text(job, *tasks)


def quick_keyframe(job: Job, nested: int) -> tuple[bytes, int]:
    """A job's keyframe, under its lock, if it is small enough; and how large what is in it is.

    Args:
        job: the job.
        nested: how large it may be: of a value that is written over each time is counted.
    """
    if nested >= _MOST_NESTED:
        nested = _size(job, _MOST_NESTED)
    text = keyframe_text(job) if nested < _MOST_NESTED else b""
    return text, len(text) or nested


def _text(job: Job, written: Sequence[Task], waiting: range) -> bytes:
    """The text of a keyframe; its statistics, our own numbers, take no look."""
    plain = small_plain(job, written)
    plain.update(named_tasks(job, waiting))
    statistics = plain.pop("statistics", None)
    text = dumps(plain)
    if statistics is None:
        return text
    try:
        numbers = encode(statistics)
    except Exception:
        numbers = dumps(statistics)
    return b'%b,"statistics":%b}' % (text[:-1], numbers)


def _size(job: Job, most: int) -> int:
    """About how long the text is of what is nested in a job, up to a bound."""
    room = most
    ahead: list[Any] = [job.shared_data, job.routine_states, job.slot_data, job.deferred_events]
    ahead += [job.pause_points, job.tracebacks]
    while ahead and room > 0:
        value = ahead.pop()
        room -= _BYTES_OF_A_VALUE
        if isinstance(value, (str, bytes)):
            room -= len(value)
        elif isinstance(value, dict):
            room -= 2 * _BYTES_OF_A_VALUE * len(value)
            if room > 0:
                ahead += [*value, *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            room -= _BYTES_OF_A_VALUE * len(value)
            if room > 0:
                ahead += value
    return most - max(room, 0)


class LateKeyframes:
    """Makes the keyframes that a job had no time for, from its sealed changes.

    Between two of them at least half as much is sealed as one of them takes: of a job that is
    very large they are rare.

    Args:
        store: the segments.
    """

    def __init__(self, store: SegmentStore) -> None:
        self._store = store
        #: Bytes of changes that are still to be sealed before the next one.
        self._ahead = 0

    def before(self, seq: int, raw: int) -> bytes:
        """The keyframe of the job before a change that is not sealed yet; empty where none is due.

        Args:
            seq: the number of the change.
            raw: how many bytes of changes follow it in its segment.
        """
        self._ahead -= raw
        if self._ahead > 0:
            return b""
        job = folded(self._store, Job, seq - 1)
        if job is None:
            return b""
        text = keyframe_text(job) or _text(job, list(job.outstanding.values()), range(0))
        self._ahead = len(text) // 2
        return text if len(text) <= MOST_RAW else b""
