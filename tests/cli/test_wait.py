"""Waiting for a job whose process goes, and for one that is named by its file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotConfirmed
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.store.files import journal_path
from routilux_tui.store.journal import Journal
from tests.cli.program import tui


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


def test_when_a_job_is_told_as_ended_its_file_has_all_of_it(flows: str, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    tui("run", f"{flows}:counting", "-p", "n=20000", "--no-tui", "--save", str(file))
    assert json.loads(file.read_bytes())["status"] == "completed"
    started = start_job(f"{flows}:counting", {"n": 20_000})
    tui("wait", started.job_id)
    assert json.loads(Path(started.path).read_bytes())["status"] == "completed"


def test_the_file_that_a_killed_process_had_not_written_at_the_end_is_written_by_resume(
    tmp_path: Path,
) -> None:
    file = tmp_path / "job.json"
    state = JobState("flow")
    journal = Journal(state, file)
    state.record_execution("a", "done", {"n": 1})
    state.status = "completed"
    journal.abandon()
    assert json.loads(file.read_bytes())["status"] == "pending"
    assert "its file was not written to the end, and is now" in tui("resume", str(file)).stderr
    saved = json.loads(file.read_bytes())
    assert (saved["status"], len(saved["execution_history"])) == ("completed", 1)
    assert not journal_path(file).exists()
    assert "it can't be resumed" in tui("resume", str(file), code=1).stderr
