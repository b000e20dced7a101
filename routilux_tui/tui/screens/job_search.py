"""Searching in the panes of a job: ask for a text, then go from match to match."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.panes.pane import Pane, SectionPane
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle


class JobSearch:
    """What is searched for on a job's screen.

    Args:
        screen: the screen that asks, and that says where there is nothing.
        handle: the job, or its past while that is shown.
    """

    def __init__(self, screen: Any, handle: Handle) -> None:
        self._screen = screen
        self.handle = handle
        self._query = ""

    def ask(self, pane: Pane) -> None:
        """Ask for a text and go to its next match in a pane."""
        from routilux_tui.tui.screens.dialogs import LineDialog

        def answered(text: str | None) -> None:
            if text:
                self._query = text
                back = isinstance(pane, SectionPane) and pane.follow
                self._screen.run_worker(self._go(pane, back=back, step=0))

        hint = "n and N go on. To show the rows with a text alone: &"
        dialog = LineDialog(f"Find in {pane.name_shown}", hint, self._query, "find")
        self._screen.app.push_screen(dialog, answered)

    def ask_filter(self, pane: SectionPane) -> None:
        """Ask for a text, and show the rows of a pane that hold it alone."""
        from routilux_tui.tui.screens.dialogs import LineDialog

        def answered(text: str | None) -> None:
            if text is not None:
                pane.set_filter(msgspec.structs.replace(pane.where, text=text))

        title, hint = f"Rows of {pane.name_shown} with …", "Esc shows all of them again."
        dialog = LineDialog(title, hint, pane.where.text, "show these alone")
        self._screen.app.push_screen(dialog, answered)

    async def go_on(self, pane: Pane, *, back: bool) -> None:
        """Go to the next match, or to the one before."""
        if self._query:
            await self._go(pane, back=back, step=1)
        else:
            self.ask(pane)

    async def _go(self, pane: Pane, *, back: bool, step: int) -> None:
        """Go to the next match; behind the last one comes the first."""
        pane.highlight(self._query)
        start = pane.cursor + (-step if back else step)
        found = await self._find(pane, start, back=back)
        if found is None:
            found = await self._find(pane, pane.total - 1 if back else 0, back=back)
            if found is not None:
                end = "last" if back else "first"
                self._screen.notify(f"Round to the {end} match.", timeout=3)
        if found is None:
            self._screen.app.bell()
            self._screen.notify(
                f"Nothing here holds {printable(self._query)!r}.", timeout=3, markup=False
            )
        elif isinstance(pane, SectionPane):
            pane.show_match(found)
        else:
            pane.move_to(found)

    async def _find(self, pane: Pane, start: int, *, back: bool) -> int | None:
        if not 0 <= start < max(pane.total, 1):
            return None
        if isinstance(pane, SectionPane):
            gone = 0 if pane.where else pane.first
            with contextlib.suppress(RoutiluxTuiError):
                found = await self.handle.find(
                    pane.section, self._query, start + gone, back=back, where=pane.where
                )
                return None if found is None else found - gone
            return None
        order = range(start, -1, -1) if back else range(start, pane.total)
        query = self._query.casefold()
        return next((n for n in order if query in pane.text_of(n).casefold()), None)
