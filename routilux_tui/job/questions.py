"""A question that a job asks a person, and the answer that it got.

A question names an event of the routine that asks. Its answer is one emit of that event, with the
question's own data and the answer's over it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from routilux_tui.job import timestamps
from routilux_tui.job.numbers import is_id

MOST_ANSWERED = 1000
"""How many answered questions a job keeps, the newest; one that is open is always kept."""
#: The key of a pause point's checkpoint that says that only questions were left.
CHECKPOINT = "questions"


class Question(msgspec.Struct, kw_only=True, gc=False):
    """One question. Moments are in seconds since the epoch.

    ``data`` is shown, and what of it the event takes goes with the answer. ``choices`` has the
    data of each answer by its name; ``types`` the type of each name that a free answer has to
    give (``int``, ``float``, ``str``, ``bool``, ``list``, ``dict``, ``any``). ``params`` are the
    names of the event's data, empty where it takes any. ``due`` is when its time is over, 0 for
    never; then ``default`` is the answer, or without one the job fails. ``remind`` has the moments
    of reminders to come, ``reminders`` counts those that were. ``answer`` has ``choice`` and
    ``data``, and is None while the question is open; then ``who`` gave it, at ``answered_at``.
    """

    number: int
    routine_id: str
    text: str
    event: str
    data: dict[str, Any] = {}
    choices: dict[str, dict[str, Any]] = {}
    types: dict[str, str] = {}
    params: list[str] = []
    task: int | None = None
    asked_at: float = 0.0
    due: float = 0.0
    default: dict[str, Any] | None = None
    remind: list[float] = []
    reminders: int = 0
    answer: dict[str, Any] | None = None
    who: dict[str, Any] = {}
    answered_at: float = 0.0

    def next_moment(self) -> float:
        """When something is to happen by itself: a reminder, or the end of its time; or 0."""
        return min([*self.remind, *([self.due] if self.due else [])], default=0.0)

    def to_plain(self) -> dict[str, Any]:
        """The question as a file has it: without what has nothing to say."""
        plain = msgspec.structs.asdict(self)
        return {key: value for key, value in plain.items() if value or key == "number"}

    @classmethod
    def from_plain(cls, plain: Any) -> Question | None:
        """The question of a file's entry; None where that is none.

        What else of it is not as it should be is left out: a file is data.
        """
        if not isinstance(plain, dict):
            return None
        number, routine_id, event = (plain.get(key) for key in ("number", "routine_id", "event"))
        if not is_id(number) or not isinstance(routine_id, str) or not isinstance(event, str):
            return None
        text, task = plain.get("text"), plain.get("task")
        question = cls(
            number=number,
            routine_id=routine_id,
            event=event,
            text=text if isinstance(text, str) else "",
            task=task if is_id(task) else None,
        )
        for name in ("data", "who"):
            if isinstance(plain.get(name), dict):
                setattr(question, name, plain[name])
        for name in ("answer", "default"):
            if isinstance(plain.get(name), dict) and isinstance(plain[name].get("data"), dict):
                setattr(question, name, plain[name])
        choices, types, params = (plain.get(name) for name in ("choices", "types", "params"))
        if isinstance(choices, dict):
            question.choices = {k: v for k, v in choices.items() if isinstance(v, dict)}
        if isinstance(types, dict):
            question.types = {k: v for k, v in types.items() if isinstance(v, str)}
        if isinstance(params, list):
            question.params = [one for one in params if isinstance(one, str)]
        for name in ("asked_at", "due", "answered_at"):
            setattr(question, name, _moment(plain.get(name)))
        remind = plain.get("remind")
        if isinstance(remind, list):
            question.remind = sorted(at for one in remind if (at := _moment(one)))
        reminders = plain.get("reminders")
        question.reminders = reminders if is_id(reminders) else 0
        return question


def _moment(value: Any) -> float:
    is_number = type(value) is float or type(value) is int
    return float(value) if is_number and timestamps.is_time(value) else 0.0
