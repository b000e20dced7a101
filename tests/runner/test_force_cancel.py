"""Ending a runner that does not answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from routilux_tui.errors import NotPossible
from routilux_tui.runner.force_cancel import end_by_force
from routilux_tui.runner.launch import start_job
from routilux_tui.state.job_state import JobState
from tests.flows import write_flows

SERVED = """
import time
from routilux_tui import JobState, serve

with serve(JobState("mine")):
    print("go", flush=True)
    time.sleep(60)
"""


def test_a_runner_that_is_stopped_is_ended_and_its_job_says_so(
    world: Path, command: list[str]
) -> None:
    started = start_job(f"{write_flows(world)}:stuck")
    while "stuck" not in [one for one, _ in JobState.load(started.path).running.values()]:
        time.sleep(0.02)
    os.kill(started.pid, signal.SIGSTOP)
    words = ["cancel", started.job_id, "--force", "--grace", "0", "--reason", "enough"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "cancelled" in done.stdout
    state = JobState.load(started.path)
    assert (state.status, state.outstanding) == ("cancelled", {})
    told = state.routine_states["_cancellation"]
    assert (told["forced"], told["running"], told["reason"]) == (True, ["stuck"], "enough")
    [control] = state.controls
    assert (control["action"], control["reason"]) == ("cancel", "enough")
    assert control["who"]["uid"] == os.getuid()
    assert not Path(started.socket).exists()


def test_a_program_of_the_users_own_is_left_alone() -> None:
    program = subprocess.Popen([sys.executable, "-c", SERVED], stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    from routilux_tui.runner.discover import running_jobs

    [found] = running_jobs()
    program.send_signal(signal.SIGSTOP)
    with pytest.raises(NotPossible, match="a program of its own"):
        end_by_force(found.socket)
    assert program.poll() is None
    program.kill()
    program.communicate()


HANGING = """
import sys
import time

from routilux_tui import serve

sys.path.insert(0, sys.argv[1])
import flows

flow = flows.stuck()
job = flow.execute("stuck")
with serve(flow, job):
    print(job.job_id, flush=True)
    time.sleep(60)
"""


def test_of_a_program_of_the_users_own_it_is_said_how_to_end_it(
    world: Path, command: list[str]
) -> None:
    write_flows(world)
    program = subprocess.Popen([sys.executable, "-c", HANGING, str(world)], stdout=subprocess.PIPE)
    assert program.stdout is not None
    job = program.stdout.readline().decode().strip()
    way = f"end that program: kill {program.pid}"

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *words], capture_output=True, text=True, timeout=60)

    told = ask("cancel", job)
    assert (told.returncode, way in told.stderr) == (0, True), told.stderr
    for words in (["cancel", job], ["cancel", job, "--force"]):
        refused = ask(*words)
        assert refused.returncode == 1
        assert f"a program of its own (process {program.pid})" in refused.stderr
        assert way in refused.stderr
        assert "--force" not in refused.stderr
    assert "--force" not in ask("why", job).stdout
    assert program.poll() is None
    program.kill()
    program.communicate()
