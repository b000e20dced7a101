"""How changes of questions are carried out: asked, reminded of, answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.questions import MOST_ANSWERED, Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.data import JobData


def _ask(
    job: JobData, number: int, routine_id: str, asked: dict[str, Any], at: float, task: int | None
) -> None:
    """A routine asks a person; ``asked`` is the question as a file has it."""
    own = {"number": number, "routine_id": routine_id, "asked_at": at, "task": task}
    question = Question.from_plain({**asked, **own})
    if question is None:
        return
    job.questions[number] = question
    job.next_question = max(job.next_question, number + 1)
    asking = job.outstanding.get(task) if task is not None else None
    if asking is not None:
        asking.emitted += 1  # so that a handler that is run again after a crash asks it once
    job._updated = at


def _reminded(job: JobData, number: int, at: float) -> None:
    """Nobody has answered yet, and people were told once more."""
    question = job.questions.get(number)
    if question is not None:
        question.reminders += 1
        question.remind = [moment for moment in question.remind if moment > at]
    job._updated = at


def _answered(
    job: JobData, number: int, answer: dict[str, Any], who: dict[str, Any], at: float
) -> None:
    """Somebody has answered; the emit that this is stands before it."""
    question = job.questions.get(number)
    if question is not None:
        question.answer, question.who, question.answered_at = answer, who, at
        question.remind = []
        answered = [one for one in job.questions.values() if one.answer is not None]
        for one in answered[:-MOST_ANSWERED]:
            del job.questions[one.number]
    job._updated = at


#: The kinds of change of questions, and what carries each out.
FOLD_QUESTIONS: dict[str, Callable[..., None]] = {
    "ask": _ask,
    "reminded": _reminded,
    "answered": _answered,
}
