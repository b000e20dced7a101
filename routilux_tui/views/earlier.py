"""What earlier runs of a flow were like: what is slower than usual, and which errors are new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.error_kinds import kind_of
from routilux_tui.job.jsonable import to_plain
from routilux_tui.job.numbers import as_count, as_number
from routilux_tui.views.estimate import EarlierRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from routilux_tui.job.model import Job

#: Runs of which one must know the errors before one that none of them had is called new.
ENOUGH = 3

#: A kind of error: routine, type, message but for its values.
Kind = tuple[str, str, str]


class KnownRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run that has ended: what it took, and what went wrong; times in seconds.

    ``routines`` has how many tasks each routine was done with and the mean time of one, tries that
    were made again included; ``p95`` the 95th percentiles that are known. ``seconds`` is how long
    it ran, without pauses; None where the file has no times. ``parameters`` are
    those that it was started with.
    """

    job_id: str
    flow_id: str
    status: str
    began: float | None = None
    seconds: float | None = None
    routines: dict[str, tuple[int, float]] = {}
    p95: dict[str, float] = {}
    kinds: frozenset[Kind] = frozenset()
    parameters: Any = None


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual among earlier runs: of those that completed the times, of all the errors."""

    runs: int = 0
    completed: int = 0
    seconds: float | None = None
    p95: dict[str, float] = {}
    kinds: frozenset[Kind] = frozenset()

    def is_new(self, kind: Kind) -> bool:
        """Whether no earlier run had an error of that kind; False where too few are known."""
        return self.runs >= ENOUGH and kind not in self.kinds


def known_run_of(job: Job) -> KnownRun:
    """What a job that has ended was like; its lock is held."""
    began, ended = timestamps.to_epoch(job.created_at), timestamps.to_epoch(job.updated_at)
    seconds = None
    if began is not None and ended is not None:
        seconds = job.statistics.uptime.seconds(began, ended)
    routines, p95 = {}, {}
    for routine_id, one in job.statistics.routines.items():
        one.fill_sketches()
        quantile = one.run_time.quantile(0.95)
        if quantile is not None:
            p95[routine_id] = quantile
    for routine_id, state in job.routine_states.items():
        if not statuses.is_routine(routine_id) or not isinstance(state, dict):
            continue
        runs, busy = as_count(state.get("runs")), as_number(state.get("execution_time"))
        done = runs - as_count(state.get("retries"))
        if done > 0:
            routines[routine_id] = (done, busy / done)
    return KnownRun(
        job_id=job.job_id,
        flow_id=job.flow_id,
        status=job.status,
        began=began,
        seconds=seconds,
        routines=routines,
        p95=p95,
        kinds=_kinds_of(job),
        parameters=parameters_of(job),
    )


def _kinds_of(job: Job) -> frozenset[Kind]:
    """The kinds of error that a job had; its lock is held."""
    kinds = {(one.routine_id, one.error_type, one.kind) for one in job.statistics.problems.kinds}
    for routine_id, state in job.routine_states.items():
        if statuses.is_routine(routine_id) and isinstance(state, dict):
            messages = (state.get(name) for name in ("error", "last_error"))
            kinds |= {error_kind(routine_id, one) for one in messages if isinstance(one, str)}
    return frozenset(kinds)


def usual_for(usual: Usual, job: Job) -> Usual:
    """What of it can be said of a job: its own routines, its own errors; its lock is held."""
    mine = job.statistics.routines
    return msgspec.structs.replace(
        usual,
        p95={name: value for name, value in usual.p95.items() if name in mine},
        kinds=usual.kinds & _kinds_of(job),
    )


def parameters_of(job: Job) -> Any:
    """What a job was started with: the data of its first record; None where that is no start."""
    from routilux_tui.job.record import ExecutionRecord  # serilux comes with it, which takes long

    first = job.execution_history[0] if len(job.execution_history) else None
    is_start = isinstance(first, ExecutionRecord) and first.event_name == "start"
    return to_plain(first.data) if is_start and first is not None else None


def comparable(job: Job, runs: Iterable[KnownRun]) -> list[EarlierRun]:
    """Those runs by which the end of a job is estimated: completed, with the same parameters."""
    parameters = parameters_of(job)
    return [
        EarlierRun(one.seconds, one.routines)
        for one in runs
        if one.status == "completed" and one.seconds and one.parameters == parameters
    ]


def usual_of(runs: Iterable[KnownRun]) -> Usual:
    """What is usual among some runs."""
    known = list(runs)
    completed = [one for one in known if one.status == "completed"]
    names = {name for one in completed for name in one.p95}
    return Usual(
        runs=len(known),
        completed=len(completed),
        seconds=_median([one.seconds for one in completed]),
        p95={
            name: _median([one.p95[name] for one in completed if name in one.p95]) or 0.0
            for name in names
        },
        kinds=frozenset(kind for one in known for kind in one.kinds),
    )


def _median(values: Sequence[float | None]) -> float | None:
    from statistics import median

    known = [one for one in values if one is not None]
    return median(known) if known else None


def error_kind(routine_id: str, error: str) -> Kind:
    """The kind of an error that is known by its one line alone: ``LookupError: no such key``."""
    error_type, colon, message = error.partition(": ")
    if colon and error_type.replace(".", "").isidentifier():
        return routine_id, error_type, kind_of(message)
    return routine_id, "", kind_of(error)
