"""The timeline pane: a lane a routine, queue and rate below, idle stretches folded."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from textual.message import Message

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.widgets.lines import fit
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.views import formatting
from routilux_tui.views.formatting import count, duration, sparkline
from routilux_tui.views.timeline import MARKS, View, cell_text

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.timeline import Lane, Timeline

_NAME = 20
_SHARE = 6
_FEWEST = 10
#: Seconds after which what moves is drawn again.
EVERY = 3.0
_STYLES = {"": "rows--running", "retry": "rows--warning", "gave_up": "rows--error"}
_WORDS = {"retry": "retries", "gave_up": "gave up", "paused": "paused"}
_QUARTER = 0.25


class TimelinePane(Pane):
    """When which routine was busy, retried, gave up or stood still.

    All of the job is shown, and now is followed, until the reader zooms or moves.
    """

    section = "timeline"
    name_shown = "Time"
    key_shown = "4"

    class Moved(Message):
        """Another stretch of time is to be shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: Timeline | None = None
        #: The stretch that the reader has chosen; None for all of the job.
        self.view: View | None = None
        self._asked: tuple[int, View | None] | None = None
        self._drawn_at = 0.0

    async def load(self, handle: Handle, *, moves: bool) -> None:
        """Have it drawn where the job is; what moves at most every `EVERY` seconds."""
        asked = (self.columns(), self.view)
        now = formatting.now()
        is_new = asked != self._asked
        is_due = is_new or (moves and now - self._drawn_at >= EVERY)
        if not self.is_shown or not self.size.width or not is_due:
            return
        begin, end = (0.0, 0.0) if self.view is None else (self.view.begin, self.view.end)
        try:
            shown = await handle.timeline(begin, end, asked[0])
        except RoutiluxTuiError as error:
            self.post_message(self.Failed(error))
            return
        self._asked, self._drawn_at = asked, now
        self._show(shown)

    def _show(self, shown: Timeline) -> None:
        before, self.shown = self.shown, shown
        total = len(shown.lanes) + len(self._curves()) + 1 if shown.lanes else 0
        if before is None or total != self.total or len(before.lanes) != len(shown.lanes):
            self.set_total(total)
            self.refresh()
            return
        for n, (old, new) in enumerate(zip(before.lanes, shown.lanes, strict=True)):
            if old != new:
                self.refresh_rows(n, n + 1)
        self.refresh_rows(len(shown.lanes), total)
        self.refresh_title()

    def on_resize(self) -> None:
        """There is room for more cells, or fewer."""
        super().on_resize()
        self.post_message(self.Moved())

    def columns(self) -> int:
        """How many cells of a lane there is room for."""
        names = [lane.routine_id for lane in self.shown.lanes] if self.shown else []
        return max(_FEWEST, self.size.width - 1 - self._name_width(names) - 3 - _SHARE)

    @staticmethod
    def _name_width(names: list[str]) -> int:
        return max(5, min(_NAME, max(map(len, names), default=_NAME)))

    def tab(self, *, is_front: bool = False) -> Tab:
        """The name; there is nothing to count."""
        return Tab(self.key_shown, self.name_shown, None, is_front)

    def title_parts(self) -> list[Part]:
        """How much time is shown, and what the looks mean."""
        if self.shown is None or not self.shown.lanes:
            return []
        shown = self.shown
        active = [one for one in shown.stretches if not one.is_idle] or shown.stretches
        cell = (active[0].end - active[0].begin) / active[0].cells
        parts: list[Part] = [] if shown.is_exact else [("≈ ", "rows--warning")]
        parts.append((f"{duration(shown.end - shown.begin)}, a cell {duration(cell)}", "rows--dim"))
        if self.view is not None:
            parts.append((", G all", "rows--dim"))
        marks = {one.mark for lane in shown.lanes for one in lane.cells if one.mark}
        parts += [
            (f"  {MARKS[mark][0]} {word}", _STYLES.get(mark, "rows--dim"))
            for mark, word in _WORDS.items()
            if mark in marks
        ]
        return parts

    def routine_at(self, n: int) -> str:
        """The routine of a lane."""
        lanes = self.shown.lanes if self.shown else []
        return lanes[n].routine_id if n < len(lanes) else ""

    def _curves(self) -> list[tuple[str, list[float]]]:
        if self.shown is None:
            return []
        curves = [("queue", [float(one) for one in self.shown.queue]), ("rate", self.shown.rate)]
        return [(name, values) for name, values in curves if any(values)]

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A lane, a curve, or the times below them."""
        del width
        if self.shown is None:
            return None
        lanes, curves = self.shown.lanes, self._curves()
        name = self._name_width([lane.routine_id for lane in lanes])
        if n < len(lanes):
            return self._lane(lanes[n], name)
        if n < len(lanes) + len(curves):
            title, values = curves[n - len(lanes)]
            return [
                (f" {fit(title, name)} ", "rows--dim"),
                (sparkline(values), "rows--spark"),
                (f" {count(int(max(values)))}", "rows--dim"),
            ]
        ticks = ""
        for column, label in self.shown.ticks:
            ticks = ticks.ljust(column) + label
        return [(" " * (name + 2) + ticks, "rows--dim")]

    def _lane(self, lane: Lane, name: int) -> list[Part]:
        parts: list[Part] = [(f" {fit(lane.routine_id, name)} ", "rows--name")]
        for mark, cells in groupby(lane.cells, key=lambda one: one.mark):
            parts.append(("".join(map(cell_text, cells)), _STYLES.get(mark, "rows--dim")))
        parts.append((f"{lane.share * 100:5.0f}%", "rows--dim" if lane.share < 0.005 else ""))
        return parts

    def empty_text(self) -> str:
        """Nothing has run."""
        return "Nothing has run yet." if self.shown is not None else ""

    # Which time is shown

    def zoom(self, factor: float) -> None:
        """Show so many times as much time, the middle staying where it is."""
        if self.shown is not None:
            view = self._view(self.shown)
            self._look_at(view.zoomed(factor, (view.begin + view.end) / 2))

    def move_time(self, quarters: int) -> None:
        """Show earlier or later time, by quarters of what is seen."""
        if self.shown is not None:
            self._look_at(self._view(self.shown).moved(quarters * _QUARTER))

    def show_all(self) -> None:
        """Show all of the job, and follow now."""
        self._look_at(None)

    def _view(self, shown: Timeline) -> View:
        return self.view or View(shown.begin, shown.end, shown.first, shown.last)

    def _look_at(self, view: View | None) -> None:
        if view is not None and (view.begin, view.end) == (view.first, view.last):
            view = None
        if view != self.view:
            self.view = view
            self.refresh_title()
            self.post_message(self.Moved())

    def action_left(self) -> None:
        """Earlier, by a quarter of what is seen."""
        self.move_time(-1)

    def action_right(self) -> None:
        """Later, by a quarter of what is seen."""
        self.move_time(1)

    def action_tail(self) -> None:
        """All of the job, up to now."""
        self.show_all()
