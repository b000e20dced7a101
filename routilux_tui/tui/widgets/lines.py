"""Lines of text of an exact width, made of styled parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from rich.style import Style

_MARKS = 8
"""Characters that a cell may hold: a letter and its accents."""
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
    kept = set_cell_size(text, width - 1)
    if kept and not text.startswith(kept):  # a wide letter did not fit: a blank stands for its half
        return kept[:-1] + "… "
    return kept + "…"


def cell_width(text: str) -> int:
    """How many cells a text takes, once it is made harmless."""
    text = printable(text)
    return len(text) if text.isascii() else cell_len(text)


def cut_parts(parts: list[Part], width: int) -> tuple[list[Part], int]:
    """Parts in at most ``width`` cells, made harmless, with an ellipsis where some are cut off.

    Returns:
        The parts, and how many cells they take.
    """
    made: list[Part] = []
    used = 0
    for raw, name in parts:
        if not raw:
            continue
        text = printable(raw)
        length = len(text) if text.isascii() else cell_len(text)
        if used + length <= width:
            made.append((text, name))
            used += length
            continue
        text = text.rstrip(" ")
        if used < width:
            made.append((fit(text, width - used), name))
            used = width
        elif text:  # nothing was cut yet: the end of what is seen gives way
            while made and not (taken := cell_len(made[-1][0])):
                del made[-1]
            if made:
                last, style = made.pop()
                made.append((fit(f"{last} ", taken), style))
        if text:
            break
    return made, used


def fit_parts(parts: list[Part], width: int) -> list[Part]:
    """Parts in exactly ``width`` cells."""
    made, used = cut_parts(parts, width)
    return [*made, (" " * (width - used), "")] if used < width else made


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
        if not piece.isascii():  # a letter may be of several characters, and of no or two cells
            piece = text[at : at + room * _MARKS]
            piece = next(iter(chop_cells(piece, room)), piece) or piece[:1]
        if at + len(piece) < len(text) and text[at + len(piece)] != " ":
            blank = piece.rfind(" ", len(piece) // 2)
            piece = piece[: blank + 1] if blank > 0 else piece
        at += len(piece)
        lines.append(" " * (width - room) + piece.rstrip(" "))
        while at < len(text) and text[at] == " ":
            at += 1
        room = max(1, width - indent)
    return lines


def shifted(text: str, cells: int) -> str:
    """A text without its first characters, with the sign of a cut where something of it was."""
    return "…" + text[cells + 1 :] if cells and text else text


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
    """A strip of exactly ``width`` cells, cut with an ellipsis; no terminal obeys its text."""
    made, used = cut_parts(parts, width)
    segments = [Segment(text, base + styles[name] if name else base) for text, name in made]
    if used < width:
        segments.append(Segment(" " * (width - used), base))
    return Strip(segments, width)
