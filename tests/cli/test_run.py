"""Starting a job from the command line, and what may not be lost by it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from routilux_tui.state.job_state import JobState
from tests.asking import write_asking
from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, flow: str, status: str) -> bytes:
    state = JobState(flow)
    state.status = status
    state.save(path)
    return path.read_bytes()


def test_save_overwrites_nothing_but_an_ended_job_of_the_flow(flows: str, world: Path) -> None:
    path = world / "kept.json"
    for flow, status, why in (
        ("counting", "paused", "its job is paused"),
        ("counting", "running", "its job is running"),
        ("counting", "pending", "its job is pending"),
        ("other", "completed", "a job of another flow, 'other'"),
    ):
        before = write(path, flow, status)
        done = tui("run", f"{flows}:counting", "--save", str(path), code=2)
        assert why in done.stderr
        assert path.read_bytes() == before
    before = (world / "flows.py").read_bytes()
    assert "no saved job" in tui("run", f"{flows}:counting", "--save", flows, code=2).stderr
    assert (world / "flows.py").read_bytes() == before
    write(path, "counting", "completed")
    tui("run", f"{flows}:counting", "--save", str(path))
    assert JobState.load(path).execution_history
    tui("run", f"{flows}:counting", "--save", str(path))  # its own earlier run has ended
    write(path, "other", "paused")
    tui("run", f"{flows}:counting", "--save", str(path), "--force")
    assert JobState.load(path).flow_id == "counting"


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a device", "dangling link"])
def test_save_replaces_nothing_that_is_no_file(flows: str, world: Path, kind: str) -> None:
    path = world / "x.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/null" if kind == "link to a device" else world / "nowhere.json")
    before = path.lstat().st_ino
    code = 0 if kind == "dangling link" else 2
    tui("run", f"{flows}:counting", "--save", str(path), "--force", code=code)
    assert (path.lstat().st_ino == before) or kind == "dangling link"


def test_save_takes_no_file_of_a_job_that_runs(flows: str, world: Path) -> None:
    path = world / "kept.json"
    job = tui("run", f"{flows}:stuck", "--detach", "--save", str(path)).stdout.strip()
    tui("run", f"{flows}:stuck", "--save", str(path), code=2)
    tui("run", f"{flows}:stuck", "--save", str(path), "--force", code=2)
    assert JobState.load(path).job_id == job


def test_a_job_that_pauses_while_it_is_followed_is_no_success(world: Path) -> None:
    done = tui("run", write_asking(world), "-p", "n=1", "--no-tui", code=5)
    assert "waits for an answer: book it?" in done.stderr
    assert "Answer it: routilux-tui answer" in done.stderr
