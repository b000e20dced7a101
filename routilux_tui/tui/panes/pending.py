"""The pending tasks pane: what waits for its turn, or is held while the job is paused."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes as views


class PendingPane(SectionPane):
    """The tasks that have not run."""

    section = views.PENDING
    name_shown = "Pending"
    key_shown = "7"
    name_head = "slot"
    nothing = "No task waits for its turn."
