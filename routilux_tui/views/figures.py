"""What each routine does now and did, how far the job is, and when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import as_text, preview, shortened
from routilux_tui.job.numbers import as_number
from routilux_tui.job.statistics import RECENT
from routilux_tui.views.approximation import is_measured, is_sampled
from routilux_tui.views.estimate import estimate
from routilux_tui.views.insight import Outlook, RoutineFigures
from routilux_tui.views.rows import routine_row
from routilux_tui.views.workload import load_of, said_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routilux_tui.job.model import Job
    from routilux_tui.job.statistics import RoutineStatistics
    from routilux_tui.job.tasks import Task
    from routilux_tui.views.estimate import Load
    from routilux_tui.views.moment import Moment
    from routilux_tui.views.shapes import Control, RoutineRow

#: A run is compared with so many earlier ones at least.
_ENOUGH_RUNS = 3
#: A rate is that of so many seconds at the least: the first of many tasks tell of no rate.
_LEAST_SECONDS = 5.0
#: The most that is said to be done of a job that has not completed.
_ALMOST = 0.99
_NOT_MEASURED = "≈ its file has no starts and ends: it was not written by routilux-tui"


def figures(moment: Moment) -> list[RoutineFigures]:
    """A routine each, in the flow's order."""
    open_ones = moment.may_get_more()
    retrying = moment.retrying()
    return [_figures_of(moment, one, one in open_ones, retrying) for one in moment.shape.routines]


def _figures_of(
    moment: Moment, routine_id: str, more: bool, retrying: dict[str, list[Task]]
) -> RoutineFigures:
    one = moment.statistics.of(routine_id)
    one.fill_sketches()
    state = moment.job.routine_states.get(routine_id)
    plain = state if isinstance(state, dict) else {}
    row = routine_row(routine_id, state if state is not None else {})
    error = row.error or plain.get("last_error", "")
    errors = row.errors
    if not is_measured(moment.job):
        errors = max(errors, one.errors)
        own = (kind for kind in moment.statistics.problems.kinds if kind.routine_id == routine_id)
        error = error or next((kind.message for kind in own), "")
    times = one.run_time
    queued, running = moment.counts(one)
    return RoutineFigures(
        routine_id,
        _state_of(moment, one, as_text(plain.get("status")), more),
        queued,
        running,
        _done(moment, one, row),
        _rate(moment, one),
        times.quantile(0.5),
        times.quantile(0.95),
        times.longest if times.count else None,
        one.last_minute(moment.at).quantile(0.95),
        one.queue_wait.quantile(0.5),
        one.queue_wait.quantile(0.95),
        errors,
        row.retries,
        len(retrying.get(routine_id, ())),
        moment.waits(routine_id) if one.queued > 0 else None,
        error if isinstance(error, str) else preview(error),
        as_number(plain.get("execution_time")),
        _spark(moment, (one,)),
        is_sampled(moment.job),
    )


def _done(moment: Moment, one: RoutineStatistics, row: RoutineRow) -> int:
    """The tasks that a routine is done with; of a file of routilux, what its records tell."""
    return one.done if is_measured(moment.job) else one.ended or max(0, row.runs - row.retries)


def _state_of(moment: Moment, one: RoutineStatistics, status: str, more: bool) -> str:
    if one.running > 0 and moment.has_handlers:
        return "stopped" if moment.gone else "running"
    if statuses.routine_has_failed(status):
        return "failed"
    if (moment.gone or moment.job.status == "paused") and one.queued > 0:
        return "held"
    ran = one.ended > 0 or one.errors > 0 or statuses.routine_is_done(status)
    if not ran:
        return "stopped" if one.dropped else "not yet"
    if moment.is_over:
        return "stopped" if more else "done"
    return "idle"


def _rate(moment: Moment, one: RoutineStatistics) -> float:
    """How many handlers ended a second: in the last minute, of a young job since it began.

    While it was paused, or nobody ran it, none did: what was before that tells nothing of now.
    """
    if moment.is_over or moment.gone or moment.job.status == "paused":  # nothing of it happens
        return 0.0
    last = int(moment.at)
    began = max(moment.statistics.clock.origin or 0.0, moment.job.statistics.uptime.since)
    first = max(last - RECENT, int(began))
    ended = sum(n[0] for second, n in one.recent.items() if first <= second < last)
    return ended / max(_LEAST_SECONDS, last - first)


def _spark(moment: Moment, ones: Iterable[RoutineStatistics]) -> list[int]:
    """How many handlers ended in each of the last whole seconds, as far back as is known."""
    last = int(moment.at)
    origin = moment.statistics.clock.origin
    if origin is None:
        return []
    first = max(last - RECENT, int(origin))
    totals = [0] * max(0, last - first)
    for one in ones:
        for second, (ended, _) in one.recent.items():
            if first <= second < last:
                totals[second - first] += ended
    return totals


def outlook(moment: Moment) -> Outlook:
    """How far the job is."""
    job = moment.job
    statistics = moment.statistics.routines.values()
    counts = [moment.counts(one) for one in statistics]
    queued, running = (sum(one[n] for one in counts) for n in (0, 1))
    waits = [
        wait for name in moment.statistics.routines if (wait := moment.waits(name)) is not None
    ]
    load = load_of(moment)
    guess = estimate(load, () if moment.is_over else moment.earlier)
    retrying = moment.retrying()
    # of what stands still, or is to stand still, nobody knows the end
    shown = not moment.gone and moment.control is None and job.status in {"running", "pending"}
    done = sum(one.done for one in statistics) if is_measured(job) else len(job.execution_history)
    updated = timestamps.to_epoch(job.updated_at)
    return Outlook(
        word=statuses.KILLED if moment.gone else status_word(job, moment.control, running),
        done=done,
        total=done + queued + running,
        queued=queued,
        rate=sum(_rate(moment, one) for one in statistics),
        spark=_spark(moment, statistics),
        workers=moment.shape.workers,
        busy=running,
        progress=_progress(job.status, load, guess.progress),
        low=guess.low if shown else None,
        high=guess.high if shown else None,
        eta=guess.text if shown else "",
        basis=guess.basis if shown else "",
        is_overdue=shown and guess.is_overdue,
        said_done=said_numbers(job)[0],
        said_total=said_numbers(job)[1],
        slower=_slower(moment, load.elapsed, 0.0 if moment.is_over else guess.seconds),
        earlier_runs=len(moment.earlier),
        errors=sum(
            routine_row(name, one).errors
            for name, one in job.routine_states.items()
            if statuses.is_routine(name)
        ),
        retrying=sum(map(len, retrying.values())),
        gave_up=job.failed_count,
        oldest=max(waits, default=None),
        silent=None if moment.is_over or updated is None else max(0.0, moment.now - updated),
        approximate="" if is_measured(job) else _NOT_MEASURED,
        done_is_estimate=not (is_measured(job) or getattr(job.execution_history, "exact", True)),
        elapsed=load.elapsed if timestamps.to_epoch(job.created_at) is not None else None,
    )


def _slower(moment: Moment, elapsed: float, left: float | None) -> float | None:
    """How many times as long as earlier runs it takes; None where there are too few of them."""
    if len(moment.earlier) < _ENOUGH_RUNS:
        return None
    from statistics import median

    usual = median(one.seconds for one in moment.earlier)
    return (elapsed + (left or 0.0)) / usual if usual > 0 else None


def _progress(status: str, load: Load, estimated: float | None) -> float | None:
    """The part that is done: all of it only when the job has completed.

    How far one came that has failed or was cancelled only its flow itself can say: with what waited
    for it went what tells of its end.
    """
    if status in {"completed", "pending"}:
        return float(status == "completed")
    if estimated is None or (statuses.has_ended(status) and not load.is_said):
        return None
    return min(estimated, _ALMOST)


def status_word(job: Job, control: Control | None, running: int) -> str:
    """A job's status in words that are true at this moment.

    ``running``; ``pausing, 2 running``; ``paused: lunch``; ``failed: price: LookupError: ...``;
    ``cancelling, 2 running``.
    """
    if control is not None and control.action == "pause":
        return f"pausing, {control.running} running"
    if statuses.has_ended(job.status) and running:
        return statuses.word_of(job.status, running)
    word = statuses.appearance_of(job.status).word
    reason: Any = ""
    if job.status == "paused" and job.pause_points:
        point = job.pause_points[-1]
        reason = point.get("reason") if isinstance(point, dict) else ""
    elif job.status == "failed":
        account = job.routine_states.get("_failure")
        reason = account.get("reason") if isinstance(account, dict) else ""
        reason = reason.removeprefix("routine ") if isinstance(reason, str) else reason
    if not reason:
        return word
    text = reason if isinstance(reason, str) else preview(reason)
    return f"{word}: {shortened(' '.join(text.split()), 200)}"
