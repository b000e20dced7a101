"""What led to a record, and what came of it: the chain of emits from ``start`` on.

A record knows the task whose handler made it (``task``) and the first task that it queued itself
(``first``); the ids of tasks rise, and ``first`` never falls along the history. So the record
that queued a task is found by a search among windows of rows, on a job of any length, wherever it
is; no index is needed.

`trace` is a generator: it yields ``(start, stop)``, and is sent the history's rows of that
stretch. `run_trace` drives it where rows are read at once; an asynchronous caller sends them as
they come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.job import timestamps
from routilux_tui.views.formatting import count, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from routilux_tui.views.critical_path import Link
    from routilux_tui.views.shapes import Row

#: Rows that are asked for at once.
BLOCK = 64
#: Steps back that are followed, and records found forward; loops make longer chains.
MOST_STEPS = 500
#: So many records of one kind in a row, as a loop makes them, are shown; else two and a count.
MOST_ALIKE = 4
#: Blocks that are searched for what came of a record.
MOST_BLOCKS = 40


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One record on the way.

    ``after`` is the time since the record that led to it, in seconds: what its task has waited
    and run until then; ``waited`` and ``ran`` tell these apart, where the job's changes are kept.
    ``depth`` counts the emits between it and the record that was asked for, forward. ``cause`` is
    the position of the record that led to it, None for the first.
    """

    n: int
    at: str
    routine: str
    event: str
    text: str = ""
    task: int | None = None
    cause: int | None = None
    after: float | None = None
    waited: float | None = None
    ran: float | None = None
    depth: int = 0


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The chain to a record, from its beginning to the record itself, and what came of it.

    ``gap``: the chain goes on between its first step and the second, longer than is followed.
    ``is_whole``: all records after it were looked at for what came of it. ``note`` says why
    nothing led to it, where that is not because it is the start.
    """

    chain: list[Step]
    came: list[Step] = []
    gap: bool = False
    is_whole: bool = True
    note: str = ""


def folded(chain: list[Step], *, gap: bool) -> Iterator[Step | str]:
    """A chain as it is shown: its steps, and in words what is left out between them."""
    at = 0
    while at < len(chain):
        kind = (chain[at].routine, chain[at].event)
        stop = at + 1
        while stop < len(chain) and (chain[stop].routine, chain[stop].event) == kind:
            stop += 1
        if stop - at > MOST_ALIKE:
            yield chain[at]
            yield f"… {count(stop - at - 2)} more of {'.'.join(kind)}"
            yield chain[stop - 1]
        else:
            yield from chain[at:stop]
        if gap and not at:
            yield "… more than is followed"
        at = stop


def run_trace(n: int, total: int, window: Callable[[int, int], Sequence[Row]]) -> Trace | None:
    """The trace of a record, where rows are read at once; None where there is no such record.

    Args:
        n: its position in the history.
        total: the number of records.
        window: gives the rows ``start`` to ``stop``.
    """
    asking = trace(n, total)
    rows: Sequence[Row] | None = None
    while True:
        try:
            start, stop = asking.send(rows) if rows is not None else next(asking)
        except StopIteration as end:
            found: Trace | None = end.value
            return found
        rows = window(start, stop)


def trace(n: int, total: int) -> Generator[tuple[int, int], Sequence[Row], Trace | None]:
    """Ask for rows, and return the trace of record ``n`` of ``total``; see the module."""
    blocks = _Blocks(total)
    row = yield from blocks.row(n)
    if row is None:
        return None
    back = [row]
    while len(back) < MOST_STEPS and back[-1].task is not None:
        cause = yield from _queued_by(back[-1].task, back[-1].n, blocks)
        if cause is None:
            break
        back.append(cause)
    note = ""
    gap = len(back) == MOST_STEPS and back[-1].task is not None and back[-1].n > 0
    if row.task is None and row.n and row.first is None:
        note = "its records do not say what led to them"
    if gap:
        start = yield from blocks.row(0)
        back[-1:] = [start] if start is not None else []
    came, is_whole = yield from _consequences(row, blocks)
    chain = [_step(one, None if not n else back[::-1][n - 1]) for n, one in enumerate(back[::-1])]
    if gap:
        chain[1] = msgspec.structs.replace(chain[1], cause=None, after=None)
    return Trace(chain=chain, came=came, gap=gap, is_whole=is_whole, note=note)


def with_waits(found: Trace, links: Iterable[Link]) -> Trace:
    """A trace whose steps say what of the time before them was waited, and what was run."""
    by_task = {one.task: one for one in links}
    chain = []
    for step in found.chain:
        link = by_task.get(step.task) if step.task is not None else None
        if link is not None and step.after is not None:
            step = msgspec.structs.replace(step, waited=link.waited, ran=link.ran)  # noqa: PLW2901
        chain.append(step)
    return msgspec.structs.replace(found, chain=chain)


def waits_of(step: Step) -> str:
    """What of the time before a record its task waited, and what it ran; empty if not known."""
    if step.waited is None or step.ran is None:
        return ""
    return f"waited {duration(step.waited)}, ran {duration(step.ran)}"


class _Blocks:
    """The history's rows, a block at a time; what was asked for once is kept."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._known: dict[int, Sequence[Row]] = {}

    def get(self, number: int) -> Generator[tuple[int, int], Sequence[Row], Sequence[Row]]:
        """The rows of a block."""
        if number not in self._known:
            start = number * BLOCK
            self._known[number] = yield (start, min(start + BLOCK, self.total))
        return self._known[number]

    def row(self, n: int) -> Generator[tuple[int, int], Sequence[Row], Row | None]:
        """One row, or None."""
        if not 0 <= n < self.total:
            return None
        rows = yield from self.get(n // BLOCK)
        return next((row for row in rows if row.n == n), None)


def _queued_by(
    task: int, before: int, blocks: _Blocks
) -> Generator[tuple[int, int], Sequence[Row], Row | None]:
    """The record that queued a task: the last before position ``before`` with ``first <= task``."""
    low, high = 0, before // BLOCK  # the blocks that may hold it
    low_first, high_first = 0, 0
    steps = 0
    at = high
    while True:
        rows = yield from blocks.get(at)
        earlier = [row for row in rows if row.n < before]
        firsts = [row for row in earlier if row.first is not None]
        if earlier and not firsts:
            low = at + 1  # written before records knew their causes
        elif firsts and (firsts[0].first or 0) <= task:
            if at == high or (firsts[-1].first or 0) > task:
                return next(row for row in reversed(firsts) if (row.first or 0) <= task)
            low, low_first = at, firsts[-1].first or 0
            following = yield from blocks.get(at + 1)
            if following and (following[0].first or 0) > task:
                return firsts[-1]
            low = at + 1
        else:
            high = at - 1
            high_first = (firsts[0].first or 0) if firsts else 0
        if low > high:
            return None
        steps += 1
        at = (low + high) // 2
        if steps % 3 and high_first > low_first:  # ids rise about evenly: guess where it stands
            part = (task - low_first) / (high_first - low_first)
            at = min(high, max(low, low + int(part * (high - low + 1))))


def _consequences(
    row: Row, blocks: _Blocks
) -> Generator[tuple[int, int], Sequence[Row], tuple[list[Step], bool]]:
    """The records that came of one, soonest first, and whether all were looked at.

    Those right after it are looked at, then those about where its tasks had their turn.
    """
    following = yield from blocks.row(row.n + 1)
    if row.first is None or following is None or following.first is None:
        return [], True
    queued = dict.fromkeys(_queued(row, following), (row, 1))
    if not queued:
        return [], True
    came: list[Step] = []
    at, last = row.n // BLOCK, (blocks.total - 1) // BLOCK
    stops = [min(last, at + MOST_BLOCKS // 2)]
    while at <= last and len(came) < MOST_STEPS:
        rows = yield from blocks.get(at)
        ahead = (yield from blocks.row((at + 1) * BLOCK)) if at < last else None
        for one, after in zip(rows, [*rows[1:], ahead], strict=True):
            if one.n <= row.n or one.task not in queued:
                continue
            cause, depth = queued[one.task]
            came.append(_step(one, cause, depth))
            if after is not None:
                queued.update((task, (one, depth + 1)) for task in _queued(one, after))
        at += 1
        if at > stops[-1]:
            if len(stops) > 1 or came:
                break
            at = max(at, (yield from _turn_of(row.first, at, last, blocks)) - 2)
            stops.append(min(last, at + MOST_BLOCKS // 2))
    contiguous = len(stops) == 1
    return came[:MOST_STEPS], at > last and contiguous and len(came) <= MOST_STEPS


def _turn_of(
    task: int, low: int, high: int, blocks: _Blocks
) -> Generator[tuple[int, int], Sequence[Row], int]:
    """About the block in which a task had its turn: tasks run about in the order of their ids."""
    while low < high:
        middle = (low + high) // 2
        rows = yield from blocks.get(middle)
        tasks = [row.task for row in rows if row.task is not None]
        if tasks and max(tasks) < task:
            low = middle + 1
        else:
            high = middle
    return low


def _queued(row: Row, following: Row) -> range:
    """The tasks that a record queued, from it and the one after it."""
    if row.first is None or following.first is None:
        return range(0)
    return range(row.first, following.first)


def _step(row: Row, cause: Row | None, depth: int = 0) -> Step:
    then = timestamps.to_epoch(row.at)
    before = None if cause is None else timestamps.to_epoch(cause.at)
    return Step(
        n=row.n,
        at=row.at,
        routine=row.routine,
        event=row.name,
        text=row.text,
        task=row.task,
        cause=None if cause is None else cause.n,
        after=None if then is None or before is None else max(0.0, then - before),
        depth=depth,
    )
