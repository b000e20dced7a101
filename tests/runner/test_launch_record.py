"""A job says how it was started, and is taken up with that flow alone."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import LaunchResult, resume_job, start_job
from routilux_tui.runner.launch_record import user_name
from tests.conftest import run
from tests.processes import assert_gone

FLOW = """
import time
from pathlib import Path
from routilux_tui import Flow, Routine

class Step(Routine):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.define_slot("trigger", handler=self.go)
        self.define_slot("in", handler=self.go)
        self.define_event("out", ["n"])

    def go(self, n=0):
        while not Path("let").exists():
            if n == 0:
                break
            time.sleep(0.01)
        if n < 5:
            self.emit("out", n=n + 1)
        else:
            (Path(self.folder) / "done").touch()

def make(folder: str) -> Flow:
    flow = Flow("steps")
    flow.add_routine(Step(folder), "step")
    flow.connect("step", "out", "step", "in")
    return flow
"""


@pytest.fixture
def flow(world: Path) -> Path:
    path = world / "work" / "flow.py"
    path.parent.mkdir()
    path.write_text(FLOW)
    return path


def _killed(flow: Path, monkeypatch: pytest.MonkeyPatch, world: Path, spec: str) -> LaunchResult:
    """A job that was started in its flow's folder, and killed; one is elsewhere now."""
    monkeypatch.chdir(flow.parent)
    started = start_job(spec, {"folder": str(world)}, workers=3)
    with Client(started.socket) as client:
        client.wait("records > 1", 20)
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)
    monkeypatch.chdir(world)
    return started


def test_a_job_keeps_how_it_was_started(
    flow: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = _killed(flow, monkeypatch, world, "flow.py:make")
    launch = json.loads(Path(started.path).read_text())["launch"]
    assert (launch["flow"], launch["path"]) == ("flow.py:make", str(flow))
    assert (launch["params"], launch["workers"]) == ({"folder": str(world)}, 3)
    assert (launch["cwd"], launch["user"]) == (str(flow.parent), user_name())
    assert {"entry", "executor", "python", "version", "host", "labels", "sha256"} <= set(launch)
    assert JobState.load(started.path).extra["launch"] == launch


@pytest.mark.parametrize("spec", ["flow.py:make", "flow:make"])
@pytest.mark.parametrize("by", ["file", "id"])
def test_a_job_is_taken_up_by_its_name_alone(
    flow: Path,
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    spec: str,
    by: str,
) -> None:
    started = _killed(flow, monkeypatch, world, spec)
    (flow.parent / "let").touch()
    done = run([*command, "resume", started.path if by == "file" else started.job_id[:8]])
    assert done.returncode == 0, done.stderr
    done = run([*command, "wait", started.job_id])
    assert JobState.load(started.path).status == "completed", done.stderr
    assert (world / "done").exists()


def test_another_flow_is_taken_only_if_it_is_named(
    flow: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = _killed(flow, monkeypatch, world, "flow.py:make")
    flow.write_text(f"{FLOW}\n\ndef again() -> Flow:\n    return make('.')\n")
    with pytest.raises(NotPossible, match="has changed since") as told:
        resume_job(started.path)
    assert "--flow" in told.value.hint
    again = resume_job(started.path, f"{flow}:again")
    os.kill(again.pid, signal.SIGKILL)
    assert_gone(again.pid)
    flow.unlink()
    with pytest.raises(NotPossible, match="can't be read"):
        resume_job(started.path)


def test_a_file_of_somebody_elses_making_names_nothing_that_is_run(
    flow: Path, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = _killed(flow, monkeypatch, world, "flow.py:make")
    trap = world / "trap.py"
    trap.write_text("from pathlib import Path\nPath('trapped').touch()\n")
    plain = JobState.load(started.path).to_plain()
    for change in ({"path": str(trap)}, {"params": {"folder": "/"}}, {"signature": ""}):
        other = JobState.from_plain({**plain, "launch": {**plain["launch"], **change}})
        other.save(str(world / "other.json"))
        with pytest.raises(NotPossible, match="not started by this user"):
            resume_job(str(world / "other.json"))
    saved = json.loads((world / "other.json").read_text())
    for part in ('"signature":"\u00e9"', f'"params":{"7" * 6000}'):
        launch = {**saved["launch"], "x": "HERE"}
        launch.pop(part.split('"')[1])
        text = json.dumps({**saved, "launch": launch})
        assert '"x": "HERE"' in text
        (world / "other.json").write_text(text.replace('"x": "HERE"', part))
        with pytest.raises(NotPossible, match="not started by this user"):
            resume_job(str(world / "other.json"))
    (world / "state/routilux-tui/key").unlink()
    with pytest.raises(NotPossible, match="not started by this user"):
        resume_job(started.path)
    assert not (world / "trapped").exists()


def test_a_file_that_does_not_say_it_asks_for_the_flow(world: Path) -> None:
    state = JobState("f")
    state.status = "paused"
    state.save(str(world / "j.json"))
    with pytest.raises(NotPossible, match="does not say which flow"):
        resume_job(str(world / "j.json"))
