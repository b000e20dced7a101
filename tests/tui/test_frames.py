"""What is left out of a frame was there already: the terminal shows what it would show."""

from __future__ import annotations

import io

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from routilux_tui.tui.terminal.frames import Frames

WIDTH, HEIGHT = 24, 4
STYLES = [
    Style.parse(one)
    for one in (
        "#aabbcc on #101010",
        "bold #aabbcc on #101010",
        "#ff0000 on #101010",
        "reverse #aabbcc on #202020",
        "underline italic red on blue",
        "none",
    )
]
text = st.text(st.sampled_from("abcdef   ▶…é漢"), max_size=10)
strips = st.lists(st.tuples(text, st.sampled_from(STYLES)), max_size=5).map(
    lambda parts: Strip([Segment(one, style) for one, style in parts]).adjust_cell_length(
        WIDTH, STYLES[0]
    )
)


@st.composite
def updates(draw: st.DrawFn) -> list[object]:
    """Some lines, some of each, or the whole screen."""
    made: list[object] = []
    for _ in range(draw(st.integers(1, 8))):
        if draw(st.integers(0, 5)) == 0:
            lines = [[draw(strips)] for _ in range(HEIGHT)]
            made.append(LayoutUpdate(lines, Region(0, 0, WIDTH, HEIGHT)))
            continue
        cut = draw(st.integers(1, WIDTH - 1))
        chops = []
        spans = []
        for y in range(HEIGHT):
            strip = draw(strips)
            chops.append({0: strip.crop(0, cut), cut: strip.crop(cut)})
            if draw(st.booleans()):
                left = draw(st.integers(0, WIDTH - 1))
                spans.append((y, left, draw(st.integers(left + 1, WIDTH))))
        if spans:
            made.append(ChopsUpdate(chops, spans, [[cut, WIDTH]] * HEIGHT))
    return made


class Shown:
    """A terminal."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self.screen)
        self.bytes = 0

    def feed(self, written: str) -> None:
        self.bytes += len(written)
        self._stream.feed(written)

    def cells(self) -> list[object]:
        return [
            [self.screen.buffer[y][x] for x in range(WIDTH) if self.screen.buffer[y][x].data]
            for y in range(HEIGHT)
        ]


def console(system: str = "truecolor") -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system=system)


@settings(max_examples=300, deadline=None)
@given(updates(), st.sampled_from(["truecolor", "256", "standard"]))
def test_the_terminal_shows_the_same_in_fewer_bytes(made: list, system: str) -> None:
    full, ours, frames = Shown(), Shown(), Frames()
    out = console(system)
    for update in made:
        full.feed(update.render_segments(out))
        ours.feed(frames.of(update).render_segments(out))
        assert ours.cells() == full.cells()


def test_what_is_shown_already_is_not_written() -> None:
    frames, out = Frames(), console()
    style = Style(color="#aabbcc", bgcolor="#101010")
    strip = Strip([Segment("a line of the screen".ljust(WIDTH), style)])

    def update(one: Strip) -> ChopsUpdate:
        return ChopsUpdate([{0: one}], [(0, 0, WIDTH)], [[WIDTH]])

    assert "a line of the screen" in frames.of(update(strip)).render_segments(out)
    assert frames.of(update(strip)).render_segments(out) == ""
    other = Strip([Segment("a line of the Screen".ljust(WIDTH), style)])
    written = frames.of(update(other)).render_segments(out)
    assert written == "\x1b[1;15H\x1b[38;2;170;187;204;48;2;16;16;16mS\x1b[0m"
    frames.forget()
    assert "a line of the Screen" in frames.of(update(other)).render_segments(out)


def test_a_whole_frame_that_is_shown_already_is_written_as_nothing() -> None:
    frames, out = Frames(), console()
    strips = [[Strip([Segment(f"line {n}".ljust(WIDTH))])] for n in range(3)]

    def update() -> LayoutUpdate:
        return LayoutUpdate(strips, Region(0, 0, WIDTH, 3))

    assert "line 2" in frames.of(update()).render_segments(out)
    assert frames.of(update()).render_segments(out) == ""


def test_a_style_is_told_by_what_changes_in_it() -> None:
    frames, out = Frames(), console()
    plain = Style(color="#aabbcc", bgcolor="#101010")  # not of the above: a style keeps its codes
    red, bold = Style(color="#ff0000", bgcolor="#101010"), plain + Style(bold=True)
    parts = [("a", plain), ("b", red), ("c", bold)]
    strip = Strip([Segment(one, style) for one, style in parts])
    written = frames.of(ChopsUpdate([{0: strip}], [(0, 0, 3)], [[3]])).render_segments(out)
    assert written == (
        "\x1b[1;1H\x1b[38;2;170;187;204;48;2;16;16;16ma\x1b[38;2;255;0;0mb"
        "\x1b[0;1;38;2;170;187;204;48;2;16;16;16mc\x1b[0m"
    )


def test_what_we_draw_ourselves_has_a_sign_in_ascii() -> None:
    """Of our own source: what is in it and is no ASCII is drawn somewhere, or is a user's."""
    from pathlib import Path

    from routilux_tui.tui.terminal.filters import _ascii

    drawn = {
        one
        for folder in ("tui", "views")
        for path in Path(__file__).parents[2].joinpath("routilux_tui", folder).rglob("*.py")
        for one in path.read_text()
        if not one.isascii()
    }
    assert drawn
    assert "?" not in _ascii("".join(sorted(drawn)))
