"""What has no room ends with the sign of a cut, in every pane, dialog, preview and detail."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.style import Style

from routilux_tui.job.jsonable import preview, shortened
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.answering import _facts
from routilux_tui.tui.screens.detail import TextScreen, json_lines
from routilux_tui.tui.settings import Settings
from routilux_tui.tui.widgets.lines import strip_of
from routilux_tui.tui.widgets.question import _question
from routilux_tui.views.questions import AskedQuestion
from routilux_tui.views.rows import log_row, pause_row
from routilux_tui.views.shapes import Filter, Header, JobEntry
from tests.tui import hostile
from tests.tui.orders import orders
from tests.tui.stub import StubHandle, StubSource, audit, listed
from tests.tui.waiting import until

#: A letter of texts that have no room anywhere, and what comes at their end.
LETTERS = {
    "ascii": "q",
    "wide": "\N{CJK UNIFIED IDEOGRAPH-672C}",
    "combining": "q\N{COMBINING ACUTE ACCENT}",
}
END = "Z"
SIZES = [(60, 15), (80, 24)]
#: Fields that are told as they are: times, ids of which the beginning is shown, what is ours.
KEPT = hostile.OURS | {
    "at", "since", "due", "first", "last", "next_try", "created_at", "updated_at", "job_id",
    "ticks", "cells", "started_at", "ended_at", "look", "badge", "awaited", "awaited_since",
    "killed_after",
}  # fmt: skip
PANES = [[key] for key in "1234567890"]
MOVED = [["5", "l", "l"], ["3", "l"], ["1", "o"], ["2", "z"], ["5", "z"], ["3", "z"]]
OVER = [
    ["2", "enter"], ["2", "down", "enter"], ["3", "enter"], ["5", "enter"], ["5", "b"],
    ["7", "enter"], ["exclamation_mark"], ["p"], ["c"], ["2", "R"], ["2", "down", "X"], ["3", "m"],
    ["t"], ["A"], ["W"], ["ctrl+p"],
]  # fmt: skip
EDGE = "▁▂▃▄▅▆▇█▐│┃▌▎▊╭╰╮╯─"


def long_text(letter: str) -> str:
    return letter * 300 + END


class LongHandle(StubHandle):
    """A job whose every text is too long, but for times and its id."""

    def __init__(self, letter: str, status: str = "running") -> None:
        super().__init__(orders() if status == "running" else audit(status))
        self.long = long_text(letter)

    def _made(self, value: Any) -> Any:
        return hostile.poisoned(value, self.long, KEPT)

    @property
    def header(self) -> Header:
        return self._made(super().header)

    @property
    def routines(self) -> dict:
        return {
            f"{n}{self.long}": msgspec.structs.replace(
                self._made(row), routine_id=f"{n}{self.long}"
            )
            for n, row in enumerate(super().routines.values())
        }

    async def window(self, section, start, stop, where):
        return self._made(self.views.window(section, start, stop, Filter()))

    async def insight(self, *parts):
        return self._made(await super().insight(*parts))

    async def failing(self, number, start, stop):
        return self._made(await super().failing(number, start, stop))

    async def stack(self, task):
        return self.long

    async def item(self, section, n):
        return {self.long: [self.long]}

    async def flow(self):
        return self._made(await super().flow())

    async def timeline(self, begin, end, columns, *, fold=True):
        return self._made(await super().timeline(begin, end, columns, fold=fold))


def painted(app: Dashboard) -> list[str]:
    """The lines of the screen."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def wrongly_cut(lines: list[str], letter: str, sign: str = "…") -> list[str]:
    """The lines in which such a text stops without its end and without the sign.

    What fills its line may go on in the next; over some there is a dialog.
    """
    found = []
    for n, line in enumerate(lines):
        below = lines[n + 1] if n + 1 < len(lines) else letter
        for run in re.finditer(f"(?:{letter}){{3,}}", line):
            rest = line[run.end() :]
            is_covered = rest[:1] and rest[0] in EDGE
            goes_on = re.match(rf"\s*([{EDGE}]|$)", rest) and re.match(
                rf"(.*?[\s{EDGE}])?(?:{letter}|{END})", below
            )
            if not (rest.startswith((END, sign)) or is_covered or goes_on):
                found.append(line)
    return found


async def settled(pilot: Any) -> list[str]:
    """What is on the screen, as soon as it stays so."""
    before, now = [""], painted(pilot.app)
    while now != before or not "".join(now).strip():
        await pilot.pause(0.03)
        before, now = now, painted(pilot.app)
    assert pilot.app._exception is None
    return now[:-1] if isinstance(pilot.app.screen, TextScreen) else now


async def check(app: Dashboard, size: tuple[int, int], letter: str, every: list[list[str]]) -> None:
    """After each of some keys, all that is cut on the screen has the sign."""
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        first, long = app.screen, 0
        for keys in every:
            await pilot.press(*keys)
            lines = await settled(pilot)
            long += any(letter * 3 in line for line in lines)
            assert not wrongly_cut(lines, letter), (keys, *lines)
            while app.screen is not first:
                await pilot.press("escape")
                await pilot.pause()
    assert long > len(every) // 2, "what is looked at is not there"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", LETTERS)
async def test_in_every_pane_and_over_it(kind: str, size: tuple[int, int]) -> None:
    app = Dashboard(Settings(), LongHandle(LETTERS[kind]))
    every = [*OVER, *MOVED] if kind == "ascii" else [["2", "enter"], ["5", "l", "l"]]
    await check(app, size, LETTERS[kind], [*PANES, *every])


async def test_in_ascii_the_sign_is_one_of_ascii() -> None:
    app = Dashboard(Settings(ascii=True), LongHandle("q"))
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.press("5")
        lines = [
            "".join(part.text for part in strip.apply_filter(app._filters[-1], app.background))
            for strip in app.screen._compositor.render_strips()
            for app.background in [app.screen.styles.background]
        ]
    assert not wrongly_cut(lines, "q", "~")


class AskingHandle(LongHandle):
    """A job that asks for more than a box has room for."""

    async def questions(self):
        names = "abcdefghij"
        asked = AskedQuestion(
            id="1", routine="r", text="t", event="e", data=dict.fromkeys(names, "x"),
            choices={name: {"a": name} for name in names}, targets=["s"],
        )  # fmt: skip
        return [self._made(asked)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", LETTERS)
async def test_in_the_box_of_a_question(kind: str, size: tuple[int, int]) -> None:
    app = Dashboard(Settings(), AskingHandle(LETTERS[kind], "paused"))
    await check(app, size, LETTERS[kind], [["1"], ["9"]])


def test_of_what_a_question_notes_and_takes_more_is_said() -> None:
    names = list("abcdefghij")
    asked = AskedQuestion(
        id="1", routine="r", text="t", event="e", data=dict.fromkeys(names, "x"),
        choices={name: {} for name in names},
    )  # fmt: skip
    lines = ["".join(text for text, _ in line) for line in _question(asked, 0, 2)]
    assert lines[2].endswith("b  x  … 8 more")
    assert "answer: a, b, c, d, e, …" in lines[-1]
    assert _facts(asked)[9].strip() == "… 2 more"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", LETTERS)
async def test_in_the_list_and_its_preview(kind: str, size: tuple[int, int]) -> None:
    letter = LETTERS[kind]
    jobs: list[JobEntry] = [
        msgspec.structs.replace(hostile.poisoned(one, long_text(letter), KEPT), key=f"{n}")
        for n, one in enumerate(listed())
    ]

    def app() -> Dashboard:
        return Dashboard(Settings(), source=StubSource(jobs, LongHandle(letter)))

    await check(app(), size, letter, [["home"], ["T"], ["v"], ["c"], ["ctrl+p"]])
    async with app().run_test(size=size) as pilot:
        await pilot.press("v")
        await until(pilot, lambda: pilot.app.screen.preview.lines)
        assert not wrongly_cut(await settled(pilot), letter)


@pytest.mark.parametrize("width", range(1, 12))
@pytest.mark.parametrize(
    "parts",
    [
        [("abcdef", ""), ("ghi", "")],
        [("ab", ""), ("cd", ""), ("ef", "")],
        [("本本本", ""), ("x", "")],
        [("abc", ""), ("    ", ""), ("d", "")],
        [("e\u0301" * 5, ""), ("\u0301", ""), ("f", "")],
    ],
)
def test_parts_of_a_line(parts: list, width: int) -> None:
    whole = "".join(text for text, _ in parts)
    strip = strip_of(parts, width, {}, Style())
    assert cell_len(strip.text) == strip.cell_length == width
    assert strip.text.rstrip().endswith("…") == (cell_len(whole) > width)
    if cell_len(whole) <= width:
        assert strip.text.rstrip() == whole


def test_blanks_beyond_the_edge_are_no_cut() -> None:
    strip = strip_of([("abc  ", ""), ("   ", "")], 4, {}, Style())
    assert strip.text == "abc "


def test_texts_and_details_that_are_cut_say_so() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"
    assert shortened("abcde\u0301fg", 6) == "abcd…"
    assert preview(1 << 5000, 20).endswith("…")
    assert log_row(0, {"message": "x" * 500}).text.endswith("…")
    assert pause_row(0, {"reason": "x" * 500}).text.endswith("…")
    assert json_lines(["x"] * 200_001)[-1] == "…"
    assert json_lines(["x"] * 3)[-1] == "]"
