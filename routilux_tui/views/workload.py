"""What a job has done and has before it, from which the end is estimated."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.job.numbers import as_number
from routilux_tui.views.estimate import Load, RoutineLoad
from routilux_tui.views.moment import MOST_LOOKED_AT

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.views.moment import Moment


def load_of(moment: Moment) -> Load:
    """What the job has done and has before it, as of the last time that anything moved."""
    job = moment.job
    at = min(moment.at, _last_step(moment))
    sources, promised = _sources(moment)
    running: dict[str, float] = {}
    for routine_id, began in job.running.values():
        running[routine_id] = running.get(routine_id, 0.0) + max(0.0, at - began)
    routines = []
    for name in moment.shape.routines:
        one = moment.statistics.of(name)
        state = job.routine_states.get(name)
        busy = as_number(state.get("execution_time")) if isinstance(state, dict) else 0.0
        queued, runs = moment.counts(one)
        if moment.is_over:
            queued += one.dropped  # it was not done
        done, total = job.said_progress.get(name, (0.0, 0.0))
        routines.append(
            RoutineLoad(
                name,
                one.done,
                queued,
                runs,
                busy / (one.done or one.ended) if one.ended else 0.0,
                tuple(sources.get(name, ())),
                busy + running.get(name, 0.0),
                min(1.0, done / total) if total > 0 else None,
                promised.get(name),
            )
        )
    created = timestamps.to_epoch(job.created_at)
    elapsed = 0.0 if created is None else job.statistics.uptime.seconds(created, moment.at)
    seconds = {one.routine_id: one.seconds for one in routines}
    due, is_held = _waits(moment, seconds)
    return Load(
        elapsed,
        routines,
        workers=max(1, moment.shape.workers),
        idle=min(elapsed, moment.at - at),
        due=due,
        is_held=is_held,
    )


def said_numbers(job: Job) -> tuple[float, float]:
    """How much is done of how much by the word of the one routine that says so; else zeros."""
    numbers = [(done, total) for done, total in job.said_progress.values() if total > 0]
    return numbers[0] if len(numbers) == 1 else (0.0, 0.0)


def _sources(moment: Moment) -> tuple[dict[str, set[str]], dict[str, int]]:
    """By routine: who sends it tasks, and how many will come of which their number is promised."""
    sources: dict[str, set[str]] = {}
    promised: dict[str, int] = {}
    for link in moment.shape.links:
        expected = moment.job.expected.get((link.source, link.event))
        if expected is None:
            sources.setdefault(link.target, set()).add(link.source)
        else:
            left = max(0, expected[0] - expected[1])
            promised[link.target] = promised.get(link.target, 0) + left
    return sources, promised


def _last_step(moment: Moment) -> float:
    """When anything last began or ended, or was said to be done."""
    statistics = moment.job.statistics
    steps = [statistics.uptime.since, statistics.said_at]
    steps += [began for _, began in moment.job.running.values()]
    for one in moment.statistics.routines.values():
        ends = [second for second, numbers in one.recent.items() if numbers[0]]
        steps.append(max(ends, default=0) + 1.0)  # to the second: it may be this one
    return max(steps)


def _waits(moment: Moment, seconds: dict[str, float]) -> tuple[float, bool]:
    """When the last may have ended of what waits for its time, and if anything waits for somebody.

    The time is in seconds from now. Tasks are looked at as far as they are among the first.
    """
    job, due, is_held = moment.job, 0.0, False
    for question in job.open_questions():
        due = max(due, question.due - moment.at)
        is_held = is_held or not question.due
    for task in islice(job.outstanding.values(), MOST_LOOKED_AT):
        if task.on_hold:
            is_held = True
        elif task.due > moment.at and task.id not in job.running:
            due = max(due, task.due - moment.at + seconds.get(task.routine_id, 0.0))
    return due, is_held
