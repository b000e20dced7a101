"""The history pane: every record of the job, the newest last."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes


class HistoryPane(SectionPane):
    """The execution history."""

    section = shapes.HISTORY
    name_shown = "History"
    key_shown = "5"
    nothing = "Nothing has happened yet: every event is recorded here."
