"""Statistics of a job whose file has none, as routilux's own have none: made of its records.

A record counts as a run of its routine, and takes no time; errors are told apart by their kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.error_kinds import FAILURES
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.job.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.job.model import Job

#: The last of the records that are looked at.
MOST_RECORDS = 20_000


def is_measured(job: Job) -> bool:
    """Whether the job has statistics of its own, or nothing to make any of."""
    return job.statistics.clock.origin is not None or not len(job.execution_history)


def is_sampled(job: Job) -> bool:
    """Whether its counts are reckoned from a part of its records."""
    return not is_measured(job) and len(job.execution_history) > MOST_RECORDS


def statistics_of_records(job: Job) -> Statistics:
    """What the records tell: how often each routine is in them, and the kinds of error.

    Of more records than are looked at, the runs are reckoned: as many as there would be if all
    records were like the last ones.
    """
    history: Sequence[Any] = job.execution_history
    statistics = Statistics()
    for record in history[max(0, len(history) - MOST_RECORDS) :]:
        if not isinstance(record, ExecutionRecord):
            continue
        one = statistics.of(record.routine_id)
        if record.event_name in FAILURES:
            one.errors += 1
            at = record.at or 0.0
            statistics.problems.add(record.routine_id, record.data, at, None, None)
        else:
            one.ended += 1
    for one in statistics.routines.values():
        one.ended = round(one.ended * max(1.0, len(history) / MOST_RECORDS))
    statistics.restore(job.outstanding, job.running)
    return statistics
