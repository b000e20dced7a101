"""What a job's handlers printed, as rows; read from beside its file, never held."""

from __future__ import annotations

import threading
from array import array
from itertools import islice
from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.job.error_kinds import is_failure
from routilux_tui.job.jsonable import shortened
from routilux_tui.store.printed import Line, PrintedReader
from routilux_tui.views.shapes import PRINTED, Filter, Row, Window

if TYPE_CHECKING:
    import os

    from routilux_tui.job.jsonable import Plain

MOST_ROWS = 1000
"""Rows of one window at the most."""
_MOST_FILTERS = 4


class Printed:
    """Windows of what was printed. Positions count the lines that are gone, too.

    Args:
        path: the job's file.
        until: the moment, in seconds since the epoch, after which nothing is shown; None: all is.
    """

    def __init__(self, path: str | os.PathLike[str], until: float | None = None) -> None:
        self._reader = PrintedReader(path)
        self._until = until
        self._ends: tuple[int, int] | None = None
        self._matches: dict[Filter, tuple[array[int], int]] = {}
        self._searching = threading.Lock()

    def _extent(self) -> tuple[int, int]:
        """How many lines are gone, and where they end: of a moment, with its last one."""
        if self._until is None:
            return self._reader.extent()
        if self._ends is None:
            gone, total = self._reader.extent()
            low, high = gone, total
            while low < high:  # lines are printed in the order of their times
                middle = (low + high) // 2
                line = next(self._reader.lines(middle), None)
                at = None if line is None else timestamps.to_epoch(line.at)
                if at is not None and at <= self._until:
                    low = middle + 1
                else:
                    high = middle
            self._ends = gone, low
        return self._ends

    def window(self, start: int, stop: int, where: Filter) -> Window:
        """Rows ``start`` to ``stop`` of those that ``where`` leaves; negative: from the end."""
        if where:
            return self._filtered(start, stop, where)
        gone, total = self._extent()
        first = max(gone, total + start) if start < 0 else min(max(start, gone), total)
        shifted = first - start if 0 <= start < gone else 0  # what was asked for is gone
        last = total + stop if stop < 0 else min(stop + shifted, total)
        count = max(0, min(last - first, MOST_ROWS))
        lines = islice(self._reader.lines(first), count)
        return Window(PRINTED, first, total, [_row(line) for line in lines])

    def _filtered(self, start: int, stop: int, where: Filter) -> Window:
        found = self._found(where)
        total = len(found)
        first = max(0, total + start) if start < 0 else min(start, total)
        last = min(total + stop if stop < 0 else min(stop, total), first + MOST_ROWS)
        rows = []
        for n in found[first:last]:
            line = next(self._reader.lines(n, where.task), None)
            if line is not None and line.n == n:
                rows.append(_row(line))
        return Window(PRINTED, first, total, rows)

    def _found(self, where: Filter) -> array[int]:
        """The positions of the lines that match, kept and only ever continued."""
        with self._searching:
            found, seen = self._matches.pop(where, (array("q"), 0))
            _, total = self._extent()
            for line in self._reader.lines(seen, where.task):
                if line.n >= total:
                    break
                if _matches(line, where):
                    found.append(line.n)
            self._matches[where] = (found, total)
            while len(self._matches) > _MOST_FILTERS:
                del self._matches[next(iter(self._matches))]
            return found[:]

    def item(self, n: int | str) -> Plain:
        """A line with all that is known of it; None where it is there no more."""
        line = next(self._reader.lines(n), None) if isinstance(n, int) and n >= 0 else None
        if line is None or line.n != n:
            return None
        return {
            "at": line.at,
            "routine": line.routine,
            "task": line.task,
            "level": line.level,
            "text": line.text,
        }

    def find(self, text: str, start: int, *, back: bool, where: Filter) -> int | None:
        """Position, among the rows that ``where`` leaves, of the next one that holds ``text``."""
        kept = self._found(where) if where else None
        if kept is None:
            places = list(self._found(Filter(text=text)))
        else:
            at = {n: place for place, n in enumerate(kept)}
            wanted = Filter(text=text)
            lines = (line for line in self._reader.lines(0, where.task) if line.n in at)
            places = [at[line.n] for line in lines if _matches(line, wanted)]
        if back:
            return max((place for place in places if place <= start), default=None)
        return min((place for place in places if place >= start), default=None)


def _matches(line: Line, where: Filter) -> bool:
    if where.routine and line.routine != where.routine:
        return False
    if where.name and line.level != where.name:
        return False
    if where.failures and line.level != "stderr" and not is_failure(line.level):
        return False
    whole = f"{line.routine}\t{line.level}\t{line.text}"
    return not where.text or where.text.casefold() in whole.casefold()


def _row(line: Line) -> Row:
    return Row(line.n, line.at, line.routine, line.level, shortened(line.text), line.task)
