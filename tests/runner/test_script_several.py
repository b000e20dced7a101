"""Several jobs of one script: each is steered, ended and removed by itself."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.store.locks import is_locked
from tests.conftest import PEERS, peer_of, run
from tests.processes import assert_gone, until
from tests.tap.rig import LIBRARY

N = 4000
MAIN = """
class Hanging(Sink):
    def go(self, i=0, **_):
        say("hangs")
        time.sleep(600)

def work(sink, i):
    time.sleep(0.05)

if __name__ == "__main__":
    jobs = []
    for name, sink, n in ("alpha", Sink, N), ("beta", Sink, 3), ("gamma", Hanging, 2):
        flow = make_flow(name, sink=sink)
        jobs.append((flow, flow.execute("source", {"n": n})))
    for flow, state in jobs:
        finish(flow, state)
"""


@pytest.fixture(params=sorted(PEERS))
def python(request: pytest.FixtureRequest) -> str:
    return peer_of(request.param)


def start(command: list[str], python: str, folder: Path) -> dict[str, str]:
    """Start the script; when all of its jobs run, their files by their names."""
    file = folder / "script.py"
    file.write_text(LIBRARY + f"N = {N}\n" + MAIN)
    run([*command, "run", "--detach", "--python", python, str(file)]).check_returncode()
    found: dict[str, str] = {}

    def are_there() -> bool:
        listed = run([*command, "ps", "--json"]).stdout.splitlines()
        found.update({row["flow_id"]: row["path"] for row in map(json.loads, listed)})
        return len(found) == 3

    until(are_there)
    return found


def status(path: str) -> str:
    return JobState.load(path).status


def test_each_is_paused_waited_for_and_cancelled_by_itself(
    command: list[str], python: str, tmp_path: Path
) -> None:
    files = start(command, python, tmp_path)
    assert run([*command, "pause", "alpha", "--reason", "lunch"]).returncode == 0
    # What is confirmed is in the file, whatever becomes of the runner.
    assert status(files["alpha"]) == "paused"
    assert run([*command, "wait", "beta"]).returncode == 0
    assert status(files["beta"]) == "completed"
    assert status(files["gamma"]) == "running"
    assert run([*command, "rm", "-y", "beta"]).returncode == 0
    assert not Path(files["beta"]).exists()
    assert run([*command, "rm", "-y", "gamma"]).returncode == 1
    # Where the handler is that does not return; nothing of the library, or of us, stands above it.
    said = run([*command, "show", "gamma", "--now", "--stacks"]).stdout.splitlines()
    stack = [line.strip() for line in said if line.startswith("      ")]
    assert stack[0].endswith("in go")
    assert stack[1:] == ["time.sleep(600)"]
    # A forced cancel of a job that ends in time by itself ends no other.
    assert run([*command, "resume", "alpha"]).returncode == 0
    assert run([*command, "cancel", "alpha", "--force", "--grace", "30"]).returncode == 0
    until(lambda: status(files["alpha"]) == "cancelled")
    assert status(files["gamma"]) == "running"


def test_a_forced_end_of_one_is_told_by_the_others(command: list[str], tmp_path: Path) -> None:
    python = peer_of("0.11.0")
    files = start(command, python, tmp_path)
    gamma, alpha = JobState.load(files["gamma"]), JobState.load(files["alpha"])
    pid = int(alpha.extra["launch"]["script_process"])
    assert run([*command, "cancel", "gamma", "--force", "--grace", "0.1"]).returncode == 0
    assert_gone(pid)
    until(lambda: not is_locked(Path(files["alpha"])))
    alpha, gamma_now = JobState.load(files["alpha"]), JobState.load(files["gamma"])
    assert (alpha.status, gamma_now.status) == ("failed", "cancelled")
    assert gamma.job_id in alpha.routine_states["_failure"]["reason"]
    assert gamma_now.routine_states["_cancellation"]["forced"] is True
    done = sum(1 for one in alpha.pending_tasks if one["slot_routine_id"] == "sink")
    assert 0 < done <= N


def test_all_say_that_their_script_was_killed(command: list[str], tmp_path: Path) -> None:
    python = peer_of("0.11.0")
    files = start(command, python, tmp_path)
    run([*command, "pause", "alpha"])
    os.kill(JobState.load(files["alpha"]).extra["launch"]["script_process"], signal.SIGKILL)
    for name in ("alpha", "gamma"):
        until(lambda path=Path(files[name]): not is_locked(path))  # type: ignore[misc]
    alpha, gamma = JobState.load(files["alpha"]), JobState.load(files["gamma"])
    assert (alpha.status, gamma.status) == ("paused", "failed")
    assert "SIGKILL" in gamma.routine_states["_failure"]["reason"]
    said = run([*command, "why", files["alpha"]]).stdout
    assert "the script was ended by SIGKILL: it can't go on" in said
    assert run([*command, "resume", files["alpha"]]).returncode == 1
