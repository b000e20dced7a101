"""The problems pane: errors by kind, worst first, with their inputs and the line of code.

What it shows is read from the history's records of failures, of which each has its input and its
traceback behind it. They are read anew when the number of errors has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.failures import Failure, common_values, place_of, varying_first
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.widgets.lines import fit, right
from routilux_tui.tui.widgets.values import flat, pairs
from routilux_tui.views import shapes as views
from routilux_tui.views.formatting import ago, clock, count
from routilux_tui.views.shapes import Filter

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.tui.widgets.title import Tab
    from routilux_tui.views.shapes import Row

NAMES = ("error", "error_continued", "skipped", "validation_failed")
"""The records that tell of a handler that raised, or of an input that was refused."""
_MOST = 500
_READ = 24
_SHOWN = 8
_TIMES = "\N{MULTIPLICATION SIGN}"


class Line(NamedTuple):
    """A line of the pane: what is painted, and the failure that Enter opens."""

    kind: str
    failure: Failure
    row: Row | None = None


class ProblemsPane(Pane):
    """The errors of a job by kind."""

    section = "problems"
    name_shown = "Problems"
    key_shown = "2"

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[Failure] = []
        self.errors = 0
        self._lines: list[Line] = []
        self._items: dict[int, dict[str, Any]] = {}

    async def load(self, handle: Handle, errors: int) -> bool:
        """Read the failures; whether there are some now where there were none."""
        before = bool(self.failures)
        rows: list[Row] = []
        try:
            for name in NAMES:
                window = await handle.window(views.HISTORY, -_MOST, 1 << 52, Filter(name=name))
                rows.extend(window.rows)
            self.failures = _by_kind(rows)
            for failure in self.failures[:_SHOWN]:
                for row in list(failure.latest.values())[:_READ]:
                    if row.n not in self._items:
                        item = await handle.item(views.HISTORY, row.n)
                        self._items[row.n] = item if isinstance(item, dict) else {}
        except RoutiluxTuiError as error:
            self.post_message(self.Failed(error))
            return False
        self.errors = errors
        self._lay_out()
        return bool(self.failures) and not before

    def _lay_out(self) -> None:
        lines: list[Line] = []
        for failure in self.failures:
            lines.append(Line("kind", failure))
            if self.place(failure):
                lines.append(Line("place", failure))
            if self.common(failure):
                lines.append(Line("common", failure))
            rows = list(failure.latest.values())
            lines.extend(Line("input", failure, row) for row in rows[:_SHOWN])
            if len(rows) > _SHOWN:
                lines.append(Line("more", failure))
        before, self._lines = self._lines, lines
        self.set_total(len(lines))
        if before != lines:
            self.refresh()

    def item(self, row: Row) -> dict[str, Any]:
        """The whole record of a failure, as far as it has been read."""
        return self._items.get(row.n, {})

    def inputs(self, failure: Failure) -> list[dict[str, Any]]:
        """What the handlers were given that failed so."""
        found = (self.item(row).get("input") for row in failure.latest.values())
        return [flat(one) for one in found if isinstance(one, dict)]

    def common(self, failure: Failure) -> dict[str, Any]:
        """What the inputs of a failure have in common, where there are several."""
        return common_values(self.inputs(failure))

    def place(self, failure: Failure) -> str:
        """The line of code that raised."""
        first = next(iter(failure.latest.values()))
        return place_of(str(self.item(first).get("traceback") or ""))

    def record_at(self, n: int) -> Row | None:
        """The record that a line stands for."""
        if n >= len(self._lines):
            return None
        line = self._lines[n]
        return line.row or next(iter(line.failure.latest.values()))

    def tab(self, *, is_front: bool = False) -> Tab:
        """The name, with the number of errors."""
        return super().tab(is_front=is_front)._replace(number=self.errors if self.total else 0)

    def title_parts(self) -> list[Part]:
        """In how many inputs, and what Enter does."""
        inputs = sum(len(one.latest) for one in self.failures)
        if not inputs:
            return []
        return [
            (f"in {count(inputs)} inputs  ", ""),
            ("Enter", "rows--key"),
            (" opens", "rows--dim"),
        ]

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A line."""
        line = self._lines[n]
        failure = line.failure
        if line.kind == "kind":
            inputs = count(len(failure.latest))
            end = f"{count(failure.count)}{_TIMES} in {inputs}, {ago(failure.last)} ago "
            room = width - len(end) - 4 - min(24, len(failure.routine))
            return [
                ("✗ ", "rows--error"),
                (fit(failure.routine, min(24, len(failure.routine))), "rows--name"),
                ("  ", ""),
                (fit(failure.text, max(0, room)), "rows--error"),
                (end, "rows--name"),
            ]
        if line.kind == "place":
            return [("  at   ", "rows--dim"), (fit(self.place(failure), width - 7), "")]
        if line.kind == "common":
            values = "  ".join(
                f"{key} = {value!r}" if not isinstance(value, str) else f'{key} = "{value}"'
                for key, value in self.common(failure).items()
            )
            return [("  all: ", "rows--dim"), (fit(values, width - 7), "rows--match")]
        if line.kind == "more":
            return [(f"  {count(len(failure.latest) - _SHOWN)} more inputs", "rows--dim")]
        return self._input_parts(line, width)

    def _input_parts(self, line: Line, width: int) -> list[Part]:
        """An input: when, which try, and its values, those that differ first."""
        row = line.row
        if row is None:
            return []
        tries = str((pairs(row.text) or {}).get("retry", ""))
        parts: list[Part] = [("  ", "")]
        if width >= 70:
            parts.append((f"{clock(row.at)[:8]}  ", "rows--dim"))
        parts.append((right(f"try {tries}" if tries else "gave up", 11) + "  ",
                      "rows--warning" if tries else "rows--error"))  # fmt: skip
        given = self.item(row).get("input")
        if not isinstance(given, dict):
            return [*parts, (fit(row.text, max(0, width - 26)), "")]
        values = flat(given)
        for n, key in enumerate(varying_first(values, self.inputs(line.failure))):
            if n:
                parts.append((f"{key} ", "rows--dim"))
            parts += [(str(values[key]), "" if n else "rows--name"), ("  ", "")]
        return parts

    def empty_text(self) -> str:
        """Nothing is wrong."""
        return "No handler has failed."


def _by_kind(rows: list[Row]) -> list[Failure]:
    """Failures by routine and message, those that are not tried again first, then the most."""
    kinds: dict[tuple[str, str], Failure] = {}
    for row in sorted(rows, key=lambda one: one.n):
        values = pairs(row.text) or {}
        kind, error = str(values.get("error_type", "")), str(values.get("error", row.text))
        text = f"{kind}: {error}" if kind and not error.startswith(kind) else error
        failure = kinds.setdefault((row.routine, text), Failure(row.routine, text))
        failure.add(row, is_final="retry" not in values)
    return sorted(kinds.values(), key=lambda one: (-one.final, -one.count))
