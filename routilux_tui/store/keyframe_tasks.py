"""The tasks of a keyframe: those that only wait are named by the first and the last, not written.

A job may have a hundred thousand tasks queued, and its handlers wait while a keyframe is made.
Tasks that nobody has started yet are as the change that queued them made them: they are read from
there, when somebody asks for one.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from routilux_tui.job.fold_tasks import QUEUEING, tasks_queued
from routilux_tui.job.numbers import as_count, is_id
from routilux_tui.job.tasks import Task
from routilux_tui.store.segments import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from routilux_tui.job.model import AnyJob, Job
    from routilux_tui.store.segments import SegmentStore

KEY = "queued"
"""A keyframe's key: ``[first id, last id, {routine id: how many tasks wait for it}]``."""
MOST_WRITTEN = 2_000
"""So many tasks a keyframe has in full; more can't be written in 5 ms."""
_MOST_NAMED = 1_000_000
_MOST_LOOKED_AT = 50_000


def split_tasks(job: Job) -> tuple[list[Task], range] | None:
    """The tasks that a keyframe has in full, and the ids of those that it names.

    None where neither will do: too many have been started, or they don't follow each other.
    """
    outstanding = job.outstanding
    left = len(outstanding)
    if left <= MOST_WRITTEN:
        return list(outstanding.values()), range(0)
    if not job.is_in_order and left <= _MOST_LOOKED_AT:  # it may be again, by now
        job.is_in_order = list(outstanding) == sorted(outstanding)
    if not job.is_in_order or left > _MOST_NAMED:
        return None
    last, written = next(reversed(outstanding)), list[Task]()
    for task_id, task in outstanding.items():
        if task_id > job.last_started and last - task_id == left - 1:
            return written, range(task_id, last + 1)
        if len(written) == MOST_WRITTEN:
            return None
        written.append(task)
        left -= 1
    return None


def named_tasks(job: Job, waiting: range) -> dict[str, Any]:
    """What a keyframe says of the tasks that it names, once the job's statistics are sorted in."""
    if not waiting:
        return {}
    counts = {name: one.queued for name, one in job.statistics.routines.items() if one.queued}
    return {KEY: [waiting[0], waiting[-1], counts]}


class TaskReader:
    """Reads tasks from the changes that queued them.

    Args:
        store: the sealed segments.
        unsealed: the changes of what is not sealed, in order.
    """

    def __init__(self, store: SegmentStore, unsealed: Sequence[Sequence[Any]] = ()) -> None:
        self._store = store
        self._unsealed = unsealed
        self._segments = [one for one in store.segments if not one.reset]

    def read_near(self, task_id: int) -> dict[int, Task]:
        """A task, and those that were queued near it; without it where it can't be read."""
        for changes in self._unsealed:
            found = _queued_by(changes)
            if task_id in found:
                return found
        try:
            store, segments = self._store, self._segments
            n = bisect_right(segments, task_id, key=lambda one: _first_task(store, one)) - 1
            blocks = store.footer(segments[n]).blocks
            b = bisect_right(blocks, task_id, key=lambda one: one.next_task) - 1
            return _queued_by(store.changes(segments[n], blocks[b]))
        except (Damaged, IndexError, TypeError, ValueError, KeyError, AttributeError):
            return {}


def _first_task(store: SegmentStore, segment: Any) -> int:
    """The id that the next task was to get before a segment."""
    blocks = store.footer(segment).blocks
    return blocks[0].next_task if blocks else 0


def _queued_by(changes: Sequence[Any]) -> dict[int, Task]:
    """The tasks that changes queue, as they were then."""
    found = {}
    for change in changes:
        if change[1] in QUEUEING:
            for task in tasks_queued(*change[1:]):
                found[task.id] = task
    return found


class KeyframeTasks(dict[int, Any]):
    """The tasks of a job at a moment; one that is only named is read when somebody asks for it.

    Args:
        written: those that the keyframe has in full.
        waiting: the ids of those that it names.
        reader: where they are read from.
    """

    def __init__(self, written: dict[int, Task], waiting: range, reader: TaskReader) -> None:
        super().__init__(written)
        self.update(dict.fromkeys(waiting))
        self._reader = reader

    def __getitem__(self, task_id: int) -> Task:
        task = super().__getitem__(task_id)
        return self._read(task_id) if task is None else task

    def _read(self, task_id: int) -> Task:
        there = super().get
        for one, task in self._reader.read_near(task_id).items():
            if one in self and there(one) is None:
                self[one] = task
        if there(task_id) is None:
            self[task_id] = Task(task_id, "", "", {"missing": "can't be read"}, None, None, 0.0)
        found: Task = super().__getitem__(task_id)
        return found

    def get(self, task_id: int, default: Any = None) -> Any:
        """A task, or ``default``."""
        return self[task_id] if task_id in self else default  # noqa: SIM401 - it is this

    def pop(self, task_id: int, *default: Any) -> Any:
        """Take a task out, as `dict.pop`."""
        if task_id in self and super().get(task_id) is None:
            self._read(task_id)
        return super().pop(task_id, *default)

    def values(self) -> Iterator[Task]:  # type: ignore[override] # nobody needs a view
        """All tasks, each read as it is taken."""
        return (self[task_id] for task_id in list(self))

    def items(self) -> Iterator[tuple[int, Task]]:  # type: ignore[override] # as above
        """All ids and tasks, each read as it is taken."""
        return ((task_id, self[task_id]) for task_id in list(self))


def job_from_keyframe(keyframe: dict[str, Any], into: type[AnyJob], reader: TaskReader) -> AnyJob:
    """The job that a keyframe tells, without its growing lists.

    Raises:
        Damaged: when what it says of its tasks makes no sense.
    """
    state = into.from_plain({key: value for key, value in keyframe.items() if key != KEY})
    entry = keyframe.get(KEY)
    if entry is None:
        return state
    if not (isinstance(entry, list) and len(entry) == 3 and is_id(entry[0]) and is_id(entry[1])):
        raise Damaged("its keyframe's tasks are no tasks")
    first, last, counts = entry
    if not 0 <= last - first < _MOST_NAMED or last >= state.next_task_id:
        raise Damaged("its keyframe names tasks that never were")
    state.outstanding = KeyframeTasks(state.outstanding, range(first, last + 1), reader)
    state.last_started, state.is_in_order = first - 1, True
    for name, count in (counts if isinstance(counts, dict) else {}).items():
        state.statistics.of(name).queued = as_count(count)
    return state
