"""The views of a job that is in memory: its header, its routines, windows of its sections."""

from __future__ import annotations

import threading
import time
from array import array
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.error_kinds import FAILURES, is_failure
from routilux_tui.job.jsonable import Plain, dumps, to_plain
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.views import shapes as views
from routilux_tui.views.activity import activity_of, drawn
from routilux_tui.views.approximation import is_measured, statistics_of_records
from routilux_tui.views.causes import input_of, trace_of
from routilux_tui.views.earlier import comparable, usual_for, usual_of
from routilux_tui.views.figures import figures, outlook
from routilux_tui.views.flow_shape import MOST_ROUTINES, FlowShape, flow_shape_of
from routilux_tui.views.insight import FIGURES, NOW, OUTLOOK, PROBLEMS, USUAL, Insight
from routilux_tui.views.list_line import note_of
from routilux_tui.views.moment import Moment
from routilux_tui.views.naming import launch_names
from routilux_tui.views.printed import Printed
from routilux_tui.views.problems import MOST_PROBLEMS, failing, problems
from routilux_tui.views.questions import count_open
from routilux_tui.views.rows import ROWS, routine_row
from routilux_tui.views.running import WaitingTasks, now, queue
from routilux_tui.views.shapes import Control, Filter, Header, RoutineRow, Row, Window
from routilux_tui.views.steering import job_part, last_alert_of, steered_by

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.job.statistics import Statistics
    from routilux_tui.views.earlier import KnownRun, Usual
    from routilux_tui.views.estimate import EarlierRun
    from routilux_tui.views.insight import FailingInput, NextTask
    from routilux_tui.views.timeline import Timeline

MOST_ROWS = 1000
"""Rows of one window at the most."""
MOST_COLUMNS = 2000
"""Cells of a lane of the timeline at the most."""
_MOST_FILTERS = 8
_SLICE = 1000
"""Items that are looked at while handlers wait."""


class Projection:
    """The views of one job. Reading is safe while the engine goes on; nothing is copied whole.

    Args:
        job: the job.
        path: its file, where it has one: beside it lies what its handlers printed.
    """

    def __init__(self, job: Job, path: str | os.PathLike[str] = "") -> None:
        self.job = job
        self._matches: dict[tuple[str, Filter], tuple[array[int], int]] = {}
        self._searching = threading.Lock()
        #: Earlier runs of the flow, by which the end is estimated; and what all of them were like.
        self.earlier: Sequence[EarlierRun] = ()
        self.usual: Usual | None = None
        self._approximation: tuple[int, Statistics] | None = None
        #: The moment that is shown, in seconds since the epoch; None for the present one.
        self.at: float | None = None
        #: What the job's handlers printed, where that is known.
        self.printed = Printed(path) if path else None

    def header(
        self, control: Control | None = None, *, read_only: bool = False, note: str = ""
    ) -> Header:
        """The job in a line."""
        job = self.job
        with job.lock:
            rows = self.routines()
            known = set(job.flow_routines) | {row.routine_id for row in rows}
            done = {row.routine_id for row in rows if statuses.routine_is_done(row.status)}
            if job.status in {"paused", "cancelled"}:  # what waits, or was dropped, is not done
                certain = Moment(job, control, self.at).done_routines()
                done = done if certain is None else certain
            name, labels = launch_names(job.extra.get("launch"))
            return Header(
                job_id=job.job_id,
                flow_id=job.flow_id,
                status=job.status,
                created_at=timestamps.shown(job.created_at),
                updated_at=timestamps.shown(job.updated_at),
                current=job.current_routine_id or "",
                counts=self.counts(),
                routines_done=len(done),
                routines_total=len(known),
                runs=sum(row.runs for row in rows),
                errors=sum(row.errors for row in rows),
                retries=sum(row.retries for row in rows),
                note=note or self.note(),
                by=steered_by(job),
                control=control,
                read_only=read_only,
                name=name,
                labels=labels,
                questions=count_open(job),
                alerts=job.alert_count,
                told=last_alert_of(job),
                reminders=sum(one.reminders for one in job.open_questions()),
            )

    def note(self) -> str:
        """Why the job is as it is, in its own words."""
        job = self.job
        if job.unread:
            return f"some of its journal is not shown: {job.unread}"
        if len(job.routine_states) > MOST_ROUTINES + 2:
            return f"{MOST_ROUTINES:,} of its {len(job.routine_states):,} routines are shown"
        if job.missing:
            return f"some of what it did is lost: {job.missing}"
        source: Any = {}
        if job.status == "paused" and job.pause_points:
            source = job.pause_points[-1]
        elif job.status == "failed":
            source = job.routine_states.get("_failure")
        elif job.status == "cancelled":
            source = job.routine_states.get("_cancellation")
        return note_of(source)

    def counts(self) -> dict[str, int]:
        """The number of rows of every section."""
        return {section: len(self._items(section)) for section in views.SECTIONS}

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

    def flow(self) -> FlowShape:
        """What the job's flow is made of."""
        with self.job.lock:
            return flow_shape_of(self.job)

    def timeline(self, begin: float, end: float, columns: int, *, fold: bool = True) -> Timeline:
        """A stretch of the job's time, drawn; see `routilux_tui.views.activity.drawn`."""
        with self.job.lock:
            known = activity_of(self.job, time.time())
        return drawn(known, begin, end, max(1, min(columns, MOST_COLUMNS)), fold=fold)

    def compare_with(self, runs: Sequence[KnownRun]) -> None:
        """Judge the job by earlier runs of its flow, under its lock."""
        self.earlier, self.usual = comparable(self.job, runs), usual_of(runs)

    def insight(
        self,
        parts: Iterable[str],
        control: Control | None = None,
        threads: dict[int, str] | None = None,
    ) -> Insight:
        """What is measured of the job: the parts that are asked for, of `insight.PARTS`.

        Args:
            parts: which.
            control: what is asked of the job and not confirmed yet.
            threads: the name of the thread of each task whose handler runs.
        """
        asked = set(parts)
        with self.job.lock:
            moment = Moment(
                self.job,
                control,
                self.at,
                threads=threads,
                approximation=self._approximated(),
                earlier=self.earlier,
            )
            kinds = moment.statistics.problems
            beyond = kinds.rest + max(0, len(kinds.kinds) - MOST_PROBLEMS)
            return Insight(
                at=timestamps.to_iso(moment.at) if timestamps.is_time(moment.at) else "",
                outlook=outlook(moment) if OUTLOOK in asked else None,
                figures=figures(moment) if FIGURES in asked else [],
                problems=problems(moment) if PROBLEMS in asked else [],
                problems_beyond=beyond if PROBLEMS in asked else 0,
                now=now(moment) if NOW in asked else None,
                usual=usual_for(self.usual, self.job) if self.usual and USUAL in asked else None,
            )

    def queue(self, start: int, stop: int) -> list[NextTask]:
        """Some of the tasks that wait, in the order in which they come."""
        with self.job.lock:
            return queue(Moment(self.job), start, stop)

    def failing(self, number: int, start: int, stop: int) -> list[FailingInput]:
        """Some of the inputs that have one kind of error, by its number in the insight."""
        with self.job.lock:
            return failing(Moment(self.job, now=self.at), number, start, stop)

    def _approximated(self) -> Statistics | None:
        """Statistics made of the records, where the job has none; made once for so many records."""
        if is_measured(self.job):
            return None
        records = len(self.job.execution_history)
        if self._approximation is None or self._approximation[0] != records:
            self._approximation = (records, statistics_of_records(self.job))
        return self._approximation[1]

    def _items(self, section: str) -> Sequence[Any]:
        """What a section holds; lists that only grow are given as they are."""
        job = self.job
        if section == views.HISTORY:
            return job.execution_history
        if section == views.LOG:
            return job.shared_log
        if section == views.PAUSES:
            return job.pause_points
        if section == views.OUTPUT:
            return job.output_log
        if section == views.DEFERRED:
            return job.deferred_events
        if section == views.PENDING:
            return job.pending_tasks or WaitingTasks(job)
        if section == views.DATA:
            return list(job.shared_data.items())
        return self.routines()

    def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows ``start`` to ``stop`` of those that ``where`` leaves; negative: from the end.

        At most `MOST_ROWS` rows are given.
        """
        if section == views.PRINTED and self.printed is not None:
            return self.printed.window(start, stop, where)
        if section not in ROWS:
            return Window(section, 0, 0, [])
        found = self._found(section, where) if where and section in views.APPENDED else None
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
        if section == views.JOB:
            return job_part(self.job, str(n))
        if section == views.INPUT:
            with self.job.lock:
                return to_plain(input_of(self.job, n if isinstance(n, int) else None))
        if section == views.PRINTED:
            return self.printed.item(n) if self.printed is not None else None
        with self.job.lock:
            if section == views.ROUTINES:
                return to_plain(self.job.routine_states.get(str(n)))
            items = self._items(section)
            if not isinstance(n, int) or not 0 <= n < len(items):
                return None
            item = items[n]
            if section == views.DATA:
                return to_plain(item[1])
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
            plain["input"] = input_of(self.job, record.task, str(data.get("slot", "")))
        return plain

    def find(self, section: str, text: str, start: int, *, back: bool, where: Filter) -> int | None:
        """Position, among the rows that ``where`` leaves, of the next one that holds ``text``."""
        if section == views.PRINTED and self.printed is not None:
            return self.printed.find(text, start, back=back, where=where)
        if section not in ROWS:
            return None
        found = self._found(section, where) if where and section in views.APPENDED else None
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
        if section == views.HISTORY and isinstance(item, ExecutionRecord):
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
