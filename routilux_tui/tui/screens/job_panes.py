"""The panes of a job on its screen: which there are, where the keys are, and going from one to one.

Where a pane is seen at which size is decided by `routilux_tui.tui.panes.layout`.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from routilux_tui.tui.panes.data import DataPane
from routilux_tui.tui.panes.flow import FlowPane
from routilux_tui.tui.panes.history import HistoryPane
from routilux_tui.tui.panes.layout import HISTORY, PaneLayout
from routilux_tui.tui.panes.log import LogPane
from routilux_tui.tui.panes.now import NowPane
from routilux_tui.tui.panes.output import OutputPane
from routilux_tui.tui.panes.pane import Pane, SectionPane
from routilux_tui.tui.panes.pauses import PausesPane
from routilux_tui.tui.panes.printed import PrintPane
from routilux_tui.tui.panes.problems import ProblemsPane
from routilux_tui.tui.panes.timeline import TimelinePane
from routilux_tui.tui.screens.steering_screen import SteeringScreen
from routilux_tui.tui.widgets.question import QuestionBox

if TYPE_CHECKING:
    from routilux_tui.tui.widgets.rows import Rows


class PanesLayer(SteeringScreen):
    """A screen with the panes of a job on it.

    Attributes:
        routines: the flow's pane.
        history: the history's.
        panes: every pane, by its key.
        section_panes: those of rows that are fetched.
        arrangement: where they are seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.routines = FlowPane()
        self.problems = ProblemsPane()
        self.now = NowPane()
        self.timeline = TimelinePane()
        self.question_box = QuestionBox()
        self.history = HistoryPane()
        self.printed = PrintPane()
        self.section_panes: list[SectionPane] = [
            self.history,
            LogPane(),
            DataPane(),
            OutputPane(),
            PausesPane(),
            self.printed,
        ]
        self.panes: dict[str, Pane] = {
            pane.key_shown: pane
            for pane in (self.routines, self.problems, self.now, self.timeline, *self.section_panes)
        }
        self.arrangement = PaneLayout(self.panes, self.question_box)

    @abstractmethod
    def read_soon(self) -> None:
        """Ask for what the panes that are seen show, if it is not being asked for already."""

    def focused_pane(self) -> Pane:
        """The pane that has the keys."""
        focused = self.focused
        return focused if isinstance(focused, Pane) else self.routines

    def filtered_pane(self) -> SectionPane:
        """The pane that a filter is for: the focused one, or the one that is seen below."""
        pane = self.focused_pane()
        if isinstance(pane, SectionPane):
            return pane
        below = self.panes[self.arrangement.chosen]
        if not isinstance(below, SectionPane):
            below = self.arrangement.show_pane(HISTORY)
        return below if isinstance(below, SectionPane) else self.history

    def action_pane(self, key: int | str) -> None:
        """Bring a pane to the screen and put the keys in it."""
        self.set_focus(self.arrangement.show_pane(str(key)))
        self.read_soon()

    def _step(self, step: int) -> None:
        key = self.focused_pane().key_shown
        self.action_pane(self.arrangement.key_after(key, step))

    def action_next_pane(self) -> None:
        """The next pane."""
        self._step(1)

    def action_previous_pane(self) -> None:
        """The pane before."""
        self._step(-1)

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or back."""
        pane = self.focused_pane()
        self.arrangement.zoom(pane.key_shown)
        self.set_focus(pane)

    def on_rows_tab_chosen(self, event: Rows.TabChosen) -> None:
        """A tab was clicked."""
        self.action_pane(event.key)

    def on_timeline_pane_moved(self) -> None:
        """The reader looks at another stretch of time."""
        self.read_soon()
