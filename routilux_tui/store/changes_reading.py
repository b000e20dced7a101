"""A job as its changes have it: a keyframe, the sealed segments, and what is live still.

What `journal` writes is read here: for a job that runs or was killed, and for one that is too large
to be read whole. Any moment of a job is `seeking`'s.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import JobFileError, JobFileMissing
from routilux_tui.store.files import journal_name, read_regular
from routilux_tui.store.keyframe_tasks import TaskReader, job_from_keyframe
from routilux_tui.store.list_growth import LISTS
from routilux_tui.store.recovery import (
    GAP,
    LOST,
    VERSION,
    apply_changes,
    apply_lines,
    decode_line,
    is_change,
)
from routilux_tui.store.segments import Damaged, SegmentStore, changes_folder, numbered
from routilux_tui.store.stored_list import StoredList

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routilux_tui.job.model import AnyJob, Job

CUT = "its end is cut off"
_HEAD = 256 << 10
_JOB_ID = re.compile(rb'\n  "job_id": "([^"\\]*)",\n')
_SEQ = re.compile(rb'\n  "seq": (\d{1,18}),\n')


class RawSegment:
    """The file of a live segment, read.

    Args:
        place: the file.
        number: the segment's number; 0 for the one that is written now.

    Raises:
        JobFileError: when it can't be read.
    """

    def __init__(self, place: str, number: int) -> None:
        self.place = place
        self.number = number
        content = read_regular(place)
        self.content = content.rstrip(b"\0")
        #: Whether the room that is always kept after the last line is missing.
        self.is_cut = len(self.content) == len(content)
        self.begin = self.content.find(b"\n") + 1 or len(self.content)
        head = decode_line(self.content[: self.begin])
        self.head: dict[str, Any] = head if isinstance(head, dict) else {}
        seq = self.head.get("seq")
        #: The number of the last change before it; -1 where its head is lost.
        self.seq = seq if type(seq) is int else -1
        keyframe = self.head.get("keyframe")
        self.keyframe: dict[str, Any] | None = keyframe if isinstance(keyframe, dict) else None

    def is_of(self, job_id: str) -> bool:
        """Whether it is of a job, and of a version that has keyframes."""
        if not self.head:
            return True
        return self.head.get("job_id") == job_id and self.head.get("journal") == VERSION


def raw_segments(path: str, store: SegmentStore) -> list[RawSegment]:
    """What is not sealed of a job, in order; the live segment comes last, if there is one."""
    sealed = {one.number for one in store.segments}
    places = [
        (str(store.folder / f"{number:06d}.journal"), number)
        for number in numbered(store.folder, ".journal")
        if number not in sealed
    ]
    found = []
    for place, number in [*places, (journal_name(path), 0)]:
        try:
            raw = RawSegment(place, number)
        except JobFileError:
            continue
        if raw.is_of(store.job_id) and (raw.head or (raw.content and store.segments)):
            found.append(raw)
    return found


def job_from_changes(path: str, into: type[AnyJob], job_id: str, seq: int) -> AnyJob | None:
    """The job that runs, or ran when it was killed, as its changes have it.

    Args:
        path: the job's file, links resolved.
        into: the class of the job that is made.
        job_id: the job that the file has.
        seq: the number of the last change that the file has.

    Returns:
        None where the file itself, with a journal of the first version or none, has all.
    """
    if not os.path.lexists(journal_name(path)) and not changes_folder(path).is_dir():
        return None
    store = SegmentStore(changes_folder(path), job_id).load()
    chain = raw_segments(path, store)
    if not chain or (len(chain) == 1 and not chain[0].head and not store.segments):
        return None
    first = chain[0]
    begin = first.seq if first.seq >= 0 else store.last
    state = _start(store, into, first.keyframe, begin)
    if state is None:
        return None
    read_lists_from(state, store, begin)
    state.missing = _missing(store, begin)
    for n, raw in enumerate(chain):
        state = _continue(state, raw, _task_reader(store, chain[:n]))
    if state.outstanding:
        state.hold_tasks()
    return state if state.seq >= seq else None


def _start(
    store: SegmentStore, into: type[AnyJob], keyframe: dict[str, Any] | None, seq: int
) -> AnyJob | None:
    """The job after a change, without its growing lists; None where nothing tells it."""
    if keyframe is None:
        return folded(store, into, seq)
    return job_from_keyframe(keyframe, into, TaskReader(store))


def _task_reader(store: SegmentStore, raws: Sequence[RawSegment]) -> TaskReader:
    """What reads the tasks that a keyframe names: the sealed segments, and these that are not."""
    return TaskReader(store, [changes_of_raw(one) for one in raws])


def _continue(state: AnyJob, raw: RawSegment, reader: TaskReader) -> AnyJob:
    """Carry out what a raw segment has; over a gap its keyframe leads, and the gap is told."""
    if raw.seq > state.seq:
        gap = f"{raw.seq - state.seq:,} changes are missing"
        if raw.keyframe is None:
            state.unread = state.unread or GAP
            return state
        later = job_from_keyframe(raw.keyframe, type(state), reader)
        for name in ("_history", "_shared_log", "_output_log"):
            setattr(later, name, getattr(state, name))
        later.missing = f"{state.missing}; {gap}" if state.missing else gap
        state = later
    elif raw.seq < 0 and _first_change(raw) != state.seq + 1:
        state.unread = LOST
        return state
    apply_lines(state, raw.content, raw.begin if raw.head else raw.content.find(b"\n[[") + 1)
    if raw.is_cut and not state.unread:
        state.unread = CUT
    return state


def _first_change(raw: RawSegment) -> int:
    found = re.search(rb"\n\[\[(\d{1,18}),", raw.content)
    return int(found[1]) if found else -1


def read_lists_from(state: Job, store: SegmentStore, seq: int) -> None:
    """Have a job's growing lists read from the segments that come before a change."""
    state._history = StoredList(store, LISTS[0], seq)  # noqa: SLF001 - nobody has seen it yet
    state._shared_log = StoredList(store, LISTS[1], seq)  # noqa: SLF001
    state._output_log = StoredList(store, LISTS[2], seq)  # noqa: SLF001


def _missing(store: SegmentStore, seq: int) -> str:
    """What is missing of the changes up to one; empty where nothing is."""
    count = sum(last - first + 1 for first, last in store.holes())
    count += sum(one.last - one.first + 1 for one in store.lost())
    if store.segments and seq > store.last:
        count += seq - store.last
    elif not store.segments and seq:
        count += seq
    return f"{count:,} changes are missing" if count else ""


def folded(store: SegmentStore, into: type[AnyJob], seq: int) -> AnyJob | None:
    """The job after a sealed change, without its growing lists; None where nothing tells it."""
    for n in range(store.at(seq), -1, -1):
        segment = store.segments[n]
        if not segment.keyframe:
            continue
        try:
            state = job_from_keyframe(store.keyframe(segment), into, TaskReader(store))
            for one in store.segments[n:]:
                for block in store.footer(one).blocks:
                    if block.first <= seq and not one.reset:
                        apply_changes(state, store.changes(one, block), seq)
                state._history, state._shared_log, state._output_log = [], [], []  # noqa: SLF001 - nobody has seen it yet
        except Damaged:
            continue
        if state.seq != seq:
            return None
        return state
    return None


def job_from_segments(path: str, into: type[AnyJob], job_id: str, seq: int) -> AnyJob | None:
    """A job that nobody runs, without reading its file; None where segments don't have all."""
    store = SegmentStore(changes_folder(path), job_id).load()
    if store.last != seq or not seq or _missing(store, seq):
        return None
    state = folded(store, into, seq)
    if state is not None:
        read_lists_from(state, store, seq)
        if state.outstanding:
            state.hold_tasks()
    return state


def all_changes(path: str | os.PathLike[str]) -> Iterator[Any]:
    """All changes of a job that are kept, in order, read as they are taken.

    Those of a segment that is damaged are left out.

    Raises:
        JobFileMissing: when none are kept.
    """
    place = os.path.realpath(path)
    job_id, _ = id_and_seq_of(place) or ("", 0)
    store = SegmentStore(changes_folder(place), job_id).load()
    raws = raw_segments(place, store)
    if not store.segments and not raws:
        raise JobFileMissing(f"{place}: its changes are not kept.")
    return _each_change(store, raws)


def _each_change(store: SegmentStore, raws: list[RawSegment]) -> Iterator[Any]:
    seq = 0
    for one in store.segments:
        with contextlib.suppress(Damaged):
            for block in [] if one.reset else store.footer(one).blocks:
                yield from filter(is_change, store.changes(one, block))
                seq = max(seq, block.last)
    for raw in raws:
        for change in changes_of_raw(raw):
            if is_change(change) and change[0] > seq:
                yield change


def changes_of_raw(raw: RawSegment) -> list[Any]:
    """All changes of a raw segment, those that can be read."""
    lines = (decode_line(line) for line in raw.content[raw.begin :].split(b"\n"))
    return [change for batch in lines if isinstance(batch, list) for change in batch]


def id_and_seq_of(place: str) -> tuple[str, int] | None:
    """A file's job id and its last change's number, by a look at its beginning."""
    try:
        with Path(place).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    job_id, seq = _JOB_ID.search(head), _SEQ.search(head)
    if job_id is None:
        return None
    return job_id[1].decode("utf-8", "replace"), int(seq[1]) if seq else 0
