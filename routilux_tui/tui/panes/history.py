"""The history pane: every record of the job, the newest last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes

if TYPE_CHECKING:
    from routilux_tui.tui.panes.row_target import RowTarget


class HistoryPane(SectionPane):
    """The execution history."""

    section = shapes.HISTORY
    name_shown = "History"
    key_shown = "5"
    nothing = "Nothing has happened yet: every event is recorded here."

    def target(self, n: int) -> RowTarget:
        """The record in a row."""
        return super().target(n)._replace(record=self.row_at(n))
