"""Lines of text of an exact width, made of styled parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from rich.style import Style

Part = tuple[str, str]
"""Some text and the name of the component class that paints it; empty: the line's own."""


def fit(text: str, width: int) -> str:
    """Text in exactly ``width`` cells: made harmless, and cut with an ellipsis or filled up."""
    if width <= 0:
        return ""
    text = printable(text)
    if text.isascii():
        length = len(text)
        if length <= width:
            return text + " " * (width - length)
        return text[: width - 1] + "…"
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


def fit_parts(parts: list[Part], width: int) -> list[Part]:
    """Parts in exactly ``width`` cells."""
    made: list[Part] = []
    for text, style in parts:
        used = cell_len(printable(text))
        made.append((fit(text, width) if used > width else text, style))
        width -= used
        if width <= 0:
            break
    return [*made, (" " * max(0, width), "")]


def wrapped(text: str, width: int, hang: int = 2) -> list[str]:
    """Text, made harmless, in lines of at most ``width`` cells: nothing of it is cut.

    They break between words where there is one in their second half. All but the first are
    indented as that is, and ``hang`` cells more.
    """
    text = printable(text)
    if width <= 0 or cell_len(text) <= width:
        return [text]
    indent = min(len(text) - len(text.lstrip(" ")) + hang, width // 2, max(0, width - 2))
    lines: list[str] = []
    at, room = 0, width
    while at < len(text):
        piece = text[at : at + room]
        if not piece.isascii():
            piece = chop_cells(piece, room)[0] or piece[:1]
        if at + len(piece) < len(text) and text[at + len(piece)] != " ":
            blank = piece.rfind(" ", len(piece) // 2)
            piece = piece[: blank + 1] if blank > 0 else piece
        at += len(piece)
        lines.append(" " * (width - room) + piece.rstrip(" "))
        while at < len(text) and text[at] == " ":
            at += 1
        room = max(1, width - indent)
    return lines


def right(text: str, width: int) -> str:
    """Text, made harmless, at the right end of ``width`` cells."""
    text = printable(text)
    used = cell_len(text)
    return fit(text, width) if used > width else " " * (width - used) + text


def highlighted(parts: list[Part], query: str, style: str) -> list[Part]:
    """Parts with every place of a text in them, in any case of letters, painted in a style."""
    query = query.casefold()
    made: list[Part] = []
    for text, name in parts:
        at, folded = 0, text.casefold()
        if len(folded) != len(text):  # one letter may be two of the other case
            folded = text.lower() if len(text.lower()) == len(text) else ""
        while (found := folded.find(query, at)) >= 0:
            made += [(text[at:found], name), (text[found : found + len(query)], style)]
            at = found + len(query)
        made.append((text[at:], name))
    return made


def strip_of(parts: list[Part], width: int, styles: dict[str, Style], base: Style) -> Strip:
    """A strip of exactly ``width`` cells; no terminal obeys any of its text."""
    segments: list[Segment] = []
    used = 0
    for raw, name in parts:
        if not raw:
            continue
        text = printable(raw)
        room = width - used
        if room <= 0:
            break
        length = len(text) if text.isascii() else cell_len(text)
        if length > room:
            text = set_cell_size(text, room)
            length = room
        style = base + styles[name] if name else base
        segments.append(Segment(text, style))
        used += length
    if used < width:
        segments.append(Segment(" " * (width - used), base))
    return Strip(segments, width)
