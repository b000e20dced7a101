"""The timeline pane: when which routine was busy, of all of the job or of a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from routilux_tui.views.critical_path import CriticalPath, Link
from routilux_tui.views.timeline import Activity, timeline
from tests.staged import nightly_etl
from tests.tui.stub import NOON, StubHandle, audit

if TYPE_CHECKING:
    from routilux_tui import JobState
    from routilux_tui.tui.panes.timeline import TimelinePane


@pytest.fixture(scope="module")
def job() -> JobState:
    flow = nightly_etl.flow()
    job = flow.execute("extract", {"rows": 30, "quick": 0.01, "slow": 0.05})
    assert flow.wait_for_completion(30, job)
    return job


@pytest.fixture
def handle(job: JobState) -> StubHandle:
    return StubHandle(job)


def _lines(pane: TimelinePane) -> list[str]:
    return [
        "".join(text for text, _ in pane.parts(n, pane.size.width - 1) or ())
        for n in range(pane.total)
    ]


async def test_a_lane_a_routine_in_the_flows_order_with_times_below(handle: StubHandle) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("4")
        await pilot.pause(0.3)
        pane = app.screen.panes["4"]
        assert app.screen.focused is pane
        lines = _lines(pane)
        assert [line.split()[0] for line in lines[:5]] == [
            "extract", "clean", "enrich", "load", "report",
        ]  # fmt: skip
        assert "█" in lines[2]
        assert lines[5].split()[0] == "queue"
        assert ":" in lines[-1]
        assert max(map(len, lines)) <= pane.size.width - 1
        await pilot.press("j", "j", "enter")  # to the routine's last record
        await pilot.pause(0.2)
        history = app.screen.history
        assert app.screen.focused is history
        assert history.row_at(history.cursor).routine == "enrich"


async def test_zoom_and_arrows_move_the_time_and_g_shows_all_again(handle: StubHandle) -> None:
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("4")
        await pilot.pause(0.3)
        pane = app.screen.panes["4"]
        whole = pane.shown.end - pane.shown.begin
        await pilot.press("+")
        await pilot.pause(0.2)
        assert pane.shown.end - pane.shown.begin == pytest.approx(whole / 2, abs=1e-5)
        begin = pane.shown.begin
        await pilot.press("right")
        await pilot.pause(0.2)
        assert pane.shown.begin == pytest.approx(begin + whole / 8, abs=1e-5)
        await pilot.press("left", "left", "left", "left", "left")
        await pilot.pause(0.2)
        assert pane.shown.begin == pytest.approx(pane.shown.first)
        await pilot.press("-")
        await pilot.pause(0.2)
        assert pane.view is None
        await pilot.press("+", "0")
        await pilot.pause(0.2)
        assert pane.view is None
        assert pane.shown.end - pane.shown.begin == pytest.approx(whole, abs=1e-5)
        await pilot.press("+", "left", "left", "G")
        await pilot.pause(0.2)
        assert pane.follows_now
        assert pane.shown.end == pytest.approx(pane.shown.last)
        assert pane.shown.end - pane.shown.begin == pytest.approx(whole / 2, abs=1e-5)
        await pilot.press("left")
        assert not pane.follows_now


async def test_it_asks_for_nothing_while_it_is_not_seen_and_says_what_it_shows() -> None:
    handle = StubHandle(audit())
    asked = []
    drawn = handle.timeline

    async def counted(begin: float, end: float, columns: int, *, fold: bool = True) -> object:
        asked.append((begin, end, columns))
        return await drawn(begin, end, columns, fold=fold)

    handle.timeline = counted
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.3)
        assert not asked
        await pilot.press("4")
        await pilot.pause(0.3)
        pane = app.screen.panes["4"]
        assert [(begin, end) for begin, end, _ in asked] == [(0.0, 0.0)] * len(asked)
        assert 1 <= len(asked) <= 2
        assert asked[-1][2] == pane.shown.columns == len(pane.shown.lanes[0].cells)
        title = "".join(text for text, _ in pane.title_parts())
        assert title.startswith("1m12s, a cell ")


async def test_what_happened_has_its_look_in_the_lane_and_its_word_in_the_title() -> None:
    handle = StubHandle(audit())
    activity = Activity(
        begin=NOON - 4, width=1, busy=[1, 1, 1, 0], errors=[0, 1, 1], retries=[0, 1], queue=[1] * 4
    )
    shown = timeline({"fetch": activity}, NOON - 4, NOON, 40, paused=[(NOON - 1, NOON)])

    async def drawn(*_: object, **__: object) -> object:
        return shown

    handle.timeline = drawn
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await pilot.pause(0.3)
        pane = app.screen.panes["4"]
        parts = pane.parts(0, 79)
        assert [(text[0], style) for text, style in parts[1:5]] == [
            ("█", "rows--running"), ("↻", "rows--warning"), ("✗", "rows--error"), ("‖", "rows--dim"),
        ]  # fmt: skip
        title = "".join(text for text, _ in pane.title_parts())
        assert "↻ retries  ✗ gave up  ‖ paused" in title


async def test_what_is_marked_is_told_whole_and_what_signs_mean_at_any_width(
    handle: StubHandle,
) -> None:
    for size in ((60, 15), (120, 40)):
        app = Dashboard(Settings(), handle)
        async with app.run_test(size=size) as pilot:
            await pilot.press("4", "z")
            await pilot.pause(0.3)
            pane = app.screen.panes["4"]
            pane.marked = "critical"
            link = Link(task=1, routine_id="extract", waited=0.004, ran=0.0664)
            pane.show_path(CriticalPath(links=[link] * 3))
            await pilot.pause(0.3)
            lines = _lines(pane)
            told = " ".join(" ".join(lines).split())
            assert "3 tasks: ran 199ms, 199ms of it extract; waited 12ms, 12ms of it for" in told
            assert max(map(len, lines)) <= pane.size.width - 1
            seen = "\n".join([*lines, "".join(text for text, _ in pane.title_parts())])
            assert "a cell " in seen
            under = app.export_screenshot()
            assert "a&#160;cell" in under
