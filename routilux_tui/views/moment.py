"""A job at one moment, for whatever is measured of it: what waits, what will be tried again."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview, to_plain
from routilux_tui.views.causes import task_input
from routilux_tui.views.flow_shape import MOST_ROUTINES, flow_shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.job.statistics import RoutineStatistics, Statistics
    from routilux_tui.job.tasks import Task
    from routilux_tui.views.estimate import EarlierRun
    from routilux_tui.views.shapes import Control

#: Tasks that are looked at, while handlers wait, for the oldest of each routine.
MOST_LOOKED_AT = 20_000
#: An input larger than this is shown by its beginning.
_LARGEST_INPUT = 4000


class Moment:
    """A job at one moment; its lock is held as long as it is used.

    Args:
        job: the job.
        control: what is asked of it and not confirmed yet.
        now: the moment, in seconds since the epoch, while the job runs; by default the present one.
            Of a job that nobody runs it is the last that is known.
        threads: the name of the thread of each task whose handler runs.
        approximation: statistics in place of the job's own, where it has none.
        earlier: completed runs of the same flow with the same parameters, the newest first.
        gone: whether it says that it runs, and the process that ran it was killed.
    """

    def __init__(
        self,
        job: Job,
        control: Control | None = None,
        now: float | None = None,
        threads: dict[int, str] | None = None,
        approximation: Statistics | None = None,
        earlier: Sequence[EarlierRun] = (),
        *,
        gone: bool = False,
    ) -> None:
        self.job = job
        self.control = control
        self.gone = gone
        self.earlier = earlier
        self.threads = threads or {}
        self.is_over = statuses.has_ended(job.status)
        updated = timestamps.to_epoch(job.updated_at)
        has_runner = job.execution is not None or now is not None
        #: Whether handlers of it run at this moment; of one that has ended, some may still.
        self.has_handlers = bool(job.running) and (
            has_runner or not statuses.is_settled(job.status)
        )
        moves = has_runner and (job.status == "running" or (self.is_over and self.has_handlers))
        #: By which it is reckoned for how long nothing has changed.
        self.now = time.time() if now is None else now
        self.at = self.now
        if not moves and updated is not None:
            self.at = updated
        job.statistics.sort_in(job.running)
        #: The job's own, or what its records tell.
        self.statistics = approximation or job.statistics
        self.shape = flow_shape_of(job)
        if approximation is not None:  # routilux keeps a state of few routines but the first
            names = [*self.shape.routines, *approximation.routines]
            routines = list(dict.fromkeys(names))[:MOST_ROUTINES]
            self.shape = msgspec.structs.replace(self.shape, routines=routines)
        self._oldest: dict[str, float] | None = None

    @property
    def last_known(self) -> str:
        """The moment by which times are reckoned, as ISO 8601; empty where it is none."""
        return timestamps.to_iso(self.at) if timestamps.is_time(self.at) else ""

    def counts(self, one: RoutineStatistics) -> tuple[int, int]:
        """How many tasks of a routine wait and run; what ran in a process that is gone waits.

        Of a job that has ended nothing waits: what ran was ended with it.
        """
        queued, running = max(0, one.queued), max(0, one.running)
        if self.has_handlers and not self.gone:
            return queued, running
        return (queued if self.is_over else queued + running), 0

    def may_get_more(self) -> set[str]:
        """The routines that have tasks, or had them dropped, and all that those may feed."""
        statistics = self.statistics.routines
        begin = {
            name
            for name, one in statistics.items()
            if one.queued > 0 or one.running or one.dropped or one.stopped
        }
        account = self.job.routine_states.get("_cancellation")
        stopped = account.get("running") if isinstance(account, dict) else None
        if isinstance(stopped, list):
            begin |= {name for name in stopped if isinstance(name, str)}
        feeds: dict[str, set[str]] = {}
        for link in self.shape.links:
            feeds.setdefault(link.source, set()).add(link.target)
        found, ahead = set(begin), list(begin)
        while ahead:
            for target in feeds.get(ahead.pop(), ()):
                if target not in found:
                    found.add(target)
                    ahead.append(target)
        return found

    def done_routines(self) -> set[str] | None:
        """Those that are done and can get no more; None where no connections are known."""
        if not self.shape.is_whole:
            return None
        more = self.may_get_more()
        done = set()
        for name in self.shape.routines:
            state = self.job.routine_states.get(name)
            status = state.get("status") if isinstance(state, dict) else None
            if isinstance(status, str) and statuses.routine_is_done(status) and name not in more:
                done.add(name)
        return done

    def waits(self, routine_id: str) -> float | None:
        """For how long the oldest task of a routine waits, where it is among the first."""
        if self._oldest is None:
            oldest = self._oldest = {}
            job = self.job
            wanted = sum(one.queued > 0 for one in self.statistics.routines.values())
            for task in islice(job.outstanding.values(), MOST_LOOKED_AT):
                if task.id not in job.running and task.routine_id not in oldest:
                    oldest[task.routine_id] = max(0.0, self.at - task.created_at)
                    if len(oldest) >= wanted:
                        break
        return self._oldest.get(routine_id)

    def retrying(self) -> dict[str, list[Task]]:
        """The tasks that failed and are tried again, by routine; those among the first."""
        found: dict[str, list[Task]] = {}
        if not self.statistics.problems.kinds or self.is_over:
            return found
        for task in islice(self.job.outstanding.values(), MOST_LOOKED_AT):
            if (task.retry_count or task.again) and task.id not in self.job.running:
                found.setdefault(task.routine_id, []).append(task)
        return found

    def delivered(self, task: Task) -> Any:
        """What a task is given, by the names that its slot knows it by."""
        return task_input(self.job, task)


def bounded(data: Any) -> Any:
    """An input as it is sent; of a large one, its beginning."""
    plain = to_plain(data)
    text = preview(plain, _LARGEST_INPUT)
    return text if text.endswith("…") and len(text) >= _LARGEST_INPUT else plain
