"""When each task waited and ran in a stretch of a job's time, from its changes; and its picture.

The buckets of the statistics tell of any length of time, and of nothing shorter than they are; the
changes tell exactly what happened, of as much as is read at once. A routine's lane expands to as
many as its handlers ran at once, or to those of its workers.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from routilux_tui.errors import NotPossible
from routilux_tui.job.change_kinds import TIME_PLACES
from routilux_tui.views.timeline import Activity, Timeline, timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routilux_tui.job.model import Job

#: Changes that are read for one picture; more are drawn from the buckets.
MOST_CHANGES = 300_000
#: Lanes of one routine; what runs beside those is drawn in the last.
MOST_LANES = 16
_FINER = 4
"""Buckets of a cell."""
_MOST_BUCKETS = 8000


class TaskSpan(NamedTuple):
    """A task's wait and one of its runs, in seconds since the epoch; ``mark`` says how it ended.

    ``worker`` is the worker process where it ran, if it ran in one, and that is known yet. Where
    ``ran`` is false nothing ran at its end: the task waits still, was dropped, or given up.
    """

    routine_id: str
    queued: float
    begin: float
    end: float
    mark: str = ""
    worker: str = ""
    ran: bool = True


class TaskSpans:
    """The spans of a stretch of time, as changes tell them.

    Args:
        job: the job at the beginning of it.
        begin: the beginning, in seconds since the epoch.
    """

    def __init__(self, job: Job, begin: float) -> None:
        self.found: list[TaskSpan] = []
        self.begin = begin
        self._queued: dict[int, tuple[str, float]] = {
            task.id: (task.routine_id, max(begin, task.due or task.created_at))
            for task in job.outstanding.values()
            if task.id not in job.running
        }
        self._running: dict[int, tuple[str, float, float]] = {
            task_id: (routine_id, at, at) for task_id, (routine_id, at) in job.running.items()
        }
        self._workers = dict(job.workers)
        #: The routines of tasks that are gone and may come back, by their ids.
        self._gone = {task.id: task.routine_id for task in job.dropped_tasks}
        self._gone |= {one.task.id: one.task.routine_id for one in job.failed_tasks}
        self._last = begin

    def take(self, changes: Iterable[Any], until: float) -> bool:
        """Take note of changes up to a time; False when that is reached."""
        for change in changes:
            note = _NOTES_BY_KIND.get(change[1])
            if note is None:
                continue
            at = change[TIME_PLACES[change[1]]]
            if at > until:
                return False
            note(self, change, at)
            self._last = max(self._last, at)
        return True

    def emit(self, change: Sequence[Any], at: float) -> None:
        """Tasks are queued."""
        for task_id, routine_id, _ in change[7 if change[1] == "emit" else 2]:
            self._queued[task_id] = (routine_id, at)

    def run(self, change: Sequence[Any], at: float) -> None:
        """A handler has started."""
        _, queued = self._queued.pop(change[2], ("", at))
        self._running[change[2]] = (change[3], queued, at)

    def worker(self, change: Sequence[Any], _at: float) -> None:
        """A handler runs in a worker process."""
        self._workers[change[2]] = change[3]

    def leave(self, change: Sequence[Any], at: float) -> None:
        """Tasks wait no more, and will not run."""
        for task_id in change[2] if isinstance(change[2], list) else [change[2]]:
            known = self._queued.pop(task_id, None)
            if task_id in self._running:  # a cancel stops it: its end comes next
                self._gone[task_id] = self._running[task_id][0]
            if known is not None:
                self._gone[task_id] = known[0]
                if known[1] < at:
                    self.found.append(TaskSpan(*known, at, at, ran=False))

    def come_back(self, change: Sequence[Any], at: float) -> None:
        """Tasks that were dropped are queued again, or a new one stands in the place of another."""
        if change[1] == "again":
            self.leave(change, at)
            ids = [(change[2], change[3])]
        else:
            ids = [(one, one) for one in change[2]]
        for old, new in ids:
            routine_id = self._gone.pop(old, None)
            if routine_id is not None:
                self._queued[new] = (routine_id, at)

    def hasten(self, change: Sequence[Any], at: float) -> None:
        """Tasks that waited to be tried again may run now."""
        for task_id in change[2]:
            if task_id in self._queued:
                routine_id, queued = self._queued[task_id]
                self._queued[task_id] = (routine_id, min(queued, at))

    def take_up(self, _change: Sequence[Any], at: float) -> None:
        """Another process runs the job: what ran in the one before was killed, and waits again."""
        for task_id, (routine_id, queued, begin) in self._running.items():
            worker = self._workers.pop(task_id, "")
            self.found.append(
                TaskSpan(routine_id, queued, begin, max(begin, self._last), "", worker)
            )
            self._queued[task_id] = (routine_id, at)
        self._running.clear()

    def ran(self, change: Sequence[Any], at: float) -> None:
        """A handler has ended, and its task is over or will be tried again."""
        routine_id, queued, begin = self._running.pop(change[2], (change[3], at, at))
        mark = ""
        if change[1] == "retry":
            mark = "retry"
            self._queued[change[2]] = (routine_id, max(at, change[7]))
        elif len(change) > 6 and change[6] is not None and change[4] != "cancelled":
            mark = "gave_up"
            self._gone[change[2]] = routine_id
        worker = self._workers.pop(change[2], "")
        self.found.append(TaskSpan(routine_id, queued, begin, at, mark, worker))

    def close(self, end: float) -> list[TaskSpan]:
        """All of them, by their beginnings; what runs or waits still does so until the end."""
        running = [
            TaskSpan(routine_id, queued, begin, end, worker=self._workers.get(task_id, ""))
            for task_id, (routine_id, queued, begin) in self._running.items()
        ]
        waiting = [
            TaskSpan(routine_id, queued, end, end, ran=False)
            for routine_id, queued in self._queued.values()
            if queued < end
        ]
        return sorted([*self.found, *running, *waiting], key=lambda one: one.begin)


#: Every kind of change that moves a task, and what takes note of it.
_NOTES_BY_KIND: dict[str, Callable[[TaskSpans, Sequence[Any], float], None]] = {
    "emit": TaskSpans.emit,
    "queue": TaskSpans.emit,
    "run": TaskSpans.run,
    "worker": TaskSpans.worker,
    "ran": TaskSpans.ran,
    "retry": TaskSpans.ran,
    "drop": TaskSpans.leave,
    "remove": TaskSpans.leave,
    "give_up": TaskSpans.leave,
    "again": TaskSpans.come_back,
    "undrop": TaskSpans.come_back,
    "due": TaskSpans.hasten,
    "first": TaskSpans.hasten,
    "take_up": TaskSpans.take_up,
}


def drawn_spans(
    spans: Sequence[TaskSpan],
    routines: Sequence[str],
    begin: float,
    end: float,
    columns: int,
    *,
    paused: Sequence[tuple[float, float]] = (),
    fold: bool = True,
    expanded: Iterable[str] = (),
) -> Timeline:
    """Draw spans; see `timeline`.

    Args:
        spans: by their beginnings.
        routines: in the order of the lanes.
        begin: the first moment shown, in seconds since the epoch.
        end: the last.
        columns: cells of a lane.
        paused: stretches in which the job was paused.
        fold: whether idle stretches are folded.
        expanded: routines that have a lane for each handler that ran beside others; below the
            whole, by worker, where handlers ran in some.
    """
    if end <= begin:
        raise NotPossible("No time is shown.")
    buckets = max(1, min(columns * _FINER, _MOST_BUCKETS))
    width = (end - begin) / buckets
    by_routine: dict[str, list[TaskSpan]] = {one: [] for one in routines}
    for span in spans:
        by_routine.setdefault(span.routine_id, []).append(span)
    lanes: dict[str, tuple[str, int, str]] = {}
    details: set[str] = set()
    activities: dict[str, Activity] = {}
    wide = set(expanded)
    for routine_id, own in by_routine.items():
        groups = _expanded(own) if routine_id in wide else [(0, "", own)]
        for part, worker, group in groups:
            key = f"{len(lanes)}"
            lanes[key] = (routine_id, part, worker)
            if part and not groups[0][0]:
                details.add(key)
            activities[key] = _activity(group, begin, end, width, buckets, part > 0)
    shown = timeline(activities, begin, end, columns, paused=paused, fold=fold, details=details)
    named = []
    for lane, (routine_id, part, worker) in zip(shown.lanes, lanes.values(), strict=True):
        changed = {"routine_id": routine_id, "part": part, "worker": worker}
        named.append(msgspec.structs.replace(lane, **changed))
    return msgspec.structs.replace(shown, lanes=named, width=width)


def _expanded(spans: Sequence[TaskSpan]) -> list[tuple[int, str, Sequence[TaskSpan]]]:
    """The lanes of a routine: their parts, workers, spans."""
    by_worker: dict[str, list[TaskSpan]] = {one.worker: [] for one in spans if one.worker}
    if not by_worker:
        return [(n, "", row) for n, row in enumerate(_side_by_side(spans), 1)]
    for span in spans:
        by_worker.setdefault(span.worker, []).append(span)
    rows = [(worker, row) for worker, own in by_worker.items() for row in _side_by_side(own)]
    return [(0, "", spans), *((n, *one) for n, one in enumerate(rows[:MOST_LANES], 1))]


def _side_by_side(spans: Sequence[TaskSpan]) -> list[list[TaskSpan]]:
    """The spans in as many rows as ran at once: each in the first that is free."""
    rows: list[list[TaskSpan]] = [[]]
    free = [0]
    busy: list[tuple[float, int]] = []
    for span in spans:
        while busy and busy[0][0] <= span.begin:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free and len(rows) < MOST_LANES:
            rows.append([])
            free.append(len(rows) - 1)
        n = heapq.heappop(free) if free else MOST_LANES - 1
        rows[n].append(span)
        if span.end > span.begin:
            heapq.heappush(busy, (span.end, n))
        else:
            heapq.heappush(free, n)
    return rows


def _activity(
    spans: Sequence[TaskSpan], begin: float, end: float, width: float, buckets: int, waits_too: bool
) -> Activity:
    busy, waits = [0.0] * buckets, [0.0] * buckets
    starts, ends, errors, retries = ([0] * buckets for _ in range(4))
    steps = [0] * (buckets + 1)

    def number(at: float) -> int:
        return min(buckets - 1, max(0, int((at - begin) / width)))

    for span in spans:
        _spread(busy, span.begin, span.end, begin, width)
        if span.begin > span.queued:
            steps[number(max(span.queued, begin))] += 1
            steps[number(span.begin) + 1] -= 1
            if waits_too:
                _spread(waits, span.queued, span.begin, begin, width)
        if not span.ran:
            continue
        if begin <= span.begin < end:
            starts[number(span.begin)] += 1
        if begin <= span.end < end:
            ends[number(span.end)] += 1
            errors[number(span.end)] += bool(span.mark)
            retries[number(span.end)] += span.mark == "retry"
    queue, waiting = [], 0
    for step in steps[:buckets]:
        waiting += step
        queue.append(waiting)
    return Activity(
        begin=begin, width=width, busy=busy, starts=starts, ends=ends, errors=errors,
        retries=retries, queue=queue, waits=waits if waits_too else (), end=end,
    )  # fmt: skip


def _spread(into: list[float], start: float, stop: float, begin: float, width: float) -> None:
    """Add the time from one moment to another to every bucket that it touches."""
    first = max(0, int((max(start, begin) - begin) / width))
    for n in range(first, len(into)):
        low, high = begin + n * width, begin + (n + 1) * width
        if low >= stop:
            break
        part = min(stop, high) - max(start, low)
        if part > 0:
            into[n] += part
