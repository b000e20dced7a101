"""Every name that conditions see, in one table: what it is of a job, and of its line in a list.

A new name is a line here, and a word in `cli.help` (``help conditions``).
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.job import change_kinds as parts
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import key_text, to_plain
from routilux_tui.job.status import is_routine
from routilux_tui.views.flow_shape import MOST_ROUTINES
from routilux_tui.views.list_line import progress_of, status_of
from routilux_tui.views.naming import launch_names
from routilux_tui.views.questions import count_open, waits
from routilux_tui.views.running import pending_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.views.insight import Outlook
    from routilux_tui.views.shapes import JobEntry

_MOST_ITEMS = 200
_MOST_VALUES = 5000
_LONGEST_TEXT = 100_000
_LARGE: Any = object()
"""Stands for what a condition is not shown."""


class Measured(NamedTuple):
    """What has to be measured of a job before some figures of it can be told."""

    job: Job
    now: float | None
    outlook: Outlook
    routines: dict[str, dict[str, Any]]


class Figure(NamedTuple):
    """What stands behind a name; at least one of the three that tell it.

    Args:
        of_job: tells it of a job, and costs nothing.
        measured: tells it of a job that is measured.
        of_entry: tells it of a job's line in a list.
        made_of: the parts of a job that it is made of, where it moves with nothing else: with time
            alone others do.
    """

    of_job: Callable[[Job], Any] | None = None
    measured: Callable[[Measured], Any] | None = None
    of_entry: Callable[[JobEntry], Any] | None = None
    made_of: tuple[str, ...] | None = None


def _part_done(progress: float | None) -> float:
    """The part of a job that is done, where that is known."""
    return -1.0 if progress is None else progress


def _age(created_at: Any, now: float | None = None) -> float:
    created = timestamps.to_epoch(created_at)
    return max(0.0, (now or time.time()) - created) if created is not None else 0.0


def _eta(outlook: Outlook) -> float:
    if outlook.low is None or outlook.high is None:
        return -1.0
    return (outlook.low + outlook.high) / 2


def _sum_of(count: str) -> Callable[[Job], int]:
    """What counts a number of all routines' states together."""

    def total(job: Job) -> int:
        states = islice(job.routine_states.items(), MOST_ROUTINES)
        return sum(
            _count(state, count)
            for name, state in states
            if is_routine(name) and isinstance(state, dict)
        )

    return total


def _last(entries: Sequence[Any]) -> Any:
    value = _bounded(entries[-1], [_MOST_VALUES]) if entries else {}
    return {} if value is _LARGE else value


def _count(routine: dict[str, Any], name: str) -> int:
    value = routine.get(name)
    return value if isinstance(value, int) and value.bit_length() <= 63 else 0


def small(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values as a condition may see them: what is large is left out, however deep it lies."""
    left = [_MOST_VALUES]
    pairs = ((key_text(key), _bounded(value, left)) for key, value in islice(values.items(), 1000))
    return {key: value for key, value in pairs if value is not _LARGE}


def _bounded(value: Any, left: list[int]) -> Any:
    """A value as a condition may see it, or `_LARGE`; ``left`` counts down the values to come."""
    left[0] -= 1
    if left[0] < 0:
        return _LARGE
    kind = type(value)  # what a value says of itself may raise
    if issubclass(kind, dict):
        if len(value) > _MOST_ITEMS:
            return _LARGE
        pairs = ((key_text(key), _bounded(one, left)) for key, one in list(value.items()))
        return {key: one for key, one in pairs if one is not _LARGE}
    if issubclass(kind, (list, tuple, set, frozenset)):
        if len(value) > _MOST_ITEMS:
            return _LARGE
        items = (_bounded(one, left) for one in list(value))
        return [one for one in items if one is not _LARGE]
    if issubclass(kind, int) and value.bit_length() > 63:
        return _LARGE
    if issubclass(kind, str) and len(value) > _LONGEST_TEXT:
        return _LARGE
    return to_plain(value)


#: Every name.
FIGURES = {
    "status": Figure(lambda job: job.status, of_entry=status_of, made_of=(parts.STATUS,)),
    "flow_id": Figure(
        lambda job: job.flow_id, of_entry=lambda one: one.flow_id, made_of=(parts.IDENTITY,)
    ),
    "job_id": Figure(
        lambda job: job.job_id, of_entry=lambda one: one.job_id, made_of=(parts.IDENTITY,)
    ),
    "name": Figure(
        lambda job: launch_names(job.extra.get("launch"))[0],
        of_entry=lambda one: one.name,
        made_of=(parts.IDENTITY,),
    ),
    "labels": Figure(
        lambda job: launch_names(job.extra.get("launch"))[1],
        of_entry=lambda one: one.labels,
        made_of=(parts.IDENTITY,),
    ),
    "current": Figure(lambda job: job.current_routine_id or "", made_of=(parts.CURRENT,)),
    "records": Figure(
        lambda job: len(job.execution_history),
        of_entry=lambda one: one.records,
        made_of=(parts.HISTORY,),
    ),
    "runs": Figure(_sum_of("runs"), made_of=(parts.RUNS,)),
    "errors": Figure(_sum_of("errors"), of_entry=lambda one: one.errors, made_of=(parts.ERRORS,)),
    "retries": Figure(_sum_of("retries"), made_of=(parts.ERRORS,)),
    "pending": Figure(
        lambda job: len(pending_of(job)),
        made_of=(parts.TASKS, parts.STATUS),
    ),
    "deferred": Figure(lambda job: len(job.deferred_events), made_of=(parts.DEFERRED,)),
    "pauses": Figure(lambda job: len(job.pause_points), made_of=(parts.PAUSES,)),
    "logs": Figure(lambda job: len(job.shared_log), made_of=(parts.LOG,)),
    "outputs": Figure(lambda job: len(job.output_log), made_of=(parts.OUTPUT,)),
    "waiting": Figure(
        waits,
        of_entry=lambda one: one.questions > 0 and one.status == "paused",
        made_of=(parts.STATUS, parts.QUESTIONS, parts.DEFERRED, parts.PAUSES),
    ),
    "questions": Figure(
        count_open,
        of_entry=lambda one: one.questions,
        made_of=(parts.QUESTIONS, parts.DEFERRED, parts.STATUS),
    ),
    "shared": Figure(lambda job: small(job.shared_data), made_of=(parts.SHARED,)),
    "log_last": Figure(lambda job: _last(job.shared_log), made_of=(parts.LOG,)),
    "output_last": Figure(lambda job: _last(job.output_log), made_of=(parts.OUTPUT,)),
    "age": Figure(
        measured=lambda known: _age(known.job.created_at, known.now),
        of_entry=lambda one: _age(one.created_at),
    ),
    "progress": Figure(
        measured=lambda known: _part_done(known.outlook.progress),
        of_entry=lambda one: _part_done(progress_of(one)),
    ),
    "eta": Figure(measured=lambda known: _eta(known.outlook)),
    "queue": Figure(
        measured=lambda known: known.outlook.queued,
        of_entry=lambda one: one.queued,
        made_of=(parts.TASKS,),
    ),
    "oldest": Figure(measured=lambda known: known.outlook.oldest or 0.0),
    "silent_for": Figure(measured=lambda known: known.outlook.silent or 0.0),
    "slower_than_usual": Figure(measured=lambda known: known.outlook.slower or 0.0),
    "routines": Figure(
        measured=lambda known: known.routines,
        made_of=(parts.ROUTINES, parts.TASKS, parts.SHAPE, parts.STATUS),
    ),
    "host": Figure(of_entry=lambda one: one.host),
    "place": Figure(of_entry=lambda one: one.place),
    "live": Figure(of_entry=lambda one: one.place == "live"),
    "routines_done": Figure(of_entry=lambda one: one.routines_done),
    "routines_total": Figure(of_entry=lambda one: one.routines_total),
    "size": Figure(of_entry=lambda one: one.size),
    "path": Figure(of_entry=lambda one: one.path),
    "badge": Figure(of_entry=lambda one: one.badge),
    "updated": Figure(of_entry=lambda one: _age(one.updated_at)),
}
OF_JOB = {name: one.of_job for name, one in FIGURES.items() if one.of_job is not None}
MEASURED = {name: one.measured for name, one in FIGURES.items() if one.measured is not None}
OF_ENTRY = {name: one.of_entry for name, one in FIGURES.items() if one.of_entry is not None}
