"""The flow pane: a line a routine, in the flow's order, with what it does now and has done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.job import status as statuses
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.rates import Rate
from routilux_tui.tui.widgets.columns import Column, cells, fitting, heads
from routilux_tui.tui.widgets.lines import fit
from routilux_tui.views import shapes as views
from routilux_tui.views.formatting import count, duration, rate, sparkline
from routilux_tui.views.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.graph import Rails
    from routilux_tui.views.shapes import Header, RoutineRow

_NAME = 24
_MOST_RAILS = 30
_BAR = "▇"
ORDERS = ("flow", "errors", "time")


class Line(NamedTuple):
    """A routine as its line shows it; None where something is not known."""

    row: RoutineRow
    glyph: str
    style: str
    per_second: float | None = None
    recent: tuple[float, ...] = ()

    @property
    def mean(self) -> float | None:
        """Seconds that a run took in the mean."""
        ended = self.row.runs - self.row.active
        return self.row.busy / ended if ended > 0 and self.row.busy else None


def _number(value: int, style: str = "") -> Part:
    return (count(value), style) if value else ("·", "rows--dim")


def _duration(value: float | None) -> Part:
    return ("·", "rows--dim") if value is None else (duration(value), "")


def _error(line: Line) -> Part:
    row = line.row
    return row.error, "rows--error" if row.status not in {"completed", "running"} else "rows--dim"


COLUMNS: tuple[Column[Line], ...] = (
    Column("now", 4, lambda one: _number(one.row.active, "rows--running"), 2),
    Column("done", 9, lambda one: _number(one.row.runs - one.row.active), 0),
    Column(
        "/s",
        5,
        lambda one: (rate(one.per_second), "") if one.per_second else ("·", "rows--dim"),
        4,
    ),
    Column("last 60 s", 15, lambda one: (sparkline(list(one.recent)), "rows--spark"), 7),
    Column("mean", 7, lambda one: _duration(one.mean), 3),
    Column("busy", 7, lambda one: _duration(one.row.busy or None), 6),
    Column("errors", 7, lambda one: _number(one.row.errors, "rows--error"), 1),
    Column("retries", 8, lambda one: _number(one.row.retries, "rows--warning"), 5),
    Column("last error", 20, _error, 8, is_number=False, takes_rest=True),
)


class FlowPane(Pane):
    """One line for each routine; only the lines that changed are painted anew."""

    section = views.ROUTINES
    name_shown = "Flow"
    key_shown = "1"

    def __init__(self) -> None:
        super().__init__()
        self.order = ORDERS[0]
        self._lines: list[Line] = []
        self._rates: dict[str, Rate] = {}
        self._rows: dict[str, RoutineRow] = {}
        self._status = ""
        self._graph: Graph | None = None
        self._rails: Rails | None = None
        self._rails_for: tuple[int, str] = (-1, "")

    def set_shape(self, shape: FlowShape) -> None:
        """Draw the flow's connections beside the names."""
        self._graph = Graph(shape.routines, [(one.source, one.target) for one in shape.links])
        self._rails = None
        self._sort()
        self.refresh()

    def show(self, routines: Mapping[str, RoutineRow], header: Header, now: float) -> None:
        """Take over the routines as they are now."""
        self._rows = dict(routines)
        self._status = header.status
        for name, row in self._rows.items():
            self._rates.setdefault(name, Rate()).sample(now, row.runs - row.active)
        self._sort(now if header.status == "running" else None)

    def _sort(self, now: float | None = None) -> None:
        before, self._lines = (
            self._lines,
            [self._line(self._rows[name], now) for name in self._names()],
        )
        if len(before) != len(self._lines):
            self.set_total(len(self._lines))
            self.refresh()
        for n, line in enumerate(self._lines):
            if n >= len(before) or line != before[n]:
                self.refresh_rows(n, n + 1)

    def _names(self) -> list[str]:
        """The routines in the order that is wanted."""
        drawn = [name for name in (self._graph.order if self._graph else ()) if name in self._rows]
        names = list(dict.fromkeys([*drawn, *self._rows]))
        if self.order == "errors":
            names.sort(key=lambda name: -self._rows[name].errors)
        elif self.order == "time":
            names.sort(key=lambda name: -self._rows[name].busy)
        return names

    def _line(self, row: RoutineRow, now: float | None) -> Line:
        glyph, style = self._state(row)
        seen = self._rates.get(row.routine_id)
        if now is None or seen is None:
            return Line(row, glyph, style)
        return Line(row, glyph, style, seen.per_second(now), tuple(seen.bars(now, 15)))

    def _state(self, row: RoutineRow) -> tuple[str, str]:
        """How the routine is at this moment, by a glyph and its role's colour."""
        if statuses.routine_has_failed(row.status) and not row.active:
            return "✗", "rows--error"
        if self._status == "running":
            if row.active:
                return "▶", "rows--running"
            return ("○", "rows--dim") if row.runs else ("·", "rows--dim")
        if not row.runs:
            return "·", "rows--dim"
        if self._status == "paused":
            return "‖", "rows--warning"
        if self._status == "completed":
            return "✓", "rows--success"
        return "○", "rows--dim"

    def routine_at(self, n: int) -> str:
        """The id of the routine in a row."""
        return self._lines[n].row.routine_id if n < len(self._lines) else ""

    def sort_next(self) -> None:
        """Sort by the next of the orders."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self._sort()
        self.refresh()

    def title_parts(self) -> list[Part]:
        """How it is sorted."""
        return [("o", "rows--key"), (f" sorts: {self.order}", "rows--dim")]

    def _rail_texts(self, width: int) -> Rails | None:
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

    def _widths(self, width: int) -> tuple[int, int, list[Column[Line]]]:
        """Cells of the rails and of the name, and the columns that fit."""
        rails = self._rail_texts(width)
        drawn = rails.width if rails is not None else 0
        longest = max((len(line.row.routine_id) for line in self._lines), default=8) + 2
        least = sum(one.width + 1 for one in COLUMNS if one.rank <= 3)
        name = max(8, min(longest, _NAME, width - 2 - drawn - least))
        columns = [
            one
            for one in COLUMNS
            if (one.name != "last error" or any(line.row.error for line in self._lines))
            and (one.name != "last 60 s" or any(line.recent for line in self._lines))
        ]
        return drawn, name, fitting(columns, width - 2 - drawn - name)

    def head(self, width: int) -> str:
        """The heads of the columns."""
        drawn, name, columns = self._widths(width)
        return f"  {fit('routine', drawn + name)}{heads(columns)}"

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A routine's line."""
        line = self._lines[n]
        drawn, name, columns = self._widths(width)
        rails = self._rail_texts(width)
        parts: list[Part] = [(f"{line.glyph} ", line.style)]
        text = line.row.routine_id
        if rails is not None and n < len(rails.texts):
            parts.append((fit(rails.texts[n], drawn), "rows--rail"))
            text += f" {rails.marks[n]}" if rails.marks[n] else ""
        elif drawn:
            parts.append((" " * drawn, ""))
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
