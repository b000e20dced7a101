"""What a routine asks, checked where it asks it: choices, types, a time limit and its outcome."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import FlowDefinitionError, UsageError
from routilux_tui.job.answers import emitted_by, fixed_data
from routilux_tui.job.questions import Question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.flow.event import Event

_NAMES: dict[Any, str] = {
    **{one: one.__name__ for one in (int, float, str, bool, list, dict)},
    Any: "any",
    object: "any",
}
_REMIND_AT = (0.5, 0.9)
"""After which parts of its time a question reminds of itself, where it does not say."""
_MOST_REMINDERS = 1000
_LONGEST = 2000


def question_asked(
    event: Event,
    text: str,
    data: Mapping[str, Any] | None,
    choices: Any,
    within: float | None,
    default: Any,
    remind: float | None,
) -> dict[str, Any]:
    """A question as a job keeps it; see `Routine.ask` for the arguments.

    Raises:
        FlowDefinitionError: when it has no text, nobody could answer it, or its default is no
            answer to it.
        ValueError: when a time is no number of seconds above 0.
    """
    asked = str(text).strip()
    if not asked:
        raise FlowDefinitionError("A question has no text.", 'Say: self.ask("book it?", ...)')
    question = Question(
        number=0,
        routine_id="",
        text=asked[:_LONGEST],
        event=event.name,
        data=dict(data or {}),
        params=list(event.output_params),
    )
    question.choices, question.types = _answers(question, choices)
    for name in (*question.types, *(key for one in question.choices.values() for key in one)):
        if question.params and name not in question.params:
            raise FlowDefinitionError(
                f"{event} has no {name!r}, which the answer to {question.text!r} is to give.",
                f"It has: {', '.join(question.params)}.",
            )
    now = time.time()
    for seconds in (within, remind):
        if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
            raise ValueError(f"ask(within={within!r}, remind={remind!r}): seconds are above 0.")
    question.due = now + within if within is not None else 0.0
    question.remind = _reminders(now, within, remind)
    if default is not None:
        question.default = _default(question, default)
    return question.to_plain()


def _answers(question: Question, choices: Any) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The choices, or the types of the answer's data."""
    given = fixed_data(question)
    missing = [name for name in question.params if name not in given]
    if choices is None:
        return ({}, dict.fromkeys(missing, "any")) if missing else ({"yes": {}}, {})
    if isinstance(choices, dict) and choices:
        if all(one in _NAMES for one in choices.values() if _is_hashable(one)) and all(
            map(_is_hashable, choices.values())
        ):
            return {}, {str(name): _NAMES[kind] for name, kind in choices.items()}
        if all(one is None or isinstance(one, dict) for one in choices.values()):
            return {str(name): dict(one or {}) for name, one in choices.items()}, {}
    elif _is_hashable(choices) and choices in _NAMES:
        if len(missing) == 1:
            return {}, {missing[0]: _NAMES[choices]}
        raise FlowDefinitionError(
            f"{question.text!r} wants one value, and event {question.event!r} lacks "
            f"{', '.join(missing) or 'none'}.",
            "Say which: choices={'amount': float}.",
        )
    raise FlowDefinitionError(
        f"choices of {question.text!r} are neither answers nor types: {str(choices)[:80]}.",
        "Say choices={'yes': {...}, 'no': {...}}, or {'amount': float}, or float.",
    )


def _is_hashable(value: Any) -> bool:
    return getattr(type(value), "__hash__", None) is not None


def _default(question: Question, default: Any) -> dict[str, Any]:
    choice, data = default, None
    if isinstance(default, dict):
        choice, data = "", default
    elif len(question.types) == 1:
        choice, data = "", {next(iter(question.types)): default}
    try:
        return {"choice": str(choice), "data": emitted_by(question, str(choice), data)}
    except UsageError as error:
        raise FlowDefinitionError(
            f"The default of {question.text!r} is no answer to it: {error.message}", error.hint
        ) from None


def _reminders(now: float, within: float | None, remind: float | None) -> list[float]:
    """The moments at which people are told once more."""
    if remind is None:
        return [] if within is None else [now + within * part for part in _REMIND_AT]
    number = _MOST_REMINDERS
    if within is not None:
        number = min(number, math.ceil(within / remind) - 1)
    return [now + remind * n for n in range(1, number + 1)]
