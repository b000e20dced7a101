"""One key, one meaning: on the list and on a job, with a question where a yes is given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from routilux_tui.runner.launch import start_job
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.dialogs import ConfirmDialog, LineDialog
from routilux_tui.tui.screens.help import in_columns
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.tui.screens.jobs import JobsScreen
from routilux_tui.tui.settings import Settings
from routilux_tui.views import formatting
from tests.flows import write_flows
from tests.tui.orders import orders
from tests.tui.stub import NOON, StubHandle, StubSource, audit, listed

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot


def waiting() -> StubHandle:
    handle = StubHandle(audit("paused"))
    handle.cannot = {"pause": "the job is paused"}
    return handle


@pytest.mark.parametrize("on_list", [False, True])
async def test_going_on_with_a_job_that_waits_for_a_person_is_asked_for(on_list: bool) -> None:
    handle = waiting()
    runs = msgspec.structs.replace(listed()[3], place="live")
    source = StubSource([runs], handle) if on_list else None
    app = Dashboard(Settings(), None if on_list else handle, source)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("r")
        await pilot.pause(0.1)
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("r", "n")
        await pilot.pause(0.1)
        assert handle.asked == []
        await pilot.press("r")
        await pilot.pause(0.1)
        await pilot.press("y")
        await pilot.pause(0.1)
        assert handle.asked == [("resume", "")]


@pytest.mark.parametrize("on_list", [False, True])
async def test_a_pause_asks_for_its_reason_wherever_it_is_asked(on_list: bool) -> None:
    handle = StubHandle(audit())
    source = StubSource(listed()[:1], handle) if on_list else None
    app = Dashboard(Settings(), None if on_list else handle, source)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("p", *"lunch")
        assert isinstance(app.screen, LineDialog)
        await pilot.click("_Buttons", offset=(3, 0))
        await pilot.pause(0.1)
        assert handle.asked == [("pause", "lunch")]


async def test_escape_leads_to_the_list_however_the_job_was_opened() -> None:
    app = Dashboard(
        Settings(),
        StubHandle(audit()),
        make_source=lambda: StubSource(listed(), StubHandle(audit())),
    )
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("z", "escape")
        assert isinstance(app.screen, JobScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, JobsScreen)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, JobScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, JobsScreen)


async def test_a_find_goes_round_and_marks_every_match() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5", "g", "slash", *"bisect", "enter")
        await pilot.pause(0.2)
        pane = app.screen.panes["5"]
        first = pane.cursor
        await pilot.press("N")
        await pilot.pause(0.2)
        assert pane.cursor > first
        assert "bisect" in pane.row_at(pane.cursor).text
        await pilot.press("n")
        await pilot.pause(0.2)
        assert pane.cursor == first
        y = pane.cursor - pane.top + 2
        matches = [one.text for one in pane.render_line(y) if one.style and "bisect" in one.text]
        assert matches == ["bisect"]
        await pilot.press("escape")
        assert pane.query_text == ""


async def test_any_key_takes_a_notice_away() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await pilot.pause(0.1)
        assert len(app._notifications) == 1
        await pilot.press("j")
        assert len(app._notifications) == 0


def test_help_has_two_columns_where_there_is_room() -> None:
    lines = ["Steer", "", "  p  Pause.", "", "Look", "", "  z  Zoom."]
    assert in_columns(lines, 80) == lines
    assert in_columns(lines, 120)[0].split() == ["Steer", "Look"]
    assert len(in_columns(lines, 120)) == 3


@pytest.mark.skipif(not shutil.which("tmux"), reason="NO TMUX: install tmux")
def test_a_copy_in_tmux_as_it_comes_is_in_its_buffer(world: Path) -> None:
    start_job(f"{write_flows(world)}:stuck", {"seconds": 600})
    env = {name: value for name, value in os.environ.items() if name != "TMUX"}
    tmux = ["tmux", "-S", str(world / "tmux"), "-f", "/dev/null"]
    program = f"{sys.executable} -m routilux_tui attach"
    subprocess.run([*tmux, "new-session", "-d", "-x100", "-y30", program], env=env, check=True)
    try:
        for key, seen in (("", "▶ running"), ("y", "tmux's buffer")):
            if key:
                subprocess.run([*tmux, "send-keys", key], env=env, check=True)
            deadline = time.monotonic() + 20
            while True:
                command = [*tmux, "capture-pane", "-p"]
                shown = subprocess.run(command, env=env, capture_output=True, text=True).stdout
                if seen in shown:
                    break
                assert time.monotonic() < deadline, shown
                time.sleep(0.05)
        buffer = subprocess.run([*tmux, "show-buffer"], env=env, capture_output=True, text=True)
        assert "stuck" in buffer.stdout or "source" in buffer.stdout or "\t" in buffer.stdout
    finally:
        subprocess.run([*tmux, "kill-server"], env=env, check=False)


async def shows(pilot: Pilot[None], text: str) -> None:
    """Wait until a text stands on the screen."""
    for _ in range(400):
        if text in pilot.app.export_screenshot().replace("&#160;", " "):
            return
        await pilot.pause(0.05)
    pytest.fail(f"{text!r} never came")


async def test_the_time_until_a_task_is_due_runs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Dashboard(Settings(), StubHandle(orders()))
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("3")
        await shows(pilot, "in 6.0s")
        monkeypatch.setattr(formatting, "now", lambda: NOON + 3)
        await shows(pilot, "in 3.0s")
