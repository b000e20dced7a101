"""The bar of a job's past: all of its time with what matters on it, and the moment shown."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from routilux_tui.job import timestamps
from routilux_tui.tui.widgets.lines import fit
from routilux_tui.tui.widgets.painted import PaintedWidget
from routilux_tui.views.formatting import count, time_of_day
from routilux_tui.views.replay_shapes import MARKS

if TYPE_CHECKING:
    from textual import events
    from textual.strip import Strip

    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.replay_shapes import Point

_STYLES = {"error": "rows--error", "retry": "rows--warning"}
_DAY = 72_000.0


class ReplayBar(PaintedWidget):
    """Two lines, that are there while the past is shown: the bar, and what happened then."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--dim",
        "rows--name",
        "rows--error",
        "rows--warning",
        "replay--here",
    }

    class Chosen(Message):
        """A moment was clicked, in seconds since the epoch."""

        def __init__(self, at: float) -> None:
            super().__init__()
            self.at = at

    def __init__(self) -> None:
        super().__init__(id="replay")
        self.point: Point | None = None
        self.marks: list[str] = []
        #: What plays, is searched for, or else is to be said at the end of the second line.
        self.word = ""
        self._left = 0

    def show(self, point: Point | None) -> None:
        """Show a moment; None: now is shown, and no bar."""
        self.point = point
        self.display = point is not None
        self.refresh()

    def columns(self) -> int:
        """Cells of the bar."""
        return max(10, self.app.size.width - 2 * (self._time_width() + 2))

    def _time_width(self) -> int:
        point = self.point
        return 14 if point is not None and point.end - point.begin > _DAY else 8

    def render_line(self, y: int) -> Strip:
        """One of the two lines."""
        parts: list[Part] = []
        if self.point is not None:
            parts = self._bar(self.point) if y == 0 else self._point_parts(self.point)
        return self.strip(parts, self.size.width)

    def _bar(self, point: Point) -> list[Part]:
        width = self._time_width()
        first, last = (fit(_moment(at, width), width) for at in (point.begin, point.end))
        columns = self.columns()
        length = max(point.end - point.begin, 1e-6)
        here = int(max(0.0, min(1.0, (point.at - point.begin) / length)) * (columns - 1) + 0.5)
        marks = [*self.marks, *([""] * columns)][:columns]
        cells = [
            (MARKS[one][0] if one in MARKS else "─", one, n == here) for n, one in enumerate(marks)
        ]
        self._left = width + 2
        parts: list[Part] = [(f" {first} ", "rows--dim")]
        for (kind, is_here), group in groupby(cells, key=lambda one: one[1:]):
            style = "replay--here" if is_here else _STYLES.get(kind, "rows--dim")
            parts.append(("".join(text for text, _, _ in group), style))
        return [*parts, (f" {last} ", "rows--dim")]

    def _point_parts(self, point: Point) -> list[Part]:
        sign = "" if point.is_exact else "≈ "
        number = f" {sign}{count(point.seq)} of {count(point.last)}  "
        right = self.word or "Esc now"
        room = self.size.width - len(number) - len(right) - 3
        what = point.what or ("its beginning" if point.seq <= point.first else "")
        if point.note and room > len(what) + 12:
            what = f"{what}  {point.note}" if what else point.note
        return [
            (number, "rows--dim" if point.is_exact else "rows--warning"),
            (fit(what, max(0, room)), "rows--name"),
            (f"  {right}", "rows--warning" if self.word else "rows--dim"),
        ]

    def on_click(self, event: events.Click) -> None:
        """Go to the moment that was clicked."""
        point, columns = self.point, self.columns()
        if point is not None and event.y == 0 and 0 <= event.x - self._left < columns:
            part = (event.x - self._left) / max(1, columns - 1)
            self.post_message(self.Chosen(point.begin + part * (point.end - point.begin)))


def speed_text(speed: float) -> str:
    """How fast it plays."""
    return "▶ as fast as it goes" if speed < 0 else f"▶ {speed:g}x"


def _moment(at: float, width: int) -> str:
    """A moment, with its date where there is room for one."""
    text = time_of_day(at)
    return f"{timestamps.to_iso(at)[5:10]} {text}"[:width] if width > 8 else text
