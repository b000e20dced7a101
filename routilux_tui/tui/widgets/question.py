"""What a job asks a person: why it waits, what it noted, and what going on will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.strip import Strip
from textual.widget import Widget

from routilux_tui.tui.widgets.lines import fit, strip_of
from routilux_tui.tui.widgets.values import flat
from routilux_tui.views.formatting import clock, counted

if TYPE_CHECKING:
    from rich.style import Style

    from routilux_tui.tui.widgets.lines import Part

_MOST = 6


class QuestionBox(Widget):
    """A box, as there is one for questions alone; it is there while the job waits for a person."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--dim",
        "rows--name",
        "rows--warning",
        "rows--key",
    }

    def __init__(self) -> None:
        super().__init__(id="question")
        self.display = False
        self._lines: list[list[Part]] = []
        self._styles_of: dict[str, Style] = {}

    def notify_style_update(self) -> None:
        """Styles are read anew after a change of theme."""
        self._styles_of = {}
        super().notify_style_update()

    def ask(self, point: dict[str, Any] | None, events: list[str], held: int) -> None:
        """Show a question, or none.

        Args:
            point: the pause point, with its reason and its checkpoint.
            events: the events that are emitted when the job goes on.
            held: how many tasks wait for it.
        """
        self.display = point is not None
        if point is None:
            return
        reason = str(point.get("reason") or "the job waits for you")
        by, at = str(point.get("current_routine_id") or ""), str(point.get("timestamp") or "")
        asked = f"asked by {by} " if by else "asked "
        lines: list[list[Part]] = [
            [("╭─ ", "rows--warning"), (reason, "rows--warning"), (" ", "")],
            [("  ", ""), (f"{asked}at {clock(at)[:8]}", "rows--dim")],
        ]
        noted = point.get("checkpoint")
        for key, value in list(flat(noted if isinstance(noted, dict) else {}).items())[:_MOST]:
            lines.append([("    ", ""), (f"{key}  ", "rows--dim"), (str(value), "rows--name")])
        then = f"going on emits {', '.join(events)}" if events else "going on"
        then += f", then {counted(held, 'held task')}" if held else ""
        lines.append([("  ", ""), (then, "rows--dim")])
        keys: list[Part] = [("  ", "")]
        for key, word in (("r", "go on (asks y/n)"), ("c", "cancel"), ("9", "pauses")):
            keys += [(key, "rows--key"), (f" {word}     ", "")]
        lines.append(keys)
        if lines != self._lines:
            self._lines = lines
            self.styles.height = len(lines) + 1
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line, with the box around it."""
        if not self._styles_of:
            self._styles_of = {
                name: self.get_component_rich_style(name, partial=True)
                for name in self.COMPONENT_CLASSES
            }
        width = self.size.width
        if y == 0 and self._lines:
            text = fit(self._lines[0][1][0], min(width - 8, len(self._lines[0][1][0])))
            rule = "─" * max(0, width - 5 - len(text))
            parts: list[Part] = [("╭─ ", "rows--warning"), (text, "rows--warning"),
                                 (f" {rule}╮", "rows--warning")]  # fmt: skip
        elif y < len(self._lines):
            inner = strip_of(self._lines[y], width - 2, self._styles_of, self.rich_style)
            side = strip_of([("│", "rows--warning")], 1, self._styles_of, self.rich_style)
            return Strip.join([side, inner, side])
        else:
            parts = [(f"╰{'─' * max(0, width - 2)}╯", "rows--warning")]
        return strip_of(parts, width, self._styles_of, self.rich_style)
