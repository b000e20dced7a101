"""A key that steers asks the same, or is refused in the same words, on the list and on the job."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.sources.live import socket_handle
from routilux_tui.sources.local import local_source
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.state.job_state import JobState
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.tui.screens.jobs import JobsScreen
from routilux_tui.tui.settings import Settings
from routilux_tui.views.shapes import EntryBatch
from tests.flows import write_flows
from tests.killed import killed_job
from tests.tui.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from routilux_tui.sources.live import LiveHandle
    from routilux_tui.views.shapes import JobEntry


def _killed(world: Path) -> None:
    killed_job(world)


def _completed(_world: Path) -> None:
    _save("completed")


def _paused(_world: Path) -> None:
    _save("paused")


def _not_begun(_world: Path) -> None:
    _save("pending")


def _paused_alive(world: Path) -> None:
    with Client(_started(world)) as client:
        client.call("pause", reason="lunch")
        client.wait('status == "paused"', 30)


def _running(world: Path) -> None:
    _started(world)


def _save(status: str) -> None:
    state = JobState("nightly")
    state.status = status
    state.save(jobs_folder() / f"nightly-{state.job_id[:8]}.json")


def _started(world: Path) -> Path:
    from pathlib import Path

    return Path(start_job(f"{write_flows(world)}:counting", {"n": 100_000, "pace": 0.01}).socket)


async def _pressed(app: Any, pilot: Any, key: str) -> str:
    """What comes of a key: what is said, or the title and text of the question that is asked."""
    app.clear_notifications()
    screen = app.screen
    await pilot.press(key)
    await until(pilot, lambda: app._notifications or app.screen is not screen)
    if app.screen is screen:
        return " / ".join(one.message for one in app._notifications)
    dialog = app.screen
    await until(pilot, lambda: dialog.is_mounted)
    texts = [str(one.render()) for one in dialog.query("Label, Static")]
    await pilot.press("escape")
    await until(pilot, lambda: app.screen is screen)
    return f"asks {type(dialog).__name__}: {texts}"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            _killed,
            {
                "p": "Can't pause: its runner was killed; R on its screen takes it up, d on "
                "the list deletes it.",
                "r": "Can't resume: its runner was killed; R on its screen takes it up, d on "
                "the list deletes it.",
                "c": "Can't cancel: its runner was killed; R on its screen takes it up, d on "
                "the list deletes it.",
                "a": "Can't answer: it asks nothing.",
            },
        ),
        (
            _completed,
            {
                "p": "Can't pause: the job is completed.",
                "r": "Can't resume: the job is completed.",
                "c": "Can't cancel: the job is completed.",
                "a": "Can't answer: it asks nothing.",
            },
        ),
        (
            _paused,
            {
                "p": "Can't pause: the job is paused.",
                "r": "Can't resume: nobody runs it; R on its screen takes it up, d on the list "
                "deletes it.",
                "c": "Can't cancel: nobody runs it; R on its screen takes it up, d on the list "
                "deletes it.",
                "a": "Can't answer: it asks nothing.",
            },
        ),
        (
            _not_begun,
            {
                "p": "Can't pause: it has not begun; R on its screen begins it, d on the list "
                "deletes it.",
                "c": "Can't cancel: it has not begun; R on its screen begins it, d on the list "
                "deletes it.",
            },
        ),
        (
            _paused_alive,
            {
                "p": "Can't pause: the job is paused.",
                "c": "asks ConfirmDialog",
                "a": "Can't answer: it asks nothing.",
            },
        ),
        (
            _running,
            {
                "p": "asks LineDialog",
                "r": "Can't resume: the job is running.",
                "c": "asks ConfirmDialog",
                "a": "Can't answer: it asks nothing.",
            },
        ),
    ],
)
async def test_a_key_does_the_same_on_the_list_and_on_the_job(
    make: Any, said: dict[str, str], world: Path
) -> None:
    make(world)
    app: Any = Dashboard(Settings(), source=local_source())
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: app.screen.rows.current is not None)
        on_list = {key: await _pressed(app, pilot, key) for key in said}
        assert isinstance(app.screen, JobsScreen)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen))
        await until(pilot, lambda: app.screen.handle.header.status)
        on_job = {key: await _pressed(app, pilot, key) for key in said}
        assert on_list == on_job
        for key, words in said.items():
            assert on_list[key].startswith(words), key


async def test_a_runner_that_is_stopped_is_not_said_to_run(world: Path) -> None:
    socket = _started(world)
    with Client(socket) as client:
        pid = client.hello.pid
    handle = socket_handle(socket)
    app: Any = Dashboard(Settings(), handle)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: app.screen.reading.last.figures)
        os.kill(pid, signal.SIGSTOP)
        await until(pilot, lambda: app.screen.head.stale_since is not None)
        assert "no answer for" in app.screen.head.render_line(0).text
        way = f"its runner does not answer; end it: routilux-tui cancel --force {socket.stem[:8]}"
        assert await _pressed(app, pilot, "c") == f"Can't cancel: {way}."
        os.kill(pid, signal.SIGCONT)
        await until(pilot, lambda: app.screen.head.stale_since is None)
        assert "running" in app.screen.head.render_line(0).text
        assert (await _pressed(app, pilot, "c")).startswith("asks ConfirmDialog")


async def test_the_list_refuses_what_a_runner_that_is_stopped_can_not_be_asked(
    world: Path,
) -> None:
    socket = _started(world)
    with Client(socket) as client:
        pid = client.hello.pid
    os.kill(pid, signal.SIGSTOP)
    app: Any = Dashboard(Settings(), source=local_source())
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: [one.badge for one in app.screen.rows.shown] == ["silent"])
        way = f"its runner does not answer; end it: routilux-tui cancel --force {socket.stem[:8]}"
        assert await _pressed(app, pilot, "c") == f"Can't cancel: {way}."
        assert way in await _pressed(app, pilot, "d")
        assert way in await _pressed(app, pilot, "exclamation_mark")
        await pilot.press("v")
        await until(pilot, lambda: way in "".join(str(one) for one in app.screen.preview.lines))
        assert "was not answered in time" in await _pressed(app, pilot, "enter")
        assert isinstance(app.screen, JobsScreen)


@pytest.mark.parametrize("keys", [["exclamation_mark"], ["v"], ["c", "y"], ["r"]])
async def test_a_job_that_goes_before_it_is_opened_is_told_and_ends_nothing(
    keys: list[str], world: Path
) -> None:
    """It was killed since it was listed, and its file is gone."""
    path = killed_job(world)
    socket = world / "run/routilux-tui/gone.sock"
    entry = msgspec.structs.replace(
        read_entry(path), key=str(socket), place="live", badge="live", path="", questions=0
    )
    app: Any = Dashboard(Settings(), source=_Listed(entry))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.screen.rows.current is not None)
        screen = app.screen
        await pilot.press(*keys)
        await until(pilot, lambda: app._notifications)
        assert "gone.sock" in next(iter(app._notifications)).message
        assert app.screen is screen
        assert app.is_running


class _Listed:
    """A list of one job, whose socket is asked for whatever is asked of it."""

    def __init__(self, entry: JobEntry) -> None:
        self.entry = entry

    async def entries(self) -> AsyncIterator[EntryBatch]:
        yield EntryBatch([self.entry])

    def handle(self, key: str) -> LiveHandle:
        from pathlib import Path

        return socket_handle(Path(key))

    async def close(self) -> None:
        pass
