"""The pause points pane: when the job was paused, why, and what it noted then."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes


class PausesPane(SectionPane):
    """The pause points."""

    section = shapes.PAUSES
    name_shown = "Pauses"
    key_shown = "9"
    name_width = 10
    name_head = "tasks"
    text_head = "reason and checkpoint"
    nothing = "The job has not been paused; p pauses it."
