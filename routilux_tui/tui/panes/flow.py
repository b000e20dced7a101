"""The flow pane: a line a routine, in the flow's order, with what it does now and has done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.panes.row_target import routine_target
from routilux_tui.tui.widgets.columns import (
    Column,
    cells,
    fitting,
    heads,
    number_column,
    number_part,
)
from routilux_tui.tui.widgets.lines import cell_width, fit
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.views import shapes
from routilux_tui.views.formatting import duration, rate, sparkline
from routilux_tui.views.graph import Graph
from routilux_tui.views.insight import ROUTINE_APPEARANCES, RoutineFigures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routilux_tui.tui.panes.row_target import RowTarget
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.graph import Rails
    from routilux_tui.views.insight import Insight

_NAME = 24
_MOST_RAILS = 30
_BAR, _BAR_CELLS = "▇", 8
_SPARKS = 15
_DONE, _PER_SECOND = 9, 5
_STYLES = {
    "running": "rows--running",
    "failed": "rows--error",
    "held": "rows--warning",
    "done": "rows--success",
}

ROUTINE_ORDERS: dict[str, Callable[[RoutineFigures], float]] = {
    "flow": lambda _one: 0,
    "queue": lambda one: -one.queued,
    "errors": lambda one: -one.errors,
    "p95": lambda one: -(one.p95 or 0.0),
}
"""The orders of the lines, and what by; the first is that of the flow."""


def _done(one: RoutineFigures) -> Part:
    text, style = number_part(one.done, _DONE - one.done_is_estimate)
    return f"≈{text}" if one.done and one.done_is_estimate else text, style


def _duration(value: float | None) -> Part:
    return ("·", "rows--dim") if value is None else (duration(value), "")


def _rate(one: RoutineFigures) -> Part:
    if one.rate < 9.95:
        return (rate(one.rate), "") if one.rate >= 0.05 else ("·", "rows--dim")
    return number_part(round(one.rate), _PER_SECOND)


def _spark(one: RoutineFigures) -> Part:
    seen = one.spark[-_SPARKS:]
    return (sparkline([float(number) for number in seen]), "rows--spark") if any(seen) else ("", "")


class FlowPane(Pane):
    """One line for each routine; only the lines that changed are painted anew."""

    section = shapes.ROUTINES
    name_shown = "Flow"
    key_shown = "1"

    def __init__(self) -> None:
        super().__init__()
        self.order = "flow"
        self._figures: dict[str, RoutineFigures] = {}
        self._lines: list[RoutineFigures] = []
        self._remark = ""
        self._longest_queue = 0
        self._graph: Graph | None = None
        self._rails: Rails | None = None
        self._rails_for: tuple[int, str] = (-1, "")
        self._columns: tuple[Column[RoutineFigures], ...] = (
            number_column("queue", 7, lambda one: one.queued, 1),
            Column("", _BAR_CELLS, self._bar, 8, is_number=False),
            number_column("now", 4, lambda one: one.running, 2, "rows--running"),
            Column("done", _DONE, _done, 0),
            Column("/s", _PER_SECOND, _rate, 4),
            Column(
                "last 60 s", _SPARKS, _spark, 9
            ),
            Column("p50", 7, lambda one: _duration(one.p50), 5),
            Column("p95", 7, lambda one: _duration(one.p95), 3),
            Column("max", 7, lambda one: _duration(one.longest), 7),
            number_column("errors", 7, lambda one: one.errors, 2, "rows--error"),
            number_column("retries", 8, lambda one: one.retries, 6, "rows--warning"),
            Column(
                "last error", 20, lambda one: (one.last_error, "rows--error"), 10,
                is_number=False, takes_rest=True,
            ),
        )  # fmt: skip

    def _bar(self, one: RoutineFigures) -> Part:
        """How long a queue is, beside the longest; one of a few tasks has none."""
        if self._longest_queue < _BAR_CELLS or not one.queued:
            return "", ""
        bar = _BAR * max(1, round(one.queued / self._longest_queue * _BAR_CELLS))
        return bar, "rows--warning" if one.queued == self._longest_queue else "rows--spark"

    def set_shape(self, shape: FlowShape) -> None:
        """Draw the flow's connections beside the names."""
        self._graph = Graph(shape.routines, [(one.source, one.target) for one in shape.links])
        self._rails = None
        self._sort()
        self.refresh()

    def show(self, figures: Iterable[RoutineFigures], workers: int) -> None:
        """Take over the routines as they are now, of a job with so many workers."""
        self._figures = {one.routine_id: one for one in figures}
        longest = max((one.queued for one in self._figures.values()), default=0)
        if (longest >= _BAR_CELLS) != (self._longest_queue >= _BAR_CELLS):
            self.refresh()
        self._longest_queue = longest
        remark = ""
        for one in self._figures.values():
            if workers > 1 and one.running >= workers and one.queued > workers:
                remark = f"{one.routine_id} holds all {workers} workers"
        if remark != self._remark:
            self._remark = remark
            self.refresh_title()
        self._sort()

    def _sort(self) -> None:
        drawn = self._graph.order if self._graph else ()
        names = [name for name in drawn if name in self._figures]
        names = list(dict.fromkeys([*names, *self._figures]))
        names.sort(key=lambda name: ROUTINE_ORDERS[self.order](self._figures[name]))
        before, self._lines = self._lines, [self._figures[name] for name in names]
        if len(before) != len(self._lines):
            self.set_total(len(self._lines))
            self.refresh()
        for n, line in enumerate(self._lines):
            if n >= len(before) or line != before[n]:
                self.refresh_rows(n, n + 1)

    def routine_at(self, n: int) -> str:
        """The id of the routine in a row."""
        return self._lines[n].routine_id if n < len(self._lines) else ""

    def target(self, n: int) -> RowTarget:
        """The routine in a row."""
        return routine_target(self.routine_at(n))

    def show_insight(self, insight: Insight) -> bool:
        """Take over the routines' figures."""
        self.show(insight.figures, insight.outlook.workers if insight.outlook else 0)
        return False

    def sort_next(self) -> None:
        """Sort by the next of the orders."""
        names = list(ROUTINE_ORDERS)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        self._sort()
        self.refresh()

    def tab(self, *, is_front: bool = False) -> Tab:
        """The name, with the number of routines."""
        return Tab(self.key_shown, self.name_shown, self.total, is_front)

    def title_parts(self) -> list[Part]:
        """Who holds everybody up; else how it is sorted."""
        if self._remark:
            return [(self._remark, "rows--warning")]
        return [("o", "rows--key"), (f" sorts: {self.order}", "rows--dim")]

    def _rails_beside(self, width: int) -> Rails | None:
        """The rails beside the names, where the rows stand in the flow's order."""
        if self._graph is None or self.order != "flow" or len(self._lines) < 2:
            return None
        selected = self.routine_at(self.cursor)
        widest = min(_MOST_RAILS, width // 3)
        wanted = (widest, selected if self._graph.width > widest else "")
        if self._rails is None or wanted != self._rails_for:
            self._rails = self._graph.draw(widest=widest, selected=selected)
            self._rails_for = wanted
        return self._rails

    def _widths(self, width: int) -> tuple[int, int, list[Column[RoutineFigures]]]:
        """Cells of the rails and of the name, and the columns that fit."""
        rails = self._rails_beside(width)
        drawn = rails.width if rails is not None else 0
        longest = max((cell_width(one.routine_id) for one in self._lines), default=8) + 2
        least = sum(one.width + 1 for one in self._columns if one.rank <= 2)
        name = max(8, min(longest, _NAME, width - 2 - drawn - least))
        empty = {
            "last error": not any(one.last_error for one in self._lines),
            "last 60 s": not any(one.spark for one in self._lines),
            "": self._longest_queue < _BAR_CELLS,
        }
        columns = [one for one in self._columns if not empty.get(one.name)]
        return drawn, name, fitting(columns, width - 2 - drawn - name)

    def head(self, width: int) -> str:
        """The heads of the columns."""
        drawn, name, columns = self._widths(width)
        return f"  {fit('routine', drawn + name)}{heads(columns)}"

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A routine's line."""
        line = self._lines[n]
        drawn, name, columns = self._widths(width)
        rails = self._rails_beside(width)
        glyph = ROUTINE_APPEARANCES[line.state][0] if line.state in ROUTINE_APPEARANCES else "·"
        parts: list[Part] = [(f"{glyph} ", _STYLES.get(line.state, "rows--dim"))]
        text = line.routine_id
        if rails is not None and n < len(rails.texts):
            parts.append((fit(rails.texts[n], drawn), "rows--rail"))
            text += f" {rails.marks[n]}" if rails.marks[n] else ""
        parts.append((fit(text, name), "rows--name"))
        return parts + cells(columns, line)

    def move_to(self, n: int) -> None:
        """Where only some of the rails are drawn, they are those of the routine at the cursor."""
        super().move_to(n)
        if self._graph is not None and self._rails is not None and self._rails.is_partial:
            self.refresh()

    def empty_text(self) -> str:
        """Why there are none."""
        return "No routine has run yet."
