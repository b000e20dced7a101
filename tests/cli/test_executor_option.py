"""``run --executor``: handlers of a flow loaded from its file, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from routilux_tui.state.job_state import JobState
from tests.cli.program import tui

FLOW = """
import os, sys, time
from pathlib import Path
from routilux_tui import Flow, Routine

class Start(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, n=3, folder=""):
        for i in range(n):
            self.emit("out", i=i, folder=folder)

class Compute(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, i, folder):
        print(f"computing {i}")
        state = self.get_execution_context().job_state
        state.append_to_shared_log({"message": f"{i}", "pid": os.getpid()})
        while folder:
            Path(folder, "begun").write_text(str(os.getpid()))
            time.sleep(0.01)

def flow():
    flow = Flow("computing", execution_strategy="concurrent", max_workers=2)
    flow.add_routine(Start(), "start")
    flow.add_routine(Compute(), "compute")
    flow.connect("start", "out", "compute", "in")
    return flow
"""


@pytest.fixture
def computing(world: Path) -> str:
    path = world / "token.py"  # a name that the standard library has, too
    path.write_text(FLOW)
    return f"{path}:flow"


@pytest.mark.parametrize("executor", ["processes:1", "concurrent.futures:ProcessPoolExecutor"])
def test_handlers_run_in_processes(computing: str, world: Path, executor: str) -> None:
    path = world / "kept.json"
    tui("run", computing, "--executor", executor, "--save", str(path))
    job = JobState.load(path)
    assert job.status == "completed", job.routine_states
    assert sorted(entry["message"] for entry in job.shared_log) == ["0", "1", "2"]
    if executor == "processes:1":
        assert len({entry["pid"] for entry in job.shared_log}) == 1
        lines = tui("log", str(path), "--of", "print", "--json").stdout.splitlines()
        rows = [json.loads(line) for line in lines]
        told = [(row["routine"], row["text"]) for row in rows]
        assert sorted(told) == [("compute", f"computing {i}") for i in range(3)]


def test_what_is_promised_is_said_of_a_job_and_of_all_executors(
    computing: str, world: Path
) -> None:
    path = world / "kept.json"
    tui("run", computing, "--executor", "processes:1", "--save", str(path))
    shown = tui("show", str(path)).stdout
    assert "handlers run by processes:1: each handler runs once" in shown
    assert json.loads(tui("show", str(path), "--json").stdout)["launch"]["executors"] == {}
    assert "at least once" not in shown
    told = json.loads(tui("info", "--json").stdout)["executors"]
    assert set(told) == {"threads", "processes", "dask", "dask?fence", "MODULE:FACTORY"}
    assert told["dask?fence"] in tui("info").stdout
    tui("run", computing, "--save", str(world / "here.json"))
    assert "handlers run by" not in tui("show", str(world / "here.json")).stdout


def test_no_worker_process_outlives_a_killed_runner(computing: str, world: Path) -> None:
    words = ("--executor", "processes:1", "-p", f"folder={world}", "--detach")
    job = tui("run", computing, *words).stdout.strip()
    end = time.monotonic() + 30
    while not ((world / "begun").exists() and (world / "begun").read_text()):
        assert time.monotonic() < end
        time.sleep(0.01)
    worker = int((world / "begun").read_text())
    runner = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
    assert job in tui("ps", "--json").stdout
    os.kill(runner, signal.SIGKILL)
    while Path(f"/proc/{worker}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not Path(f"/proc/{worker}").exists()


def test_an_executor_that_there_is_not_is_said_at_once(computing: str) -> None:
    said = tui("run", computing, "--executor", "treads", code=2).stderr
    assert "no executor" in said
    assert ".." not in said
    done = tui("run", computing, "--executor", "no_such_module:make", code=2)
    assert "can't be found" in done.stderr
