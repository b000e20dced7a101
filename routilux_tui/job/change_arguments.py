"""What the arguments of every kind of change are, so that one from a file is looked at first."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.job.record import is_id

if TYPE_CHECKING:
    from collections.abc import Callable


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


#: What a letter of `ARGUMENTS` stands for.
_KINDS: dict[str, Callable[[Any], bool]] = {
    "*": lambda _value: True,
    "s": lambda value: type(value) is str,
    "S": lambda value: value is None or type(value) is str,
    "k": lambda value: not isinstance(value, (dict, list)),
    "d": lambda value: type(value) is dict,
    "D": lambda value: value is None or type(value) is dict,
    "i": is_id,
    "I": lambda value: value is None or is_id(value),
    "l": lambda value: type(value) is list and all(map(is_id, value)),
    "q": lambda value: type(value) is list and all(map(_is_task, value)),
    "t": lambda value: _is_number(value) and timestamps.is_time(value),
    "n": _is_number,
}

#: Every kind of change, and what its arguments are: a letter each; after a dot come those that
#: may be missing, as older versions write none.
ARGUMENTS = {
    "status": "st",
    "current": "S",
    "set": "s*t",
    "routine": "kdt",
    "no_routine": "kt",
    "emit": "ss*tIq",
    "queue": "q*tSS",
    "record": "kk*t.II",
    "traceback": "s",
    "shape": "d",
    "control": "sdst",
    "progress": "snnt",
    "expect": "ssit",
    "run": "ist",
    "ran": "isstD",
    "retry": "istdnt",
    "pause_point": "*t",
    "shared": "k*t",
    "unshared": "kt",
    "log": "*t",
    "output": "kk*t",
    "deferred": "kk*t",
    "deferred_sent": "",
    "breakpoint": "isdt",
    "alert_rule": "sdt",
    "alert_off": "st",
    "alert": "sst",
    "alert_over": "st",
    "breakpoint_off": "it",
    "ask": "isdtI",
    "reminded": "it",
    "answered": "iddt",
    "slot": "isss*t",
    "hold": "lt",
    "take_up": "t",
    "drop": "lt",
    "again": "iiDt",
    "undrop": "lt",
    "give_up": "it",
    "due": "lt",
    "keep_back": "lt",
    "let_go": "lt",
    "remove": "lt",
    "first": "lt",
}


def _is_task(value: Any) -> bool:
    return type(value) is list and len(value) == 3 and has_shape("iss", value)


def has_shape(shape: str, values: list[Any]) -> bool:
    """Whether values are of the kinds that the letters of a shape name."""
    least, checks = _checks(shape)
    if not least <= len(values) <= len(checks):
        return False
    for check, value in zip(checks, values, strict=False):  # some may be missing at the end
        if check is not None and not check(value):
            return False
    return True


@cache
def _checks(shape: str) -> tuple[int, tuple[Callable[[Any], bool] | None, ...]]:
    """How many values a shape needs, and a check for each; None where any value is right."""
    needed, _, optional = shape.partition(".")
    letters = needed + optional
    return len(needed), tuple(None if one == "*" else _KINDS[one] for one in letters)
