"""The whole value behind a row, laid out as JSON; and the help, which is text as well."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from functools import partial
from itertools import takewhile
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from routilux_tui.tui.screens.paced import PacedScreen
from routilux_tui.tui.widgets.lines import Part, fit, shifted, wrapped
from routilux_tui.tui.widgets.rows import Rows
from routilux_tui.tui.widgets.title import Tab

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult

_MOST_LINES = 200_000
_LONGEST = 16 << 20
LEADS_ON = "0123456789arDR"
"""The keys that a sentence of why may name."""
_TO_A_PANE = re.compile(r" +press (\d)")


def json_lines(value: Any) -> list[str]:
    """A value as lines of indented JSON; the work and the result are bounded, and say so."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        from routilux_tui.job.jsonable import preview

        text = preview(value, 200_000)
    lines = text[:_LONGEST].split("\n")
    is_whole = len(text) <= _LONGEST and len(lines) <= _MOST_LINES
    return lines if is_whole else [*lines[:_MOST_LINES], "…"]


class TextRows(Rows):
    """Lines of text that can be scrolled; one that is too long goes on in the next row.

    Attributes:
        lines: the text as it is.
        found: the line that was searched for; -1 for none.
    """

    def __init__(self, title: str, lines: list[str]) -> None:
        super().__init__()
        self._title = title
        self.lines = lines
        self.found = -1
        #: The rows as they are seen, and the line that each is of.
        self._seen: list[tuple[str, int]] = []

    def on_mount(self) -> None:
        """Show them."""
        self._wrap()

    def on_resize(self) -> None:
        """Break the lines anew; the line at the cursor stays there."""
        at = self.line_at(self.cursor)
        self._wrap()
        self.move_to(self.row_of(at))

    def show(self, lines: list[str]) -> None:
        """Show other lines in their place."""
        self.lines = lines
        self._wrap()

    def line_at(self, n: int) -> int:
        """The line that row ``n`` is of."""
        return self._seen[n][1] if n < len(self._seen) else 0

    def row_of(self, line: int) -> int:
        """The first row of a line."""
        return bisect_left(self._seen, line, key=itemgetter(1))

    def _wrap(self) -> None:
        before, width = self._seen, self.size.width - 2
        self._seen = [(row, n) for n, line in enumerate(self.lines) for row in wrapped(line, width)]
        self.set_total(len(self._seen))
        for n, row in enumerate(self._seen):
            if n >= len(before) or row != before[n]:
                self.refresh_rows(n, n + 1)

    def tabs(self) -> list[Tab]:
        """The title."""
        return [Tab("", self._title, None, True)]

    def title_parts(self) -> list[Part]:
        """The way back."""
        return [("Esc", "rows--key"), (" back", "rows--dim")]

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A line."""
        text, line = self._seen[n]
        shown = fit(shifted(text, self.indent), width - 1)
        return [(" ", ""), (shown, "rows--match" if line == self.found else "")]


class TextScreen(PacedScreen[None]):
    """A title and lines, over the screen before.

    Args:
        title: what it is.
        lines: the text.
        leads_on: keys that the text names, which the screen below takes.
        lead: does what such a key does, in place of the screen below.
    """

    BINDINGS: ClassVar = [
        ("escape,q", "dismiss", "back"),
        ("enter", "follow", "go there"),
        ("slash", "find", "find"),
        ("n", "again(1)", "next"),
        ("N", "again(-1)", "previous"),
        ("y", "copy", "copy"),
        ("R", "below('retry', 'R')", "again"),
        ("X", "below('giveup', 'X')", "give up"),
    ]

    def __init__(
        self,
        title: str,
        lines: list[str],
        leads_on: str = "",
        lead: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__()
        self._rows = TextRows(title, lines)
        self._leads_on = leads_on
        self._lead = lead
        self._query = ""

    def compose(self) -> ComposeResult:
        """The lines alone."""
        yield self._rows

    def action_copy(self) -> None:
        """Copy all of it."""
        self.app.copy_to_clipboard("\n".join(self._rows.lines))

    def action_below(self, action: str, key: str) -> None:
        """Do to what is shown here what the screen below does by the same key, if it does."""
        does = getattr(self.app.screen_stack[-2], f"action_{action}", None)
        if self._lead is not None and key in self._leads_on:
            does = partial(self._lead, key)
        if does is not None:
            self.dismiss(None)
            self.app.call_later(does)

    def on_key(self, event: events.Key) -> None:
        """A key that leads on does on the screen below what it does there."""
        if event.key in tuple(self._leads_on):
            event.stop()
            self._follow(event.key)

    def action_follow(self) -> None:
        """Go back, to the pane that the sentence at the cursor leads to, if it names one."""
        key = ""
        for line in takewhile(bool, self._rows.lines[self._rows.line_at(self._rows.cursor) :]):
            named = _TO_A_PANE.match(line)
            key = key or (named[1] if named else "")
        if key and key in self._leads_on:  # a key that asks or steers is pressed by itself
            self._follow(key)
        else:
            self.dismiss(None)

    def _follow(self, key: str) -> None:
        self.dismiss(None)
        self.app.call_later(self._lead or self.app.simulate_key, key)

    def action_find(self) -> None:
        """Ask for a text and go to it."""
        from routilux_tui.tui.screens.dialogs import LineDialog

        def chosen(text: str | None) -> None:
            if text:
                self._query = text.casefold()
                self.action_again(1)

        self.app.push_screen(LineDialog("Find", "n and N go on."), chosen)

    def action_again(self, step: int) -> None:
        """Go to the next match."""
        rows = self._rows
        if not self._query or not rows.lines:
            return
        rows.highlight(self._query)
        here = 0 if step > 0 else rows.line_at(rows.cursor)
        start = rows.found + step if rows.found >= 0 else here
        number = len(rows.lines)
        for n in (one % number for one in range(start, start + number * step, step)):
            if self._query in rows.lines[n].casefold():
                rows.found = n
                rows.move_to(rows.row_of(n))
                rows.refresh()
                return
        self.app.bell()
