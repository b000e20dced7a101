"""Frames as the terminal gets them: the cells that changed, in the fewest bytes.

Textual does not compare frames: it writes what was refreshed, from the beginning of a widget's
line, with every style spelled out. Here it is known what the terminal shows already, and only
what is different goes over the link. This is also the last place before the terminal: nothing
that it would obey is let through as text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

from routilux_tui.views.text import without_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console
    from rich.style import Style
    from textual.strip import Strip

Cell = tuple[str, int]
"""What stands in a cell, and the number of its style; nothing, behind a wide character."""

_NOTHING: Cell = ("", -1)
_GAP = 4
"""Equal cells between two changes that cost no more than a step over them."""
_SGR = re.compile(r"\x1b\[([0-9;]*)m")


class Pen(NamedTuple):
    """A style as the terminal is told of it."""

    attributes: str
    ink: str
    ground: str


_PLAIN = Pen("", "39", "49")


class Frames:
    """What the terminal shows, and how to have it show something else."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell]] = {}
        #: Lines with something in them that is not one cell wide.
        self._uneven: set[int] = set()
        self._numbers: dict[Style | None, int] = {}
        self._pens: list[Pen] = []
        self._steps: dict[tuple[int, int], str] = {}
        self._system: ColorSystem | None = None
        #: Characters that are not ASCII, and their cells.
        self._widths: dict[str, int] = {}

    def forget(self) -> None:
        """Nothing is known of the terminal any more."""
        self._lines.clear()
        self._uneven.clear()

    def of(self, update: Any) -> Any:
        """The same update, in fewer bytes; what is no frame makes us forget."""
        if isinstance(update, (ChopsUpdate, LayoutUpdate)):
            return Frame(self, update)
        self.forget()
        return update

    def bytes_of(self, update: ChopsUpdate | LayoutUpdate, console: Console) -> str:
        """What is to be written, and from now on known to be shown."""
        system = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        if system is not self._system:
            self._system = system
            self._numbers.clear()
            self._pens.clear()
            self._steps.clear()
            self.forget()
        out: list[str] = []
        pen = -1
        for y, x, cells in _pieces(update):
            numbered, is_even = self._numbered(cells)
            if not is_even:
                self._uneven.add(y)
            line = self._lines.setdefault(y, [])
            if len(line) < x + len(numbered):
                line.extend([_NOTHING] * (x + len(numbered) - len(line)))
            before = line[x : x + len(numbered)]
            if before == numbered:
                continue
            line[x : x + len(numbered)] = numbered
            for first, last in _runs(before, numbered, is_even=y not in self._uneven):
                out.append(f"\x1b[{y + 1};{x + first + 1}H")
                for text, number in numbered[first:last]:
                    if number != pen:
                        out.append(self._step(pen, number))
                        pen = number
                    out.append(text)
        if pen != -1:
            out.append("\x1b[0m")
        return "".join(out)

    def _numbered(self, cells: Iterable[tuple[str, Style | None]]) -> tuple[list[Cell], bool]:
        """Text and styles as single cells, and whether each has one character."""
        made: list[Cell] = []
        is_even = True
        numbers, widths = self._numbers, self._widths
        for raw, style in cells:
            text = without_controls(raw)
            number = numbers.get(style)
            if number is None:
                number = numbers[style] = self._new(style)
            if text.isascii():
                made.extend([(one, number) for one in text])
                continue
            for one in text:
                width = widths.get(one, -1)
                if width < 0:
                    width = widths[one] = cell_len(one)
                if width == 1:
                    made.append((one, number))
                    continue
                is_even = False
                if width == 0:
                    if made:
                        made[-1] = (made[-1][0] + one, number)
                else:
                    made.append((one, number))
                    made.extend([("", number)] * (width - 1))
        return made, is_even

    def _new(self, style: Style | None) -> int:
        codes = ""
        if style is not None and self._system is not None:
            found = _SGR.match(style.render("x", color_system=self._system))
            codes = found[1] if found else ""
        self._pens.append(_pen(codes))
        return len(self._pens) - 1

    def _step(self, before: int, after: int) -> str:
        """What turns one style into another."""
        step = self._steps.get((before, after))
        if step is None:
            old = _PLAIN if before == -1 else self._pens[before]
            step = self._steps[before, after] = _sgr(old, self._pens[after])
        return step


class Frame(CompositorUpdate):
    """An update that is written by `Frames`."""

    def __init__(self, frames: Frames, update: ChopsUpdate | LayoutUpdate) -> None:
        self._frames = frames
        self._update = update
        self._text: str | None = None

    def __rich_console__(self, console: Console, options: Any) -> Any:
        """Not for the terminal: as Textual has it."""
        return self._update.__rich_console__(console, options)

    def render_segments(self, console: Console) -> str:
        """What goes to the terminal; made once."""
        if self._text is None:
            self._text = self._frames.bytes_of(self._update, console)
        return self._text


def _pieces(
    update: ChopsUpdate | LayoutUpdate,
) -> Iterator[tuple[int, int, list[tuple[str, Style | None]]]]:
    """Line, first cell, and what stands from there on, of all that an update writes."""
    if isinstance(update, LayoutUpdate):
        x, top = update.region.x, update.region.y
        for y, strips in enumerate(update.strips, top):
            yield y, x, [part for strip in strips for part in _parts(strip)]
        return
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= right and end > left:
                yield y, x, _parts(strip.crop(0, min(end, right) - x))


def _parts(strip: Strip) -> list[tuple[str, Style | None]]:
    return [(segment.text, segment.style) for segment in strip if not segment.control]


def _runs(before: list[Cell], after: list[Cell], *, is_even: bool) -> list[tuple[int, int]]:
    """The cells, from and to, that must be written; some of them are not the same.

    Where characters are not one cell wide, terminals disagree about what stands where: such a
    line is written in full.
    """
    if not is_even and (
        any(len(one[0]) != 1 for one in after) or any(len(one[0]) > 1 for one in before)
    ):
        return [(0, len(after))]
    runs: list[tuple[int, int]] = []
    for n, (was, now) in enumerate(zip(before, after, strict=True)):
        if was != now:
            if runs and n - runs[-1][1] <= _GAP:
                runs[-1] = (runs[-1][0], n + 1)
            else:
                runs.append((n, n + 1))
    return runs


def _pen(codes: str) -> Pen:
    """A style's codes, by what they set."""
    attributes, ink, ground = [], "39", "49"
    left = codes.split(";") if codes else []
    while left:
        code = left.pop(0)
        if code in {"38", "48"}:
            count = 4 if left and left[0] == "2" else 2
            value = ";".join([code, *left[:count]])
            del left[:count]
            if code == "38":
                ink = value
            else:
                ground = value
        elif code[0] in "39" and len(code) == 2:
            ink = code
        elif (code[0] == "4" and len(code) == 2) or (code.startswith("10") and len(code) == 3):
            ground = code
        else:
            attributes.append(code)
    return Pen(";".join(attributes), ink, ground)


def _sgr(before: Pen, after: Pen) -> str:
    """The shortest sequence from one style to another."""
    codes = []
    if after.attributes != before.attributes:
        codes.append("0")
        if after.attributes:
            codes.append(after.attributes)
        before = _PLAIN
    if after.ink != before.ink:
        codes.append(after.ink)
    if after.ground != before.ground:
        codes.append(after.ground)
    return f"\x1b[{';'.join(codes)}m" if codes else ""
