"""The questions of a job, as they are shown: its own, and the events that a paused job deferred.

A deferred event is a question with one answer: it is emitted, with its data or with other, or it
is dropped.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import as_text, shortened, to_plain
from routilux_tui.views.flow_shape import flow_shape_of
from routilux_tui.views.provenance import label_of, steered_by

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.job.questions import Question
    from routilux_tui.views.flow_shape import Link

YES, DROP = "yes", "drop"
"""The answers to a deferred event."""
MOST_OPEN = 200
_MOST_ANSWERED = 50


class AskedQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question. Times are ISO 8601 or empty.

    ``id`` names it in its job: a number, or ``d`` and some letters for a deferred event, which
    ``is_deferred``. ``choices``, ``types`` and ``params`` are those of `job.questions.Question`;
    ``targets`` are the routines that the answer's event goes to. ``default`` says what becomes of
    it at ``due_at``. Of one that ``is_open`` no more, ``choice`` and ``answer`` were given by
    ``answered_by``.
    """

    id: str
    routine: str
    text: str
    event: str
    data: Any = {}
    choices: dict[str, Any] = {}
    types: dict[str, str] = {}
    params: list[str] = []
    targets: list[str] = []
    is_deferred: bool = False
    is_open: bool = True
    asked_at: str = ""
    due_at: str = ""
    default: str = ""
    reminders: int = 0
    choice: str = ""
    answer: Any = None
    answered_by: str = ""
    answered_at: str = ""


def count_open(job: Job) -> int:
    """How many questions of a job wait for somebody; those of one that has ended don't."""
    if statuses.has_ended(job.status):
        return 0
    deferred = _count_deferred(job) if job.status == "paused" else 0
    return deferred + sum(one.answer is None for one in job.questions.values())


def waits(job: Job) -> bool:
    """Whether a job stands still until somebody answers."""
    if job.status != "paused":
        return False
    asks = any(one.answer is None for one in job.questions.values())
    return _count_deferred(job) > 0 or (asks and job.waits_for_answers())


def _count_deferred(job: Job) -> int:
    """How many deferred events ask something."""
    if not job.deferred_events or all(one.answer is None for one in job.questions.values()):
        return len(job.deferred_events)
    return len(deferred_by_id(job))


def questions(job: Job, *, answered: bool = False) -> list[AskedQuestion]:
    """The open questions of a job, the oldest first; before them, if wanted, all others.

    These are answered, or the job has ended without an answer.
    """
    with job.lock:
        links = flow_shape_of(job).links
        own = list(job.questions.values())
        found: list[AskedQuestion] = []
        is_over = statuses.has_ended(job.status)
        if answered:
            closed = [one for one in own if is_over or one.answer is not None]
            found += _answered_deferred(job)
            found += [
                msgspec.structs.replace(_own(one, links), is_open=False)
                for one in closed[-_MOST_ANSWERED:]
            ]
        if not is_over:
            waiting = [one for one in own if one.answer is None]
            found += [_own(one, links) for one in waiting[:MOST_OPEN]]
            if job.status == "paused":
                text = _reason(job)
                found += [
                    _deferred(name, event, text, links)
                    for name, event in list(deferred_by_id(job).items())[:MOST_OPEN]
                ]
    return found


def deferred_by_id(job: Job) -> dict[str, dict[str, Any]]:
    """The deferred events of a job by the ids of their questions.

    What somebody has answered in the job's file, and is emitted when it goes on, asks nothing.
    """
    found: dict[str, dict[str, Any]] = {}
    given = [
        (one.routine_id, one.event, timestamps.to_iso(one.answered_at))
        for one in job.questions.values()
        if one.answer is not None and one.answered_at
    ]
    for event in job.deferred_events:
        if not isinstance(event, dict):
            continue
        at = timestamps.to_epoch(event.get("timestamp"))
        asked = (event.get("routine_id"), event.get("event_name"), timestamps.to_iso(at or 0.0))
        if asked in given:
            continue
        name = [as_text(event.get(key)) for key in ("routine_id", "event_name", "timestamp")]
        number = zlib.crc32("\0".join(name).encode("utf-8", "replace"))
        while (key := f"d{number & 0xFFFF:04x}") in found:
            number += 1
        found[key] = event
    return found


def choose(job: Job, wanted: str) -> AskedQuestion:
    """The open question of an id, or the only one that is open where no id is given.

    Raises:
        NotPossible: when there is none, or it is answered already: says by whom.
        UsageError: when several are open, and none is named.
    """
    found = questions(job, answered=True)
    still = [one for one in found if one.is_open]
    if not wanted:
        if len(still) == 1:
            return still[0]
        if still:
            listed = ", ".join(f"{one.id} ({shortened(one.text, 30)})" for one in still[:5])
            raise UsageError(f"{len(still)} questions are open: name one.", f"There are: {listed}.")
        raise _not_open(job, found)
    for one in reversed(found):  # of several deferred events of one id, the last
        if one.id == wanted:
            if one.is_open:
                return one
            raise _ended(one)
    there = ", ".join(one.id for one in still[:10]) or "none"
    raise NotPossible(f"Job {job.job_id} has no question {wanted[:20]!r}.", f"Open ones: {there}.")


def answered_already(number: str, who: str, at: float | None) -> NotPossible:
    """Why a question can't be answered once more.

    Args:
        number: the question's, or the id of a deferred event.
        who: answered it; empty where that is not known.
        at: when, in seconds since the epoch; None where that is not known.
    """
    when = "" if at is None else f" at {timestamps.to_datetime(at).astimezone():%H:%M}"
    return NotPossible(f"Question {number} is answered by {who or 'somebody'}{when}.")


def _ended(question: AskedQuestion) -> NotPossible:
    """Why a question that is not open can't be answered."""
    if not question.answered_at:
        return NotPossible(f"Question {question.id} was not answered before the job ended.")
    at = timestamps.to_epoch(question.answered_at)
    return answered_already(question.id, question.answered_by, at)


def _not_open(job: Job, found: list[AskedQuestion]) -> NotPossible:
    if found:
        return _ended(found[-1])
    return NotPossible(f"Job {job.job_id} asks nothing; it is {job.status}.")


def _answered_deferred(job: Job) -> list[AskedQuestion]:
    """The deferred events that somebody has answered: of them, only that is kept."""
    found = []
    for control in job.controls:
        name, _, choice = as_text(control.get("reason")).partition(": ")
        if control.get("action") == "answer" and name.startswith("d"):
            at = timestamps.to_epoch(control.get("at"))
            found.append(
                AskedQuestion(
                    id=name,
                    routine="",
                    text="a deferred event",
                    event="",
                    is_deferred=True,
                    is_open=False,
                    choice=choice,
                    answered_by=label_of(control.get("who")),
                    answered_at="" if at is None else _iso(at),
                )
            )
    return found[-_MOST_ANSWERED:]


def _own(one: Question, links: list[Link]) -> AskedQuestion:
    default = ""
    if one.due:
        default = "the job fails"
        if one.default is not None:
            data = one.default.get("data")
            default = as_text(one.default.get("choice") or data)
    answer = one.answer or {}
    return AskedQuestion(
        id=str(one.number),
        routine=one.routine_id,
        text=one.text,
        event=one.event,
        data=to_plain(one.data),
        choices=to_plain(one.choices),
        types=dict(one.types),
        params=list(one.params),
        targets=_targets(links, one.routine_id, one.event),
        is_open=one.answer is None,
        asked_at=_iso(one.asked_at),
        due_at=_iso(one.due),
        default=default,
        reminders=one.reminders,
        choice=as_text(answer.get("choice")),
        answer=to_plain(answer.get("data")),
        answered_by=label_of(one.who),
        answered_at=_iso(one.answered_at),
    )


def _deferred(name: str, event: dict[str, Any], text: str, links: list[Link]) -> AskedQuestion:
    routine, of = as_text(event.get("routine_id")), as_text(event.get("event_name"))
    data = event.get("data")
    at = timestamps.to_epoch(event.get("timestamp"))
    return AskedQuestion(
        id=name,
        routine=routine,
        text=text or f"emit {of}?",
        event=of,
        data=to_plain(data) if isinstance(data, dict) else {},
        params=[str(key) for key in data] if isinstance(data, dict) else [],
        targets=_targets(links, routine, of),
        is_deferred=True,
        asked_at=_iso(at or 0.0),
    )


def _reason(job: Job) -> str:
    """Why a job has paused itself, if it was not a person who paused it."""
    point = job.pause_points[-1] if job.pause_points else None
    if not isinstance(point, dict) or steered_by(job) or job.waits_for_answers():
        return ""
    return as_text(point.get("reason"))


def _targets(links: list[Link], routine: str, event: str) -> list[str]:
    found = [one.target for one in links if one.source == routine and one.event == event]
    return list(dict.fromkeys(found))


def _iso(at: float) -> str:
    return timestamps.to_iso(at) if at else ""
