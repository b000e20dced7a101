"""What a job that keeps no changes lets go of while it runs, so that it fits on any disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.store.list_growth import LISTS
from routilux_tui.store.segments import Damaged
from routilux_tui.store.stored_list import StoredList

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.store.segments import SegmentStore


def forget_dropped(job: Job, store: SegmentStore) -> None:
    """Remove the first segments of which nothing is needed any more.

    Needed are the records that the limits of the history keep, the log and the outputs, the tasks
    that wait, and whatever comes after the last keyframe: it is what a killed job is read from.
    """
    with job.lock:
        lists = [getattr(job, name) for name in LISTS]
        first_task = next(iter(job.outstanding), job.next_task_id)
        if not job.is_in_order or not all(isinstance(one, StoredList) for one in lists):
            return
        segments = list(store.segments)
        dropped = [all(one.is_dropped(segment) for one in lists) for segment in segments]
    last = max((n for n, one in enumerate(segments) if one.keyframe), default=0)
    count = 0
    try:
        while count < last and dropped[count]:
            if store.footer(segments[count + 1]).blocks[0].next_task > first_task:
                break
            count += 1
    except (Damaged, IndexError):
        return
    if count:
        store.forget(count)
