"""Faults that a prototype of the tap had, each seen to be absent."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

from tests.tap.rig import LIBRARY, Observed, runs

if TYPE_CHECKING:
    from pathlib import Path


def test_a_version_that_can_not_be_observed_is_left_alone(python: str, tmp_path: Path) -> None:
    package = tmp_path / "routilux"
    package.mkdir()
    (package / "__init__.py").write_text("__version__ = '1.1.0'\n")
    file = tmp_path / "new.py"
    file.write_text("import routilux\nprint('ran with', routilux.__version__)\n")
    with Observed(python, tmp_path, "", file=str(file), argv0=str(file)) as observed:
        assert observed.end() == 0, observed.errors.read_text()
        assert observed.lines() == ["ran with 1.1.0"]
        kind, version, lacking = observed.messages[0][1:]
        assert (kind, version) == ("unknown", "1.1.0")
        assert "routilux.job_state" in lacking


def test_no_frame_of_ours_is_in_a_script_s_traceback(python: str, tmp_path: Path) -> None:
    text = """
class Wrong(Source):
    def go(self, **_):
        self.emit("nothing")

flow = make_flow()
flow.routines["source"].get_slot("trigger").handler = flow.routines["source"].emit
make_flow().execute("nobody")
"""
    file = tmp_path / "script.py"
    file.write_text(LIBRARY + text)
    alone = subprocess.run([python, file], capture_output=True, text=True, check=False)
    with Observed(python, tmp_path, text) as observed:
        assert observed.end() == alone.returncode == 1
        assert observed.errors.read_text() == alone.stderr
        assert "Traceback" in alone.stderr


def test_any_alteration_of_a_state_is_told(python: str, tmp_path: Path) -> None:
    text = """
from routilux.job_state import ExecutionRecord
flow = make_flow()
state = flow.execute("source", {"n": 0})
state.shared_log.extend([{"n": 1}, {"n": 2}])
state.shared_log += [{"n": 3}]
state.shared_log.insert(0, {"n": 0})
state.shared_log.pop()
state.shared_log[0:1] = [{"n": "first"}]
state.shared_data.update(a=1, b=2, c=3)
state.shared_data.setdefault("d", []).append("inside")
state.shared_data.pop("a")
del state.shared_data["b"]
state.shared_data.popitem() if False else None
state.shared_data |= {"e": {"deep": [1]}}
state.shared_data["e"]["deep"].append(2)
state.deferred_events.append({"odd": True})
state.output_log.clear()
state.execution_history.append(ExecutionRecord("me", "by hand", {"x": 1}))
state.routine_states["sink"] = {"status": "mine"}
finish(flow, state)
import json
say("STATE", json.dumps({
    "log": state.shared_log, "data": state.shared_data, "deferred": state.deferred_events,
    "history": [[r.routine_id, r.event_name, r.data] for r in state.execution_history],
    "states": state.routine_states,
}))
"""
    with Observed(python, tmp_path, text) as observed:
        assert observed.end() == 0, observed.errors.read_text()
        theirs = json.loads(observed.lines()[-1].removeprefix("STATE "))
        job = observed.jobs[1]
        assert list(job.shared_log) == theirs["log"]
        assert dict(job.shared_data) == theirs["data"]
        assert job.shared_data["e"] == {"deep": [1, 2]}
        assert list(job.deferred_events) == theirs["deferred"]
        told = [[r.routine_id, r.event_name, r.data] for r in job.execution_history]
        assert told == theirs["history"]
        assert job.routine_states["sink"]["status"] == "mine"


def test_a_handler_that_a_cancel_stops_is_no_failure_and_the_state_is_cancelled(
    python: str, tmp_path: Path
) -> None:
    text = """
class Endless(Source):
    def __init__(self):
        super().__init__()
        self.define_slot("again", handler=self.loop)

    def go(self, **_):
        self.emit("out", i=0)

    def loop(self, **_):
        try:
            while True:
                time.sleep(0.002)
                self.emit("out", i=1)
        except Exception:
            say("swallowed")

flow = Flow(flow_id="endless", execution_strategy="concurrent", max_workers=2)
flow.add_routine(Endless(), "source")
flow.connect("source", "out", "source", "again")
state = flow.execute("source")
finish(flow, state)
say(state.status, state.routine_states.get("source", {}).get("status"))
"""
    with Observed(python, tmp_path, text) as observed:
        observed.until(lambda: len(runs(observed)) >= 2)
        observed.order("cancel", 1)
        job = observed.until_status("cancelled")
        assert observed.end() == 0
        assert observed.lines()[-1].startswith("cancelled")
        assert "swallowed" not in observed.lines()
        assert {one[2] for one in observed.of("ran")} == {"cancelled"}
        assert not job.running
        assert job.routine_states["source"]["status"] != "failed"


def test_a_process_that_ends_before_its_job_does_not_complete_it(
    python: str, tmp_path: Path
) -> None:
    text = """
def work(sink, i):
    time.sleep(0.05)

flow = make_flow()
state = flow.execute("source", {"n": 100})
os._exit(0) if len(sys.argv) > 1 else None
flow._running = False
flow._get_executor().shutdown(wait=False, cancel_futures=True)
sys.exit(3)
"""
    with Observed(python, tmp_path, text) as observed:
        assert observed.end() == 3
        job = observed.jobs[1]
        assert job.status == "failed"
        assert "exit code 3" in job.routine_states["_failure"]["reason"]
        assert "had not run" in job.routine_states["_failure"]["reason"]
        assert job.outstanding
        assert observed.messages[-1] == [0, "end", 3]
    (tmp_path / "again").mkdir()
    with Observed(python, tmp_path / "again", text, args=["now"]) as observed:
        assert observed.end() == 0
        assert observed.jobs[1].status == "running"  # no last word; the runner knows better


def test_a_job_that_was_held_and_never_ends_is_not_waited_for_without_limit(
    python: str, tmp_path: Path
) -> None:
    text = """
def work(sink, i):
    time.sleep(0.01)

flow = make_flow()
state = flow.execute("source", {"n": 30})
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
flow._running = False  # the library's loop ends: what is queued never runs
with flow._execution_lock:
    pass
flow._task_queue.put = None
state.routine_states["x"] = {}
job = state._routilux_tui
with job.lock:
    job.outstanding[10_000] = None  # a task that the library has lost
"""
    go = tmp_path / "go"
    with Observed(python, tmp_path, text, args=[str(go)]) as observed:
        observed.until(lambda: len(runs(observed)) > 2)
        observed.order("pause", 1)
        observed.until_status("paused")
        observed.order("resume", 1)
        observed.until_status("running")
        go.touch()
        began = time.monotonic()
        assert observed.end() == 0
        assert observed.jobs[1].status == "failed"
        assert time.monotonic() - began < 60


def test_copies_and_files_of_a_state_hold_nothing_of_ours(python: str, tmp_path: Path) -> None:
    text = """
import copy, pickle
flow = make_flow()
state = flow.execute("source", {"n": 2})
state.shared_data["k"] = {"v": 1}
finish(flow, state)
for other in (copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
    say(type(other.shared_data).__name__, type(other.shared_log).__name__, other.status)
state.save(sys.argv[1])
loaded = JobState.load(sys.argv[1])
say(type(loaded.routine_states).__name__, loaded.shared_data)
say("_routilux_tui" in open(sys.argv[1]).read(), "_routilux_tui" in str(flow.serialize()))
"""
    with Observed(python, tmp_path, text, args=[str(tmp_path / "state.json")]) as observed:
        assert observed.end() == 0, observed.errors.read_text()
        assert [one for one in observed.lines() if not one.startswith("got")] == [
            "dict list completed",
            "dict list completed",
            "dict {'k': {'v': 1}}",
            "False False",
        ]


def test_a_forked_child_says_nothing(python: str, tmp_path: Path) -> None:
    text = """
flow = make_flow()
pid = os.fork()
state = flow.execute("source", {"n": 3})
finish(flow, state)
if not pid:
    os._exit(0)
os.waitpid(pid, 0)
"""
    with Observed(python, tmp_path, text) as observed:
        assert observed.end() == 0, observed.errors.read_text()
        assert len(observed.jobs) == 1
        assert observed.jobs[1].status == "completed"
        assert sorted(observed.lines()) == sorted(["got 0", "got 1", "got 2"] * 2)


def test_asking_for_input_is_told(python: str, tmp_path: Path) -> None:
    with Observed(
        python, tmp_path, "try:\n    input('? ')\nexcept EOFError:\n    say('none')\n"
    ) as one:
        assert one.end() == 0
        assert [0, "input"] in one.messages
        assert one.lines() == ["? none"]
