"""Taking up a job's kept changes, when a process begins to run it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import JobFileError, RunElsewhere
from routilux_tui.job.jsonable import dumps
from routilux_tui.job.timestamps import is_time
from routilux_tui.store.changes_reading import RawSegment, raw_segments
from routilux_tui.store.large_file import open_job
from routilux_tui.store.list_growth import LISTS, entries_of, next_task_after
from routilux_tui.store.live_segment import LiveSegment
from routilux_tui.store.recovery import decode_line
from routilux_tui.store.removal import remove_changes
from routilux_tui.store.sealing import (
    BLOCK_CHANGES,
    Counts,
    Mark,
    Unsealed,
    add_base,
    attach,
)
from routilux_tui.store.segments import SegmentStore, changes_folder, numbered
from routilux_tui.store.stored_list import StoredList

if TYPE_CHECKING:
    from routilux_tui.job.model import Job


def check_unchanged(path: Path, job_id: str, seq: int) -> None:
    """Refuse a file that a job was read from, or left in, with ``seq`` as its last change.

    The job's lock is held by now: whoever had it before may have run the job to its end.

    Raises:
        RunElsewhere: when it is not.
    """
    try:
        found = open_job(path)
    except JobFileError:
        found = None
    if found is None or (found.job_id, found.seq) != (job_id, seq):
        raise RunElsewhere(
            f"{path} is not as it was read or left here: somebody else ran the job just now, or "
            "changed or removed its file.",
            "Look at it again, and say the same again if it is still to be done.",
        )


def adopt_changes(job: Job, path: Path) -> tuple[SegmentStore, list[Unsealed], bool]:
    """Have a job's growing lists lie in segments beside its file.

    What a killed process left unsealed is to be sealed next; what a file of another making had is
    made a segment of its own.

    Returns:
        The segments, what is not sealed yet, and whether the file with its changes has all of
        the job already.

    Raises:
        OSError: when it can't be written.
    """
    folder = changes_folder(path)
    lists = {name: getattr(job, name) for name in LISTS}
    stored = [one for one in lists.values() if isinstance(one, StoredList)]
    if len(stored) == len(LISTS) and stored[0].store.folder == folder:
        store = stored[0].store
        return store, _unsealed(store, path), True
    store = SegmentStore(folder, job.job_id).load()
    counts = [StoredList(store, name).added for name in LISTS]
    is_whole = store.last == job.seq and not list(store.holes()) and not store.lost()
    for number in numbered(folder, ".journal"):
        with contextlib.suppress(OSError):
            (folder / f"{number:06d}.journal").unlink()
    if not (store.segments and is_whole and counts == [len(one) for one in lists.values()]):
        if not store.segments:
            remove_changes(path)  # of another job, whose file is written over
        if store.segments or any(lists.values()):
            add_base(store, lists, store.next_number, job.seq, time.time(), job.next_task_id)
    for name in LISTS:
        attach(job, store, name, [])
    return store, [], False


def _unsealed(store: SegmentStore, path: Path) -> list[Unsealed]:
    """What a killed process left, under numbers of their own."""
    left = []
    number = store.next_number
    for raw in raw_segments(str(path), store):
        number = max(number, raw.number)
        one = _reopened(raw, Path(raw.place), number)
        if one.last < one.marks[0].first:  # nothing has changed in it
            if raw.number:
                one.live.discard()
            else:  # it says that the segments have all, until the next takes its place
                one.live.close()
            continue
        if not raw.number:
            store.folder.mkdir(mode=0o700, exist_ok=True)
            one.live.rename(store.folder / f"{number:06d}.journal")
        left.append(one)
        number += 1
    return left


def _reopened(raw: RawSegment, place: Path, number: int) -> Unsealed:
    """A raw segment with the marks of its blocks, up to the first line that can't be read."""
    first = raw.seq + 1
    next_task = raw.head.get("next_task")
    task = next_task if type(next_task) is int else 1
    totals, last, at = [0, 0, 0], raw.seq, raw.begin
    marks = [Mark(at, first, (0, 0, 0), task)]
    while at < len(raw.content):
        end = raw.content.find(b"\n", at)
        batch = decode_line(raw.content[at:end]) if end >= 0 else None
        if not isinstance(batch, list) or not batch:
            break
        if last + 1 - marks[-1].first >= BLOCK_CHANGES:
            counts: Counts = (totals[0], totals[1], totals[2])
            marks.append(Mark(at, last + 1, counts, task))
        for of, entries in enumerate(entries_of(batch, task)):
            totals[of] += len(entries)
        task = next_task_after(batch, task)
        last, at = batch[-1][0], end + 1
    begun = raw.head.get("at")
    start = float(begun) if is_time(begun) else 0.0
    return Unsealed(
        number=number,
        live=LiveSegment.reopened(place, at),
        keyframe=dumps(raw.keyframe) if raw.keyframe is not None else b"",
        start=start,
        marks=marks,
        last=last,
        end=place.stat().st_mtime,
        counts=(totals[0], totals[1], totals[2]),
    )
