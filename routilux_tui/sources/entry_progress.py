"""How far a saved job is, for its line in the list, without making all of it from its file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job import status as statuses

if TYPE_CHECKING:
    from routilux_tui.views.projection import Projection


class _Task(msgspec.Struct, gc=False):
    slot_routine_id: str


class _Routine(msgspec.Struct, gc=False):
    """Of what is measured of a routine that which tells how far it is: no distribution is read."""

    counts: Any = None
    recent: Any = None


class _Statistics(msgspec.Struct, gc=False):
    routines: dict[str, _Routine]
    clock: Any = None
    began: Any = None
    uptime: Any = None
    said_at: Any = None


class _Told(msgspec.Struct, gc=False):
    """What of a job's file tells how far it is; of its records the first, by which it began."""

    execution_history: list[msgspec.Raw]
    pending_tasks: list[_Task] = []
    job_id: Any = None
    flow_id: Any = None
    status: Any = None
    created_at: Any = None
    updated_at: Any = None
    routine_states: Any = None
    running: Any = None
    flow_shape: Any = None
    statistics: _Statistics | None = None
    said_progress: Any = None
    expected: Any = None


def progress_in(content: bytes) -> float | None:
    """The part that is done of the job of a file: what `measured_progress` tells of all of the job.

    Of one that has failed or was cancelled only its flow's own word tells it, and a file of
    routilux tells nothing of it.

    Raises:
        MsgspecError: where the file is an odd one.
    """
    told = msgspec.json.decode(content, type=_Told)
    if told.statistics is None or not (
        told.status == "paused" or told.said_progress or told.expected
    ):
        return None
    from routilux_tui.job.model import Job
    from routilux_tui.views.projection import Projection

    plain = {name: getattr(told, name) for name in told.__struct_fields__}
    plain["statistics"] = msgspec.to_builtins(told.statistics)
    plain["pending_tasks"] = []  # they are counted: there may be a hundred thousand
    plain["execution_history"] = [msgspec.json.decode(one) for one in told.execution_history[:1]]
    job = Job.from_plain(plain)
    waiting = Counter(one.slot_routine_id for one in told.pending_tasks)
    waiting.subtract(Counter(routine_id for routine_id, _ in job.running.values()))
    for routine_id, number in waiting.items():
        job.statistics.of(routine_id).queued = number
    return measured_progress(Projection(job))


def judge_by_earlier(projection: Projection) -> None:
    """Judge a job of a file by the earlier runs of its flow, unless its end is known."""
    from routilux_tui.runner.earlier import compare_with_earlier

    if projection.usual is None and not statuses.has_ended(projection.job.status):
        compare_with_earlier(projection)


def measured_progress(projection: Projection, *, gone: bool = False) -> float | None:
    """The part that is done of the job of a file, as its own screen tells it."""
    from routilux_tui.views.approximation import is_measured
    from routilux_tui.views.insight import OUTLOOK

    if not is_measured(projection.job):
        return None
    if projection.job.status == "completed":
        return 1.0
    judge_by_earlier(projection)
    outlook = projection.insight((OUTLOOK,), gone=gone).outlook
    return None if outlook is None else outlook.progress
