"""Errors by their kind: those of one routine, one type and one message but for its values."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from routilux_tui.job.jsonable import as_text, shortened

#: The records that tell of a task whose handler raised, or whose input was refused.
FAILURES = frozenset({"error", "error_continued", "skipped", "validation_failed"})
#: Kinds of error that a job tells apart; those that follow are counted together.
MOST_KINDS = 200
_SAMPLES = 5
_MESSAGE = 400
_KIND = 200
_MOST_COMMON = 30
_LONGEST_COMMON = 200

#: What differs from one message of a kind to the next, and what stands for it.
_VALUES = (
    (re.compile(r"(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)|\"(?:[^\"\\]|\\.)*\""), "'…'"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[/\\][\w.+~-]+){2,}"), "/…"),
    (re.compile(r"0[xX][0-9a-fA-F]+|\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]+)*\b"), "0x…"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "#"),
)
#: What stands where the messages of a kind differ.
DIFFERS = "…"
_PARTS = re.compile("|".join([*(one.pattern for one, _ in _VALUES), r"[^\W\d]+|\s+|."]))


def is_failure(name: str) -> bool:
    """Whether a row of that name tells of a failure: by its event, or its level in a log."""
    return name in FAILURES or name in {"ERROR", "CRITICAL"}


class Problem(msgspec.Struct, kw_only=True):
    """One kind of error. Times are in seconds since the epoch.

    ``kind`` is the message with its values made equal, ``message`` and ``trace`` (the number of
    the traceback) are the last one's, ``form`` is what all messages have in common, empty while
    they are all the same; ``worker`` is where the last was raised, if not in the job's own process.
    ``inputs`` counts the tasks that had it, ``samples`` has the first of them; ``common`` is what
    all their inputs had in common: key -> value.
    """

    routine_id: str
    error_type: str = ""
    kind: str = ""
    message: str = ""
    trace: int | None = None
    count: int = 0
    inputs: int = 0
    first: float = 0.0
    last: float = 0.0
    samples: list[int] = []
    common: dict[str, Any] | None = None
    worker: str = ""
    form: str = ""

    def add(self, at: float, message: str, trace: int | None, task: Any) -> None:
        """Count one more; ``task`` is what the handler was given, where that is known."""
        self.first = self.first or at
        self.last = at
        if self.count and message != self.message:
            self.form = common_form(self.form or self.message, message)
        self.count += 1
        self.message = message
        self.trace = trace
        if task is None:
            self.inputs += 1
            return
        if not (task.retry_count or task.again) or self.count == 1:
            self.inputs += 1
            self.common = common_part(self.common, task.data)
            if len(self.samples) < _SAMPLES:
                self.samples.append(task.id)

    def to_plain(self) -> dict[str, Any]:
        """As a file has it."""
        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=str)
        return plain

    @classmethod
    def from_plain(cls, plain: Any) -> Problem | None:
        """What `to_plain` gave; None where it is something else."""
        from routilux_tui.job.numbers import is_id

        try:
            problem = msgspec.convert(plain, cls)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        problem.samples = [one for one in problem.samples if is_id(one)][:_SAMPLES]
        return problem


class Problems:
    """The kinds of error of a job, in the order in which they came; at most `MOST_KINDS`."""

    def __init__(self) -> None:
        self.kinds: list[Problem] = []
        self._numbers: dict[tuple[str, str, str], int] = {}
        #: Errors of kinds beyond those.
        self.rest = 0

    def add(
        self, routine_id: str, data: Any, at: float, trace: int | None, task: Any
    ) -> int | None:
        """Count an error, as its record tells it; the number of its kind, None for the rest."""
        fields = data if isinstance(data, dict) else {}
        message = shortened(as_text(fields.get("error")), _MESSAGE)
        error_type = as_text(fields.get("error_type"))[:_KIND]
        key = (str(routine_id), error_type, kind_of(message))
        number = self._numbers.get(key)
        if number is None:
            if len(self.kinds) >= MOST_KINDS:
                self.rest += 1
                return None
            number = self._numbers[key] = len(self.kinds)
            self.kinds.append(Problem(routine_id=key[0], error_type=key[1], kind=key[2]))
        self.kinds[number].add(at, message, trace, task)
        self.kinds[number].worker = shortened(as_text(fields.get("worker")), _KIND)
        return number

    def to_plain(self) -> dict[str, Any]:
        """As a file has it."""
        return {"kinds": [one.to_plain() for one in self.kinds], "rest": self.rest}

    @classmethod
    def from_plain(cls, plain: Any) -> Problems:
        """What `to_plain` gave; of what it did not give, nothing."""
        problems = cls()
        fields = plain if isinstance(plain, dict) else {}
        kinds = fields.get("kinds")
        for one in (kinds if isinstance(kinds, list) else [])[:MOST_KINDS]:
            problem = Problem.from_plain(one)
            if problem is not None:
                key = (problem.routine_id, problem.error_type, problem.kind)
                problems._numbers[key] = len(problems.kinds)
                problems.kinds.append(problem)
        rest = fields.get("rest")
        from routilux_tui.job.numbers import is_id

        problems.rest = rest if is_id(rest) else 0
        return problems


def kind_of(message: str) -> str:
    """A message with its numbers, quotes, paths and hex made equal."""
    for pattern, instead in _VALUES:
        message = pattern.sub(instead, message)
    return message[:_KIND]


def common_form(known: str, message: str) -> str:
    """What two messages have in common, with an ellipsis where they differ: ``bad item …``."""
    mine, its = _PARTS.findall(known), _PARTS.findall(message)
    if len(mine) == len(its):
        return "".join(a if a == b else DIFFERS for a, b in zip(mine, its, strict=True))
    shorter = min(len(mine), len(its))
    start = next((n for n in range(shorter) if mine[n] != its[n]), shorter)
    end = next((n for n in range(shorter - start) if mine[-1 - n] != its[-1 - n]), shorter - start)
    return "".join([*mine[:start], DIFFERS, *mine[len(mine) - end :]])


def common_part(known: dict[str, Any] | None, data: Any) -> dict[str, Any]:
    """What an input has in common with those before it: short single values alone."""
    if not isinstance(data, dict):
        return {}
    if known is None:
        return {
            key: value for key, value in list(data.items())[:_MOST_COMMON] if _is_short(key, value)
        }
    return {
        key: value
        for key, value in known.items()
        if key in data and type(data[key]) is type(value) and data[key] == value
    }


def _is_short(key: Any, value: Any) -> bool:
    if type(key) is not str:
        return False
    if type(value) is str:
        return len(value) <= _LONGEST_COMMON
    return type(value) in {int, float, bool} and (type(value) is not int or abs(value) < 1 << 63)
