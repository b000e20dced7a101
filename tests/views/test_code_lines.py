"""The lines before the one that raised: of a plain file that is what it was, and of no other."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState
from routilux_tui.flow.loading import load_flow
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.panes.layout import PaneLayout
from routilux_tui.tui.panes.problems import ProblemsPane
from routilux_tui.tui.settings import Settings
from routilux_tui.views.code_lines import code_lines
from routilux_tui.views.insight import CodeLine, FailingInput, ProblemRow
from tests.tui.stub import StubHandle, audit
from tests.tui.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

CODE = """\
def lookup(currency):
    try:
        return RATES[currency]
    except KeyError: raise LookupError("404")
"""
LINE = 'except KeyError: raise LookupError("404")'
LATER = time.time() + 3600
CHANGED = ([], "its file has changed since")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "price.py").write_text(CODE)
    return tmp_path / "price.py"


def shown(path: Path, number: int = 4, line: str = LINE, at: float = LATER) -> Any:
    lines, note = code_lines(str(path), number, line, at)
    return [(one.number, one.text) for one in lines], note


def test_the_line_that_raised_and_two_before_it(file: Path) -> None:
    assert shown(file) == (
        [(2, "try:"), (3, "    return RATES[currency]"), (4, LINE)],
        "",
    )
    first = "def lookup(currency):"
    assert shown(file, 1, first) == ([(1, first)], "")


def test_a_file_that_was_written_since_shows_nothing_else(file: Path) -> None:
    assert shown(file, at=time.time() - 60) == CHANGED
    assert shown(file, 3) == CHANGED
    assert shown(file, 40) == CHANGED
    assert shown(file)[0]
    file.write_text(CODE.replace("    try:", "    # new\n    try:"))
    os.utime(file, (1, 1))
    assert shown(file) == CHANGED


def test_a_line_that_stayed_is_read_anew_when_its_file_was_written(file: Path) -> None:
    assert shown(file)[0][0] == (2, "try:")
    file.write_text(CODE.replace("    try:", "    try:  # twice"))
    os.utime(file, (5, 5))
    assert shown(file)[0][0] == (2, "try:  # twice")


def test_what_is_no_plain_file_is_not_opened(tmp_path: Path, file: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")  # to read it would wait for ever
    (tmp_path / "loop.py").symlink_to("loop.py")
    for path in (tmp_path / "pipe.py", tmp_path / "loop.py", tmp_path, "/dev/zero", "price.py"):
        assert shown(path) == ([], "")
    assert shown("<string>") == shown("a\0b") == shown(f"/{'x' * 9000}") == ([], "")
    assert shown(tmp_path / "none.py") == ([], "its file is not here")
    assert shown(file, 4, " ") == ([], "")
    (tmp_path / "huge.py").write_text(CODE + "#" * (3 << 20))
    assert shown(tmp_path / "huge.py") == ([], "")


FLOW = """
from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine

class Price(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.price)
        self.set_error_handler(ErrorHandler(ErrorStrategy.CONTINUE))

    def price(self, n=5):
        number = n * 2
        if number > 3:
            raise LookupError("a price that nobody knows")

def flow():
    made = Flow("prices")
    made.add_routine(Price(), "price")
    return made
"""


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)])
async def test_the_problems_have_them_where_there_is_room(tmp_path: Path, size: tuple) -> None:
    (tmp_path / "prices.py").write_text(FLOW)
    flow, _ = load_flow(str(tmp_path / "prices.py"))
    state = flow.execute("price")
    JobState.wait_for_completion(flow, state, timeout=30)
    app = Dashboard(Settings(), StubHandle(state))
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        pane = app.screen.query_one(ProblemsPane)
        lines = 3 if size[1] < 24 else 6
        await until(pilot, lambda: pane.total == lines and pane.page >= lines)
        rows = [
            "".join(text for text, _ in pane.parts(n, 78) or []).rstrip() for n in range(pane.total)
        ]
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.screen is not app.screen_stack[1])
    assert rows[2].startswith("  at  prices.py:13 in price")
    raised = 'raise LookupError("a price that nobody knows")'
    if size[1] < 24:
        assert rows[2].endswith(raised)
    else:
        assert rows[3:] == [
            "      11  number = n * 2",
            "      12  if number > 3:",
            f"    ▸ 13      {raised}",
        ]


async def test_a_wide_screen_has_them_beside_a_second_problem() -> None:
    samples = [FailingInput(n, "price", "{}", 1, 9, input={"n": n}) for n in range(5)]
    code = [CodeLine(n, f"line {n}") for n in (1, 2, 3)]
    first, second = (
        ProblemRow(
            number=n, routine_id="price", error_type="E", message="m", kind="k", count=9, inputs=9,
            place="p.py:3 in f", line="line 3", code=code, samples=samples[n * 4 :],
        )
        for n in (1, 0)
    )  # fmt: skip
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        pane = app.screen.query_one(ProblemsPane)
        pane.show([first, second], 0)
        app.screen.query_one(PaneLayout).rows_changed()
        await until(pilot, lambda: pane.total == pane.page == 4 + 3 + 8)
