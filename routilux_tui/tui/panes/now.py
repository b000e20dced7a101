"""The now pane: what runs at this moment, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.widgets.lines import fit, right
from routilux_tui.tui.widgets.values import spoken
from routilux_tui.views import shapes as views
from routilux_tui.views.formatting import count, counted
from routilux_tui.views.shapes import Filter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.tui.widgets.title import Tab
    from routilux_tui.views.shapes import Header, RoutineRow, Row

_NEXT = 40


class NowPane(Pane):
    """The routines that run, then the tasks that are next in line."""

    section = views.PENDING
    name_shown = "Now"
    key_shown = "3"

    def __init__(self) -> None:
        super().__init__()
        self.running: list[tuple[str, int]] = []
        self.queued = 0
        self._next: list[Row] = []

    def show(self, routines: Mapping[str, RoutineRow], header: Header) -> None:
        """Take over what runs."""
        running = [(one.routine_id, one.active) for one in routines.values() if one.active]
        queued = header.counts.get(views.PENDING, 0)
        if (running, queued) != (self.running, self.queued):
            self.running, self.queued = running, queued
            self._lay_out()

    async def load(self, handle: Handle) -> None:
        """Read what comes next."""
        try:
            window = await handle.window(views.PENDING, 0, _NEXT, Filter())
        except RoutiluxTuiError as error:
            self.post_message(self.Failed(error))
            return
        if window.rows != self._next:
            self._next = window.rows
            self._lay_out()

    def _lay_out(self) -> None:
        self.set_total(len(self.running) + len(self._next))
        self.refresh()

    def tab(self, *, is_front: bool = False) -> Tab:
        """The name, with the number of handlers that run."""
        number = sum(active for _, active in self.running)
        return super().tab(is_front=is_front)._replace(number=number)

    def title_parts(self) -> list[Part]:
        """How many wait."""
        return [(f"{counted(self.queued, 'task')} in line", "rows--dim")] if self.queued else []

    def routine_at(self, n: int) -> str:
        """The routine of a line."""
        if n < len(self.running):
            return self.running[n][0]
        row = self.task_at(n)
        return row.routine if row else ""

    def task_at(self, n: int) -> Row | None:
        """The task in a line, where it is one that waits."""
        at = n - len(self.running)
        return self._next[at] if 0 <= at < len(self._next) else None

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A line."""
        del width
        longest = max(
            [len(name) for name, _ in self.running] + [len(row.routine) for row in self._next]
        )
        name = min(longest, 24)
        if n < len(self.running):
            routine, active = self.running[n]
            return [
                ("▶ ", "rows--running"),
                (fit(routine, name), "rows--name"),
                (f"  {counted(active, 'handler')} running", "rows--running"),
            ]
        row = self._next[n - len(self.running)]
        number = right(count(n - len(self.running) + 1), 4)
        return [
            ("  ", ""),
            (fit(row.routine, name), "rows--name"),
            (f"  {number} in line  ", "rows--dim"),
            *spoken(row.text[self.indent :]),
        ]

    def empty_text(self) -> str:
        """Nothing runs."""
        return "No handler runs, and no task waits."
