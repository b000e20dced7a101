"""Which pane of a job is seen where: all in one column, two by two, or one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container

from routilux_tui.tui.panes.pane import SectionPane

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from routilux_tui.tui.panes.pane import Pane

#: From this width on, four panes stand side by side.
WIDE = 110


class PaneLayout(Container):
    """The panes of a job, by their keys.

    Attributes:
        panes: key -> pane.
        zoomed: the key of the pane that has the whole screen, or empty.
    """

    def __init__(self, panes: dict[str, Pane], size: tuple[int, int]) -> None:
        self.panes = panes
        self.zoomed = ""
        self._narrow_choice = "2"
        self._deck_choice = "4"
        # with its class from the start: each change of it has all panes styled anew
        super().__init__(id="panes", classes="wide" if _is_wide(*size) else "")

    def compose(self) -> ComposeResult:
        """All of them; those that are not seen cost nothing."""
        yield from self.panes.values()

    def on_mount(self) -> None:
        """Arrange the panes for the first time."""
        self.arrange_panes()

    def on_resize(self, _event: events.Resize) -> None:
        """Arrange the panes for the new size."""
        self.arrange_panes()

    @property
    def is_wide(self) -> bool:
        """Whether there is room for four panes."""
        return _is_wide(*self.app.size)  # its own size is not known before the first layout

    def arrange_panes(self) -> None:
        """Show the panes that have a place, and hide the others."""
        wide = self.is_wide and not self.zoomed
        self.set_class(wide, "wide")
        deck = ["4", "5", "6", "7", "8"] if wide else ["2", "3", "4", "5", "6", "7", "8"]
        choice = self._deck_choice if wide else self._narrow_choice
        shown = {"1", "2", "3", choice} if wide else {"1", choice}
        if self.zoomed:
            shown = {self.zoomed}
        for key, pane in self.panes.items():
            pane.tab_list = [self.panes[one] for one in deck] if key in deck else []
            before = pane.display
            pane.display = key in shown
            if pane.display and not before and isinstance(pane, SectionPane):
                self.call_after_refresh(pane.reload)
        self.arrange_routines()

    def arrange_routines(self) -> None:
        """The routines take what they need, a third at the most, where all is in one column."""
        routines = self.panes["1"]
        if self.zoomed or self.is_wide:
            routines.styles.height = "1fr" if self.zoomed else None
        else:
            needed = max(3, routines.total + 2)
            routines.styles.height = min(needed, max(4, (self.app.size.height - 3) * 2 // 5))

    def bring(self, key: str) -> Pane:
        """Give a pane a place on the screen."""
        if self.zoomed:
            self.zoomed = key
        if key in {"4", "5", "6", "7", "8"}:
            self._deck_choice = key
        if key != "1":
            self._narrow_choice = key
        self.arrange_panes()
        return self.panes[key]

    def beside(self, key: str, step: int) -> str:
        """The key of the pane so many steps on."""
        shown = [one for one, pane in sorted(self.panes.items()) if pane.display]
        if not self.is_wide or self.zoomed:
            shown = sorted(self.panes)
        at = shown.index(key) if key in shown else 0
        return shown[(at + step) % len(shown)]

    def zoom(self, key: str) -> None:
        """Give one pane the whole screen, or take it back."""
        self.zoomed = "" if self.zoomed else key
        self.arrange_panes()


def _is_wide(width: int, height: int) -> bool:
    return width >= WIDE and height >= 20
