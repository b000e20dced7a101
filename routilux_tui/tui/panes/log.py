"""The log pane: what the job's routines say to people."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes


class LogPane(SectionPane):
    """The shared log."""

    section = shapes.LOG
    name_shown = "Log"
    key_shown = "6"
    routine_width = 0
    name_width = 0
    text_head = "message"
    nothing = "No entry: routines write here with append_to_shared_log."
