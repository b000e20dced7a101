"""Scripts of the library, unmodified: what is told of their jobs is what the library has."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.tap.rig import LIBRARY, Observed, runs

if TYPE_CHECKING:
    from pathlib import Path

#: What a script prints of a state at its end, to compare with what was told.
DUMP = """
def dump(state):
    import json
    print("STATE " + json.dumps({
        "job_id": state.job_id,
        "history": [[r.routine_id, r.event_name] for r in state.execution_history],
        "shared": state.shared_data, "log": len(state.shared_log),
        "output": len(state.output_log), "deferred": len(state.deferred_events),
        "states": {k: v.get("status") for k, v in state.routine_states.items()},
    }), flush=True)
"""
MAIN = """
def work(sink, i):
    if i == 3:
        raise ValueError("three")
    state = sink.get_execution_context().job_state
    state.update_shared_data(f"k{i}", {"v": [i]})
    state.append_to_shared_log({"m": i})
    sink.send_output("text", i=i)

if __name__ == "__main__":
    flow = make_flow()
    state = flow.execute("source", {"n": 6})
    print(finish(flow, state), state.status)
    dump(state)
"""


def states(observed: Observed) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in observed.lines() if line.startswith("STATE ")]


def test_a_script_under_a_guard_is_told_as_the_library_has_it(python: str, tmp_path: Path) -> None:
    with Observed(python, tmp_path, DUMP + MAIN) as observed:
        assert observed.end() == 0
        (theirs,) = states(observed)
        job = observed.jobs[1]
        assert observed.lines()[0] == "True completed"
        assert (job.job_id, job.flow_id, job.status) == (theirs["job_id"], "numbers", "completed")
        told = [[one.routine_id, one.event_name] for one in job.execution_history]
        assert sorted(told) == sorted(theirs["history"])
        assert dict(job.shared_data) == theirs["shared"]
        assert len(job.shared_log) == theirs["log"] == 5
        assert len(job.output_log) == theirs["output"] == 5
        assert job.routine_states["source"]["status"] == theirs["states"]["source"] == "completed"
        assert not job.outstanding
        assert runs(observed) == dict.fromkeys(range(1, 8), 1)


def test_the_end_of_a_handler_that_raised_has_its_error_and_the_users_traceback(
    python: str, tmp_path: Path
) -> None:
    with Observed(python, tmp_path, DUMP + MAIN) as observed:
        observed.end()
        (ran,) = observed.of("ran")
        task, routine, status, at, detail = ran
        assert (routine, status) == ("sink", "error_continued")
        assert detail["error"] == "ValueError: three"
        assert 'raise ValueError("three")' in detail["traceback"]
        assert "routilux_tui" not in detail["traceback"]
        assert at > 1.7e9
        sink = observed.jobs[1].routine_states["sink"]
        assert (sink["runs"], sink["errors"]) == (6, 1)
        assert task in {4, 5, 6}


def test_it_prints_what_it_prints_without_us(python: str, tmp_path: Path) -> None:
    text = """
import traceback, warnings
class Loud(Sink):
    def go(self, i=0, **_):
        self.emit("nowhere")

flow = make_flow(sink=Loud)
state = flow.execute("source", {"n": 1})
flow.wait_for_completion(timeout=20)
finish(flow, state)
try:
    flow.execute("missing")
except ValueError:
    traceback.print_exc()
flow.routines["source"].emit("nothing")
"""
    file = tmp_path / "script.py"
    file.write_text(LIBRARY + text)
    alone = subprocess.run([python, file], capture_output=True, text=True, check=False)
    with Observed(python, tmp_path, text) as observed:
        assert observed.end() == alone.returncode == 1
        assert observed.printed.read_text() == alone.stdout
        ours, theirs = observed.errors.read_text(), alone.stderr
        assert addressless(ours) == addressless(theirs)  # two threads write: any order of lines
        assert "DeprecationWarning" in ours
        assert "Traceback" in ours


def addressless(text: str) -> list[str]:
    """The lines of a text without the addresses that the library prints, sorted."""
    import re

    return sorted(re.sub(r"0x[0-9a-f]+", "0x", text).splitlines())


def test_each_execution_is_a_job_of_its_own_named_by_its_flow(python: str, tmp_path: Path) -> None:
    text = """
class Nested(Sink):
    def go(self, i=0, **_):
        inner = make_flow("inner")
        finish(inner, inner.execute("source", {"n": 2}))

first = make_flow("first")
for n in (1, 2):
    finish(first, first.execute("source", {"n": n}))
outer = make_flow("outer", sink=Nested)
finish(outer, outer.execute("source", {"n": 1}))
flows = [make_flow(f"beside{n}") for n in range(3)]
threads = [threading.Thread(target=lambda f=f: finish(f, f.execute("source", {"n": 3}))) for f in flows]
[t.start() for t in threads]
[t.join() for t in threads]
"""
    with Observed(python, tmp_path, text) as observed:
        assert observed.end() == 0, observed.errors.read_text()
        flows = sorted(job.flow_id for job in observed.jobs.values())
        assert flows == ["beside0", "beside1", "beside2", "first", "first", "inner", "outer"]
        assert {job.status for job in observed.jobs.values()} == {"completed"}
        assert len({job.job_id for job in observed.jobs.values()}) == 7
        sizes = {job.flow_id: len(job.execution_history) for job in observed.jobs.values()}
        assert sizes == {
            "beside0": 4,
            "beside1": 4,
            "beside2": 4,
            "first": 3,
            "inner": 3,
            "outer": 2,
        }


def test_a_flow_by_its_name_gets_its_parameters(python: str, tmp_path: Path) -> None:
    text = """
def create_flow(name="made"):
    return make_flow(name)
"""
    order = {"name": "create_flow", "params": {"name": "given", "n": 3}, "entry": "", "workers": 0}
    with Observed(python, tmp_path, text, **order) as observed:
        assert observed.end() == 0, observed.messages
        assert observed.jobs[1].flow_id == "given"
        assert observed.lines() == ["got 0", "got 1", "got 2"]
        assert observed.jobs[1].status == "completed"


def test_a_bare_script_that_only_makes_a_flow_has_it_executed(python: str, tmp_path: Path) -> None:
    with Observed(
        python, tmp_path, "flow = make_flow('module level')\n", fallback=True, params={"n": 2}
    ) as observed:
        assert observed.end() == 0, observed.messages
        assert observed.jobs[1].flow_id == "module level"
        assert observed.lines() == ["got 0", "got 1"]


def test_what_can_not_be_run_is_refused_with_words(python: str, tmp_path: Path) -> None:
    with Observed(python, tmp_path, "flows = [make_flow()]\n", name="missing") as observed:
        assert observed.end() == 2
        assert observed.messages[-2][:2] == [0, "refused"]
        assert "no 'missing'" in observed.messages[-2][2]


def test_retries_keep_their_task_and_tell_when_they_are_due(python: str, tmp_path: Path) -> None:
    text = """
class Entry(Routine):
    tries = 0
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.set_error_handler(ErrorHandler("retry", max_retries=3, retry_delay=0.01))
    def go(self, **_):
        Entry.tries += 1
        if Entry.tries < 3:
            raise OSError(f"try {Entry.tries}")

flow = Flow(flow_id="again")
flow.add_routine(Entry(), "entry")
finish(flow, flow.execute("entry"))
"""
    with Observed(python, tmp_path, text) as observed:
        observed.end()
        job = observed.jobs[1]
        assert job.status == "completed"
        assert job.routine_states["entry"]["runs"] == 3
        assert [one[0] for one in observed.of("retry")] == [1, 1]
        assert [one[3]["error"] for one in observed.of("retry")] == [
            "OSError: try 1",
            "OSError: try 2",
        ]
        assert all(one[5] >= one[2] for one in observed.of("retry"))
        assert not job.outstanding
        assert not job.running
