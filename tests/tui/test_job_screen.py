"""The job screen, by its keys."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.tui.actions import JOB_ACTIONS, LIST_ACTIONS, ROW_ACTIONS
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.detail import LEADS_ON, TextRows, TextScreen
from routilux_tui.tui.screens.dialogs import ConfirmDialog, WaitDialog
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.tui.screens.job_answers import why_lines
from routilux_tui.tui.screens.jobs import JobsScreen
from routilux_tui.tui.settings import Settings
from routilux_tui.views.shapes import EntryBatch, WaitResult
from tests.tui.stub import NOON, StubHandle, StubSource, audit, listed
from tests.tui.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def test_the_tail_is_followed_until_the_reader_scrolls_up() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("5")
        pane = app.screen.panes["5"]
        await pilot.pause()
        assert pane.follow
        assert pane.top + pane.page == pane.total == 720
        handle.state.record_execution("find", "more", {})
        handle.changed()
        await pilot.pause(0.2)
        assert pane.top + pane.page == pane.total == 721
        await pilot.press("k", "k")
        assert not pane.follow
        top = pane.top
        for _ in range(5):
            handle.state.record_execution("find", "more", {})
        handle.changed()
        await pilot.pause(0.2)
        assert (pane.top, pane.total) == (top, 726)
        await pilot.press("G")
        await pilot.pause(0.1)
        assert pane.follow
        assert pane.row_at(725).name == "more"
        await pilot.press("g")
        await pilot.pause(0.1)
        assert pane.top == 0
        assert pane.row_at(0).name == "file"


async def test_a_control_is_asked_once_and_shown_only_when_confirmed() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("p", *"lunch", "enter")
        await pilot.pause()
        assert handle.asked == [("pause", "lunch")]
        assert app.screen.head.job.status == "running"
        await pilot.press("r")
        assert handle.asked == [("pause", "lunch")]
        await pilot.press("c")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("n")
        assert len(handle.asked) == 1
        await pilot.press("c", "y")
        await pilot.pause()
        assert handle.asked[-1][0] == "cancel"


async def test_a_wait_is_counted_and_its_end_is_told() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("w", *"errors > 100", "enter")
        await pilot.pause(0.3)
        assert isinstance(app.screen, JobScreen)
        assert [text for text, _ in app.screen.head.waits] == ["errors > 100"]
        handle.waits.put_nowait(WaitResult("ended", "completed", "the job is completed"))
        await pilot.pause(0.2)
        assert app.screen.head.waits == []
        assert any("can't hold" in one.title for one in app._notifications)
        await pilot.press("w", *"wrng > 1", "enter")
        await pilot.pause(0.3)
        assert isinstance(app.screen, WaitDialog)


async def test_filter_find_and_open() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1", "g", "f", "5")
        await pilot.pause(0.2)
        pane = app.screen.panes["5"]
        assert pane.total == 240
        assert {pane.row_at(n).routine for n in range(pane.top, pane.top + pane.page)} == {"find"}
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert pane.total == 720
        await pilot.press("g", "slash", *"asyncio", "enter")
        await pilot.pause(0.2)
        assert "asyncio" in pane.row_at(pane.cursor).text
        first = pane.cursor
        await pilot.press("n")
        await pilot.pause(0.2)
        assert pane.cursor > first
        await pilot.press("N")
        await pilot.pause(0.2)
        assert pane.cursor == first
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert isinstance(app.screen, TextScreen)
        assert any("asyncio/events.py" in line for line in app.screen._rows.lines)
        await pilot.press("escape")


async def test_a_read_only_dashboard_changes_nothing_whatever_is_pressed() -> None:
    handle = StubHandle(audit())
    handle.cannot = {}
    app = Dashboard(Settings(read_only=True), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        for action in JOB_ACTIONS:
            if action.id in {"leave", "wait"}:
                continue
            await pilot.press(action.keys.partition(",")[0])
            await pilot.press("enter")
            await pilot.pause()
            while not isinstance(app.screen, JobScreen):
                await pilot.press("escape")
                await pilot.pause()
        assert handle.asked == []


async def test_leaving_says_which_job_goes_on() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
    assert app.left is not None
    assert app.left.job.job_id == handle.state.job_id


async def test_every_action_can_be_given_another_key() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(keymap={"leave": "x", "pause": "f5"}), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "f5 pause" in app.screen.keys.render_line(0).text
        await pilot.press("question_mark")
        await pilot.pause()
        assert any("f5 " in line and "Pause" in line for line in app.screen._rows.lines)
        await pilot.press("escape")
        await pilot.press("x")
    assert app.left is not None


def test_no_action_needs_a_key_that_a_terminal_takes() -> None:
    for action in (*JOB_ACTIONS, *LIST_ACTIONS, *ROW_ACTIONS):
        keys = action.keys.split(",")
        assert any(not key.startswith(("ctrl+b", "ctrl+a", "f1")) for key in keys)
    for table in (JOB_ACTIONS, LIST_ACTIONS):
        keys = [key for one in (*table, *ROW_ACTIONS) for key in one.keys.split(",")]
        assert len(keys) == len(set(keys))


async def test_the_list_filters_sorts_selects_and_opens() -> None:
    handle = StubHandle(audit())
    source = StubSource(listed(), handle)
    app = Dashboard(Settings(), source=source)
    async with app.run_test(size=(100, 30)) as pilot:
        rows = app.screen.rows
        assert [one.flow_id for one in rows.shown][:2] == ["flaky_service", "approval"]
        running = next(n for n, one in enumerate(rows.shown) if one.flow_id == "source_audit")
        await pilot.press("slash", *"flaky", "enter")
        assert [one.flow_id for one in rows.shown] == ["flaky_service"]
        await pilot.press("escape", "slash", *"=errors > 3", "enter")
        assert {one.flow_id for one in rows.shown} == {"flaky_service", "crawler"}
        await pilot.press("escape", "g", *["j"] * running, "space", "space")
        assert len(rows.selected) == 2
        await pilot.press("p", "enter")
        await pilot.pause()
        assert handle.asked == [("pause", ""), ("pause", "")]
        await pilot.press("g", *["j"] * running, "enter")
        await pilot.pause()
        assert isinstance(app.screen, JobScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, JobsScreen)


async def test_the_cursor_is_on_top_when_a_list_is_read_and_on_its_job_from_then_on() -> None:
    ended = [msgspec.structs.replace(one, status="completed") for one in listed()[1:5]]
    newest, older, oldest, later = ended
    source = StubSource([older])
    source.first = EntryBatch([older], loading=1)
    app = Dashboard(Settings(), source=source)
    async with app.run_test(size=(100, 30)) as pilot:
        rows = app.screen.rows
        source.batches.put_nowait(EntryBatch([oldest, newest]))
        await pilot.pause()
        assert (rows.total, rows.current) == (3, newest)
        source.batches.put_nowait(EntryBatch([later]))
        await pilot.pause()
        assert (rows.total, rows.current) == (4, newest)


async def test_why_of_the_job_under_the_cursor_leads_on_from_the_list() -> None:
    app = Dashboard(Settings(), source=StubSource(listed()[:1], StubHandle(audit())))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for key, pane in (("5", "5"), ("R", "1")):
            await pilot.press("exclamation_mark")
            await until(pilot, lambda: isinstance(app.screen, TextScreen))
            rows = app.screen.query_one(TextRows)
            assert rows.tabs()[0].name == "Why? source_audit a1b2c3d4"
            assert rows.lines[0].startswith(("!", "✗", "✓"))
            await pilot.press(key)
            await until(pilot, lambda: any(isinstance(one, JobScreen) for one in app.screen_stack))
            await pilot.pause()
            screen = next(one for one in app.screen_stack if isinstance(one, JobScreen))
            assert screen.focused_pane().key_shown == pane
            while not isinstance(app.screen, JobsScreen):
                await pilot.press("escape")
                await pilot.pause()


async def test_where_no_job_is_it_is_said() -> None:
    app = Dashboard(Settings(), source=StubSource([]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for key in ("exclamation_mark", "H", "D", "enter"):
            app.clear_notifications()
            await pilot.press(key)
            await pilot.pause()
            assert [one.message for one in app._notifications] == ["No job is under the cursor."]


async def test_why_names_no_key_of_a_pane_without_rows() -> None:
    state = audit()
    state.make("status", "cancelled", NOON)
    lines = await why_lines(StubHandle(state))
    assert lines[0].startswith("! Cancelled")
    keys = re.findall("press (.)", "".join(lines))
    header = StubHandle(state).header
    assert not header.counts["pauses"]
    assert "9" not in keys


async def test_the_key_that_why_names_leads_on_from_there() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(80, 24)) as pilot:
        for key, pane in (("5", "5"), ("1", "1")):
            await pilot.press("exclamation_mark")
            await pilot.pause()
            assert isinstance(app.screen, TextScreen)
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, JobScreen)
            assert app.screen.focused_pane().key_shown == pane
        await pilot.press("exclamation_mark")
        await pilot.pause()
        await pilot.press("D")
        await pilot.pause()
        assert isinstance(app.screen, JobScreen)


async def test_enter_goes_to_the_pane_that_the_sentence_at_the_cursor_names() -> None:
    lines = ["✗ it failed", "    press 5", "", "! it asks", "    press a", "", "✓ well"]
    for row, pane in ((0, "5"), (1, "5"), (3, "1"), (6, "1")):
        app = Dashboard(Settings(), StubHandle(audit()))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("1")
            app.push_screen(TextScreen("Why?", lines, LEADS_ON))
            await until(pilot, lambda app=app: isinstance(app.screen, TextScreen))
            await pilot.pause()
            app.screen.query_one(TextRows).move_to(row)
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(app.screen, JobScreen)
            assert app.screen.focused_pane().key_shown == pane


def test_a_dashboard_that_is_attached_loads_no_job_model() -> None:
    """What carries out a job's changes, and serilux with it, would keep its first picture waiting."""
    code = (
        "import sys\n"
        "import routilux_tui.cli.main, routilux_tui.cli.attach, routilux_tui.cli.screen\n"
        "import routilux_tui.sources.live, routilux_tui.tui.app, routilux_tui.tui.screens.job\n"
        "print(*sys.modules, sep='\\n')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "routilux_tui.tui.panes.flow" in loaded
    assert not loaded & {"serilux", "routilux_tui.job.data", "routilux_tui.job.statistics"}
    assert not {one for one in loaded if one.startswith("routilux_tui.job.fold")}


async def test_a_list_that_is_not_read_yet_does_not_say_that_there_are_no_jobs() -> None:
    class Slow(StubSource):
        async def entries(self) -> AsyncIterator[EntryBatch]:
            yield await self.batches.get()

    source = Slow([])
    app: Any = Dashboard(Settings(), source=source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        assert app.screen.rows.empty_text() == "Reading …"
        await source.batches.put(EntryBatch([]))
        await until(pilot, lambda: "No jobs here" in app.export_screenshot().replace("&#160;", " "))
