"""Whether an answer is one to a question, and what the event is emitted with by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import UsageError
from routilux_tui.job.jsonable import as_text, parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The types that an answer may have to be of, by their names; a whole number is a float, too.
TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "any": (object,),
}

#: How a value of a type is said, where its name alone would not tell.
_SAID_AS = {"bool": "true or false", "list": "a list: [1, 2]", "dict": 'an object: {"n": 1}'}


class Asked(Protocol):
    """What of a question its answers are checked against; see `routilux_tui.job.questions`."""

    @property
    def event(self) -> str:
        """The event that the answer emits."""

    @property
    def data(self) -> Any:
        """The question's own data."""

    @property
    def choices(self) -> Mapping[str, Any]:
        """The data of each answer, by its name."""

    @property
    def types(self) -> Mapping[str, str]:
        """The type of each name that has to be given."""

    @property
    def params(self) -> Sequence[str]:
        """The names of the event's data; empty where it takes any."""


def emitted_by(question: Asked, choice: str, data: Any) -> dict[str, Any]:
    """What the event is emitted with by an answer.

    Args:
        question: what was asked.
        choice: the name of a choice; or, where one value is asked for, that value as text.
        data: the answer's data in its place, or None.

    Raises:
        UsageError: when it is no answer to the question; says what is.
    """
    if data is not None and not isinstance(data, dict):
        raise UsageError("The data of an answer is an object.", "Say: --data '{\"n\": 1}'")
    if question.choices:
        if data is not None or choice not in question.choices:
            given = f"{choice[:40]!r}" if data is None else "Data of your own"
            wanted = f"It is {_listed(question.choices)}."
            raise UsageError(f"{given} is no answer to this.", wanted)
        answer = dict(question.choices[choice])
    elif data is None:
        answer = _value_of(question, choice)
    else:
        answer = data
    _check(question, answer)
    return {**fixed_data(question), **answer}


def fixed_data(question: Asked) -> dict[str, Any]:
    """What of a question's own data goes with every answer: that which the event takes."""
    data = question.data if isinstance(question.data, dict) else {}
    params = question.params
    return {key: value for key, value in data.items() if not params or key in params}


def _value_of(question: Asked, text: str) -> dict[str, Any]:
    """The answer that one value is, where one is asked for: JSON, or a text as it stands."""
    if len(question.types) != 1 or not text:
        if not question.types and not text:
            return {}
        wanted = ", ".join(f'"{name}": {kind}' for name, kind in question.types.items())
        raise UsageError(
            f"{text[:40]!r} is no answer to this: it wants data.", f"Say: --data '{{{wanted}}}'"
        )
    ((name, kind),) = question.types.items()
    if kind == "str":
        return {name: text}
    try:
        return {name: parse_json(text)}
    except (ValueError, RecursionError):
        return {name: text}


def _check(question: Asked, answer: dict[str, Any]) -> None:
    params, types = question.params, question.types
    allowed = list(types) or list(params)
    for name in answer:
        if allowed and name not in allowed:
            what = "The question" if types else f"The event {question.event!r}"
            raise UsageError(f"{what} takes no {name[:40]!r}.", f"It takes: {', '.join(allowed)}.")
    for name, kind in types.items():
        if name not in answer:
            raise UsageError(f"The answer lacks {name!r} ({kind}).", _wanted(types))
        value = answer[name]
        is_odd = isinstance(value, bool) and kind in {"int", "float"}
        if is_odd or not isinstance(value, TYPES.get(kind, (object,))):
            raise UsageError(f"{name!r} is {as_text(value)[:40]!r}, and no {kind}.", _wanted(types))


def _wanted(types: Mapping[str, str]) -> str:
    wanted = (f"{name} ({_SAID_AS.get(kind, kind)})" for name, kind in types.items())
    return f"It wants: {', '.join(wanted)}."


def _listed(names: Mapping[str, Any]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else str(last)
