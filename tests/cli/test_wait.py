"""Waiting for a job whose process goes, and for one that is named by its file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import NotConfirmed
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path


def test_a_wait_whose_runner_is_killed_says_how_to_go_on(flows: str) -> None:
    started = start_job(f"{flows}:stuck")
    words = [sys.executable, "-m", "routilux_tui", "wait", started.job_id]
    waiting = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    with Client(started.socket) as client:
        while client.header().status != "running":
            time.sleep(0.05)
    time.sleep(1.0)  # it may wait by now; the answer is the same if it does not
    os.kill(started.pid, signal.SIGKILL)
    _, talk = waiting.communicate(timeout=30)
    assert waiting.returncode == 1
    assert f"{started.path}: its process was killed" in talk
    assert f"routilux-tui resume {started.path}" in talk
    assert f"resume {started.path}" in tui("wait", started.path, code=1).stderr


def test_a_job_that_runs_is_waited_for_by_its_file(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 100, "pace": 0.01})
    tui("wait", started.path)
    tui("wait", started.path, "--until", "records > 100")


def test_a_path_may_hold_colons(world: Path) -> None:
    from tests.flows import write_flows

    folder = world / "a:b"
    folder.mkdir()
    spec = write_flows(folder)
    assert "completed" in tui("run", f"{spec}:counting", "--no-tui").stdout
    odd = folder / "x:y.py"
    odd.write_text((folder / "flows.py").read_text())
    assert "completed" in tui("run", f"{odd}:counting", "--no-tui").stdout
    assert "more than one flow" in tui("run", str(odd), code=2).stderr
    assert "does not exist" in tui("run", str(folder / "n:o.py"), code=2).stderr


def test_a_runner_that_does_not_answer_takes_no_more_of_a_wait_than_its_timeout(flows: str) -> None:
    started = start_job(f"{flows}:stuck")
    os.kill(started.pid, signal.SIGSTOP)
    told = tui("wait", started.job_id, "--timeout", "0.1", code=124).stderr
    assert "Not within 0.1s" in told
    assert "cancel --force" in told
    os.kill(started.pid, signal.SIGCONT)
    with Client(started.socket, patience=0.2) as client:
        os.kill(started.pid, signal.SIGSTOP)  # while it is waited for
        with pytest.raises(NotConfirmed):
            client.wait("", 0.1)
    os.kill(started.pid, signal.SIGKILL)
