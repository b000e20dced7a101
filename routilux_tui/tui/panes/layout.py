"""Which pane of a job is seen where, at any size: space goes to what has rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical

from routilux_tui.tui.panes.flow import FlowPane
from routilux_tui.tui.panes.history import HistoryPane
from routilux_tui.tui.panes.now import NowPane
from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.tui.panes.problems import ProblemsPane
from routilux_tui.tui.theme import WIDE

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

    from routilux_tui.tui.panes.pane import Pane

#: The keys of the panes that have a place of their own; any other is seen where it is chosen.
FLOW, PROBLEMS, NOW, HISTORY = (
    pane.key_shown for pane in (FlowPane, ProblemsPane, NowPane, HistoryPane)
)
_MIDDLE = 8
_AROUND = 3
"""Lines of the head and of the keys."""
_FOR_TWO = 8
"""Lines that two panes need at least: each its title, and some rows."""


class PaneLayout(Vertical):
    """The panes of a job, by their keys: the flow on top, below it what was chosen.

    Attributes:
        panes: key -> pane.
        zoomed: the key of the pane that has the whole screen, or empty.
        chosen: the key of the pane below the flow.
    """

    def __init__(self, panes: dict[str, Pane], question: Widget) -> None:
        self.panes = panes
        self.zoomed = ""
        self.chosen = HISTORY
        self.is_chosen_by_reader = False
        #: The pane that the reader went to last: where there is room for one, it is that.
        self._asked_for = FLOW
        self._question = question
        self._flow_lines = self._middle_lines = 0
        self._middle = Horizontal(id="middle")
        super().__init__(id="panes")

    def compose(self) -> ComposeResult:
        """All of them; those that are not seen cost nothing."""
        yield self._question
        yield self.panes[FLOW]
        with self._middle:
            yield self.panes[PROBLEMS]
            yield self.panes[NOW]
        for key, pane in self.panes.items():
            if key not in {FLOW, PROBLEMS, NOW}:
                yield pane

    def on_mount(self) -> None:
        """Arrange the panes for the first time."""
        self.arrange_panes()

    def on_resize(self, _event: events.Resize) -> None:
        """Arrange the panes for the new size."""
        self.arrange_panes()

    @property
    def is_wide(self) -> bool:
        """Whether there is room for more than two panes."""
        width, height = self.app.size  # its own size is not known before the first layout
        return width >= WIDE[0] and height >= WIDE[1]

    def _rows(self) -> int:
        """The lines that the panes have, below the head and what is asked."""
        question = self._question.styles.height if self._question.display else None
        asked = int(question.value) if question is not None else 0
        return self.app.size.height - _AROUND - asked

    def _shown(self) -> set[str]:
        if self.zoomed:
            return {self.zoomed}
        if not self.is_wide:
            return {FLOW, self.chosen} if self._rows() >= _FOR_TWO else {self._asked_for}
        middle = {key for key in (PROBLEMS, NOW) if self.panes[key].total}
        below = self.chosen if self.chosen not in {PROBLEMS, NOW} else HISTORY
        if self.chosen in {PROBLEMS, NOW}:
            middle.add(self.chosen)
        return {FLOW, below, *middle}

    def arrange_panes(self) -> None:
        """Show the panes that have a place, and hide the others: they are words in the tabs."""
        shown = self._shown()
        if self.is_wide and not self.zoomed:
            deck = [key for key in self.panes if key not in shown & {FLOW, PROBLEMS, NOW}]
        else:
            deck = [key for key in self.panes if key != FLOW]
        middle = shown & {PROBLEMS, NOW}
        self._middle.display = bool(middle)
        for key, pane in self.panes.items():
            pane.tab_list = [self.panes[one] for one in deck] if key in deck else []
            before = pane.display
            pane.display = key in shown
            if pane.display and not before and isinstance(pane, SectionPane):
                self.call_after_refresh(pane.reload)
        self._set_heights(shown)

    def _set_heights(self, shown: set[str]) -> None:
        """The flow takes what it needs, half at the most; what is wrong some lines."""
        middle = self._middle
        height = self.app.size.height - _AROUND
        if self.zoomed or shown <= {FLOW}:
            self.panes[FLOW].styles.height = "1fr"
            middle.styles.height = "1fr"
            return
        needed = max(3, self.panes[FLOW].total + 2)
        self._flow_lines = self.panes[FLOW].total
        self.panes[FLOW].styles.height = min(needed, max(4, height // 2))
        if self.is_wide:
            self._middle_lines = self._middle_wanted()
            middle.styles.height = self._middle_lines
        else:
            middle.styles.height = "1fr"

    def _middle_wanted(self) -> int:
        """Lines of what is wrong and of what runs, as far as there is room, and of code."""
        height = self.app.size.height - _AROUND
        most = max(_MIDDLE, height // 4)
        wanted, problems = self.panes[NOW].total + 1, self.panes[PROBLEMS]
        if isinstance(problems, ProblemsPane):
            with_code = problems.rows_wanted + 1
            if problems.code_rows and with_code <= height // 2:
                return max(with_code, min(wanted, most))
            wanted = max(wanted, with_code - problems.code_rows)
        return min(max(4, wanted), most)

    def rows_changed(self) -> None:
        """Some pane has rows now, or has none any more: space goes to what has rows."""
        shown = {key for key, pane in self.panes.items() if pane.display}
        grows = self.is_wide and not self.zoomed and self._middle_wanted() > self._middle_lines
        if shown != self._shown() or self._flow_lines != self.panes[FLOW].total or grows:
            self.arrange_panes()

    def show_pane(self, key: str, *, by_reader: bool = True) -> Pane:
        """Give a pane a place on the screen."""
        self.is_chosen_by_reader = self.is_chosen_by_reader or by_reader
        if self.zoomed:
            self.zoomed = key
        if by_reader:
            self._asked_for = key
        if key != FLOW:
            self.chosen = key
        self.arrange_panes()
        return self.panes[key]

    def key_after(self, key: str, step: int) -> str:
        """The key of the pane so many steps on."""
        keys = list(self.panes)
        at = keys.index(key) if key in keys else 0
        return keys[(at + step) % len(keys)]

    def zoom(self, key: str) -> None:
        """Give one pane the whole screen, or take it back."""
        self.zoomed = "" if self.zoomed else key
        self.arrange_panes()
