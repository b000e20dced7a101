"""What the failures of a job have in common: the inputs' values, and the line of code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from routilux_tui.tui.widgets.values import name_of

if TYPE_CHECKING:
    from routilux_tui.views.shapes import Row

_FRAME = re.compile(r'File "([^"]*)", line (\d+), in (.*)\n(?: +(.*))?')


class Failure:
    """One kind of failure: a routine and what its errors say.

    Attributes:
        count: how often it happened.
        final: how many of these were not tried again.
        last: when it happened last.
        latest: the last record of every input that had it, by the input's task.
    """

    def __init__(self, routine: str, text: str) -> None:
        self.routine = routine
        self.text = text
        self.count = 0
        self.final = 0
        self.last = ""
        self.latest: dict[int, Row] = {}

    def add(self, row: Row, *, is_final: bool) -> None:
        """Count a record of it; they come in their order."""
        self.count += 1
        self.final += is_final
        self.last = row.at
        self.latest[-row.n if row.task is None else row.task] = row


def common_values(inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """What several inputs have in common: key -> value; of a single one, nothing."""
    if len(inputs) < 2:
        return {}
    first, *others = inputs
    return {
        key: value
        for key, value in first.items()
        if isinstance(value, (str, int, float, bool))
        and all(one.get(key) == value for one in others)
    }


def varying_first(values: dict[str, Any], inputs: list[dict[str, Any]]) -> list[str]:
    """The keys of an input: what names it, then those whose values are not all the same."""
    common, name = common_values(inputs), name_of(values)
    return sorted((key for key in values if key not in common), key=lambda key: key != name)


def place_of(traceback: str) -> str:
    """The line of code that raised: ``orders.py:43 in lookup: return RATES[currency]``."""
    frames = _FRAME.findall(traceback)
    if not frames:
        return ""
    path, line, function, code = frames[-1]
    name = path.rpartition("/")[2]
    return f"{name}:{line} in {function}" + (f":  {code.strip()}" if code.strip() else "")
