"""``again``: the whole of a job, or its failed inputs, in a new job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from routilux_tui.state.job_state import JobState
from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path

FLOW = """
from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine

BAD = {bad}


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("item", ["n"])

    def go(self, total=6):
        for n in range(total):
            self.emit("item", n=n)


class Work(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("item", handler=self.work)
        self.define_event("done", ["n"])
        self.set_error_handler(ErrorHandler(strategy=ErrorStrategy.CONTINUE))

    def work(self, number):
        if number in BAD:
            raise LookupError("no such number")
        self.emit("done", n=number)


class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.take)

    def take(self, n):
        state = self.get_execution_context().job_state
        state.update_shared_data(f"got {{n}}", n)


def flow():
    flow = Flow("numbers")
    flow.add_routine(Source(), "source")
    flow.add_routine(Work(), "work")
    flow.add_routine(Sink(), "sink")
    flow.connect("source", "item", "work", "item", param_mapping={{"n": "number"}})
    flow.connect("work", "done", "sink", "in")
    return flow
"""


def run(*words: str) -> tuple[dict[str, Any], JobState, str]:
    """Run a command to its job's end: the summary, the job, and what was said."""
    done = tui(*words, "--json")
    summary = json.loads(done.stdout)
    return summary, JobState.load(summary["file"]), done.stderr


def test_the_whole_or_what_failed_is_run_again_in_a_new_job(world: Path) -> None:
    path = world / "numbers.py"
    path.write_text(FLOW.format(bad={1, 4}))
    words = ["--name", "nightly", "--label", "team=data"]
    summary, first, _ = run("run", str(path), "-p", "total=6", *words)
    assert sorted(first.shared_data.values()) == [0, 2, 3, 5]
    before = (world / summary["file"]).read_bytes()

    path.write_text(FLOW.format(bad={1}))  # half of it is mended
    _, second, said = run("again", first.job_id, "--only-failed")
    assert "Sends again 2 inputs of work" in said
    assert sorted(second.shared_data.values()) == [4]
    assert second.job_id != first.job_id
    assert second.extra["launch"]["parent"] == first.job_id
    assert second.extra["launch"]["reason"] == "its failed inputs"
    assert second.extra["launch"]["labels"] == {"team": "data"}
    assert "source" not in second.routine_states

    path.write_text(FLOW.format(bad={}))
    _, third, said = run("again", "nightly", "--only-failed")  # the newest: what it left
    assert "Sends again 1 input of work" in said
    assert sorted(third.shared_data.values()) == [1]

    _, fourth, said = run("again", first.job_id, "-p", "total=3")
    assert "total=3" in said
    assert sorted(fourth.shared_data.values()) == [0, 1, 2]
    assert fourth.extra["launch"]["parent"] == first.job_id
    assert (world / summary["file"]).read_bytes() == before


def test_what_can_not_be_run_again_says_why(flows: str, world: Path) -> None:
    path = str(world / "well.json")
    tui("run", f"{flows}:counting", "--save", path)
    assert "no input failed" in tui("again", path, "--only-failed", code=1).stderr
    foreign = world / "foreign.json"
    JobState("counting").save(foreign)
    assert "--flow FLOW" in tui("again", str(foreign), code=1).stderr
    assert "completed" in tui("again", str(foreign), "--flow", f"{flows}:counting").stdout
    plain = json.loads((world / "well.json").read_text())
    plain["launch"]["flow"] = f"{flows}:broken"  # a file is data: it does not say what is run
    foreign.write_text(json.dumps(plain))
    assert "was not started by this user" in tui("again", str(foreign), code=1).stderr
    job = tui("run", f"{flows}:stuck", "--detach").stdout.strip()
    assert "has not ended" in tui("again", job, "--only-failed", code=1).stderr
    tui("cancel", job, "--force", "--grace", "0")
