"""A disk that is full, a folder that is gone: what was confirmed is kept, and nothing runs twice."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import resume_job, start_job
from routilux_tui.store.files import journal_path
from routilux_tui.store.locks import is_locked, lock_path
from tests.flows import write_flows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="ONLY ROOT can mount a small disk")


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


@pytest.fixture
def disk(world: Path) -> Iterator[Path]:
    place = world / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(place)]).returncode:
        pytest.skip("NO MOUNT is allowed here")
    yield place
    subprocess.run(["umount", "-l", str(place)])


def fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)
    with (disk / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x")


def clear(disk: Path) -> None:
    (disk / "filler").unlink()


def until(condition: object, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_job_that_ends_on_a_full_disk_has_ended(flows: str, disk: Path) -> None:
    path = disk / "j.json"
    started = start_job(f"{flows}:stuck", {"seconds": 1}, save=str(path))
    fill(disk)
    with Client(started.socket) as client:
        assert client.wait("", 30).status == "completed"
        until(lambda: "j.json" in client.header().note)
        assert JobState.load(path).status == "completed"
        clear(disk)
    until(lambda: not is_locked(path))
    assert JobState.load(path).status == "completed"
    assert not journal_path(path).exists()
    assert not lock_path(path).exists()


def test_a_cancel_on_a_full_disk_outlives_a_kill(flows: str, disk: Path) -> None:
    path = disk / "j.json"
    started = start_job(f"{flows}:counting", {"n": 10_000, "pace": 0.005}, save=str(path))
    fill(disk)
    with Client(started.socket) as client:
        client.call("cancel", reason="enough")
        os.kill(started.pid, signal.SIGKILL)
    until(lambda: not is_locked(path))
    assert JobState.load(path).status == "cancelled"


def test_a_runner_that_is_told_to_end_on_a_full_disk_leaves_all_in_the_journal(
    flows: str, disk: Path
) -> None:
    path = disk / "j.json"
    started = start_job(f"{flows}:counting", {"n": 10_000, "pace": 0.005}, save=str(path))
    with Client(started.socket) as client:
        client.wait("records > 20", 20)
        fill(disk)
        os.kill(started.pid, signal.SIGTERM)
    until(lambda: not is_locked(path))
    state = JobState.load(path)
    assert state.status == "paused"
    assert len(state.execution_history) > 20
    assert not lock_path(path).exists()


def test_a_pause_on_a_full_disk_stays_one_when_there_is_room(flows: str, disk: Path) -> None:
    path = disk / "j.json"
    options = {"n": 10_000, "pace": 0.002, "pad": 10_000}
    started = start_job(f"{flows}:counting", options, save=str(path))
    with Client(started.socket) as client:
        fill(disk)
        assert client.wait('status == "paused"', 30).outcome == "met"
        client.call("pause", reason="lunch")
        clear(disk)
        until(lambda: not client.header().note.startswith("no room"))
        time.sleep(1.0)  # longer than it takes to see that there is room
        assert client.header().status == "paused"
        client.call("resume")
        assert client.wait("records > 3000", 0.0).outcome != "ended"
        client.call("cancel")


def test_no_handler_that_ended_while_the_disk_was_full_runs_again(flows: str, disk: Path) -> None:
    path = disk / "j.json"
    options = {"n": 150, "pace": 0.01, "pad": 20_000}
    started = start_job(f"{flows}:counting", options, save=str(path))
    with Client(started.socket) as client:
        fill(disk)
        assert client.wait('status == "paused"', 30).outcome == "met"
        seen = client.header()
        os.kill(started.pid, signal.SIGKILL)
    until(lambda: not is_locked(path))
    state = JobState.load(path)
    assert state.status == "paused"
    assert len(state.execution_history) == seen.counts["history"]
    assert sum(one.get("runs", 0) for one in state.routine_states.values()) == seen.runs
    clear(disk)
    resumed = resume_job(str(path), f"{flows}:counting")
    with Client(resumed.socket) as client:
        assert client.wait('status == "paused" || status == "completed"', 60).outcome
    state = JobState.load(path)
    sent = [one.data["n"] for one in state.execution_history if one.event_name == "out"]
    assert sent == sorted(set(sent))


def test_a_folder_that_became_a_file_is_no_end_of_the_runner(flows: str, world: Path) -> None:
    folder = world / "jobs"
    folder.mkdir()
    started = start_job(
        f"{flows}:counting", {"n": 10_000, "pace": 0.002}, save=str(folder / "j.json")
    )
    with Client(started.socket) as client:
        shutil.move(folder, world / "elsewhere")
        folder.write_text("a file")
        client.call("pause", reason="lunch")
        client.wait_for_status({"paused"}, 10)
        client.call("resume")
        client.call("cancel")
        until(lambda: "can't be written" in client.header().note)
        folder.unlink()
    until(lambda: (folder / "j.json").exists() and not is_locked(folder / "j.json"))
    assert JobState.load(folder / "j.json").status == "cancelled"
