"""A widget whose lines are made of styled parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from routilux_tui.tui.widgets.lines import Part, strip_of

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip


class PaintedWidget(Widget):
    """Paints parts by its component classes, whose styles it looks up once a theme."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._styles_of: dict[str, Style] = {}

    def notify_style_update(self) -> None:
        """Styles are read anew after a change of theme."""
        self._styles_of = {}
        super().notify_style_update()

    def strip(self, parts: list[Part], width: int) -> Strip:
        """A line of so many cells."""
        if not self._styles_of:
            self._styles_of = {
                name: self.get_component_rich_style(name, partial=True)
                for name in self.COMPONENT_CLASSES
            }
        return strip_of(parts, width, self._styles_of, self.rich_style)
