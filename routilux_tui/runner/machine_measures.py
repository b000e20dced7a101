"""What all jobs of this machine did and do, added up by flow: no job's id is in it.

Counters only ever grow: what a job had done is kept when it has ended, and the end of one that
nobody asked meanwhile is read from its file.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.status import has_ended
from routilux_tui.runner.discover import all_jobs
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.store.large_file import open_job
from routilux_tui.store.locks import is_locked
from routilux_tui.views.measures import BOUNDS, OUTCOMES, Distribution, RoutineMeasures, measures_of

if TYPE_CHECKING:
    from routilux_tui.runner.survey import Found, Survey

MOST_ROUTINES = 2000
"""Routines that are told apart, of all flows together; those beyond are one of each flow."""
OTHERS = "(others)"
_MOST_JOBS = 20_000
"""Jobs whose last figures are known, so that one that goes on later is not counted twice."""


class Totals:
    """What the handlers of one routine did, in all jobs of a flow."""

    def __init__(self) -> None:
        self.runs = [0] * len(OUTCOMES)
        self.run_time = Distribution()
        self.queue_wait = Distribution()

    def add(self, now: RoutineMeasures, before: RoutineMeasures) -> None:
        """Add what came since ``before``; all of it where it begins anew."""
        if any(one < was for one, was in zip(now.runs, before.runs, strict=True)):
            before = RoutineMeasures(now.routine_id)
        grown = zip(self.runs, now.runs, before.runs, strict=True)
        self.runs = [total + one - was for total, one, was in grown]
        self.run_time += now.run_time - before.run_time
        self.queue_wait += now.queue_wait - before.queue_wait


class Level(NamedTuple):
    """What waits for a routine now, and runs, in all jobs of a flow; the longest wait of a task."""

    queued: int = 0
    running: int = 0
    oldest: float = 0.0


class _Known(NamedTuple):
    """What is known of a job since it was last asked."""

    path: str
    flow_id: str
    status: str
    measures: dict[str, RoutineMeasures]


class MachineMeasures:
    """The jobs of this machine, asked anew at each `collect`.

    ``jobs`` counts those that run by flow and status, ``ended`` by flow and status those that have
    ended since the first look; ``totals`` and ``levels`` are by flow and routine. ``progress`` is
    that of the least advanced running job of each flow, from 0 to 1.
    """

    def __init__(self) -> None:
        self.jobs: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.totals: dict[tuple[str, str], Totals] = {}
        self.levels: dict[tuple[str, str], Level] = {}
        self.progress: dict[str, float] = {}
        self.silent = 0
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._live: set[str] = set()
        self._files: dict[str, float] = {}
        self._began = time.time()

    def collect(self) -> None:
        """Ask every runner, and read what ended since.

        Raises:
            UnsafeFolder: when the socket folder is not safe.
        """
        survey = all_jobs(also="measures")
        self.jobs.clear()
        self.levels, self.progress = {}, {}
        self.silent = len(survey.silent)
        for one in survey.answering:
            self._add_live(one)
        self._add_ended(survey)

    def _add_live(self, found: Found) -> None:
        header = found.header
        measures: list[RoutineMeasures] = []
        with contextlib.suppress(msgspec.ValidationError):  # an older runner does not know them
            measures = msgspec.convert(found.more or [], list[RoutineMeasures])
        known = [one for one in measures if _is_known(one)]
        self._add(header.job_id, found.hello.path, header.flow_id, header.status, known)
        if has_ended(header.status):
            return
        self.jobs[header.flow_id, header.status] += 1
        if header.progress is not None:
            least = self.progress.get(header.flow_id, 1.0)
            self.progress[header.flow_id] = min(least, header.progress)
        for one in known:
            key = self._key(header.flow_id, one.routine_id)
            level = self.levels.get(key, Level())
            self.levels[key] = Level(
                level.queued + one.queued,
                level.running + one.running,
                max(level.oldest, one.oldest or 0.0),
            )

    def _add_ended(self, survey: Survey) -> None:
        """Read the files of jobs that ran at the last look, and of those that came and went."""
        live = {one.job_id for one in survey.answering} | {one.socket.stem for one in survey.silent}
        files = {self._known[job].path for job in self._live - live if job in self._known}
        self._live = live
        for kept in jobs_folder().glob("*.json"):
            with contextlib.suppress(OSError):
                changed = kept.stat().st_mtime
                if changed >= self._began and self._files.get(str(kept)) != changed:
                    files.add(str(kept))
        for path in filter(None, files):
            with contextlib.suppress(OSError, RoutiluxTuiError):
                changed = Path(path).stat().st_mtime
                if is_locked(Path(path)):
                    continue  # it runs: asked, or about to be
                job = open_job(path)
                if has_ended(job.status):
                    self._add(job.job_id, path, job.flow_id, job.status, measures_of(job))
                self._files[path] = changed

    def _add(
        self, job_id: str, path: str, flow_id: str, status: str, measures: list[RoutineMeasures]
    ) -> None:
        known = self._known.pop(job_id, None) or _Known(path, flow_id, "", {})
        if has_ended(status) and not has_ended(known.status):
            self.ended[flow_id, status] += 1
        latest = dict(known.measures)
        for one in measures:
            before = latest.get(one.routine_id) or RoutineMeasures(one.routine_id)
            key = self._key(flow_id, one.routine_id)
            self.totals.setdefault(key, Totals()).add(one, before)
            latest[one.routine_id] = one
        self._known[job_id] = _Known(path, flow_id, status, latest)
        while len(self._known) > _MOST_JOBS:
            self._known.popitem(last=False)

    def _key(self, flow_id: str, routine_id: str) -> tuple[str, str]:
        is_told_apart = (flow_id, routine_id) in self.totals or len(self.totals) < MOST_ROUTINES
        return flow_id, routine_id if is_told_apart else OTHERS


def _is_known(one: RoutineMeasures) -> bool:
    """Whether its numbers are those that we know, and not of another version."""
    spans = (one.run_time, one.queue_wait)
    return len(one.runs) == len(OUTCOMES) and all(len(s.counts) == len(BOUNDS) for s in spans)
