"""Scripts of the library through the commands: run, listed, steered, killed, refused."""

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
from routilux_tui.runner.client import Client
from routilux_tui.store.locks import is_locked
from tests.conftest import PEERS, peer_of, run
from tests.tap.rig import LIBRARY

MANY = 2000
"""Tasks of a job that is not to end by itself while a test goes on."""
MAIN = """
def work(sink, i):
    time.sleep(float(os.environ.get("PACE", "0")))
    say("got", i)

def create_flow(name="made"):
    return make_flow(name)

if __name__ == "__main__":
    flow = make_flow()
    state = flow.execute("source", {"n": int(sys.argv[1])})
    if "PACE" in os.environ:
        say("executed")
    print(finish(flow, state), state.status)
    print("to the other", file=sys.stderr)
    sys.exit(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
"""


@pytest.fixture(params=sorted(PEERS))
def python(request: pytest.FixtureRequest) -> str:
    return peer_of(request.param)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "script.py"
    file.write_text(LIBRARY + MAIN)
    return file


def begin(command: list[str], python: str, script: Path, n: int, pace: float) -> dict[str, str]:
    """Start the script; what is said of its first job."""
    env = {**os.environ, "PACE": str(pace)}
    words = [*command, "run", "--python", python, "--detach", "--json", str(script), str(n)]
    done = subprocess.run(words, capture_output=True, text=True, env=env, timeout=60, check=True)
    told: dict[str, str] = json.loads(done.stdout)
    return told


def until(path: str, status: str) -> JobState:
    """The job of a file, once it has this status there and nobody keeps it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = JobState.load(path)
        if job.status == status and not is_locked(Path(path)):
            return job
        time.sleep(0.05)
    raise AssertionError(job.status)


def until_executed(job: dict[str, str]) -> None:
    """Wait until the entry's handler has returned, and a few tasks have run."""
    log = Path(job["log"])
    deadline = time.monotonic() + 60
    while "executed" not in log.read_text() or log.read_text().count("got") < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def script_process(script: Path) -> int:
    """The process in which the script runs."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            argv = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if b"bootstrap.py" in argv and os.fsencode(str(script)) in argv:
            return int(place.name)
    raise AssertionError("no process")


def test_run_prints_what_the_script_prints_and_ends_as_it_does(
    command: list[str], python: str, script: Path
) -> None:
    alone = run([python, str(script), "3", "7"])
    done = run([*command, "run", "--no-tui", "--python", python, str(script), "3", "7"])
    assert done.returncode == alone.returncode == 7
    assert done.stdout == alone.stdout == "got 0\ngot 1\ngot 2\nTrue completed\n"
    told = done.stderr.removeprefix(alone.stderr)
    assert alone.stderr == "to the other\n"
    assert told.startswith("numbers  job ")
    assert "completed" in told


def test_as_json_the_jobs_are_the_data(command: list[str], python: str, script: Path) -> None:
    done = run([*command, "run", "--json", "--python", python, str(script), "3"])
    told = json.loads(done.stdout)
    assert told["exit_code"] == 0
    (job,) = told["jobs"]
    assert job["header"]["flow_id"] == "numbers"
    assert job["header"]["status"] == "completed"
    saved = JobState.load(job["file"])
    assert [one.event_name for one in saved.execution_history] == ["start", "out", "out", "out"]
    assert saved.extra["launch"]["library"].startswith("routilux 0.1")
    assert saved.flow_shape["connections"] == [["source", "out", "sink", "in"]]


def test_a_flow_by_its_name_takes_parameters(command: list[str], python: str, script: Path) -> None:
    words = ["--python", python, f"{script}:create_flow", "-p", "name=called", "-p", "n=2"]
    done = run([*command, "run", "--json", *words])
    (job,) = json.loads(done.stdout)["jobs"]
    assert (done.returncode, job["header"]["flow_id"]) == (0, "called")
    assert done.stderr == "got 0\ngot 1\n"


def test_pause_resume_and_cancel_by_the_commands(
    command: list[str], python: str, script: Path
) -> None:
    job = begin(command, python, script, MANY, 0.01)
    name = job["job_id"]
    assert run([*command, "pause", name, "--reason", "lunch"]).returncode == 0
    listed = run([*command, "ps", "--json"]).stdout.splitlines()
    assert [json.loads(line)["status"] for line in listed] == ["paused"]
    paused = JobState.load(job["path"])
    assert paused.pending_tasks
    assert run([*command, "resume", name]).returncode == 0
    assert run([*command, "cancel", name, "--reason", "enough"]).returncode == 0
    saved = until(job["path"], "cancelled")
    assert saved.routine_states["_cancellation"]["reason"] == "enough"
    log = Path(job["log"]).read_text()
    assert log.count("got") == len({line for line in log.splitlines() if line.startswith("got")})
    assert "True cancelled" in log


def test_all_of_many_tasks_are_held_kept_and_dropped(
    command: list[str], python: str, script: Path
) -> None:
    n = 3 * MANY
    job = begin(command, python, script, n, 0.01)
    until_executed(job)
    for control, status in ("pause", "paused"), ("resume", "running"), ("pause", "paused"):
        assert run([*command, control, job["job_id"]]).returncode == 0
        saved = JobState.load(job["path"])
        assert (saved.status, saved.unread) == (status, "")
    done = Path(job["log"]).read_text().count("got")
    assert [task["data"]["i"] for task in saved.pending_tasks] == list(range(done, n))
    assert run([*command, "cancel", job["job_id"]]).returncode == 0
    assert until(job["path"], "cancelled").pending_tasks == []


def test_events_and_shared_data_are_sent_into_the_script(
    command: list[str], python: str, tmp_path: Path
) -> None:
    file = tmp_path / "script.py"
    text = """
def work(sink, i):
    say("got", i)
    while not i and ("state" not in globals() or state.get_shared_data("go") != {"on": [1]}):
        time.sleep(0.01)

if __name__ == "__main__":
    flow = make_flow()
    state = flow.execute("source", {"n": 1})
    print(finish(flow, state), len(state.execution_history))
"""
    file.write_text(LIBRARY + text)
    job = begin(command, python, file, 0, 0)
    name = job["job_id"]
    refused = run([*command, "emit", name, "source.in", "--data", "{}"])
    assert refused.returncode == 1
    assert "source.out" in refused.stderr
    sent = run([*command, "emit", name, "source.out", "--data", '{"i": 99}'])
    assert (sent.returncode, sent.stderr) == (0, "")
    assert run([*command, "set", name, 'go={"on": [1]}']).returncode == 0
    saved = until(job["path"], "completed")
    assert saved.shared_data == {"go": {"on": [1]}}
    assert saved.execution_history[-1].data == {"i": 99}
    log = Path(job["log"]).read_text()
    assert log.endswith("True 3\n")
    assert log.count("got 99") == 1


def test_people_are_told_of_a_job_of_a_script(
    command: list[str], python: str, script: Path, tmp_path: Path
) -> None:
    place = Path(os.environ["XDG_CONFIG_HOME"]) / "routilux-tui"
    place.mkdir(parents=True)
    told = tmp_path / "told"
    rule = {"when": "ended", "command": ["sh", "-c", f"cat >> {told}"]}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in rule.items())
    (place / "config.toml").write_text(f"[[alert]]\n{lines}\n")
    done = run(
        [*command, "run", "--json", "--alert", "failed", "--python", python, str(script), "2"]
    )
    (job,) = json.loads(done.stdout)["jobs"]
    saved = until(job["file"], "completed")
    assert {name: one["count"] for name, one in saved.alerts.items()} == {"ended": 1, "failed": 0}
    assert [json.loads(one)["job_id"] for one in told.read_text().splitlines()] == [saved.job_id]


def test_what_routilux_can_not_do_is_said_before_it_is_asked(
    command: list[str], python: str, script: Path
) -> None:
    job = begin(command, python, script, MANY, 0.02)
    with Client(job["socket"]) as client:
        assert set(client.hello.cannot) == {"retry", "giveup", "queue", "breakpoint"}


def test_a_killed_script_says_what_it_had_not_done_and_is_not_said_to_go_on(
    command: list[str], python: str, script: Path
) -> None:
    job = begin(command, python, script, MANY, 0.01)
    until_executed(job)
    os.kill(script_process(script), signal.SIGKILL)
    saved = until(job["path"], "failed")
    printed = [line for line in Path(job["log"]).read_text().splitlines() if "got" in line]
    left = [(task["slot_routine_id"], task["data"]["i"]) for task in saved.pending_tasks]
    # The handler that ran when it was killed had printed its number, or had not.
    assert left in ([("sink", i) for i in range(len(printed) - k, MANY)] for k in (0, 1))
    assert "SIGKILL" in saved.routine_states["_failure"]["reason"]
    refused = run([*command, "resume", job["path"], str(script)])
    assert refused.returncode == 1
    assert "can't go on" in refused.stderr or "failed" in refused.stderr


def test_a_job_whose_runner_was_killed_is_not_taken_up_by_our_engine(
    command: list[str], python: str, script: Path
) -> None:
    job = begin(command, python, script, MANY, 0.02)
    os.killpg(int(job["pid"]), signal.SIGKILL)
    time.sleep(0.1)
    refused = run([*command, "resume", job["path"], f"{script}:create_flow"])
    assert refused.returncode == 1
    assert "can't go on" in refused.stderr
    assert "routilux-tui run" in refused.stderr
    why = run([*command, "why", job["path"]])
    assert "was killed" in why.stdout
    assert "resume" not in why.stdout


@pytest.mark.parametrize("name", ["pause", "end"])
def test_sigterm_to_the_runner_leaves_a_paused_job(
    command: list[str], python: str, script: Path, name: str
) -> None:
    job = begin(command, python, script, MANY, 0.02)
    until_executed(job)
    if name == "pause":
        run([*command, "pause", job["job_id"]])
    os.kill(int(job["pid"]), signal.SIGTERM)
    saved = until(job["path"], "paused")
    done = Path(job["log"]).read_text().count("got")
    assert [task["data"]["i"] for task in saved.pending_tasks] == list(range(done, MANY))


def test_a_script_that_leaves_a_paused_job_leaves_its_file_to_others(
    command: list[str], python: str, tmp_path: Path
) -> None:
    file = tmp_path / "pauses.py"
    text = """
if __name__ == "__main__":
    flow = make_flow()
    state = flow.execute("source", {"n": 1})
    finish(flow, state)
    state.status = "running"
    flow.pause(state, "mine")
"""
    file.write_text(LIBRARY + text)
    done = run([*command, "run", "--json", "--python", python, str(file)])
    (job,) = json.loads(done.stdout)["jobs"]
    saved = until(job["file"], "paused")
    assert [point["reason"] for point in saved.pause_points] == ["mine"]


def test_a_forced_cancel_ends_a_script_that_does_not(
    command: list[str], python: str, script: Path
) -> None:
    job = begin(command, python, script, 5, 60)
    done = run([*command, "cancel", job["job_id"], "--force", "--grace", "0.1"])
    assert done.returncode == 0, done.stderr
    saved = until(job["path"], "cancelled")
    assert saved.routine_states["_cancellation"]["forced"] is True


def test_a_script_of_a_newer_routilux_gets_an_error_with_a_way_out(
    command: list[str], tmp_path: Path
) -> None:
    package = tmp_path / "routilux"
    package.mkdir()
    (package / "__init__.py").write_text("__version__ = '1.1.0'\nclass Flow: pass\n")
    file = tmp_path / "new.py"
    file.write_text("from routilux import Flow\nprint('ran')\n")
    done = run([*command, "run", "--no-tui", "--python", sys.executable, str(file)])
    assert done.returncode == 2
    assert "no JobState any more" in done.stderr
    assert "routilux==0.11.0" in done.stderr
    assert "ran" not in done.stdout


def test_a_python_that_is_too_old_for_routilux_is_said_to_be(
    command: list[str], script: Path, tmp_path: Path
) -> None:
    old = tmp_path / "python"
    said = {"python": [2, 7], "folder": "", "version": "", "has": False}
    old.write_text(f"#!/bin/sh\necho '{json.dumps(said)}'\n")
    old.chmod(0o755)
    done = run([*command, "run", "--no-tui", "--python", str(old), str(script), "1"])
    assert done.returncode == 2
    assert "is Python 2.7; routilux needs 3.8 or newer" in done.stderr


def test_a_script_without_a_job_is_no_job(command: list[str], python: str, tmp_path: Path) -> None:
    file = tmp_path / "none.py"
    for text in "import routilux\n", "import routilux\nif __name__ == '__main__':\n    ":
        file.write_text(f"{text}print('nothing')\n")
        plain = run([*command, "run", "--no-tui", "--python", python, str(file)])
        assert (plain.returncode, plain.stdout) == (0, "nothing\n")
        assert plain.stderr == f"{file} has started no job.\n"
    apart = run([*command, "run", "--detach", "--python", python, str(file)])
    assert apart.returncode == 2
    assert "started no job" in apart.stderr


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("SCRIPT --input a.csv --json -p x", ["--input", "a.csv", "--json", "-p", "x"]),
        ("SCRIPT --no-tui -- --name x -- y", ["--name", "x", "--", "y"]),
        ("--name mine SCRIPT --label a=b first --json", ["first", "--json"]),
        ("-- SCRIPT --no-tui", ["--no-tui"]),
    ],
)
def test_a_script_is_given_what_is_its_own(
    command: list[str], tmp_path: Path, words: str, given: list[str]
) -> None:
    file = tmp_path / "args.py"
    file.write_text("import sys, routilux\nif __name__ == '__main__':\n    print(sys.argv[1:])\n")
    ours = [str(file) if word == "SCRIPT" else word for word in words.split()]
    done = run([*command, "run", "--python", peer_of("0.11.0"), *ours])
    assert (done.returncode, done.stdout) == (0, f"{given}\n"), done.stderr


def test_parameters_for_a_script_that_takes_none_are_refused(
    command: list[str], python: str, script: Path
) -> None:
    done = run([*command, "run", "--python", python, str(script), "-p", "n=1"])
    assert done.returncode == 2
    assert "is run as itself" in done.stderr
