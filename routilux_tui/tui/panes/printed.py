"""The print pane: what the job's handlers printed and logged."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes


class PrintPane(SectionPane):
    """What handlers printed and logged, line by line."""

    section = shapes.PRINTED
    name_shown = "Print"
    key_shown = "0"
    name_width = 10
    name_head = "level"
    text_head = "line"
    nothing = "No line: what handlers print and log is kept here."

    def show(self, known: int, *, stale: bool) -> None:
        """Frames know nothing of what is printed: see `show_lines`."""

    def show_lines(self, first: int, total: int) -> None:
        """There are so many lines now; those before ``first`` are there no more."""
        is_other = first != self.first
        self.first = first
        super().show(total - first, stale=is_other)
