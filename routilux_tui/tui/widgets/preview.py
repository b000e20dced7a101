"""A few lines about what the cursor is on, below a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len

from routilux_tui.tui.widgets.lines import cell_width, fit
from routilux_tui.tui.widgets.painted import PaintedWidget

if TYPE_CHECKING:
    from textual.strip import Strip

    from routilux_tui.tui.widgets.lines import Part

_LINES, _HIGH = 8, 32
_HINT: list[Part] = [(" v", "rows--key"), (" hides this ", "rows--dim")]


class Preview(PaintedWidget):
    """A rule with a title, and lines under it; painted anew only when they say something else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--rule",
        "rows--key",
        "rows--spark",
        "rows--dim",
        "rows--name",
        "rows--success",
        "rows--warning",
        "rows--error",
    }

    def __init__(self) -> None:
        super().__init__(id="preview")
        self.title = ""
        self.lines: list[list[Part]] = []

    def fit_height(self, height: int) -> None:
        """Take a third of a screen of so many lines, if it is high; what it holds is no matter."""
        self.styles.height = _LINES if height < _HIGH else height // 3 + 2

    def show(self, title: str, lines: list[list[Part]]) -> None:
        """Say this from now on."""
        if (title, lines) != (self.title, self.lines):
            self.title, self.lines = title, lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The rule, or a line."""
        width = self.size.width
        if y == 0:
            room = max(0, width - 4 - sum(cell_len(text) for text, _ in _HINT))
            used = min(room, cell_width(self.title))
            rule = "─" * (room - used)
            title = fit(self.title, used)
            parts = [("── ", "rows--rule"), (f"{title} ", "rows--name"), (rule, "rows--rule")]
            return self.strip([*parts, *_HINT], width)
        parts = self.lines[y - 1] if y <= len(self.lines) else []
        return self.strip(parts, width)
