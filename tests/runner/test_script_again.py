"""``again`` for scripts of the library: what a killed one had not done, sent into a new run."""

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

N = 3_000
"""Inputs of a job: more than a command line takes."""
MAIN = """
def work(sink, i):
    say("got", i)
    if i == STOP and not os.path.exists(GO):
        say("stopped")
        time.sleep(600)

def create_flow():
    return make_flow()

if __name__ == "__main__":
    flow = make_flow()
    state = flow.execute("source", {"n": int(sys.argv[1])})
    print(finish(flow, state), state.status, len(sys.argv))
"""


@pytest.fixture(params=sorted(PEERS))
def python(request: pytest.FixtureRequest) -> str:
    return peer_of(request.param)


def script_of(folder: Path, stop: int, text: str = MAIN) -> Path:
    file = folder / "script.py"
    values = f"\nSTOP, GO = {stop}, {str(folder / 'go')!r}\n"
    file.write_text(LIBRARY + values + text)
    return file


def killed(command: list[str], python: str, what: str, args: list[str]) -> tuple[str, JobState]:
    """A job whose script was killed in the handler that does not return: its file, and what it says."""
    words = [*command, "run", "--python", python, "--detach", "--json", what, *args]
    job = json.loads(run(words).stdout)

    def is_stopped() -> bool:
        all_emitted = len(JobState.load(job["path"]).execution_history) > N
        return all_emitted and "stopped" in Path(job["log"]).read_text()

    until(is_stopped)
    launch = JobState.load(job["path"]).extra["launch"]
    refused = run([*command, "again", job["path"], "--from", "sink", "--no-tui"])
    assert refused.returncode == 1
    assert "still runs" in refused.stderr
    os.kill(launch["script_process"], signal.SIGKILL)
    assert_gone(int(job["pid"]))
    state = JobState.load(job["path"])
    assert state.status == "failed"
    return job["path"], state


def test_what_a_killed_script_had_not_done_is_sent_into_a_new_run(
    command: list[str], python: str, tmp_path: Path
) -> None:
    file = script_of(tmp_path, 7)
    path, earlier = killed(command, python, str(file), [str(N)])
    (tmp_path / "go").touch()
    done = run([*command, "again", path, "--from", "sink", "--no-tui"])
    # The handler that ran when it was killed runs again; what had run does not.
    got = "".join(f"got {i}\n" for i in range(7, N))
    assert done.stdout == f"{got}True completed 2\n"
    assert f"its job 1, with {N - 7:,} inputs of sink in place of the entry" in done.stderr
    assert done.returncode == 0
    later = JobState.load(done.stderr.split()[-1])
    launch = later.extra["launch"]
    assert (launch["parent"], launch["reason"]) == (earlier.job_id, "what it had not done")
    assert (later.status, later.pending_tasks) == ("completed", [])
    assert JobState.load(path).status == "failed"


def test_a_named_flow_does_what_it_had_not_done(
    command: list[str], python: str, tmp_path: Path
) -> None:
    file = script_of(tmp_path, 7)
    path, _ = killed(command, python, f"{file}:create_flow", ["-p", f"n={N}"])
    (tmp_path / "go").touch()
    words = [*command, "again", path, "--from", "sink"]
    done = run([*words, "--json"])
    assert done.stderr.count("got") == N - 7
    assert json.loads(done.stdout)["jobs"][0]["header"]["status"] == "completed"
    refused = run([*words[:-1], "source", "--no-tui"])
    assert refused.returncode == 1
    assert f"sink ({N - 7:,})" in refused.stderr


def test_the_whole_runs_again_with_its_arguments(command: list[str], tmp_path: Path) -> None:
    python = peer_of("0.10.0")
    file = script_of(tmp_path, -1)
    done = run([*command, "run", "--no-tui", "--python", python, str(file), "3", "more"])
    path = done.stderr.split()[-1]
    again = run([*command, "again", path, "--no-tui"])
    assert again.stdout == done.stdout == "got 0\ngot 1\ngot 2\nTrue completed 3\n"
    assert run([*command, "again", path, "--from", "sink"]).returncode == 1


def test_an_input_that_json_can_not_hold_is_not_sent_as_another(
    command: list[str], tmp_path: Path
) -> None:
    python = peer_of("0.11.0")
    text = MAIN.replace('say("got", i)', "i = i[0]")
    file = script_of(tmp_path, 0, text)
    source = file.read_text().replace('emit("out", i=i)', 'emit("out", i=(i,))')
    file.write_text(source)
    path, _ = killed(command, python, str(file), [str(N)])
    refused = run([*command, "again", path, "--from", "sink", "--no-tui"])
    assert refused.returncode == 1
    assert "source.out" in refused.stderr
    assert "tuple" in refused.stderr


def test_a_file_that_somebody_has_altered_runs_nothing(command: list[str], tmp_path: Path) -> None:
    python = peer_of("0.11.0")
    file = script_of(tmp_path, -1)
    done = run([*command, "run", "--no-tui", "--python", python, str(file), "1"])
    path = Path(done.stderr.split()[-1])
    until(lambda: not is_locked(path))
    other = tmp_path / "other.py"
    other.write_text("print('ran')\n")
    path.write_text(path.read_text().replace(str(file), str(other)))
    refused = run([*command, "again", str(path), "--no-tui"])
    assert refused.returncode == 1
    assert "ran" not in refused.stdout
