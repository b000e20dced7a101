"""What is known of a job at one moment, as far as it explains how the job is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview
from routilux_tui.views.earlier import Usual, error_kind
from routilux_tui.views.insight import Outlook
from routilux_tui.views.shapes import PENDING

if TYPE_CHECKING:
    from routilux_tui.views.earlier import Kind
    from routilux_tui.views.insight import Insight, ProblemRow, RoutineFigures
    from routilux_tui.views.shapes import Header, Row


#: What all failing inputs have in common: so many keys are told, each value so wide.
_MOST_COMMON, _WIDEST = 3, 60


class RoutineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one routine does now. Times are in seconds; None where it is not known.

    ``queued`` counts tasks that wait for it, ``retrying`` those that wait for another try,
    ``dropped`` those that would have had it when the job ended; ``next_try`` is when the first
    try is due, in seconds from now. ``common`` is what all inputs with the error have in common.
    ``alike`` counts the errors that are this one (of inputs that wait for another try: those), 0
    where all are. ``usual_p95`` is that of earlier runs. ``is_new_error``: no earlier run had the
    error.
    """

    routine_id: str
    queued: int = 0
    active: int = 0
    errors: int = 0
    error: str = ""
    alike: int = 0
    common: str = ""
    retrying: int = 0
    dropped: int = 0
    next_try: float | None = None
    p95: float | None = None
    usual_p95: float | None = None
    is_new_error: bool = False
    has_failed: bool = False

    @property
    def ready(self) -> int:
        """How many tasks wait for it that would run at once if it were free."""
        return max(0, self.queued - self.retrying)


class Running(msgspec.Struct, frozen=True):
    """A handler that runs: its routine, for how many seconds, and its input in a line."""

    routine_id: str
    seconds: float
    text: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a job at one moment (``now``, in seconds since the epoch).

    ``job`` is what it is called in a command, ``still_running`` counts the handlers that have not
    returned though it has ended. ``workers`` is how many handlers may run at once, 0 where that is
    not known. ``feeds`` has the routines that each routine feeds. ``silent`` is how many seconds
    nothing has changed. ``held`` counts the tasks of a paused job, ``questions`` what it asks;
    ``by`` is who has paused or cancelled it. ``gone`` says that its process was killed, ``resume``
    is the command that takes it up; ``is_silent`` that it runs, and does not answer. ``no_answer``
    is for how many seconds its machine has not answered. ``trouble`` is what is wrong with its
    files (a full disk). ``ends_at`` is the estimate of its end; ``is_overdue`` says that it should
    have ended by now. ``slower`` is how many times as long as usual it takes, beside ``runs``
    earlier runs.
    """

    status: str
    now: float
    note: str = ""
    job: str = ""
    asked: str = ""
    asked_running: int = 0
    still_running: int = 0
    began: float | None = None
    ended: float | None = None
    routines: list[RoutineFacts] = []
    feeds: dict[str, list[str]] = {}
    running: list[Running] = []
    workers: int = 0
    silent: float | None = None
    held: int = 0
    paused_at: float | None = None
    questions: int = 0
    asked_by: str = ""
    by: str = ""
    gone: bool = False
    resume: str = ""
    is_silent: bool = False
    no_answer: float | None = None
    trouble: str = ""
    ends_at: float | None = None
    is_overdue: bool = False
    slower: float | None = None
    earlier_runs: int = 0


def facts_of(
    header: Header,
    insight: Insight,
    now: float,
    *,
    pause: Row | None = None,
    gone: bool = False,
    resume: str = "",
    is_silent: bool = False,
    no_answer: float | None = None,
    usual: Usual | None = None,
    can_end: bool = True,
) -> Facts:
    """The facts that a job's views tell.

    Args:
        header: the job in a line.
        insight: what is measured of it: all parts.
        now: the moment, in seconds since the epoch.
        pause: the last of its pause points.
        gone: whether the file says that it runs, and nobody runs it.
        resume: the command that takes it up.
        is_silent: whether its process runs, and does not answer.
        no_answer: for how many seconds its machine has not answered.
        usual: what earlier runs were like.
        can_end: whether its process can be ended by force; not in the past, or from here.
    """
    usual = usual or Usual()
    began, updated = (timestamps.to_epoch(at) for at in (header.created_at, header.updated_at))
    has_ended = statuses.has_ended(header.status)
    until = updated if has_ended else now
    is_own_time = header.status in {"running", "completed"} and not gone
    stands = header.status != "running" or gone or is_silent or no_answer is not None
    outlook = insight.outlook or Outlook(word=header.status)
    taken = outlook.elapsed
    if taken is None and began is not None and until is not None:
        taken = until - began
    handlers = insight.now.handlers if insight.now is not None else []
    paused = pause if header.status == "paused" else None
    ends_in = None
    if outlook.low is not None and outlook.high is not None:
        ends_in = (outlook.low + outlook.high) / 2
    return Facts(
        status=header.status,
        now=now,
        note=header.note,
        job=header.job_id[:8] if can_end else "",
        asked=header.control.action if header.control else "",
        asked_running=header.control.running if header.control else 0,
        still_running=header.still_running if has_ended else 0,
        began=began,
        ended=updated if has_ended else None,
        routines=[
            _routine_facts(one, insight.problems, usual, None if stands else now)
            for one in insight.figures
        ],
        running=[Running(one.routine_id, one.elapsed, one.text) for one in handlers],
        workers=outlook.workers,
        silent=None if has_ended else outlook.silent,
        held=header.counts.get(PENDING, 0),
        paused_at=timestamps.to_epoch(paused.at) if paused else None,
        questions=header.questions,
        asked_by=paused.routine if paused else "",
        by=header.by,
        gone=gone,
        resume=resume,
        is_silent=is_silent,
        no_answer=no_answer,
        ends_at=None if ends_in is None else now + ends_in,
        is_overdue=outlook.is_overdue,
        slower=taken / usual.seconds if usual.seconds and taken and is_own_time else None,
        earlier_runs=usual.runs,
    )


def _routine_facts(
    one: RoutineFigures, problems: list[ProblemRow], usual: Usual, now: float | None
) -> RoutineFacts:
    """What a routine does; of its errors the new ones are told before the others.

    Without a moment the job stands still, and nothing is tried again by itself.
    """
    own = [problem for problem in problems if problem.routine_id == one.routine_id]
    new = [problem for problem in own if usual.is_new(_kind_of(problem))]
    retried = [problem for problem in own if problem.retrying] if one.retrying else []
    kind = next(iter(new or retried or own), None)
    ended_by = None
    if one.state == "failed" and one.last_error:  # that one ended the job, not another of its kind
        of_last = error_kind(one.routine_id, one.last_error)
        ended_by = next((problem for problem in own if _kind_of(problem) == of_last), None)
        kind = ended_by or kind
    tries = [timestamps.to_epoch(problem.next_try) for problem in own]
    soonest = min((at for at in tries if at is not None), default=None)
    error, common, alike = one.last_error, "", 0
    if kind is not None:
        error = one.last_error if kind is ended_by else kind.error
        if len(retried or own) > 1:
            alike = kind.retrying if one.retrying else kind.count
        if kind.inputs > 1:
            shared = list(kind.common.items())[:_MOST_COMMON]
            common = ", ".join(f"{key} = {preview(value, _WIDEST)}" for key, value in shared)
    return RoutineFacts(
        routine_id=one.routine_id,
        queued=one.queued,
        active=one.running,
        errors=one.errors,
        error=error,
        alike=alike,
        common=common,
        retrying=one.retrying,
        dropped=sum(problem.dropped for problem in own),
        next_try=None if soonest is None or now is None else max(0.0, soonest - now),
        p95=one.p95,
        usual_p95=usual.p95.get(one.routine_id),
        is_new_error=bool(new) or (not own and _is_new(one, usual)),
        has_failed=one.state == "failed",
    )


def _is_new(one: RoutineFigures, usual: Usual) -> bool:
    """Whether the last error is new, where a file of an older version knows no kinds."""
    return one.last_error != "" and usual.is_new(error_kind(one.routine_id, one.last_error))


def _kind_of(problem: ProblemRow) -> Kind:
    return problem.routine_id, problem.error_type, problem.kind
