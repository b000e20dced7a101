"""Read-only on real jobs: what is kept where the job lives, whatever is pressed here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.errors import ReadOnly
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.sources.live import LiveHandle, socket_handle
from routilux_tui.sources.live_source import LiveSource
from routilux_tui.tui.actions import JOB_ACTIONS, LIST_ACTIONS
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.tui.screens.jobs import JobsScreen
from routilux_tui.tui.settings import Settings
from tests.flows import write_flows
from tests.processes import until as wait_until
from tests.tui.waiting import until

if TYPE_CHECKING:
    from routilux_tui.runner.launch import LaunchResult


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def held(flows: str) -> LaunchResult:
    """A job in one long step, which has begun, and whose runner takes no controls."""
    started = start_job(f"{flows}:stuck", {"seconds": 600}, read_only=True)
    with Client(started.socket) as client:
        wait_until(lambda: not client.header().counts["pending"])
    return started


def whole(started: LaunchResult) -> list[Any]:
    """All that a control could change of a job."""
    with Client(started.socket) as client:
        header, routines = client.header(), client.routines()
    return [header.status, header.control, header.counts, header.note, routines]


async def press_all(app: Dashboard, pilot: Any, kind: type, actions: tuple[Any, ...]) -> None:
    """Press the keys of a whole table, and say yes to whatever is asked."""
    for action in actions:
        if action.id == "leave":
            continue
        await pilot.press(action.keys.partition(",")[0], "y", "enter")
        for _ in range(9):
            await pilot.pause()
            if isinstance(app.screen, kind):
                break
            await pilot.press("escape")
        assert isinstance(app.screen, kind), action


@pytest.mark.parametrize("asks", [False, True])
async def test_no_key_on_a_job_changes_it_where_its_runner_is_read_only(
    flows: str, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asks:  # a screen that forgot to hold its keys back: the runner itself must refuse
        monkeypatch.setattr(LiveHandle, "cannot", {})
        monkeypatch.setattr(JobScreen, "cannot", {})
    started = held(flows)
    before = whole(started)
    app = Dashboard(Settings(), socket_handle(Path(started.socket)))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        await press_all(app, pilot, JobScreen, JOB_ACTIONS)
        assert whole(started) == before


@pytest.mark.parametrize("asks", [False, True])
async def test_no_key_on_the_list_changes_a_job_whose_runner_is_read_only(
    flows: str, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asks:
        monkeypatch.setattr(LiveHandle, "cannot", {})
        monkeypatch.setattr(JobsScreen, "cannot", {})
    started = held(flows)
    before = whole(started)
    app = Dashboard(Settings(), source=LiveSource(every=0.1))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: bool(app.screen.rows.shown))
        await press_all(app, pilot, JobsScreen, LIST_ACTIONS)
        assert whole(started) == before


async def test_read_only_is_switched_where_the_job_lives(flows: str) -> None:
    started = start_job(f"{flows}:stuck", {"seconds": 600})
    handle = socket_handle(Path(started.socket))
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: not handle._connection._pending and "pause" in handle.cannot)
        with pytest.raises(ReadOnly):
            await handle._request("pause", reason="")
        handle._connection._writer.close()  # the link breaks, and is made anew
        await until(pilot, lambda: handle.stale_since is not None)
        await until(pilot, lambda: handle.stale_since is None)
        with pytest.raises(ReadOnly):
            await handle._request("cancel")
        await pilot.press("p")
        await pilot.pause()
        assert isinstance(app.screen, JobScreen)
        await pilot.press("ctrl+o", "p", "enter")
        await until(pilot, lambda: handle.header.control is not None)
        assert handle.header.control.action == "pause"


async def test_a_dashboard_that_was_begun_read_only_may_ask_when_its_reader_says_so(
    flows: str,
) -> None:
    started = start_job(f"{flows}:stuck", {"seconds": 600})
    app = Dashboard(Settings(read_only=True), source=LiveSource(every=0.1, read_only=True))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: bool(app.screen.rows.shown))
        await pilot.press("p")
        await until(pilot, lambda: any("read-only" in one.message for one in app._notifications))
        assert whole(started)[1] is None
        await pilot.press("ctrl+o", "p", "enter")
        await until(pilot, lambda: whole(started)[1] is not None)
        assert whole(started)[1].action == "pause"
