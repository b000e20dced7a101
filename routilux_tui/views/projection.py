"""The views of a job that is in memory: its header, its routines, windows of its sections."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.views.activity import activity_of, drawn
from routilux_tui.views.approximation import is_measured, statistics_of_records
from routilux_tui.views.earlier import comparable, usual_for, usual_of
from routilux_tui.views.figures import figures, outlook
from routilux_tui.views.flow_shape import MOST_ROUTINES, FlowShape, flow_shape_of
from routilux_tui.views.insight import FIGURES, NOW, OUTLOOK, PROBLEMS, USUAL, Insight
from routilux_tui.views.list_line import note_of
from routilux_tui.views.moment import Moment
from routilux_tui.views.naming import launch_names
from routilux_tui.views.problems import MOST_PROBLEMS, failing, problems
from routilux_tui.views.provenance import last_alert_of, steered_by
from routilux_tui.views.questions import count_open
from routilux_tui.views.running import waiting_tasks, what_runs
from routilux_tui.views.sections import SectionReader
from routilux_tui.views.shapes import Control, Header

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.job.statistics import Statistics
    from routilux_tui.views.earlier import KnownRun, Usual
    from routilux_tui.views.estimate import EarlierRun
    from routilux_tui.views.insight import FailingInput, NextTask
    from routilux_tui.views.timeline import Timeline

MOST_COLUMNS = 2000
"""Cells of a lane of the timeline at the most."""


class Projection(SectionReader):
    """The views of one job. Reading is safe while the engine goes on; nothing is copied whole.

    Args:
        job: the job.
        path: its file, where it has one: beside it lies what its handlers printed.
    """

    def __init__(self, job: Job, path: str | os.PathLike[str] = "") -> None:
        super().__init__(job, path)
        #: Earlier runs of the flow, by which the end is estimated; and what all of them were like.
        self.earlier: Sequence[EarlierRun] = ()
        self.usual: Usual | None = None
        self._approximation: tuple[int, Statistics] | None = None
        #: The moment that is shown, in seconds since the epoch; None for the present one.
        self.at: float | None = None

    def header(
        self,
        control: Control | None = None,
        *,
        read_only: bool = False,
        note: str = "",
        gone: bool = False,
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
                gone=gone,
                by=steered_by(job),
                control=control,
                read_only=read_only,
                name=name,
                labels=labels,
                questions=count_open(job),
                alerts=job.alert_count,
                told=last_alert_of(job),
                reminders=sum(one.reminders for one in job.open_questions()),
                still_running=self._still_running(control),
            )

    def _still_running(self, control: Control | None) -> int:
        """How many handlers have not returned that a pause, or the job's end, waits for."""
        if control is not None and control.action == "pause":
            return control.running
        has_runner = self.job.execution is not None or self.at is not None
        return len(self.job.running) if has_runner and statuses.has_ended(self.job.status) else 0

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
        *,
        gone: bool = False,
    ) -> Insight:
        """What is measured of the job: the parts that are asked for, of `insight.PARTS`.

        Args:
            parts: which.
            control: what is asked of the job and not confirmed yet.
            threads: the name of the thread of each task whose handler runs.
            gone: whether it says that it runs, and the process that ran it was killed.
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
                gone=gone,
            )
            kinds = moment.statistics.problems
            beyond = kinds.rest + max(0, len(kinds.kinds) - MOST_PROBLEMS)
            return Insight(
                at=moment.last_known,
                outlook=outlook(moment) if OUTLOOK in asked else None,
                figures=figures(moment) if FIGURES in asked else [],
                problems=problems(moment) if PROBLEMS in asked else [],
                problems_beyond=beyond if PROBLEMS in asked else 0,
                now=what_runs(moment) if NOW in asked else None,
                usual=usual_for(self.usual, self.job) if self.usual and USUAL in asked else None,
            )

    def waiting_tasks(self, start: int, stop: int) -> list[NextTask]:
        """Some of the tasks that wait, in the order in which they come."""
        with self.job.lock:
            return waiting_tasks(Moment(self.job), start, stop)

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
