"""Lines of text of an exact width, made of styled parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.style import Style

Part = tuple[str, str]
"""Some text and the name of the component class that paints it; empty: the line's own."""


def fit(text: str, width: int) -> str:
    """Text in exactly ``width`` cells: cut with an ellipsis, or filled up with blanks."""
    if width <= 0:
        return ""
    if text.isascii():
        length = len(text)
        if length <= width:
            return text + " " * (width - length)
        return text[: width - 1] + "…"
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


def right(text: str, width: int) -> str:
    """Text at the right end of ``width`` cells."""
    return fit(text, width) if len(text) > width else " " * (width - cell_len(text)) + text


def strip_of(parts: list[Part], width: int, styles: dict[str, Style], base: Style) -> Strip:
    """A strip of exactly ``width`` cells."""
    segments: list[Segment] = []
    used = 0
    for text, name in parts:
        if not text:
            continue
        room = width - used
        if room <= 0:
            break
        length = len(text) if text.isascii() else cell_len(text)
        if length > room:
            text = set_cell_size(text, room)  # noqa: PLW2901 - cut to what is left
            length = room
        style = base + styles[name] if name else base
        segments.append(Segment(text, style))
        used += length
    if used < width:
        segments.append(Segment(" " * (width - used), base))
    return Strip(segments, width)
