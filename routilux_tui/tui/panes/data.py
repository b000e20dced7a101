"""The shared data pane: the values that the job's routines share."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes


class DataPane(SectionPane):
    """The shared data."""

    section = shapes.DATA
    name_shown = "Data"
    key_shown = "7"
    time_width = 0
    routine_width = 0
    name_width = 24
    name_head = "key"
    text_head = "value"
    nothing = "No value: routines share them with update_shared_data."
