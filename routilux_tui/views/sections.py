"""Reading a job's sections: windows of rows, whole values, searches; nothing is copied whole."""

from __future__ import annotations

import threading
import time
from array import array
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job.error_kinds import FAILURES, is_failure
from routilux_tui.job.jsonable import Plain, as_text, dumps, to_plain
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.views import shapes
from routilux_tui.views.causes import input_of, trace_of
from routilux_tui.views.flow_shape import MOST_ROUTINES
from routilux_tui.views.printed import Printed
from routilux_tui.views.provenance import job_part
from routilux_tui.views.rows import ROWS, routine_row
from routilux_tui.views.running import pending_of
from routilux_tui.views.shapes import Filter, RoutineRow, Row, Window

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from routilux_tui.job.model import Job

MOST_ROWS = 1000
"""Rows of one window at the most."""
_MOST_FILTERS = 8
_SLICE = 1000
"""Items that are looked at while handlers wait."""

#: What the sections hold, but for the routines.
ITEMS: dict[str, Callable[[Job], Sequence[Any]]] = {
    shapes.HISTORY: lambda job: job.execution_history,
    shapes.LOG: lambda job: job.shared_log,
    shapes.PAUSES: lambda job: job.pause_points,
    shapes.OUTPUT: lambda job: job.output_log,
    shapes.DEFERRED: lambda job: job.deferred_events,
    shapes.PENDING: pending_of,
    shapes.DATA: lambda job: list(job.shared_data.items()),
}


class SectionReader:
    """The sections of one job, read while the engine goes on.

    Args:
        job: the job.
        path: its file, where it has one: beside it lies what its handlers printed.
    """

    def __init__(self, job: Job, path: str | os.PathLike[str] = "") -> None:
        self.job = job
        #: What the job's handlers printed, where that is known.
        self.printed = Printed(path) if path else None
        self._matches: dict[tuple[str, Filter], tuple[array[int], int]] = {}
        self._searching = threading.Lock()

    def counts(self) -> dict[str, int]:
        """The number of rows of every section."""
        return {section: len(self._items(section)) for section in shapes.SECTIONS}

    def routines(self) -> list[RoutineRow]:
        """Every routine that has a state, and those of the flow that have none yet.

        At most `MOST_ROUTINES`: a file may have a million.
        """
        states = self.job.routine_states
        rows = (
            routine_row(routine_id, state)
            for routine_id, state in states.items()
            if statuses.is_routine(routine_id)
        )
        pending = (
            RoutineRow(routine_id, "pending")
            for routine_id in self.job.flow_routines
            if routine_id not in states
        )
        return list(islice(chain(rows, pending), MOST_ROUTINES))

    def routine(self, routine_id: str) -> RoutineRow:
        """One routine."""
        return routine_row(routine_id, self.job.routine_states.get(routine_id, {}))

    def _items(self, section: str) -> Sequence[Any]:
        """What a section holds; lists that only grow are given as they are."""
        if section == shapes.ROUTINES:
            return self.routines()
        return ITEMS[section](self.job)

    def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows ``start`` to ``stop`` of those that ``where`` leaves; negative: from the end.

        At most `MOST_ROWS` rows are given.
        """
        if section == shapes.PRINTED and self.printed is not None:
            return self.printed.window(start, stop, where)
        if section not in ROWS:
            return Window(section, 0, 0, [])
        found = self._found(section, where) if where and section in shapes.APPENDED else None
        with self.job.lock:
            items = self._items(section)
            if found is not None:
                positions: Sequence[int] = found
            elif where:
                matches = matcher(section, where)
                positions = [n for n, item in enumerate(items) if matches(n, item)]
            else:
                positions = range(len(items))
            total = len(positions)
            first, last = (
                max(0, total + start) if start < 0 else min(start, total),
                total + stop if stop < 0 else min(stop, total),
            )
            last = min(last, first + MOST_ROWS)
            make = ROWS[section]
            rows = [make(n, items[n]) for n in positions[first:last]]
            exact = getattr(items, "exact", True)
        return Window(section, first, total, rows, exact)

    def _found(self, section: str, where: Filter) -> array[int]:
        """The positions that match, kept and only ever continued.

        They are looked for in slices, outside of the job's lock: a handler waits for none of it.
        """
        key = (section, where)
        matches = matcher(section, where)
        with self._searching:
            found, seen = self._matches.pop(key, (array("q"), 0))
            while True:
                with self.job.lock:
                    items = self._items(section)
                    if seen > len(items):
                        found, seen = array("q"), 0
                    if isinstance(items, list):
                        part = items[seen : seen + _SLICE]
                    else:
                        part = list(islice(items, seen, None))
                if not part:
                    break
                found.extend(n for n, item in enumerate(part, seen) if matches(n, item))
                seen += len(part)
                time.sleep(0)
            self._matches[key] = (found, seen)
            while len(self._matches) > _MOST_FILTERS:
                del self._matches[next(iter(self._matches))]
            return found[:]

    def item(self, section: str, n: int | str) -> Plain:
        """The whole value behind a row; None where there is none any more."""
        if section == shapes.JOB:
            return job_part(self.job, str(n))
        if section == shapes.INPUT:
            with self.job.lock:
                return to_plain(input_of(self.job, n if isinstance(n, int) else None))
        if section == shapes.PRINTED:
            return self.printed.item(n) if self.printed is not None else None
        with self.job.lock:
            if section == shapes.ROUTINES:
                return to_plain(self.job.routine_states.get(str(n)))
            is_data = section == shapes.DATA
            items = self.job.shared_data if is_data else self._items(section)
            if not isinstance(n, int) or not 0 <= n < len(items):
                return None
            if isinstance(items, dict):
                return to_plain(next(islice(items.values(), n, None)))
            item = items[n]
            if isinstance(item, ExecutionRecord):
                return to_plain(self._record(item))
            if hasattr(item, "to_plain"):
                item = item.to_plain()
            return to_plain(item)

    def _record(self, record: ExecutionRecord) -> dict[str, Any]:
        """A record as a file has it; one of a failure with its traceback and its input."""
        plain = record.to_plain()
        plain.pop("trace", None)
        trace = trace_of(self.job, record)
        if trace:
            plain["traceback"] = trace
        if record.event_name in FAILURES and record.task is not None:
            data = record.data if isinstance(record.data, dict) else {}
            plain["input"] = input_of(self.job, record.task, as_text(data.get("slot")))
        return plain

    def find(self, section: str, text: str, start: int, *, back: bool, where: Filter) -> int | None:
        """Position, among the rows that ``where`` leaves, of the next one that holds ``text``."""
        if section == shapes.PRINTED and self.printed is not None:
            return self.printed.find(text, start, back=back, where=where)
        if section not in ROWS:
            return None
        found = self._found(section, where) if where and section in shapes.APPENDED else None
        with self.job.lock:
            items = self._items(section)
            positions: Sequence[int] = range(len(items))
            if found is not None:
                positions = found
            elif where:
                keeps = matcher(section, where)
                positions = [n for n, item in enumerate(items) if keeps(n, item)]
        holds = matcher(section, Filter(text=text))
        steps = range(min(start, len(positions) - 1), -1, -1) if back else None
        for at in steps if steps is not None else range(max(0, start), len(positions)):
            n = positions[at]
            if n < len(items) and holds(n, items[n]):
                return at
        return None


def matcher(section: str, where: Filter) -> Callable[[int, Any], bool]:
    """A function that tells whether an item of a section, at its position, passes a filter."""
    make = ROWS[section]
    needle = where.text.casefold()

    def matches(n: int, item: Any) -> bool:
        if section == shapes.HISTORY and isinstance(item, ExecutionRecord):
            routine, name = item.routine_id, item.event_name
        else:
            row: Row = make(n, item)
            routine, name = row.routine, row.name
        if where.routine and routine != where.routine:
            return False
        if where.name and name != where.name:
            return False
        if where.failures and not is_failure(name):
            return False
        if not needle:
            return True
        if needle in routine.casefold() or needle in name.casefold():
            return True
        return needle in _whole_text(item).casefold()

    return matches


def _whole_text(item: Any) -> str:
    if isinstance(item, ExecutionRecord):
        item = item.raw_data
    elif hasattr(item, "to_plain"):
        item = item.to_plain()
    return dumps(item).decode("utf-8", "replace")
