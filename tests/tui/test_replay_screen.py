"""Replay on a job's screen: the same panes at any moment, with real files behind them."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.job import timestamps
from routilux_tui.sources.past_handle import WHY_NOT, PastHandle
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens import job_replay
from routilux_tui.tui.screens.dialogs import LineDialog
from routilux_tui.tui.settings import Settings
from routilux_tui.views import formatting
from routilux_tui.views.insight import Outlook
from tests.replayed import GIVEN_UP, NOON, ORDERS, PAUSED_AFTER, RETRIED, write_job
from tests.tui.stub import StubHandle, audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def handle(tmp_path: Path) -> SavedHandle:
    path = tmp_path / "orders.json"
    write_job(path)
    return SavedHandle(path, poll=True)


async def _until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def _head(screen: Any) -> str:
    return "".join(text for text, _ in screen.head._first_line())


def _second(screen: Any) -> float:
    return -1.0 if screen.point is None else round(screen.point.at - NOON, 2)


async def test_keys_lead_through_the_past_and_esc_back_to_now(handle: SavedHandle) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        screen: Any = app.screen
        assert not screen.bar.display
        await pilot.press("[")
        await _until(lambda: screen.point is not None and screen.bar.display)
        assert screen.point.seq == screen.point.last - 1
        assert _head(screen).startswith(" at 12:00:39")
        assert "▶ running" in _head(screen)
        # several at once are one way
        await pilot.press("[", "[", "[", "]")
        await _until(lambda: screen.point.seq == screen.point.last - 3)
        for key, second in (
            ("{", PAUSED_AFTER),
            ("{", PAUSED_AFTER),
            ("{", GIVEN_UP),
            ("{", RETRIED),
            ("}", GIVEN_UP),
        ):
            before = screen.point.seq
            await pilot.press(key)
            await _until(lambda before=before: screen.point.seq != before)
            assert int(_second(screen)) == second
        await _until(lambda: screen.history._known == GIVEN_UP + 2)
        assert screen.bar.marks.count("error") == 1
        assert "price error_continued, task 21: ValueError: bad" in str(
            screen.bar._point_parts(screen.point)
        )
        # nothing acts on the job meanwhile, and every control says why
        for action in ("pause", "resume", "cancel", "wait"):
            assert screen.cannot[action] == WHY_NOT
            assert screen.is_refused(action)
        await pilot.press("escape")
        assert screen.point is None
        assert not screen.bar.display
        assert "done" in _head(screen)
        await _until(lambda: screen.history._known == 41)
        assert app.screen is screen


async def _go_to(pilot: Any, app: Any, text: str) -> None:
    await pilot.press("t")
    await _until(lambda: isinstance(app.screen, LineDialog))
    app.screen.query_one("Input").value = text
    await pilot.press("enter")


def _verdict(app: Any) -> str:
    return str(app.screen.query_one("#verdict").render())


async def test_t_asks_for_a_moment_and_a_condition_is_gone_by(handle: SavedHandle) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(120, 40)) as pilot:
        screen: Any = app.screen
        await _go_to(pilot, app, "12:00:05")
        await _until(lambda: _second(screen) == 5.0)
        assert screen.handle.header.counts["history"] == 6
        await _go_to(pilot, app, "has(shared.done) && shared.done % 5 == 0")
        await _until(lambda: _second(screen) == 5.4)  # false again
        await pilot.press("}")
        await _until(lambda: _second(screen) == 9.4)
        await pilot.press("{", "{")
        await _until(lambda: _second(screen) in {4.4, 5.4})
        await _go_to(pilot, app, "#7")
        await _until(lambda: _second(screen) == 7.0)
        assert not screen._condition
        for wrong, told in (("next tuesday", "is no moment"), ("bogus > 1", "has no 'bogus'")):
            await _go_to(pilot, app, wrong)  # told where it is typed, and to be mended there
            await _until(lambda told=told: told in _verdict(app))
            await pilot.press("escape")
            await _until(lambda: app.screen is screen)
        await _go_to(pilot, app, "errors > 900")
        await _until(lambda: app._notifications)  # nothing to go by
        assert (_second(screen), screen._condition) == (7.0, "")


async def test_it_plays_at_four_speeds_to_the_end(
    handle: SavedHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_replay, "_FRAME", 0.01)
    monkeypatch.setattr(job_replay, "_REST", 0.0)
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        screen: Any = app.screen
        words = []
        for _ in range(4):
            screen.action_play()
            words.append(screen.bar.word)
        assert words == ["▶ 1x", "▶ 10x", "▶ 100x", "▶ as fast as it goes"]
        await _until(lambda: screen.point is not None and screen.point.at >= screen.point.end)
        await _until(lambda: screen._speed == 0)
        assert screen.handle.header.status == "completed"
        await pilot.press("{")
        await _until(lambda: int(_second(screen)) == PAUSED_AFTER)
        screen.action_play()
        await pilot.press("[")  # a step ends the playing
        assert screen._speed == 0


async def test_a_job_that_is_kept_in_no_file_has_no_past() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("[")
        await _until(lambda: app._notifications)
        assert app.screen.point is None
        assert not app.screen.bar.display


async def test_the_timelines_cursor_is_the_moment_of_every_pane(handle: SavedHandle) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        screen: Any = app.screen
        await pilot.press("4")
        pane = screen.timeline
        await _until(lambda: pane.shown is not None and pane.total)
        assert pane.moment_column() is None
        await pilot.press("h")
        await _until(lambda: screen.point is not None)
        column = pane.moment_column()
        assert column == pane.shown.columns - 1
        lane = pane.parts(0, 99)
        assert [style for _, style in lane].count("rows--moment") == 1
        # where a retry is drawn it has happened
        price = next(n for n, one in enumerate(pane.shown.lanes) if one.routine_id == "price")
        marked = [n for n, one in enumerate(pane.shown.lanes[price].cells) if one.mark == "gave_up"]
        pane.move_to(price)
        pane._seek_column(marked[-1])
        await _until(lambda: pane.moment_column() == marked[-1])
        await _until(lambda: screen.handle.header.errors == 2)
        await pilot.press("enter")
        await _until(lambda: screen.focused is screen.history)
        await _until(lambda: screen.history.row_at(screen.history.cursor) is not None)
        assert screen.history.row_at(screen.history.cursor).name == "error_continued"
        await pilot.press("escape")
        assert pane.moment_column() is None


async def test_a_lane_expands_and_what_is_short_is_drawn_from_the_changes(
    handle: SavedHandle,
) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("4")
        pane = app.screen.timeline
        await _until(lambda: pane.shown is not None and pane.total)
        price = next(n for n, one in enumerate(pane.shown.lanes) if one.routine_id == "price")
        pane.move_to(price)
        await pilot.press("x")
        await _until(lambda: pane.shown.lanes[price].part == 1)
        await pilot.press("x")
        await _until(lambda: pane.shown.lanes[price].part == 0)
        width = pane.shown.width
        for _ in range(7):
            await pilot.press("+")
        await _until(lambda: pane.shown.end - pane.shown.begin < 0.5 and pane.shown.width < width)


async def test_m_marks_the_busiest_stretch_then_the_critical_path(handle: SavedHandle) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("4")
        pane = app.screen.timeline
        await _until(lambda: pane.shown is not None and pane.total)
        rows = pane.total
        await pilot.press("m")
        assert pane.total == rows + 1
        assert "busiest" in pane.text_of(rows)
        await pilot.press("m")
        await _until(lambda: "1 task: ran" in pane.text_of(rows))
        lanes = [pane.parts(n, 99) or [] for n in range(len(pane.shown.lanes))]
        assert any(style == "rows--warning" for lane in lanes for _, style in lane)
        await pilot.press("m")
        assert pane.total == rows


async def test_esc_before_the_past_is_there_leads_to_now_and_stays_there(
    handle: SavedHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = asyncio.Event()
    really = PastHandle.open

    async def slowly(self: PastHandle) -> None:
        await opened.wait()
        await really(self)

    monkeypatch.setattr(PastHandle, "open", slowly)
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        screen: Any = app.screen
        await pilot.press("[", "escape")
        assert app.screen is screen
        opened.set()
        await _until(lambda: not screen._is_going)
        assert screen.point is None
        assert not screen.bar.display
        await pilot.press("[")
        await _until(lambda: screen.point is not None)


async def test_the_end_that_was_expected_then_is_reckoned_from_then(handle: SavedHandle) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(120, 30)) as pilot:
        screen: Any = app.screen
        screen.go(to="12:00:20")
        await _until(lambda: screen.head.past is not None and screen.head.outlook is not None)
        await pilot.pause()
        screen.head.outlook = Outlook(
            word="running", done=1, total=2, low=60.0, high=60.0, eta="ends"
        )
        said = "".join(text for text, _ in screen.head._second_line())
        assert "ends about 12:01" in said


async def test_how_long_ago_an_error_was_is_reckoned_by_the_moment_shown(
    handle: SavedHandle,
) -> None:
    def age(screen: Any) -> list[str]:
        """What is painted of it."""
        painted = "\n".join(strip.text for strip in screen._compositor.render_strips())
        return re.findall(r"in 1, (\w+) ago", painted)

    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(120, 40)) as pilot:
        screen: Any = app.screen
        await _until(lambda: age(screen))
        for key, second in (("[", ORDERS - 1), ("{", PAUSED_AFTER), ("}", PAUSED_AFTER)):
            await pilot.press(key)
            await _until(lambda second=second: int(_second(screen)) == second)
            await _until(lambda second=second: age(screen) == [f"{second - GIVEN_UP}s"])
        await pilot.press("escape")
        error_at = timestamps.to_iso(NOON + GIVEN_UP + 0.4)
        await _until(lambda: age(screen) == [formatting.ago(error_at)])
