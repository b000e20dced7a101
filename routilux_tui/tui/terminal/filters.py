"""What a terminal can't show is taken out of every line: colours, or all but ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

_ASCII = str.maketrans(
    {
        "▶": ">", "✓": "+", "✗": "x", "⊘": "/", "‖": "=", "·": ".", "»": ">", "…": "~",
        "↓": "v", "↑": "^", "→": ">", "←": "<", "▐": "#", "⏎": "$", "␛": "^", "␍": "^", "│": "|",
        "─": "-", "━": "-", "┃": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "┌": "+", "┐": "+",
        "└": "+", "┘": "+", "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▇": "#",
        "█": "#", "▔": "-", "▕": "|", "▏": "|", "▎": "|", "▊": "|", "▀": "-", "●": "*", "■": "#",
        "░": "-", "↻": "r", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+", "┏": "+", "┓": "+",
        "┗": "+", "┛": "+", "┣": "+", "┳": "+", "┻": "+", "╋": "+", "┊": ":", "▸": ">", "↺": "@",
        "○": "o", "□": ".", "•": "*", "↯": "!", "≈": "~", "≥": ">", "\u00d7": "x",
    }
)  # fmt: skip


class WithoutColour(LineFilter):
    """No colour at all: bold, dim, underlined and reversed text stay."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with their colours taken away."""
        del background
        return [Segment(text, _bare(style), control) for text, style, control in segments]


def _bare(style: Style | None) -> Style | None:
    if style is None:
        return None
    return Style(bold=style.bold, dim=style.dim, underline=style.underline, reverse=style.reverse)


class AsciiOnly(LineFilter):
    """Every character in ASCII, as wide as before."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with other characters replaced."""
        del background
        return [
            Segment(text if text.isascii() else _ascii(text), style, control)
            for text, style, control in segments
        ]


def _ascii(text: str) -> str:
    text = text.translate(_ASCII)
    if text.isascii():
        return text
    return "".join(one if one.isascii() else "?" * cell_len(one) for one in text)
