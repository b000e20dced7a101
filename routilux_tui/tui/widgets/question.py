"""What a job asks a person: why it waits, what it noted, and what an answer will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.strip import Strip

from routilux_tui.job.breakpoints import is_breakpoint
from routilux_tui.job.jsonable import preview
from routilux_tui.tui.widgets.lines import cell_width, fit
from routilux_tui.tui.widgets.painted import PaintedWidget
from routilux_tui.tui.widgets.values import flattened, pairs
from routilux_tui.views.formatting import clock, counted

if TYPE_CHECKING:
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.questions import AskedQuestion

_MOST, _FEW, _LOW = 6, 2, 20
"""Lines of data at most; in a terminal of fewer than 20 lines; `a` shows the rest."""
_MOST_CHOICES, _MOST_NAMES = 5, 3
_WIDEST = 200


class QuestionBox(PaintedWidget):
    """A box, as there is one for questions alone; it is there while the job asks a person."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--dim",
        "rows--name",
        "rows--warning",
        "rows--key",
    }

    def __init__(self) -> None:
        super().__init__(id="question")
        self.display = False
        self._title = ""
        self._lines: list[list[Part]] = []

    def ask(self, questions: list[AskedQuestion], point: dict[str, Any] | None, held: int) -> None:
        """Show the first of some questions, or none.

        Args:
            questions: what is asked, the oldest first.
            point: the pause point of a job that waits for a person, with its checkpoint.
            held: how many tasks wait for it.
        """
        self.display = bool(questions) or point is not None
        if not self.display:
            return
        most = _MOST if self.app.size.height >= _LOW else _FEW
        title = str((point or {}).get("reason") or "it asks")
        if questions and not questions[0].is_deferred:
            of_all = f" (1 of {len(questions)})" if len(questions) > 1 else ""
            title = f"{'waits for you' if point else 'asks, and goes on'}{of_all}"
            lines = _question(questions[0], held, most)
        else:
            lines = _pause(questions, point or {}, held, most)
        if (title, lines) != (self._title, self._lines):
            self._title, self._lines = title, lines
            self.styles.height = len(lines) + 2
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line, with the box around it."""
        width = self.size.width
        if y == 0:
            text = fit(self._title, min(width - 8, cell_width(self._title)))
            rule = "─" * max(0, width - 5 - cell_width(text))
            parts: list[Part] = [("╭─ ", "rows--warning"), (text, "rows--warning"),
                                 (f" {rule}╮", "rows--warning")]  # fmt: skip
        elif y <= len(self._lines):
            inner = self.strip(self._lines[y - 1], width - 2)
            side = self.strip([("│", "rows--warning")], 1)
            return Strip.join([side, inner, side])
        else:
            parts = [(f"╰{'─' * max(0, width - 2)}╯", "rows--warning")]
        return self.strip(parts, width)


def _question(one: AskedQuestion, held: int, most: int) -> list[list[Part]]:
    """A question of a routine: its text and data, what it takes, until when."""
    by = f"   asked by {one.routine} at {clock(one.asked_at, exact=False)}"
    lines: list[list[Part]] = [[("  ", ""), (one.text, "rows--name"), (by, "rows--dim")]]
    lines += _noted(one.data, most)
    to = f" to {', '.join(one.targets)}" if one.targets else ""
    then = f"the answer emits {one.routine}.{one.event}{to}"
    then += f", then {counted(held, 'held task')}" if held else ""
    lines.append([("  ", ""), (then, "rows--dim")])
    if one.due_at:
        limit = f"until {clock(one.due_at, exact=False)}, then: {one.default}"
        lines.append([("  ", ""), (limit, "rows--warning")])
    takes = _listed(list(one.choices), _MOST_CHOICES)
    takes = takes or ", ".join(f"{name} ({kind})" for name, kind in one.types.items()) or "data"
    lines.append(_keys(("a", f"answer: {takes}"), ("c", "cancel")))
    return lines


def _pause(
    questions: list[AskedQuestion], point: dict[str, Any], held: int, most: int
) -> list[list[Part]]:
    """Why a job has paused itself, and which events it has put off until somebody goes on."""
    by, at = str(point.get("current_routine_id") or ""), str(point.get("timestamp") or "")
    asked = f"asked by {by} " if by else "asked "
    noted = point.get("checkpoint")
    if is_breakpoint(point):
        return _met(noted or {}, clock(at, exact=False), held, most)
    lines: list[list[Part]] = [[("  ", ""), (f"{asked}at {clock(at, exact=False)}", "rows--dim")]]
    deferred = questions[0].data if len(questions) == 1 else {}
    lines += _noted({**(noted if isinstance(noted, dict) else {}), **dict(deferred)}, most)
    events = _listed([f"{one.routine}.{one.event}" for one in questions], _MOST_NAMES)
    then = f"going on emits {events}" if events else "going on"
    targets = {target for one in questions for target in one.targets}
    then += f" to {_listed(sorted(targets), _MOST_NAMES)}" if targets else ""
    then += f", then {counted(held, 'held task')}" if held else ""
    lines.append([("  ", ""), (then, "rows--dim")])
    keys = [("r", "go on (asks y/n)"), ("c", "cancel")]
    if questions:
        keys.append(("a", "answer, edit, drop"))
    lines.append(_keys(*keys, ("9", "pauses")))
    return lines


def _met(noted: dict[str, Any], at: str, held: int, most: int) -> list[list[Part]]:
    """A breakpoint that has paused the job, and the task that met it."""
    routine = str(noted.get("routine") or "")
    before = f"met at {at}" + (f", before {routine} with" if routine else "")
    lines: list[list[Part]] = [[("  ", ""), (before, "rows--dim")]]
    values = pairs(str(noted.get("data") or "")) or {}
    lines += _noted(values, most)
    lines.append([("  ", ""), (f"{counted(held, 'task')} held", "rows--dim")])
    lines.append(_keys(("r", "go on"), ("B", "breakpoints"), ("c", "cancel")))
    return lines


def _noted(data: Any, most: int) -> list[list[Part]]:
    values = flattened(data if isinstance(data, dict) else {})
    lines: list[list[Part]] = [
        [("    ", ""), (f"{key}  ", "rows--dim"), (_shown(value), "rows--name")]
        for key, value in values.items()
        if value not in ({}, [], "", None)
    ]
    more = len(lines) - most
    lines = lines[:most]
    if more > 0 and lines:
        lines[-1].append((f"  … {more} more", "rows--dim"))
    return lines


def _listed(names: list[str], most: int) -> str:
    """The first of some names; that there are more is said."""
    return ", ".join([*names[:most], "…"] if len(names) > most else names)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else preview(value, _WIDEST)


def _keys(*keys: tuple[str, str]) -> list[Part]:
    parts: list[Part] = [("  ", "")]
    for key, word in keys:
        parts += [(key, "rows--key"), (f" {word}    ", "")]
    return parts
