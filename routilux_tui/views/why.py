"""Why a job is as it is: sentences, worst first, each with the key that leads on.

`why` knows no job: it judges `Facts`, which live, saved and far jobs fill in as far as they know
them. What is not known is not said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.status import WAITS, word_of
from routilux_tui.views.estimate import OVERDUE
from routilux_tui.views.formatting import count, counted, sentence, span
from routilux_tui.views.hold_ups import hold_ups
from routilux_tui.views.reason import BAD, GOOD, LOOK, Reason, be, make_reason, verb
from routilux_tui.views.still_running import way_out

if TYPE_CHECKING:
    from routilux_tui.views.facts import Facts, RoutineFacts

#: A run that takes so many times as long as its predecessors is slower than usual.
SLOW_RUN = 1.5


def why(facts: Facts) -> list[Reason]:
    """The sentences, worst first; there is always one."""
    reasons: list[Reason] = []
    has_ended = statuses.has_ended(facts.status)
    if facts.trouble:
        text = facts.trouble[0].upper() + facts.trouble[1:]
        reasons.append(make_reason("files", f"{text}.", facts.trouble, BAD, key="6"))
    if facts.no_answer is not None and not has_ended:
        reasons.append(
            make_reason(
                "no_answer",
                f"Nobody has answered for {span(facts.no_answer)}; what is shown is as old.",
                f"no answer for {span(facts.no_answer)}",
                BAD,
                seconds=facts.no_answer,
            )
        )
    if facts.is_silent:
        reasons.append(
            make_reason(
                "no_answer",
                f"Its process runs, and does not answer: it is stopped, or very busy{_old(facts)}.",
                "its process does not answer",
                BAD,
            )
        )
    if facts.gone:
        reasons.append(_gone(facts))
    elif facts.status == "failed":
        reasons.append(_failed(facts))
    elif facts.status == "paused":
        reasons.append(_paused(facts))
    elif facts.status == "cancelled" and not facts.still_running:
        who = f" by {facts.by}" if facts.by else ""
        text = f"Cancelled{who}: {facts.note}." if facts.note else f"Cancelled{who}."
        reasons.append(make_reason("cancelled", text, facts.note or "cancelled"))
    elif facts.status == "pending":
        text = f"It has not started: {facts.note}." if facts.note else "It has not started."
        reasons.append(make_reason("not_started", text, facts.note or "not started"))
    if facts.still_running:
        reasons.append(_still_running(facts))
    elif facts.asked:
        reasons.append(_asked(facts))
    if not has_ended and facts.status == "running" and not (facts.gone or facts.is_silent):
        reasons += hold_ups(facts)
        if facts.questions:
            asks = f"asks {counted(facts.questions, 'question')}"
            reasons.append(make_reason("asks", f"It {asks}, and goes on meanwhile.", asks, key="a"))
    reasons += _errors(facts)
    if facts.slower is not None and facts.slower >= SLOW_RUN:
        reasons.append(_slower(facts))
    if facts.is_overdue and not any(_is_cause(one) for one in reasons):
        text = "It takes longer than expected: it should have ended by now."
        reasons.append(make_reason("overdue", text, OVERDUE, key="3"))
    goes_on = facts.status == "running" and not any(_is_cause(one) for one in reasons)
    if not reasons or goes_on or facts.status == "completed":
        reasons.append(_well(facts, is_alone=not reasons))
    return reasons


def _old(facts: Facts) -> str:
    """How old what is shown is, of a job that does not tell of itself now."""
    return "" if facts.silent is None else f"; what is shown is {span(facts.silent)} old"


def _is_cause(reason: Reason) -> bool:
    return reason.code not in {"retries", "errors", "asks"}


def _gone(facts: Facts) -> Reason:
    last = "" if facts.silent is None else f"; its last change was {span(facts.silent)} ago"
    left = f" {counted(facts.held, 'task')} {be(facts.held)} kept." if facts.held else ""
    way = f" R takes it up: {facts.resume}" if facts.resume else ""
    return make_reason(
        "gone",
        f"The process that ran it was killed{last}.{left}{way}",
        "runner was killed",
        BAD,
        key="R",
        command=facts.resume,
        held=facts.held,
        seconds=facts.silent,
    )


def _failed(facts: Facts) -> Reason:
    culprit = next((one for one in facts.routines if one.has_failed), None)
    if culprit is None:
        text = f"Failed: {sentence(facts.note)}" if facts.note else "Failed."
        return make_reason("failed", text, facts.note or "failed", BAD, key="2")
    error = culprit.error or facts.note
    common = f"; all have {culprit.common}" if error and culprit.common else ""
    new = _of_earlier(culprit, facts)
    held = f" {counted(facts.held, 'task')} did not start." if facts.held else ""
    return make_reason(
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
    held = f"; {counted(facts.held, 'task')} {be(facts.held)} held" if facts.held else ""
    held = "" if held == f"; {facts.note}" else held
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
        return make_reason(
            "waits_for_answer",
            f"It has waited for an answer{since}{reason}{by}{held}.",
            facts.note.removeprefix(WAITS) or "waits for an answer",
            key="a" if facts.note.startswith(WAITS) else "r",
            **figures,
        )
    return make_reason(
        "paused",
        f"It has been paused{since}{f' by {facts.by}' if facts.by else ''}{reason}{held}.",
        facts.note or "paused",
        key="r",
        **figures,
    )


def _still_running(facts: Facts) -> Reason:
    """The job's last status is set, and handlers of it have not returned."""
    number = facts.still_running
    word = "Cancelling" if facts.status == "cancelled" else f"It is {facts.status}"
    left = f"{counted(number, 'handler')} still {verb(number, 'run')}{_which(facts)}"
    note = f" Cancelled: {sentence(facts.note)}" if facts.note and word == "Cancelling" else ""
    command = way_out(facts.job) if facts.job else ""
    way = f" c ends it with its process: {command}" if command else ""
    return make_reason(
        "still_running",
        f"{word}: {left}.{note}{way}",
        word_of(facts.status, number),
        key="3",
        command=command,
        status=facts.status,
        running=number,
        routines=[one.routine_id for one in facts.running],
    )


def _which(facts: Facts) -> str:
    """The handler that has run longest, and for how long."""
    longest = max(facts.running, key=lambda one: one.seconds, default=None)
    if longest is None:
        return ""
    more = "the longest " if len(facts.running) > 1 else ""
    return f" (`{longest.routine_id}`, {more}for {span(longest.seconds)})"


def _asked(facts: Facts) -> Reason:
    doing = {"pause": "Pausing", "cancel": "Cancelling", "resume": "Going on"}
    word = doing.get(facts.asked, f"Asked to {facts.asked}")
    left = f"{counted(facts.asked_running, 'handler')} still {verb(facts.asked_running, 'run')}"
    return make_reason(
        "asked",
        f"{word}: {left}{_which(facts)}.",
        f"{word.lower()}, {facts.asked_running} running",
        key="3",
        asked=facts.asked,
        running=facts.asked_running,
    )


def _errors(facts: Facts) -> list[Reason]:
    """Inputs that are tried again, then errors that were passed over, worst routine first."""
    reasons = []
    for one in sorted(facts.routines, key=lambda one: -one.errors):
        of_them = f"{count(one.alike)} of them" if one.alike else ""
        error = f": {one.error}" if one.error else ""
        error += f"; all have {one.common}" if one.error and one.common else ""
        new = _of_earlier(one, facts)
        figures: dict[str, Any]
        if one.retrying and not statuses.has_ended(facts.status):
            code, stop = "retries", "; "
            soon = f", the next in {span(one.next_try)}" if one.next_try is not None else ""
            text = f"{counted(one.retrying, 'input')} of `{one.routine_id}` "
            text += f"{verb(one.retrying, 'wait')} for another try{soon}"
            short = f"{count(one.retrying)} retrying"
            figures = {"retrying": one.retrying, "next_try": one.next_try}
        elif one.dropped and facts.status == "cancelled":
            code, stop = "dropped", "; "
            were = "was" if one.dropped == 1 else "were"
            text = f"{counted(one.dropped, 'input')} of `{one.routine_id}` had failed, and "
            text += f"{were} dropped before another try"
            short = f"{count(one.dropped)} failed and dropped"
            figures = {"dropped": one.dropped}
        elif one.errors and not one.has_failed:
            code, stop = "errors", ", "
            text = f"{counted(one.errors, 'error')} in `{one.routine_id}`"
            short = counted(one.errors, "error")
            figures = {"errors": one.errors}
        else:
            continue
        reasons.append(
            make_reason(
                code,
                f"{text}{of_them and f'{stop}{of_them}'}{error}{new}.",
                f"{one.routine_id}: {short}",
                BAD if one.is_new_error else LOOK,
                key="2",
                routine=one.routine_id,
                **figures,
                error=one.error,
                is_new=one.is_new_error,
            )
        )
    return reasons


def _slower(facts: Facts) -> Reason:
    times = f"{facts.slower:.1f}"
    takes = "took" if statuses.has_ended(facts.status) or facts.gone else "takes"
    runs = counted(facts.earlier_runs, "run")
    return make_reason(
        "slower",
        f"It {takes} {times} times as long as its last {runs}.",
        f"{times} times slower",
        key="D",
        times=facts.slower,
        runs=facts.earlier_runs,
    )


def _well(facts: Facts, *, is_alone: bool) -> Reason:
    if facts.status == "completed":
        took = None
        if facts.began is not None and facts.ended is not None and facts.ended >= facts.began:
            took = facts.ended - facts.began  # unless its clock was set back
        text = "Completed." if took is None else f"Completed in {span(took)}."
        short = "completed" if took is None else f"took {span(took)}"
        return make_reason("completed", text, short, GOOD, seconds=took)
    well = "All is well" if is_alone else "Otherwise all is well"
    if facts.ends_at is None:
        return make_reason("well", f"{well}; no end is known.", "no end known", GOOD)
    at = timestamps.to_datetime(facts.ends_at).strftime("%H:%M")
    return make_reason(
        "well", f"{well}; it ends about {at}.", f"ends {at}", GOOD, ends_at=facts.ends_at
    )


def _of_earlier(routine: RoutineFacts, facts: Facts) -> str:
    if not routine.is_new_error:
        return ""
    return f" (new: not in the last {counted(facts.earlier_runs, 'run')})"
