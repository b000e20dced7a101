"""What holds up a job that runs: silence, a slow handler, one that takes all workers, a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.views.formatting import count, duration, span
from routilux_tui.views.reason import BAD, make_reason, verb

if TYPE_CHECKING:
    from routilux_tui.views.facts import Facts, RoutineFacts, Running
    from routilux_tui.views.reason import Reason

#: A job of which nothing has changed for so many seconds is asked why.
SILENT_AFTER = 60.0
#: A handler that runs for so many times its 95th percentile is worth a sentence.
SLOW_HANDLER = 3.0
#: A queue shorter than so many tasks holds nobody up.
LONG_QUEUE = 10


class _Wanted(NamedTuple):
    """A routine that holds all workers, and what waits for it."""

    routine: RoutineFacts
    behind: list[RoutineFacts]


def hold_ups(facts: Facts) -> list[Reason]:
    """What holds up a job that runs."""
    reasons = []
    oldest = max(facts.running, key=lambda one: one.seconds, default=None)
    silent = facts.silent is not None and facts.silent >= SILENT_AFTER
    by_id = {one.routine_id: one for one in facts.routines}
    if silent:
        reasons.append(_silent(facts, oldest, by_id))
    wanted = _wanted(facts)
    if wanted is not None:
        reasons.append(_holds_workers(facts, wanted))
    if oldest is not None and not silent:
        usual = _usual(by_id.get(oldest.routine_id))
        if usual and oldest.seconds >= max(1.0, SLOW_HANDLER * usual):
            reasons.append(
                make_reason(
                    "slow_handler",
                    f"`{oldest.routine_id}` has run one handler for {span(oldest.seconds)}"
                    f" (its p95: {duration(usual)}){_input(oldest)}.",
                    f"{oldest.routine_id} for {span(oldest.seconds)}",
                    key="3",
                    routine=oldest.routine_id,
                    seconds=oldest.seconds,
                    p95=usual,
                )
            )
    if wanted is None:
        reasons += _long_queue(facts)
    return reasons


def _silent(facts: Facts, oldest: Running | None, by_id: dict[str, RoutineFacts]) -> Reason:
    silent = facts.silent or 0.0
    text = f"Nothing has changed for {span(silent)}"
    short = f"silent for {span(silent)}"
    figures: dict[str, Any] = {"seconds": silent}
    if oldest is not None:
        usual = _usual(by_id.get(oldest.routine_id))
        known = f" (its p95: {duration(usual)})" if usual else ""
        text += f": `{oldest.routine_id}` has run one handler for {span(oldest.seconds)}{known}"
        text += _input(oldest)
        short = f"{oldest.routine_id} for {span(oldest.seconds)}"
        figures.update(routine=oldest.routine_id, handler_seconds=oldest.seconds, p95=usual)
    return make_reason("silent", f"{text}.", short, BAD, key="3", **figures)


def _wanted(facts: Facts) -> _Wanted | None:
    """The routine that all workers are busy with while others wait, if it is one."""
    busy = {one.routine_id for one in facts.routines if one.active}
    if not facts.workers or len(busy) != 1 or len(facts.routines) < 2:
        return None
    routine = next(one for one in facts.routines if one.active)
    waiting = sum(one.queued for one in facts.routines)
    if routine.active < facts.workers or facts.workers < 2 or waiting < LONG_QUEUE:
        return None
    behind = [one for one in facts.routines if one is not routine and one.queued]
    return _Wanted(routine, behind)


def _holds_workers(facts: Facts, wanted: _Wanted) -> Reason:
    routine, behind = wanted
    queued = sum(one.queued for one in behind)
    text = f"`{routine.routine_id}` holds all {facts.workers} workers"
    parts = []
    if routine.queued:
        parts.append(f"{count(routine.queued)} {verb(routine.queued, 'wait')} for it")
    if behind:
        names = _names([one.routine_id for one in behind])
        parts.append(f"{count(queued)} for {names} stand behind them")
    text = f"{text}: {', '.join(parts)}." if parts else f"{text}."
    return make_reason(
        "holds_workers",
        text,
        f"{routine.routine_id} holds all {facts.workers}",
        key="1",
        routine=routine.routine_id,
        workers=facts.workers,
        queued=routine.queued,
        behind=queued,
    )


def _long_queue(facts: Facts) -> list[Reason]:
    longest = max(facts.routines, key=lambda one: one.ready, default=None)
    if longest is None or longest.ready < max(LONG_QUEUE, 10 * max(1, facts.workers)):
        return []
    return [
        make_reason(
            "queue",
            f"{count(longest.ready)} tasks wait for `{longest.routine_id}`.",
            f"{count(longest.ready)} wait for {longest.routine_id}",
            key="1",
            routine=longest.routine_id,
            queued=longest.ready,
        )
    ]


def _usual(routine: RoutineFacts | None) -> float | None:
    return None if routine is None else routine.usual_p95 or routine.p95


def _input(running: Running) -> str:
    return f", with {running.text}" if running.text else ""


def _names(names: list[str]) -> str:
    quoted = [f"`{one}`" for one in names[:3]]
    if len(names) > 3:
        quoted.append(f"{len(names) - 3} more")
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]
