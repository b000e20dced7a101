"""Rules by which people are told of a job: a condition, how long it has to hold, what is done.

What a rule does is the business of whoever watches: the job's runner, a dashboard, `watch`.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import ConditionError, UsageError
from routilux_tui.job.jsonable import as_text
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.conditions import Condition
from routilux_tui.views.shapes import AlertRule, AlertState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.job.model import Job

MOST_RULES = 50
_SLOWEST_REPEAT = 8
"""A rule is repeated ever more seldom, up to so many times its own ``repeat``."""
_ENDED = 'status == "completed" || status == "failed" || status == "cancelled"'
#: Conditions that have a name, which is also that of the rule.
NAMED = {
    "failed": 'status == "failed"',
    "waits for you": "questions > 0 || waiting",
    "slower than usual": "slower_than_usual > 1.5",
    "ended": _ENDED,
}
_SILENT = "silent for "
#: What a dashboard offers.
OFFERED = (*NAMED, f"{_SILENT}10m")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_NAME = 100


class Holding:
    """Since when the condition of a rule holds of one job, and when it is to be told.

    Args:
        rule: the rule.
        count: how often it was told since it has come to hold.
        since: when it was told last; None where it does not hold.
    """

    def __init__(self, rule: AlertRule, count: int = 0, since: float | None = None) -> None:
        self.rule = rule
        self.count = count
        self._since = since

    @property
    def holds(self) -> bool:
        """Whether the condition held when it was last looked at."""
        return self._since is not None

    def note(self, holds: bool, now: float) -> None:
        """Note whether it holds, at a moment by a clock that nobody sets."""
        if not holds:
            self._since, self.count = None, 0
        elif self._since is None:
            self._since = now

    def is_due(self, now: float, *, for_good: bool = False) -> bool:
        """Whether it is to be told now; then it counts as told.

        What holds ``for_good`` waits for nothing: nobody will look at its job any more.
        """
        if self._since is None or (self.count and not self.rule.repeat):
            return False
        wait = self.rule.held
        if self.count:
            wait = self.rule.repeat * min(2 ** (self.count - 1), _SLOWEST_REPEAT)
        if now - self._since < wait and not (for_good and not self.count):
            return False
        self.count += 1
        self._since = now
        return True

    def take(self, holds: bool, now: float, *, for_good: bool = False) -> bool:
        """Note whether it holds; whether it is to be told now."""
        self.note(holds, now)
        return self.is_due(now, for_good=for_good)


def rule_of(table: Any) -> AlertRule:
    """The rule that a table of the configuration is.

    Raises:
        UsageError: when it is none; says what is wrong.
    """
    if not isinstance(table, dict):
        raise UsageError("A rule is a table.", 'Write: [[alert]] and when = "failed"')
    known = {"name", "when", "for", "repeat", "bell", "notify", "command"}
    for key in table:
        if key not in known:
            raise UsageError(f"A rule has no {key!r}.", f"It has: {', '.join(sorted(known))}.")
    when = table.get("when")
    if not isinstance(when, str) or not when.strip():
        raise UsageError("A rule says when: a condition, or a name.", f"Names: {_names()}.")
    condition = condition_of(when)
    check_names(Condition(condition))
    name = table.get("name", when.strip())
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{name!r} is no name of a rule.")
    for key in ("bell", "notify"):
        if not isinstance(table.get(key, True), bool):
            raise UsageError(f"{key} of rule {name!r} is true or false.")
    command = table.get("command", [])
    if not isinstance(command, list) or not all(isinstance(one, str) for one in command):
        raise UsageError(
            f"command of rule {name!r} is a program and its arguments, and no line of a shell.",
            'Write: command = ["notify-send", "a job has failed"]',
        )
    return AlertRule(
        name=name.strip()[:_LONGEST_NAME],
        when=condition,
        held=_seconds(table.get("for", 0), "for"),
        repeat=_seconds(table.get("repeat", 0), "repeat"),
        bell=table.get("bell", True),
        notify=table.get("notify", True),
        command=command,
    )


def rule_of_text(text: str) -> AlertRule:
    """The rule of the command line: a name, a condition, or ``when = "...", command = [...]``.

    Raises:
        UsageError: when it is none; says what is wrong.
    """
    if not re.match(r"\s*(name|when|for|repeat|bell|notify|command)\s*=(?!=)", text):
        return rule_of({"when": text})
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore] # older Pythons have it
    try:
        return rule_of(tomllib.loads(f"rule = {{{text}}}")["rule"])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The rule {text[:60]!r} can't be read: {error}.") from None


def condition_of(when: str) -> str:
    """The condition that a name stands for; any other text is one.

    Raises:
        UsageError: when it does not parse.
    """
    text = when.strip()
    if text in NAMED:
        return NAMED[text]
    if text.startswith(_SILENT):
        return f"silent_for > {_seconds(text.removeprefix(_SILENT), _SILENT.strip()):g}"
    try:
        Condition(text)
    except ConditionError as error:
        hint = f"{error.hint} " if error.hint else ""
        raise UsageError(error.message, f"{hint}Names: {_names()}.") from None
    return text


def check_names(condition: Condition, more: Mapping[str, Any] | None = None) -> None:
    """Raise ConditionError where a condition names what no job has; its routines are not known.

    ``more`` are names beside a job's own that it may ask for.
    """
    from routilux_tui.job.model import Job

    known = {**context_of(Job()), **(more or {})}
    condition.check_statuses(known)
    if condition.names - known.keys():
        condition.check_names(known)


def _names() -> str:
    return ", ".join([*NAMED, f"{_SILENT}10m"])


def _seconds(value: Any, what: str) -> float:
    """Seconds of ``90``, ``"90s"``, ``"10m"``, ``"2h"`` or ``"1d"``."""
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([smhd]?)\s*", str(value))
    if isinstance(value, bool) or found is None:
        raise UsageError(f"{what} = {str(value)[:40]!r}: it is seconds, or 10m, 2h, 1d.")
    return float(found[1]) * _UNITS[found[2]]


def alert_states(job: Job) -> list[AlertState]:
    """The rules of a job, as they are now."""
    with job.lock:
        found = []
        for name, one in job.alerts.items():
            try:
                rule = msgspec.convert({**one["rule"], "name": name}, AlertRule)
            except msgspec.ValidationError:  # a file is data
                continue
            at = as_text(one.get("at"))
            found.append(AlertState(rule=rule, holds=one["holds"], count=one["count"], at=at))
        return found


def table_of(rule: AlertRule) -> dict[str, Any]:
    """A rule as a table of the configuration."""
    plain: dict[str, Any] = msgspec.to_builtins(rule)
    plain["for"] = plain.pop("held")
    return plain
