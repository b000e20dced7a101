"""A job at any moment of its past: the one mechanism behind replay, ``--at`` and the timeline.

Live is the moment "now"; every other one is the same job, in the same views, folded until then.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from routilux_tui.errors import JobFileMissing, NotPossible, UsageError
from routilux_tui.job import timestamps
from routilux_tui.views.activity import activity_of
from routilux_tui.views.condition_search import checked, holds
from routilux_tui.views.formatting import zoned
from routilux_tui.views.kept_moments import KeptMoments, described
from routilux_tui.views.printed import Printed
from routilux_tui.views.projection import Projection
from routilux_tui.views.recorded_moments import RecordedMoments
from routilux_tui.views.replay_shapes import MARKS, Point, Seek
from routilux_tui.views.task_spans import drawn_spans
from routilux_tui.views.time_spec import target_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from routilux_tui.job.model import Job
    from routilux_tui.views.critical_path import CriticalPath
    from routilux_tui.views.timeline import Timeline

_MOST_COLUMNS = 1000
_CLOCKS = 60.0
"""Seconds by which the clocks of two machines may differ."""


class Replay:
    """A job's past, and the moment of it that is shown.

    Args:
        path: the job's file.
        read: reads the file, where its changes are not kept.

    Raises:
        JobFileError: when neither can be read.
        NotPossible: when nothing tells of any moment but the last.
    """

    def __init__(self, path: str | os.PathLike[str], read: Callable[[], Job]) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._moments: KeptMoments | RecordedMoments
        try:
            self._moments = KeptMoments(path)
        except JobFileMissing:
            self._moments = RecordedMoments(read())
        self._is_stopped = False
        self.point = Point(seq=0, at=0.0)
        self.projection = Projection(self._moments.job_at(self._moments.last))

    def stop(self) -> None:
        """Have a search that is under way end where it is; called from a thread or a signal.

        It takes no lock: the thread that a signal interrupts may hold it.
        """
        self._is_stopped = True

    def _must_stop(self) -> bool:
        return self._is_stopped

    def seek(self, seek: Seek) -> Point:
        """Go to a moment; `projection` has the job as it was then.

        Raises:
            UsageError, ConditionError: when no moment is meant.
            NotPossible: when there is no such moment, or it can't be known.
            JobFileMissing: when the changes that lead there can't be read.
        """
        with self._lock:
            self._is_stopped = False
            moments = self._moments
            moments.refresh()
            origin = moments.last if seek.origin < 0 else min(seek.origin, moments.last)
            origin = max(origin, moments.first)
            if seek.at is not None:
                if not timestamps.is_time(seek.at):
                    raise UsageError("That is no time that a calendar has a day for.")
                return self._show_time(seek.at)
            if seek.to:
                return self._go_to(seek.to, origin)
            if seek.condition and seek.marks:
                return self._to_flip(seek.condition, origin, seek.marks)
            if seek.marks:
                found = self._next_mark(origin, seek.marks)
                if found is None:
                    where = "after" if seek.marks > 0 else "before"
                    names = ", ".join(word for _, _, word in MARKS.values())
                    raise NotPossible(f"Nothing {where} this moment is marked: no {names}.")
                return self._show(found)
            wanted = origin + seek.steps
            if seek.steps > 0 and isinstance(moments, KeptMoments):
                beyond = moments.next_piece(origin)
                if beyond is not None and moments.job_at(wanted).seq <= origin:
                    wanted = beyond  # what is between is told where one has stood
            if not moments.first <= wanted <= moments.last:
                end = "the last" if seek.steps > 0 else "the first"
                raise NotPossible(f"This is {end} moment that is known.")
            return self._show(wanted)

    def show(self, point: Point) -> Point:
        """Go to a moment that another reader of the same job has found.

        Raises:
            JobFileMissing: when the changes that lead there can't be read.
        """
        with self._lock:
            self._moments.refresh()
            return self._show(point.seq, point.what)

    def check(self, condition: str) -> None:
        """Raise ConditionError if the job, as it is at last, can't judge a condition."""
        with self._lock:
            checked(condition, self._moments.final())

    def first_held(self, text: str) -> Point:
        """The moment that a text means; of a condition the first at which it holds.

        Raises:
            UsageError, ConditionError: when no moment is meant.
            NotPossible: when there is no such moment, or it can't be known.
        """
        target = target_of(text, self._moments.begin, self._moments.end)
        if not target.condition:
            return self.seek(Seek(to=text))
        with self._lock:
            first, moments = self._moments.first, self._moments
            condition = checked(target.condition, moments.final())
            start = moments.job_at(first)
            found: tuple[int, bool] | None = (first, True)
            if not holds(condition, start):
                found = moments.next_flip(condition, first, 1, self._must_stop)
            while found is not None and not found[1] and not self._must_stop():
                found = moments.next_flip(condition, found[0], 1, self._must_stop)
            if found is None or not found[1]:
                raise NotPossible(f"{target.condition} never held.")
            return self._show(found[0])

    def _next_mark(self, origin: int, step: int) -> int | None:
        """The next moment that is marked and can be shown, or the one before."""
        moments = self._moments
        while True:
            found = moments.next_mark(origin, step, self._must_stop)
            if found is None or not isinstance(moments, KeptMoments):
                return found
            shown = moments.job_at(found).seq
            if shown == found:
                return found
            beyond = moments.next_piece(found)
            if step > 0 and beyond is None:
                return None
            origin = (beyond or 1) - 1 if step > 0 else shown + 1

    def _go_to(self, text: str, origin: int) -> Point:
        moments = self._moments
        target = target_of(text, moments.begin, moments.end)
        if target.at is not None:
            return self._show_time(target.at)
        if target.record is not None:
            return self._show(moments.seq_of_record(target.record))
        if target.seq is not None:
            if not moments.first <= target.seq <= moments.last:
                known = f"from {moments.first:,} to {moments.last:,}"
                raise NotPossible(f"There is no change {target.seq:,}: they are known {known}.")
            return self._show(target.seq)
        if origin < moments.last:
            with contextlib.suppress(NotPossible):  # then it was before
                return self._to_flip(target.condition, origin, 1)
        return self._to_flip(target.condition, origin, -1)

    def _to_flip(self, text: str, origin: int, step: int) -> Point:
        moments = self._moments
        condition = checked(text, moments.final())
        found = moments.next_flip(condition, origin, step, self._must_stop)
        if found is None:
            where = "after" if step > 0 else "before"
            raise NotPossible(f"{text} does not change its value {where} this moment.")
        seq, is_found = found
        if not is_found:
            return self._show(seq, f"{text}: not until here; the search goes on from here")
        value = "true" if holds(condition, moments.job_at(seq)) else "false"
        return self._show(seq, f"{text}: {value} from here on")

    def _show_time(self, at: float) -> Point:
        moments = self._moments
        if at > max(time.time(), moments.end) + _CLOCKS:
            to_come = zoned(timestamps.to_iso(at), exact=True)
            raise NotPossible(f"That time is still to come: {to_come}.")
        job = moments.job_at_time(at)
        seq = job.seq if isinstance(moments, KeptMoments) else moments.seq_at(at)
        what = _unread(seq) if isinstance(moments, KeptMoments) and moments.ends_at(seq, at) else ""
        return self._present(job, seq, min(max(at, moments.begin), max(at, moments.end)), what)

    def _show(self, seq: int, what: str = "") -> Point:
        job = self._moments.job_at(seq)
        if isinstance(self._moments, KeptMoments) and job.seq != seq:
            what, seq = _unread(job.seq), job.seq
        return self._present(job, seq, None, what)

    def _present(self, job: Job, seq: int, at: float | None, what: str = "") -> Point:
        moments = self._moments
        if job is not self.projection.job:
            before, self.projection = self.projection, Projection(job)
            self.projection.earlier, self.projection.usual = before.earlier, before.usual
        if at is None:
            at = timestamps.to_epoch(job.updated_at) or moments.begin
            if isinstance(moments, RecordedMoments):
                at = moments.time_at(seq)
        self.projection.at = at
        self.projection.printed = Printed(self._path, at)
        self.point = Point(
            seq=seq,
            at=at,
            first=moments.first,
            last=moments.last,
            begin=moments.begin,
            end=max(moments.end, moments.begin),
            what=what or described(moments.change(seq)),
            is_exact=moments.is_exact,
            note=moments.note,
        )
        return self.point

    def detail(
        self, begin: float, end: float, columns: int, *, fold: bool, expanded: Iterable[str]
    ) -> Timeline:
        """A stretch of time drawn from the changes themselves; 0 is the first or last moment.

        Args:
            begin: the first moment shown, in seconds since the epoch.
            end: the last.
            columns: cells of a lane.
            fold: whether idle stretches are folded.
            expanded: routines that have a lane for each handler that ran beside others.

        Raises:
            NotPossible: when there is too much of it, or none is known.
        """
        columns = max(1, min(columns, _MOST_COLUMNS))
        with self._lock:
            moments = self._moments
            moments.refresh()
            first, last = begin or moments.begin, end or moments.end
            spans = moments.spans(first, last)
            job = moments.final()
            known = activity_of(job, moments.end)
        shown = drawn_spans(
            spans, list(known.routines), first, last, columns,
            paused=known.paused, fold=fold, expanded=expanded,
        )  # fmt: skip
        return replace(shown, first=known.first, last=known.last)

    def chain(self, record: int | None = None) -> CriticalPath:
        """The chain of waits and runs that led to a record, or that the job's end waited for.

        Raises:
            UsageError: when there is no such record.
            NotPossible: when the job's changes are not kept.
        """
        with self._lock:
            self._is_stopped = False
            self._moments.refresh()
            return self._moments.chain(record, self._must_stop)

    def marks(self, columns: int) -> list[str]:
        """What matters of all of the job, on so many columns: a key of `MARKS` each, or empty."""
        columns = max(1, min(columns, _MOST_COLUMNS))
        with self._lock:
            moments = self._moments
            job = moments.final()
            begin, length = moments.begin, max(moments.end - moments.begin, 1e-6)
        found: list[set[str]] = [set() for _ in range(columns)]

        def note(at: Any, kind: str) -> None:
            moment = timestamps.to_epoch(at)
            if moment is not None and begin <= moment <= begin + length:
                found[min(columns - 1, int((moment - begin) / length * columns))].add(kind)

        with job.lock:
            clock = job.statistics.clock
            for one in job.statistics.routines.values():
                for number, values in one.activity.items():
                    at = (clock.origin or 0.0) + number * clock.width
                    middle = min(max(at + clock.width / 2, begin), begin + length)
                    if values[3] > values[4]:
                        note(middle, "error")
                    elif values[4]:
                        note(middle, "retry")
            if isinstance(moments, RecordedMoments) and clock.origin is None:  # nothing measured it
                for at in moments.failed_at:
                    note(at, "error")
            for point in job.pause_points:
                if isinstance(point, dict):
                    note(point.get("timestamp"), "pause")
            for control in job.controls:
                if control.get("action") not in {"pause", "cancel"}:
                    note(control.get("at"), "answer")
        return [next((kind for kind in MARKS if kind in one), "") for one in found]


def _unread(seq: int) -> str:
    """What there is to say of a moment whose changes are not all there."""
    return f"what was made after change {seq:,} is missing here, or can't be read"
