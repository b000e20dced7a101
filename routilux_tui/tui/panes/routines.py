"""The routines pane: what every routine of the job did so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.job.status import look
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.theme import STATUS_STYLE
from routilux_tui.tui.widgets.lines import fit, right
from routilux_tui.views import shapes as views
from routilux_tui.views.formatting import count, span
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.shapes import RoutineRow


class RoutinesPane(Pane):
    """One line for each routine; only the lines that changed are painted anew."""

    section = views.ROUTINES
    name_shown = "Routines"
    key_shown = "1"

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[RoutineRow] = []

    def show(self, routines: Mapping[str, RoutineRow]) -> None:
        """Take over the routines as they are now."""
        before, self._rows = self._rows, list(routines.values())
        if len(before) != len(self._rows):
            self.set_total(len(self._rows))
        for n, row in enumerate(self._rows):
            if n >= len(before) or row != before[n]:
                self.refresh_rows(n, n + 1)

    def routine_at(self, n: int) -> str:
        """The id of the routine in a row."""
        return self._rows[n].routine_id if n < len(self._rows) else ""

    def _widths(self, width: int) -> tuple[int, int, int]:
        """Cells of the name, of the retries and of the error.

        The retries make room for the error where nobody has retried and it is narrow.
        """
        names = max((len(row.routine_id) for row in self._rows), default=8)
        retries = 8 if width >= 90 or any(row.retries for row in self._rows) else 0
        fixed = 13 + 7 + 7 + retries + 7 + 2
        name = max(8, min(names + 1, (width - fixed) * 3 // 5, 36))
        return name, retries, max(0, width - fixed - name)

    def head(self, width: int) -> str:
        """The heads of the columns."""
        name, retries, error = self._widths(width)
        return (
            f"  {fit('routine', name)}{fit('status', 11)}{'runs':>7}{'errors':>7}"
            f"{right('retries', retries) if retries else ''}{'time':>7}  {fit('last error', error)}"
        )

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A routine's line."""
        row = self._rows[n]
        name, retries, error = self._widths(width)
        seen = look(row.status)
        style = STATUS_STYLE.get(row.status, "rows--dim")
        busy = row.busy
        word = seen.word if row.active < 2 else f"{seen.word} {row.active}"
        quiet = "rows--dim"
        return [
            (f"{seen.glyph} ", style),
            (fit(printable(row.routine_id), name - 1) + " ", "rows--name"),
            (fit(printable(word), 11), style),
            (right(count(row.runs) if row.runs else "·", 7), "" if row.runs else quiet),
            (
                right(count(row.errors) if row.errors else "·", 7),
                "rows--error" if row.errors else quiet,
            ),
            (
                right(count(row.retries) if row.retries else "·", retries),
                "rows--warning" if row.retries else quiet,
            ),
            (right(span(busy) if busy else "·", 7), quiet),
            ("  ", ""),
            (
                fit(printable(row.error)[self.indent :], error),
                quiet if row.status == "completed" else "rows--error",
            ),
        ]

    def empty_text(self) -> str:
        """Why there are none."""
        return "No routine has run yet."
