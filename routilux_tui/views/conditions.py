"""Conditions on a job, in CEL, the Common Expression Language.

``status == "paused" || routines.validator.retry_count >= 2``. A condition sees counts and last
values, never the whole history. What names an unknown thing is an error at once, not a wait
for ever.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import ConditionError
from routilux_tui.job.status import JOB_STATUSES, KILLED, LISTED_STATUSES
from routilux_tui.views import shapes
from routilux_tui.views.cel import column_of, compile_cel

if TYPE_CHECKING:
    from collections.abc import Mapping


_LONGEST = 4000
_MACRO = r"\b(?:all|exists|exists_one|map|filter)\s*(?://.*\s*)*\("
"""What goes through a list, with a comment or without."""
_SYMBOL = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|[=!]=|\S'
_COMPARES = frozenset({"==", "!="})
#: Words that the screen has for how a job is and that are no status: what is asked for instead.
_WORDS = {
    "done": 'status == "completed"',
    "waits": 'status == "paused"',
    "waits for you": "waiting",
    "waits for an answer": "waiting",
    "waiting": "waiting",
    "gone": f'status == "{KILLED}"',
    "abandoned": f'status == "{KILLED}"',
    "silent": 'status == "no answer"',
    "live": "live",
    "ended": 'status in ["completed", "failed", "cancelled"]',
    "pausing": 'status == "running"',
    "cancelling": 'status == "cancelled"',
    **{one: f'badge == "{one}"' for one in ("stale", "torn", "future", "newer", "writing")},
}


class Condition:
    """A compiled condition.

    Args:
        text: the CEL expression; its result must be true or false.

    Raises:
        ConditionError: when it does not parse.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        if not self.text:
            raise ConditionError("The condition is empty.", 'Try: status == "paused"')
        if len(self.text) > _LONGEST:
            raise ConditionError("The condition is too long.")
        try:
            self._program = compile_cel(self.text)
            self._names = [str(name) for name in self._program.variables()]
        except Exception as error:
            raise _unparsed(self.text, error) from None

    @property
    def is_light(self) -> bool:
        """Whether its cost is in proportion to its text and to what it is judged on.

        It goes through one list at the most: one within another multiplies, and one after another
        (``.map(s, s + s).map(s, s + s)``) doubles each time.
        """
        return len(re.findall(_MACRO, self.text)) <= 1

    @property
    def names(self) -> frozenset[str]:
        """The names of a job's that it asks for."""
        return frozenset(self._names) - _bound_names(self.text)

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Whether it is true.

        Raises:
            ConditionError: when it names what is not there, or is neither true nor false.
        """
        try:
            result = self._program.execute(self._with_labels(context))
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ConditionError(
                f"The condition can't be judged: {reason}", _hint(self.text, context)
            ) from None
        if not isinstance(result, bool):
            raise ConditionError(
                f"The condition gives {str(result)[:40]!r}, neither true nor false.",
                'Compare it with something: status == "paused"',
            )
        return result

    def _with_labels(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The context, with each label that is asked for: one that a job has not is empty."""
        labels = dict.fromkeys(_named("labels", self.text), "")
        return {**context, "labels": {**labels, **context.get("labels", {})}}

    def check(self, context: Mapping[str, Any]) -> None:
        """Raise ConditionError if it can't be judged on such a job, whichever way it turns."""
        self.check_names(context)
        self.holds(context)

    def check_statuses(self, context: Mapping[str, Any]) -> None:
        """Raise ConditionError if it compares the status with what no status is."""
        import difflib

        is_of_list = "badge" in context
        known = LISTED_STATUSES if is_of_list else (*JOB_STATUSES, KILLED)
        for word in _statuses_asked_for(self.text):
            if word in known:
                continue
            near = difflib.get_close_matches(word, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
            way = _WORDS.get(word, "")
            if way and (is_of_list or "badge" not in way):
                hint = f"Ask: {way}"
            raise ConditionError(f"No status of a job is {word!r}.", hint)

    def check_names(self, context: Mapping[str, Any]) -> None:
        """Raise ConditionError if it names what such a job has not."""
        import difflib

        self.check_statuses(context)
        bound = _bound_names(self.text)
        for name in self._names:
            if name not in context and name not in bound:
                near = difflib.get_close_matches(name, list(context), 1)
                raise ConditionError(
                    f"A job has no {name!r}.",
                    f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(context)}.",
                )
        for unknown in _unknown_routines(self.text, context):
            there = list(context.get("routines", {}))
            near = difflib.get_close_matches(unknown, there, 1)
            raise ConditionError(
                f"The job has no routine {unknown!r}.",
                f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(there) or 'none'}.",
            )


class Judge(Protocol):
    """Judges a condition that may cost more than one can wait for."""

    def holds(self, condition: Condition, context: dict[str, Any]) -> bool:
        """Whether it is true; `ConditionError` or `TooCostly` where it can't be judged."""


def _unparsed(text: str, error: Exception) -> ConditionError:
    """Where a condition does not parse; the library's own words are long, and tell its grammar."""
    column = column_of(error)
    if column is None or "\n" in text:
        reason = " ".join(str(error).split())[:160]
        return ConditionError(f"The condition does not parse: {reason}")
    at = column - 1
    rest = text[at:].strip()
    if not rest:
        return ConditionError("The condition is not complete.", "Something is missing at its end.")
    hint = "Equality is written with two: ==" if re.match(r"=(?!=)", rest) else ""
    return ConditionError(
        f"The condition does not parse: {rest[:24]!r} is not understood at column {at + 1}.", hint
    )


def _bound_names(text: str) -> set[str]:
    """Names that a comprehension binds: the ``x`` of ``list.all(x, ...)``."""
    return set(re.findall(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,", text))


def _statuses_asked_for(text: str) -> list[str]:
    """The words that a job's status is compared with; not those that it is only made of."""
    if "status" in _bound_names(text):
        return []
    symbols = ["", "", *re.findall(_SYMBOL, text), "", ""]
    found: list[str] = []
    for n, symbol in enumerate(symbols):
        if symbol != "status" or symbols[n - 1] == "." or symbols[n + 1] in {".", "["}:
            continue
        if symbols[n + 1] in _COMPARES:
            found.append(symbols[n + 2])
        if symbols[n - 1] in _COMPARES:
            found.append(symbols[n - 2])
        if symbols[n + 1 : n + 3] == ["in", "["]:
            found += symbols[n + 3 : symbols.index("]", n) if "]" in symbols[n:] else None]
    return [one[1:-1] for one in found if one[:1] in {'"', "'"} and "\\" not in one]


def _unknown_routines(text: str, context: Mapping[str, Any]) -> list[str]:
    return [one for one in _named("routines", text) if one not in context.get("routines", {})]


def _named(table: str, text: str) -> list[str]:
    """What is asked for of a table: ``fetch`` of ``routines.fetch.runs > 1``."""
    bare = re.sub(r'(?<!\[)"(?:\\.|[^"\\])*"', '""', text)
    found = re.findall(rf'\b{table}\.([A-Za-z_]\w*)(?!\w*\()|\b{table}\["([^"]+)"\]', bare)
    macros = {"all", "exists", "exists_one", "map", "filter", "size"}
    return [a or b for a, b in found if a not in macros]


def _hint(text: str, context: Mapping[str, Any]) -> str:
    if "shared." in text:
        return "What may come later is asked for with has(): has(shared.key) && shared.key == 1"
    return f"A job has: {', '.join(context)}."


def examples(header: shapes.Header, routines: list[shapes.RoutineRow]) -> list[str]:
    """Conditions that make sense on this very job, for whoever has to write one."""
    runs = header.status == "running" and not header.gone
    conditions = ['status == "paused"' if runs else 'status == "running"']
    conditions.append(f"records >= {max(100, header.counts.get(shapes.HISTORY, 0) * 2)}")
    if routines:
        active = next((one for one in routines if one.status == "running"), routines[-1])
        name = active.routine_id
        place = f"routines.{name}" if name.isidentifier() else f'routines["{name}"]'
        conditions.append(f"{place}.queue > 100")
        conditions.append(f"{place}.runs >= {max(10, active.runs * 2)}")
    conditions.append("errors > 0" if not header.errors else f"errors > {header.errors}")
    conditions.append("retries >= 2")
    return conditions


def breakpoint_examples(routines: list[str]) -> list[str]:
    """Conditions on the tasks of a job's routines, for whoever has to write one."""
    name = routines[-1] if routines else "price"
    return [
        f'routine == "{name}"',
        f'routine == "{name}" && data.amount > 1000',
        "tries > 0",
        "errors > 0",
        "queue > 1000",
    ]
