"""The deferred events pane: what is emitted when the job is resumed."""

from __future__ import annotations

from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.views import shapes as views


class DeferredPane(SectionPane):
    """The deferred events."""

    section = views.DEFERRED
    name_shown = "Deferred"
    key_shown = "8"
    nothing = "No event waits for a resume."
