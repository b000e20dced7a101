"""The print pane: what handlers printed, followed, filtered and found, also where much is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.store.printed import PrintedWriter
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import Filter
from tests.tui.stub import StubHandle, audit

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from routilux_tui.tui.panes.printed import PrintPane


def printed(path: Path, number: int, width: int) -> PrintedWriter:
    """So many lines, every tenth of which is an error."""
    writer = PrintedWriter(path, limit=1)
    for n in range(number):
        level = "stderr" if n % 10 == 0 else "print"
        writer.write("parse", n, level, f"line {n} {'x' * width}")
    return writer


async def until(pilot: Pilot[None], total: int) -> PrintPane:
    pane: PrintPane = pilot.app.screen.panes["0"]  # type: ignore[attr-defined]
    for _ in range(1000):
        if pane.total == total and pane.row_at(pane.top) is not None:
            return pane
        await pilot.pause(0.02)
    raise AssertionError(f"{pane.total} rows")


async def test_lines_are_followed_filtered_and_found(tmp_path: Path) -> None:
    handle = StubHandle(audit())
    handle.views = Projection(handle.state, tmp_path / "a.json")
    writer = printed(tmp_path / "a.json", 200, 10)
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("0")
        pane = await until(pilot, 200)
        assert pane.row_at(199).text.startswith("line 199 ")
        writer.write("parse", 7, "ERROR", "the last one")
        await until(pilot, 201)
        assert pane.row_at(200).name == "ERROR"
        await pilot.press("E")
        await until(pilot, 21)
        await pilot.press("escape")
        await until(pilot, 201)
        await pilot.press("ampersand", *"line 17", "enter")
        await until(pilot, 11)
        await pilot.press("1", "escape")  # one step out, wherever the keys are
        await until(pilot, 201)
    writer.close()


async def test_lines_that_are_gone_are_not_waited_for(tmp_path: Path) -> None:
    handle = StubHandle(audit())
    handle.views = Projection(handle.state, tmp_path / "a.json")
    printed(tmp_path / "a.json", 3000, 400).close()
    gone = handle.views.printed.window(0, 1, Filter()).start
    assert gone > 0
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("0", "g")
        pane = await until(pilot, 3000 - gone)
        assert pane.row_at(0).text.startswith(f"line {gone} ")
        await pilot.press("slash", *"line 2900 ", "enter")
        for _ in range(1000):
            if pane.cursor == 2900 - gone and pane.row_at(pane.cursor) is not None:
                break
            await pilot.pause(0.02)
        assert pane.row_at(pane.cursor).text.startswith("line 2900 ")
