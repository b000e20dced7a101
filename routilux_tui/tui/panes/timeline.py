"""The timeline pane: a lane a routine, queue and rate below, idle stretches folded."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from textual.message import Message

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.actions import TIME_ACTIONS, bindings
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.panes.row_target import routine_target
from routilux_tui.tui.panes.timeline_marks import mark_text, marked_cells
from routilux_tui.tui.widgets.lines import fit, wrapped
from routilux_tui.tui.widgets.title import Tab, title_line
from routilux_tui.views import formatting
from routilux_tui.views.formatting import count, duration, sparkline
from routilux_tui.views.time_view import View
from routilux_tui.views.timeline import MARKS, cell_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual import events

    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.panes.row_target import RowTarget
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.critical_path import CriticalPath
    from routilux_tui.views.timeline import Cell, Lane, Timeline

    Detail = Callable[[Timeline, int, list[str]], Awaitable[Timeline]]

_NAME = 20
_SHARE = 6
_FEWEST = 10
#: Seconds after which what moves is drawn again.
EVERY = 3.0
_STYLES = {"": "rows--running", "retry": "rows--warning", "gave_up": "rows--error"}
_WORDS = {"retry": "retries", "gave_up": "gave up", "paused": "paused", "waits": "waits"}
_QUARTER = 0.25
_END_OF_CELL = 0.999
"""Where in a cell a moment is that is chosen by it: what is drawn in it has happened then."""


class TimelinePane(Pane):
    """When which routine was busy, retried, gave up or stood still.

    All of the job is shown, and now is followed, until the reader zooms or moves. The moment that
    all panes show is a column of its own, and goes where the reader puts it.
    """

    BINDINGS: ClassVar = bindings(TIME_ACTIONS)

    section = "timeline"
    name_shown = "Time"
    key_shown = "4"

    class Moved(Message):
        """Another stretch of time is to be shown."""

    class PathWanted(Message):
        """The critical path is to be marked: see `show_path`."""

    class Sought(Message):
        """A moment is to be shown in all panes, in seconds since the epoch."""

        def __init__(self, at: float) -> None:
            super().__init__()
            self.at = at

    def __init__(self) -> None:
        super().__init__()
        self.shown: Timeline | None = None
        #: The stretch that the reader has chosen; None for all of the job.
        self.view: View | None = None
        #: What is marked: nothing, the busiest stretch, or the critical path.
        self.marked = ""
        self._path: CriticalPath | None = None
        #: The routines that have a lane for each handler that ran beside others.
        self.expanded: set[str] = set()
        #: Whether that stretch goes on with now.
        self.follows_now = False
        #: What is said below the lanes.
        self._notes: list[list[Part]] = []
        self._asked: tuple[Any, ...] | None = None
        self._drawn_at = 0.0
        #: Whether the job went on when it was drawn: how it ended is to be drawn, too.
        self._was_moving = False

    async def load(self, handle: Handle, detail: Detail | None = None, *, moves: bool) -> None:
        """Have it drawn where the job is; what moves at most every `EVERY` seconds.

        Args:
            handle: the job.
            detail: draws a stretch from the changes themselves, which is asked for where lanes
                are expanded, and where cells are shorter than what is known without them.
            moves: whether the job goes on.
        """
        asked = (self.columns(), self.view, frozenset(self.expanded))
        now = formatting.now()
        is_new = asked != self._asked
        is_old = moves != self._was_moving or (moves and now - self._drawn_at >= EVERY)
        if not self.is_shown or not self.size.width or not (is_new or is_old):
            return
        shown: Timeline | None = None
        begin, end = (0.0, 0.0) if self.view is None else (self.view.begin, self.view.end)
        if self.view is not None and self.follows_now:
            begin, end = begin + now - self._drawn_at if moves else begin, 0.0
        try:
            shown = await handle.timeline(begin, end, asked[0])
            if detail is not None and (self.expanded or self._is_too_fine(shown)):
                shown = await detail(shown, asked[0], sorted(self.expanded))
        except RoutiluxTuiError as error:
            self.post_message(self.Failed(error))
            self.expanded.clear()
            if shown is None:
                return
            asked = (*asked[:2], frozenset())
        self._asked, self._drawn_at, self._was_moving = asked, now, moves
        if self.view is not None and self.follows_now:
            length = self.view.end - self.view.begin
            first = max(shown.first, shown.last - length)
            self.view = View(first, shown.last, shown.first, shown.last)
            self._asked = (asked[0], self.view, asked[2])
        self._show(shown)

    @staticmethod
    def _is_too_fine(shown: Timeline) -> bool:
        """Whether a cell is shorter than what the job's buckets tell apart."""
        return (shown.end - shown.begin) / shown.columns < shown.width

    def _show(self, shown: Timeline) -> None:
        before, self.shown = self.shown, shown
        self._notes = self._notes_below()
        total = len(shown.lanes) + len(self._curves()) + 1 + len(self._notes)
        total = total if shown.lanes else 0
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
        names = [lane.name for lane in self.shown.lanes] if self.shown else []
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
            parts.append((", follows now" if self.follows_now else ", 0 all", "rows--dim"))
        marks = {one.mark for lane in shown.lanes for one in lane.cells if one.mark}
        parts += [
            (f"  {MARKS[mark][0]} {word}", _STYLES.get(mark, "rows--dim"))
            for mark, word in _WORDS.items()
            if mark in marks
        ]
        return parts

    def _notes_below(self) -> list[list[Part]]:
        """What is said below the lanes: what the title has no room for, and what is marked."""
        width = self.size.width
        remark, notes = self.title_parts(), []
        if remark and remark[-1] not in title_line(self.tabs(), remark, width).parts:
            notes.append([(" ", ""), *remark])
        if self.marked and self.shown is not None:
            text = mark_text(self.shown, self.marked, self._path)
            notes += [[(f" {one}", "rows--warning")] for one in wrapped(text, width - 2)]
        return notes

    def routine_at(self, n: int) -> str:
        """The routine of a lane."""
        lanes = self.shown.lanes if self.shown else []
        return lanes[n].routine_id if n < len(lanes) else ""

    def target(self, n: int) -> RowTarget:
        """The routine in a row."""
        return routine_target(self.routine_at(n))

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
        name = self._name_width([lane.name for lane in lanes])
        if n < len(lanes):
            return self._lane(lanes[n], name)
        if n < len(lanes) + len(curves):
            title, values = curves[n - len(lanes)]
            return [
                (f" {fit(title, name)} ", "rows--dim"),
                *self._with_moment([(sparkline(values), "rows--spark")]),
                (f" {count(int(max(values)))}", "rows--dim"),
            ]
        if n > len(lanes) + len(curves):
            return self._notes[n - len(lanes) - len(curves) - 1]
        ticks = ""
        for column, label in self.shown.ticks:
            ticks = ticks.ljust(column) + label
        return [
            (" " * (name + 2), ""),
            *self._with_moment([(ticks.ljust(self.shown.columns), "rows--dim")]),
        ]

    def moment_column(self) -> int | None:
        """The column of the moment that is shown; None where it is out of sight, or now."""
        shown = self.shown
        if self.moment is None or shown is None:
            return None
        is_seen = shown.begin <= self.moment <= shown.end
        return shown.column_of(self.moment) if is_seen else None

    def _with_moment(self, parts: list[Part]) -> list[Part]:
        """Cells, with that of the moment shown marked."""
        column = self.moment_column()
        if column is None:
            return parts
        made: list[Part] = []
        at = 0
        for text, style in parts:
            here = column - at
            if 0 <= here < len(text):
                cell = (text[here], "rows--moment")
                made += [(text[:here], style), cell, (text[here + 1 :], style)]
            else:
                made.append((text, style))
            at += len(text)
        return made

    def _lane(self, lane: Lane, name: int) -> list[Part]:
        style = "rows--dim" if lane.worker else "rows--name"
        parts: list[Part] = [(f" {fit(lane.name, name)} ", style)]
        marked: set[int] = set()
        if self.shown is not None:
            marked = marked_cells(self.shown, self.marked, self._path, lane.routine_id)
        styles = [
            "rows--marked" if n in marked else _STYLES.get(one.mark, "rows--dim")
            for n, one in enumerate(lane.cells)
        ]
        texts = (
            "▔" if n in marked and not one.level and not one.mark else cell_text(one)
            for n, one in enumerate(lane.cells)
        )
        cells = [
            ("".join(text for text, _ in alike), style)
            for style, alike in groupby(zip(texts, styles, strict=True), key=itemgetter(1))
        ]
        parts += self._with_moment(cells)
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
            around = (view.begin + view.end) / 2
            if self.moment is not None and view.begin <= self.moment <= view.end:
                around = self.moment
            self._look_at(view.zoomed(factor, around))

    def action_move_time(self, quarters: int) -> None:
        """Show earlier or later time, by quarters of what is seen."""
        if self.shown is not None:
            self._look_at(self._view(self.shown).moved(quarters * _QUARTER))

    def action_show_all(self) -> None:
        """Show all of the job, and follow now."""
        self._look_at(None)

    def action_seek_cell(self, step: int) -> None:
        """Have all panes show the moment a cell on, or back."""
        shown, column = self.shown, self.moment_column()
        if shown is None or (step > 0 and self.moment is None):
            return
        if column is None:
            column = shown.columns if step < 0 else -1
        self._seek_column(column + step)

    def _seek_column(self, column: int) -> None:
        shown = self.shown
        if shown is None:
            return
        column = max(0, min(shown.columns - 1, column))
        self.post_message(self.Sought(shown.time_at(column + _END_OF_CELL)))

    def on_click(self, event: events.Click) -> None:
        """A cell of a lane that is clicked is the moment that all panes show."""
        super().on_click(event)
        if self.shown is not None and event.y >= self._top_lines and self.total:
            names = [lane.name for lane in self.shown.lanes]
            column = event.x - self._name_width(names) - 2
            if 0 <= column < self.shown.columns:
                self._seek_column(column)

    def action_mark_next(self) -> None:
        """Mark the busiest stretch, then the critical path, then nothing."""
        order = ("", "busiest", "critical")
        self.marked = order[(order.index(self.marked) + 1) % len(order)]
        self._path = None
        if self.marked == "critical":
            self.post_message(self.PathWanted())
        if self.shown is not None:
            self._show(self.shown)
            self.refresh()

    def show_path(self, path: CriticalPath | None) -> None:
        """Mark the critical path; None: it is not known, and nothing is marked."""
        self._path = path
        if path is None:
            self.marked = ""
        if self.shown is not None:
            self._show(self.shown)
        self.refresh()

    def action_expand(self) -> None:
        """Give the routine at the cursor a lane for each handler that ran beside others; or one."""
        routine = self.routine_at(self.cursor)
        if routine:
            self.expanded ^= {routine}
            self.post_message(self.Moved())

    def cell_at(self, n: int) -> Cell | None:
        """The cell of a lane at the moment that is shown."""
        column = self.moment_column()
        if self.shown is None or column is None or n >= len(self.shown.lanes):
            return None
        return self.shown.lanes[n].cells[column]

    def _view(self, shown: Timeline) -> View:
        return self.view or View(shown.begin, shown.end, shown.first, shown.last)

    def _look_at(self, view: View | None) -> None:
        if view is not None and view.is_whole:
            view = None
        if view != self.view or self.follows_now:
            self.view, self.follows_now = view, False
            self.refresh_title()
            self.post_message(self.Moved())

    def action_tail(self) -> None:
        """As much time as is seen, up to now, and on with it."""
        if self.shown is not None and self.view is not None:
            length = self.view.end - self.view.begin
            last = self.view.last
            self._look_at(View(max(self.view.first, last - length), last, self.view.first, last))
            self.follows_now = True
            self.refresh_title()
