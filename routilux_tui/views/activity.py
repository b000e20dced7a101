"""What a job's routines did when, ready to be drawn: from its statistics, else from its records.

A file of routilux itself has records alone, no starts and ends: then a record counts as a run that
took no time, and what is drawn is an approximation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.views.flow_shape import flow_shape_of
from routilux_tui.views.timeline import Activity, Timeline, timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.job.model import Job

#: Buckets, and records that are looked at, where there are no statistics.
_BUCKETS, _RECORDS = 512, 12_000
_COUNTED = ("busy", "starts", "ends", "errors", "retries", "queue")


class JobActivity(NamedTuple):
    """What the routines did, from the job's first moment to its last one (or now)."""

    first: float
    last: float
    routines: dict[str, Activity]
    paused: list[tuple[float, float]]
    is_exact: bool


def drawn(
    known: JobActivity, begin: float, end: float, columns: int, *, fold: bool = True
) -> Timeline:
    """Draw a stretch of a job's time.

    Args:
        known: what its routines did.
        begin: the first moment, in seconds since the epoch; 0 for the job's own.
        end: the last; 0 for the job's own.
        columns: cells of a lane.
        fold: whether idle stretches are folded.
    """
    shown = timeline(
        known.routines,
        begin or known.first,
        end or known.last,
        columns,
        paused=known.paused,
        fold=fold,
    )
    return msgspec.structs.replace(
        shown,
        first=known.first,
        last=known.last,
        is_exact=known.is_exact,
        width=max((one.width for one in known.routines.values()), default=0.0),
    )


def activity_of(job: Job, now: float) -> JobActivity:
    """What a job's routines did, each by its id in the flow's order; its lock is held."""
    is_settled = statuses.is_settled(job.status) and not job.running
    goes_on = job.execution is not None and not is_settled
    last = now if goes_on else timestamps.to_epoch(job.updated_at) or now
    job.statistics.sort_in(job.running)
    is_exact = job.statistics.clock.origin is not None
    routines = _of_statistics(job, last) if is_exact else _of_records(job)
    begins = [one.begin for one in routines.values() if one.length]
    created = timestamps.to_epoch(job.created_at)
    first = min([created if created is not None else last, *begins])
    last = max(last, first + 1e-3)
    return JobActivity(first, last, routines, _paused(job, routines, last), is_exact)


def _of_statistics(job: Job, until: float) -> dict[str, Activity]:
    statistics = job.statistics
    clock = statistics.clock
    buckets = {
        one: {number: list(values) for number, values in known.activity.items()}
        for one, known in statistics.routines.items()
    }
    for routine_id, began in job.running.values():  # counted when they have ended
        clock.spread(buckets.setdefault(routine_id, {}), [began], [max(began, until)])
    routines = {}
    for routine_id in dict.fromkeys([*flow_shape_of(job).routines, *buckets]):
        own = buckets.get(routine_id, {})
        length = max(own, default=-1) + 1
        columns = [[0] * length for _ in _COUNTED]
        for number, values in own.items():
            for column, value in zip(columns, values, strict=True):
                column[number] = value
        busy, *counts = columns
        routines[routine_id] = Activity(
            begin=clock.origin or 0.0,
            width=clock.width,
            busy=[one / 1e6 for one in busy],
            **dict(zip(_COUNTED[1:], counts, strict=True)),
            end=until,
        )
    return routines


def _of_records(job: Job) -> dict[str, Activity]:
    """Where only records are known: how many there were when, of a sample if they are many."""
    found: dict[str, list[tuple[float, bool]]] = {one: [] for one in flow_shape_of(job).routines}
    for at, routine_id, is_error in _sample(job):
        found.setdefault(routine_id, []).append((at, is_error))
    moments = [at for ats in found.values() for at, _ in ats]
    if not moments:
        return {}
    begin = min(moments)
    width = max((max(moments) - begin) / (_BUCKETS - 1), 1 / 16)
    routines = {}
    for routine_id, ats in found.items():
        ends, errors = [0] * _BUCKETS, [0] * _BUCKETS
        for at, is_error in ats:
            number = int((at - begin) / width)
            ends[number] += 1
            errors[number] += is_error
        routines[routine_id] = Activity(
            begin=begin, width=width, busy=[], starts=ends, ends=ends, errors=errors
        )
    return routines


def _sample(job: Job) -> Iterator[tuple[float, str, bool]]:
    history = job.execution_history
    for n in range(0, len(history), len(history) // _RECORDS + 1):
        record = history[n]
        at = record.at
        if at is not None and timestamps.is_time(at):
            yield at, record.routine_id, record.event_name == "error"


def _paused(job: Job, routines: dict[str, Activity], last: float) -> list[tuple[float, float]]:
    """From each pause to the next moment at which anything was done."""
    busy = sorted(
        one.begin + n * one.width
        for one in routines.values()
        for n, started in enumerate(one.starts)
        if started
    )
    stretches = []
    for point in job.pause_points:
        began = timestamps.to_epoch(point.get("timestamp")) if isinstance(point, dict) else None
        if began is not None:
            stretches.append((began, next((at for at in busy if at > began), last)))
    return stretches
