"""The output pane: what the job sent to its output handler."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes


class OutputPane(SectionPane):
    """The output log."""

    section = shapes.OUTPUT
    name_shown = "Output"
    key_shown = "8"
    name_head = "type"
    nothing = "No output: routines send it with send_output."
