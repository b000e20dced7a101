"""What is measured of a job's routines, as numbers that add up over jobs: counters, distributions.

Spans are in seconds.
"""

from __future__ import annotations

from operator import add, sub
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.views.moment import Moment

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.job.sketch import Sketch
    from routilux_tui.job.statistics import RoutineStatistics

#: Seconds up to which runs and waits are counted, each with all that are shorter.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
          1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)  # fmt: skip
#: How a run of a handler may end; ``skipped`` is an error that was passed over.
OUTCOMES = ("completed", "failed", "retried", "skipped")


class Distribution(msgspec.Struct, array_like=True, frozen=True):
    """How many values there are up to each of `BOUNDS`, how many in all, and their sum."""

    counts: tuple[int, ...] = (0,) * len(BOUNDS)
    count: int = 0
    total: float = 0.0

    def __add__(self, other: Distribution) -> Distribution:
        counts = tuple(map(add, self.counts, other.counts))
        return Distribution(counts, self.count + other.count, self.total + other.total)

    def __sub__(self, other: Distribution) -> Distribution:
        counts = tuple(map(sub, self.counts, other.counts))
        total = max(0.0, self.total - other.total)
        return Distribution(counts, self.count - other.count, total)


class RoutineMeasures(msgspec.Struct, array_like=True, frozen=True):
    """What a routine's handlers did: runs by `OUTCOMES`, run times, waits; what waits and runs now.

    ``oldest`` is for how long the first of its tasks waits; None where none does.
    """

    routine_id: str
    runs: tuple[int, ...] = (0,) * len(OUTCOMES)
    run_time: Distribution = Distribution()
    queue_wait: Distribution = Distribution()
    queued: int = 0
    running: int = 0
    oldest: float | None = None


def measures_of(job: Job) -> list[RoutineMeasures]:
    """What is measured of each routine of a job, in the flow's order."""
    with job.lock:
        moment = Moment(job)
        return [_measures(moment, one) for one in moment.shape.routines]


def _measures(moment: Moment, routine_id: str) -> RoutineMeasures:
    one = moment.statistics.of(routine_id)
    one.fill_sketches()
    return RoutineMeasures(
        routine_id,
        _runs(one),
        _distribution(one.run_time),
        _distribution(one.queue_wait),
        max(0, one.queued),
        max(0, one.running),
        moment.waits(routine_id) if one.queued > 0 else None,
    )


def _runs(one: RoutineStatistics) -> tuple[int, ...]:
    failed = max(0, one.errors - one.retries - one.skips)
    return max(0, one.ended - one.errors - one.stopped), failed, one.retries, one.skips


def _distribution(sketch: Sketch) -> Distribution:
    return Distribution(tuple(sketch.counts_below(BOUNDS)), sketch.count, sketch.total())
