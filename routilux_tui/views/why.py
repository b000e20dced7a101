"""Why a job is as it is: sentences, worst first, each with the key that leads on.

`why` knows no job: it judges `Facts`, which live, saved and far jobs fill in as far as they know
them. What is not known is not said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.status import WAITS
from routilux_tui.views.formatting import count, counted, duration, sentence, span

if TYPE_CHECKING:
    from routilux_tui.views.facts import Facts, RoutineFacts, Running

#: A job of which nothing has changed for so many seconds is asked why.
SILENT_AFTER = 60.0
#: A handler that runs for so many times its 95th percentile is worth a sentence.
SLOW_HANDLER = 3.0
#: A run that takes so many times as long as its predecessors is slower than usual.
SLOW_RUN = 1.5
#: A queue shorter than so many tasks holds nobody up.
LONG_QUEUE = 10

BAD, LOOK, GOOD = "bad", "look", "good"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence of the answer.

    ``code`` is for programs and stays; ``text`` is the sentence, ``short`` what a column of some
    twenty cells has room for; ``key`` leads on in the dashboard, ``command`` without it;
    ``weight`` is `BAD`, `LOOK` or `GOOD`; ``figures`` are the numbers in it, times in seconds.
    """

    code: str
    text: str
    short: str
    weight: str = LOOK
    key: str = ""
    command: str = ""
    figures: dict[str, Any] = {}


class _Wanted(NamedTuple):
    """A routine that holds all workers, and what waits for it."""

    routine: RoutineFacts
    behind: list[RoutineFacts]


def why(facts: Facts) -> list[Reason]:
    """The sentences, worst first; there is always one."""
    reasons: list[Reason] = []
    has_ended = statuses.has_ended(facts.status)
    if facts.trouble:
        text = facts.trouble[0].upper() + facts.trouble[1:]
        reasons.append(_reason("files", f"{text}.", facts.trouble, BAD, key="6"))
    if facts.no_answer is not None and not has_ended:
        reasons.append(
            _reason(
                "no_answer",
                f"Nobody has answered for {span(facts.no_answer)}; what is shown is as old.",
                f"no answer for {span(facts.no_answer)}",
                BAD,
                seconds=facts.no_answer,
            )
        )
    if facts.gone:
        reasons.append(_gone(facts))
    elif facts.status == "failed":
        reasons.append(_failed(facts))
    elif facts.status == "paused":
        reasons.append(_paused(facts))
    elif facts.status == "cancelled":
        text = f"Cancelled: {facts.note}." if facts.note else "Cancelled."
        reasons.append(_reason("cancelled", text, facts.note or "cancelled", key="9"))
    elif facts.status == "pending":
        reasons.append(_reason("not_started", "It has not started.", "not started"))
    if facts.asked:
        reasons.append(_asked(facts))
    if not has_ended and facts.status == "running" and not facts.gone:
        reasons += _running(facts)
        if facts.questions:
            asks = f"asks {counted(facts.questions, 'question')}"
            reasons.append(_reason("asks", f"It {asks}, and goes on meanwhile.", asks, key="a"))
    reasons += _errors(facts)
    if facts.slower is not None and facts.slower >= SLOW_RUN:
        reasons.append(_slower(facts))
    goes_on = facts.status == "running" and not any(_is_cause(one) for one in reasons)
    if not reasons or goes_on or facts.status == "completed":
        reasons.append(_well(facts, is_alone=not reasons))
    return reasons


def _reason(
    code: str,
    text: str,
    short: str,
    weight: str = LOOK,
    *,
    key: str = "",
    command: str = "",
    **figures: Any,
) -> Reason:
    return Reason(
        code=code, text=text, short=short, weight=weight, key=key, command=command, figures=figures
    )


def _is_cause(reason: Reason) -> bool:
    return reason.code not in {"retries", "errors", "asks"}


def _gone(facts: Facts) -> Reason:
    left = f" {counted(facts.held, 'task')} {_be(facts.held)} kept." if facts.held else ""
    way = f" R takes it up: {facts.resume}" if facts.resume else ""
    return _reason(
        "gone",
        f"The process that ran it was killed.{left}{way}",
        "runner was killed",
        BAD,
        key="R",
        command=facts.resume,
        held=facts.held,
    )


def _failed(facts: Facts) -> Reason:
    culprit = next((one for one in facts.routines if one.has_failed), None)
    if culprit is None:
        text = f"Failed: {sentence(facts.note)}" if facts.note else "Failed."
        return _reason("failed", text, facts.note or "failed", BAD, key="2")
    error = culprit.error or facts.note
    common = f"; all have {culprit.common}" if error and culprit.common else ""
    new = _of_earlier(culprit, facts)
    held = f" {counted(facts.held, 'task')} did not start." if facts.held else ""
    return _reason(
        "failed",
        f"`{culprit.routine_id}` failed: {error}{common}{new}.{held}",
        f"{culprit.routine_id}: {error}",
        BAD,
        key="2",
        routine=culprit.routine_id,
        error=error,
        errors=culprit.errors,
        held=facts.held,
        is_new=culprit.is_new_error,
    )


def _paused(facts: Facts) -> Reason:
    since = "" if facts.paused_at is None else f" for {span(facts.now - facts.paused_at)}"
    held = f"; {counted(facts.held, 'task')} {_be(facts.held)} held" if facts.held else ""
    by = f", asked by `{facts.asked_by}`" if facts.asked_by else ""
    reason = f": {facts.note.removeprefix(WAITS)}" if facts.note else ""
    figures: dict[str, Any] = {
        "held": facts.held,
        "questions": facts.questions,
        "reason": facts.note,
    }
    if facts.paused_at is not None:
        figures["seconds"] = facts.now - facts.paused_at
    if facts.questions:
        return _reason(
            "waits_for_answer",
            f"It has waited for an answer{since}{reason}{by}{held}.",
            facts.note.removeprefix(WAITS) or "waits for an answer",
            key="a" if facts.note.startswith(WAITS) else "r",
            **figures,
        )
    return _reason(
        "paused",
        f"It has been paused{since}{reason}{held}.",
        facts.note or "paused",
        key="r",
        **figures,
    )


def _asked(facts: Facts) -> Reason:
    doing = {"pause": "Pausing", "cancel": "Cancelling", "resume": "Going on"}
    word = doing.get(facts.asked, f"Asked to {facts.asked}")
    left = f"{counted(facts.asked_running, 'handler')} still {_verb(facts.asked_running, 'run')}"
    return _reason(
        "asked",
        f"{word}: {left}.",
        f"{word.lower()}, {facts.asked_running} running",
        key="3",
        asked=facts.asked,
        running=facts.asked_running,
    )


def _running(facts: Facts) -> list[Reason]:
    """What holds up a job that runs: silence, a slow handler, one that takes all workers."""
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
                _reason(
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
    figures: dict[str, Any] = {"seconds": silent}
    if oldest is not None:
        usual = _usual(by_id.get(oldest.routine_id))
        known = f" (its p95: {duration(usual)})" if usual else ""
        text += f": `{oldest.routine_id}` has run one handler for {span(oldest.seconds)}{known}"
        text += _input(oldest)
        figures.update(routine=oldest.routine_id, handler_seconds=oldest.seconds, p95=usual)
    return _reason("silent", f"{text}.", f"silent for {span(silent)}", BAD, key="3", **figures)


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
        parts.append(f"{count(routine.queued)} {_verb(routine.queued, 'wait')} for it")
    if behind:
        names = _names([one.routine_id for one in behind])
        parts.append(f"{count(queued)} for {names} stand behind them")
    text = f"{text}: {', '.join(parts)}." if parts else f"{text}."
    return _reason(
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
        _reason(
            "queue",
            f"{count(longest.ready)} tasks wait for `{longest.routine_id}`.",
            f"{count(longest.ready)} wait for {longest.routine_id}",
            key="1",
            routine=longest.routine_id,
            queued=longest.ready,
        )
    ]


def _errors(facts: Facts) -> list[Reason]:
    """Inputs that are tried again, then errors that were passed over, worst routine first."""
    reasons = []
    for one in sorted(facts.routines, key=lambda one: -one.errors):
        error = f": {one.error}" if one.error else ""
        error += f"; all have {one.common}" if one.error and one.common else ""
        new = _of_earlier(one, facts)
        if one.retrying and not statuses.has_ended(facts.status):
            soon = f", the next in {span(one.next_try)}" if one.next_try is not None else ""
            reasons.append(
                _reason(
                    "retries",
                    f"{counted(one.retrying, 'input')} of `{one.routine_id}` "
                    f"{_verb(one.retrying, 'wait')} for another try{soon}{error}{new}.",
                    f"{one.routine_id}: {count(one.retrying)} retrying",
                    BAD if one.is_new_error else LOOK,
                    key="2",
                    routine=one.routine_id,
                    retrying=one.retrying,
                    next_try=one.next_try,
                    error=one.error,
                    is_new=one.is_new_error,
                )
            )
        elif one.errors and not one.has_failed:
            reasons.append(
                _reason(
                    "errors",
                    f"{counted(one.errors, 'error')} in `{one.routine_id}`{error}{new}.",
                    f"{one.routine_id}: {counted(one.errors, 'error')}",
                    BAD if one.is_new_error else LOOK,
                    key="2",
                    routine=one.routine_id,
                    errors=one.errors,
                    error=one.error,
                    is_new=one.is_new_error,
                )
            )
    return reasons


def _slower(facts: Facts) -> Reason:
    times = f"{facts.slower:.1f}"
    runs = counted(facts.earlier_runs, "run")
    return _reason(
        "slower",
        f"It takes {times} times as long as its last {runs}.",
        f"{times} times slower",
        key="D",
        times=facts.slower,
        runs=facts.earlier_runs,
    )


def _well(facts: Facts, *, is_alone: bool) -> Reason:
    if facts.status == "completed":
        took = None
        if facts.began is not None and facts.ended is not None:
            took = facts.ended - facts.began
        text = "Completed." if took is None else f"Completed in {span(took)}."
        short = "completed" if took is None else f"took {span(took)}"
        return _reason("completed", text, short, GOOD, seconds=took)
    well = "All is well" if is_alone else "Otherwise all is well"
    if facts.ends_at is None:
        return _reason("well", f"{well}; no end is known.", "no end known", GOOD)
    at = timestamps.to_datetime(facts.ends_at).strftime("%H:%M")
    return _reason(
        "well", f"{well}; it ends about {at}.", f"ends {at}", GOOD, ends_at=facts.ends_at
    )


def _of_earlier(routine: RoutineFacts, facts: Facts) -> str:
    if not routine.is_new_error:
        return ""
    return f" (new: not in the last {counted(facts.earlier_runs, 'run')})"


def _usual(routine: RoutineFacts | None) -> float | None:
    return None if routine is None else routine.usual_p95 or routine.p95


def _input(running: Running) -> str:
    return f", with {running.text}" if running.text else ""


def _names(names: list[str]) -> str:
    quoted = [f"`{one}`" for one in names[:3]]
    if len(names) > 3:
        quoted.append(f"{len(names) - 3} more")
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _verb(number: int, verb: str) -> str:
    return f"{verb}s" if number == 1 else verb
