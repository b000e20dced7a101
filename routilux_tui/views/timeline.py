"""A job's time on lines of cells: a lane a routine, idle stretches folded.

What happened is told by `Activity`: buckets of equal width. From them any stretch of time is
drawn at any width, in one pass over the buckets. Nothing here knows a screen.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.views.time_stretches import Stretch, edges_of, stretches_of, ticks_of

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

#: The looks of a cell: how full it is, in eighths; what happened in it, before that.
LEVELS = " ▁▂▃▄▅▆▇█"
LEVELS_ASCII = " .:-=+*#@"
MARKS = {
    "gave_up": ("✗", "x"),
    "retry": ("↻", "r"),
    "paused": ("‖", "p"),
    "waits": ("░", "-"),
}

_TOUCHES = 1e-3
"""The part of a bucket that lies in a cell by the rounding of times alone."""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What one routine did: bucket ``n`` is from ``begin + n * width`` on, ``width`` seconds long.

    ``busy`` is in seconds of handlers (two that run at once make two seconds a second); the other
    lists count starts, ends, errors and retries (which are errors, too); ``queue`` has the most
    tasks that waited, and ``waits`` for how many seconds tasks did, where that is to be drawn.
    Lists that are shorter than others go on with zeros. What is in the bucket of ``end``, the last
    moment known, happened before that.
    """

    begin: float
    width: float
    busy: Sequence[float]
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()
    errors: Sequence[int] = ()
    retries: Sequence[int] = ()
    queue: Sequence[int] = ()
    waits: Sequence[float] = ()
    end: float = math.inf

    @property
    def length(self) -> int:
        """How many buckets there are."""
        lists = (self.busy, self.starts, self.ends, self.errors, self.retries, self.queue)
        return max(map(len, lists))


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """One cell of a lane: ``level`` in eighths; ``mark`` is a key of `MARKS`, or empty."""

    level: int
    mark: str = ""


class Lane(msgspec.Struct, frozen=True):
    """A routine's line; ``share`` is how much of the time shown a handler of it ran (0 to ...).

    ``part`` counts the lanes of a routine that has one for each handler beside others; 0: it has
    but one, or all of it is in this. ``worker`` is where the handlers of the lane ran, if not in
    the job's own process.
    """

    routine_id: str
    cells: list[Cell]
    share: float
    part: int = 0
    worker: str = ""

    @property
    def name(self) -> str:
        """What stands before its cells: the routine, or the worker; a further lane has none."""
        if self.worker:
            return f" {self.worker.removeprefix('worker process ')}"
        return self.routine_id if self.part < 2 else ""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a job's time, drawn.

    ``queue`` and ``rate`` are curves below the lanes: tasks that wait, and handlers that ended a
    second, a number a cell; ``busy`` is how many handlers ran at once. ``ticks`` are the columns
    of round times, with their labels. ``first`` and ``last`` bound the job's time; ``width`` is the
    length of the buckets that it is drawn from, in seconds. ``is_exact`` is false where only the
    times of records are known.
    """

    begin: float
    end: float
    columns: int
    stretches: list[Stretch]
    lanes: list[Lane]
    queue: list[int]
    rate: list[float]
    ticks: list[tuple[int, str]]
    first: float = 0.0
    last: float = 0.0
    is_exact: bool = True
    width: float = 0.0
    busy: list[float] = []

    def time_at(self, column: float) -> float:
        """The moment that a column stands for."""
        n = bisect_right([one.column for one in self.stretches], column) - 1
        one = self.stretches[max(0, n)]
        part = min(1.0, max(0.0, (column - one.column) / one.cells))
        return one.begin + part * (one.end - one.begin)

    def column_of(self, at: float) -> int:
        """The column that shows a moment; the nearest where it is out of sight."""
        n = bisect_right([one.begin for one in self.stretches], at) - 1
        one = self.stretches[max(0, n)]
        part = min(1.0, max(0.0, (at - one.begin) / (one.end - one.begin)))
        return min(self.columns - 1, one.column + int(part * one.cells))


def timeline(
    activities: dict[str, Activity],
    begin: float,
    end: float,
    columns: int,
    *,
    paused: Sequence[tuple[float, float]] = (),
    fold: bool = True,
    details: Container[str] = (),
) -> Timeline:
    """Draw the time from ``begin`` to ``end`` (seconds since the epoch) on so many columns.

    Args:
        activities: what the routines did, by their ids, in the order of the lanes.
        begin: the first moment shown.
        end: the last.
        columns: cells of a lane.
        paused: stretches in which the job was paused.
        fold: whether stretches in which nothing happened are folded.
        details: the ids of those whose work is that of another, too: no curve counts it twice.
    """
    columns = max(1, columns)
    end = max(end, begin + 1e-6)
    sums = {one: _Sums(activity) for one, activity in activities.items()}
    idle = _idle(list(sums.values()), begin, end) if fold else []
    pieces = stretches_of(begin, end, columns, idle)
    edges = edges_of(pieces)
    lanes = [_lane(one, known, edges, paused) for one, known in sums.items()]
    counted = [known for one, known in sums.items() if one not in details]
    ends = [sum(one.count("ends", *edge) for one in counted) for edge in edges]
    return Timeline(
        begin=begin,
        end=end,
        columns=columns,
        stretches=pieces,
        lanes=lanes,
        queue=[sum(one.queue(*edge) for one in counted) for edge in edges],
        rate=[
            count / (upper - lower or 1.0)
            for count, (lower, upper) in zip(ends, edges, strict=True)
        ],
        ticks=ticks_of(pieces, begin, end, columns),
        busy=[
            sum(one.count("busy", lower, upper) for one in counted) / (upper - lower or 1.0)
            for lower, upper in edges
        ],
    )


def cell_text(cell: Cell, *, ascii_only: bool = False) -> str:
    """A cell as one character."""
    if cell.mark:
        return MARKS[cell.mark][ascii_only]
    return (LEVELS_ASCII if ascii_only else LEVELS)[cell.level]


class _Sums:
    """An activity's lists as running sums, so that any stretch of it is two look-ups."""

    def __init__(self, activity: Activity) -> None:
        self.activity = activity
        lists = ("busy", "starts", "ends", "errors", "retries", "waits")
        self.length = activity.length
        self._sums = {
            name: [0.0, *accumulate(_filled(getattr(activity, name), self.length))]
            for name in lists
        }

    def count(self, name: str, begin: float, end: float) -> float:
        """How much of a list falls between two moments; a bucket's is spread over it evenly.

        That of the bucket in which time ends is spread over its part until then.
        """
        return self._until(name, end) - self._until(name, begin)

    def _until(self, name: str, at: float) -> float:
        sums = self._sums[name]
        place = min(max(0.0, (at - self.activity.begin) / self.activity.width), self.length)
        whole = int(place)
        if whole >= self.length:
            return sums[-1]
        known = (self.activity.end - self.activity.begin) / self.activity.width - whole
        part = min(1.0, (place - whole) / known) if 0.0 < known < 1.0 else place - whole
        return sums[whole] + part * (sums[whole + 1] - sums[whole])

    def total(self, name: str, begin: float, end: float) -> float:
        """How much all buckets have of which a moment lies between the two."""
        first, stop = self._buckets(begin, end)
        return self._sums[name][stop] - self._sums[name][first]

    def queue(self, begin: float, end: float) -> int:
        """The most tasks that waited."""
        first, stop = self._buckets(begin, end)
        return max(self.activity.queue[first:stop], default=0)

    def _buckets(self, begin: float, end: float) -> tuple[int, int]:
        width, start = self.activity.width, self.activity.begin
        first = min(self.length, max(0, math.floor((begin - start) / width + _TOUCHES)))
        stop = min(self.length, max(0, math.ceil((end - start) / width - _TOUCHES)))
        return first, max(first, stop)

    def busy_stretches(self) -> list[tuple[float, float]]:
        """The buckets in which anything happened, or waited."""
        begin, width = self.activity.begin, self.activity.width
        queue = _filled(self.activity.queue, self.length)
        names = ("busy", "starts", "errors", "retries")
        return [
            (begin + n * width, begin + (n + 1) * width)
            for n in range(self.length)
            if queue[n] or any(self._sums[one][n + 1] > self._sums[one][n] for one in names)
        ]


def _filled(values: Sequence[float], length: int) -> list[float]:
    return [*values, *([0] * (length - len(values)))]


def _idle(sums: list[_Sums], begin: float, end: float) -> list[tuple[float, float]]:
    """The stretches in which nothing happened, and nothing waited."""
    idle, at = [], begin
    for start, stop in sorted(one for each in sums for one in each.busy_stretches()):
        if start > at:
            idle.append((at, min(start, end)))
        at = max(at, stop)
        if at >= end:
            break
    if at < end:
        idle.append((at, end))
    return [(start, stop) for start, stop in idle if stop > start]


def _lane(
    routine_id: str,
    sums: _Sums,
    edges: list[tuple[float, float]],
    paused: Sequence[tuple[float, float]],
) -> Lane:
    cells = []
    for begin, end in edges:
        busy = sums.count("busy", begin, end) / (end - begin or 1.0)  # 0: centuries are drawn
        level = min(8, int(busy * 8 + 0.5))
        if not level and (busy > 0 or sums.total("starts", begin, end)):
            level = 1
        mark = ""
        if sums.total("errors", begin, end) > sums.total("retries", begin, end):
            mark = "gave_up"
        elif sums.total("retries", begin, end):
            mark = "retry"
        elif not level and sums.total("waits", begin, end):
            mark = "waits"
        elif not level and any(start < end and stop > begin for start, stop in paused):
            mark = "paused"
        cells.append(Cell(level, mark))
    begin, end = edges[0][0], edges[-1][1]
    return Lane(routine_id, cells, sums.count("busy", begin, end) / (end - begin))
