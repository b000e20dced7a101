"""Pause, resume and cancel of jobs of the library: hold, go on and drop, each task exactly once."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.tap.rig import Observed, runs

if TYPE_CHECKING:
    from pathlib import Path

#: Each handler counts itself, and emits to others: what ran is compared with what should have.
STRESS = """
class Relay(Sink):
    def go(self, i=0, **_):
        say("relay", i)
        time.sleep(0.001)
        for part in range(3):
            self.emit("out", i=3 * i + part)

def make_stress(workers):
    flow = make_flow("stress", workers, sink=Relay)
    flow.add_routine(Sink(), "end")
    flow.connect("sink", "out", "end", "in")
    return flow

flow = make_stress(int(sys.argv[1]))
state = flow.execute("source", {"n": 40})
print(finish(flow, state), state.status)
"""
SLOW = """
def work(sink, i):
    say("got", i)
    time.sleep(0.02)

flow = make_flow(workers=int(sys.argv[1]))
state = flow.execute("source", {"n": 40})
print(finish(flow, state), state.status)
"""


def numbers(observed: Observed, word: str = "got") -> list[int]:
    return [int(one.split()[1]) for one in observed.lines() if one.startswith(f"{word} ")]


@pytest.mark.parametrize("workers", [1, 4])
def test_paused_at_random_moments_every_handler_runs_once(
    python: str, tmp_path: Path, workers: int
) -> None:
    rng = random.Random(workers)
    with Observed(python, tmp_path, STRESS, args=[str(workers)]) as observed:
        job = observed.until_status("running")
        for _ in range(8):
            time.sleep(rng.random() * 0.05)
            observed.order("pause", 1)
            observed.until(lambda: job.status in {"paused", "completed"})
            if job.status == "completed":
                break
            assert not job.running
            held, done = len(job.outstanding), len(observed.of("r"))
            time.sleep(rng.random() * 0.05)
            observed.take()
            assert (len(job.outstanding), len(observed.of("r"))) == (held, done)
            observed.order("resume", 1)
            observed.until(lambda: job.status != "paused")
        assert observed.end() == 0, observed.errors.read_text()
        assert observed.jobs[1].status == "completed"
        assert sorted(numbers(observed, "relay")) == list(range(40))
        assert sorted(numbers(observed)) == list(range(120))
        assert set(runs(observed).values()) == {1}
        assert len(runs(observed)) == 1 + 40 + 120
        assert observed.lines()[-1] == "True completed"


def test_with_one_worker_the_order_is_kept_through_a_pause(python: str, tmp_path: Path) -> None:
    with Observed(python, tmp_path, SLOW, args=["1"]) as observed:
        for _ in range(4):
            observed.until(lambda: len(numbers(observed)) % 7 == 3)
            observed.order("pause")
            observed.until_status("paused")
            observed.order("resume")
            observed.until_status("running")
        assert observed.end() == 0
        assert numbers(observed) == list(range(40))


def test_a_pause_is_told_with_what_is_held_and_its_reason(python: str, tmp_path: Path) -> None:
    with Observed(python, tmp_path, SLOW, args=["1"]) as observed:
        observed.until(lambda: len(numbers(observed)) >= 3)
        observed.order("pause", 1, "lunch")
        job = observed.until_status("paused")
        (point,) = job.pause_points
        assert point["reason"] == "lunch"
        assert point["pending_tasks_count"] == len(job.pending_tasks) == len(job.outstanding)
        done = numbers(observed)
        assert [task["data"]["i"] for task in job.pending_tasks] == list(range(len(done), 40))
        assert {task["slot_routine_id"] for task in job.pending_tasks} == {"sink"}


def test_a_pause_in_the_entry_is_called_off_by_a_resume(python: str, tmp_path: Path) -> None:
    text = """
class Waits(Source):
    def go(self, **_):
        while not os.path.exists(sys.argv[1]):
            time.sleep(0.005)
        self.emit("out", i=1)

flow = make_flow()
flow.routines["source"].__class__ = Waits
flow.routines["source"].get_slot("trigger").handler = flow.routines["source"].go
finish(flow, flow.execute("source"))
"""
    go = tmp_path / "go"
    with Observed(python, tmp_path, text, args=[str(go)]) as observed:
        observed.until(lambda: runs(observed))
        observed.order("pause", 1)
        time.sleep(0.1)
        observed.take()
        assert observed.jobs[1].status == "running"  # its handler runs: it is not paused yet
        observed.order("resume", 1)
        observed.until(lambda: observed.of("called_off"))
        go.touch()
        assert observed.end() == 0
        assert observed.jobs[1].status == "completed"
        assert numbers(observed) == [1]
        assert not observed.jobs[1].pause_points


@pytest.mark.parametrize("workers", [1, 4])
def test_cancelled_at_a_random_moment_nothing_runs_after(
    python: str, tmp_path: Path, workers: int
) -> None:
    with Observed(python, tmp_path, SLOW, args=[str(workers)]) as observed:
        observed.until(lambda: len(numbers(observed)) >= 3 + 5 * workers)
        observed.order("cancel", 1, "enough")
        job = observed.until_status("cancelled")
        started = len(runs(observed))
        assert observed.end() == 0
        assert len(runs(observed)) == started < 41
        assert observed.lines()[-1] == "True cancelled"
        assert not job.outstanding
        assert not job.running
        account = job.routine_states["_cancellation"]
        assert account["reason"] == "enough"
        assert account["dropped"] == 41 - started


def test_a_paused_job_can_be_cancelled(python: str, tmp_path: Path) -> None:
    with Observed(python, tmp_path, SLOW, args=["1"]) as observed:
        observed.until(lambda: len(numbers(observed)) >= 3)
        observed.order("pause")
        observed.until_status("paused")
        done = len(numbers(observed))
        observed.order("cancel")
        observed.until_status("cancelled")
        assert observed.end() == 0
        assert len(numbers(observed)) == done


def test_a_pause_of_one_job_lets_the_others_of_its_flow_run(python: str, tmp_path: Path) -> None:
    text = """
def work(sink, i):
    say("got", sink.get_execution_context().job_state.job_id)
    time.sleep(0.01)

flow = make_flow()
states = []
threads = [
    threading.Thread(target=lambda: states.append(flow.execute("source", {"n": 30})))
    for _ in range(2)
]
[t.start() for t in threads]
[t.join() for t in threads]
[finish(flow, state) for state in states]
"""
    with Observed(python, tmp_path, text) as observed:
        observed.until(lambda: len(observed.jobs) == 2 and len(runs(observed)) > 3)
        observed.order("pause", 1)
        observed.until_status("paused")
        done = len(runs(observed, 1))
        observed.until_status("completed", 2)
        assert len(runs(observed, 1)) == done < 31
        observed.order("resume", 1)
        assert observed.end() == 0
        assert observed.jobs[1].status == "completed"
        assert [len(runs(observed, n)) for n in (1, 2)] == [31, 31]


def test_the_time_of_a_hold_is_none_of_a_script_s_own_limit(python: str, tmp_path: Path) -> None:
    text = SLOW.replace("finish(flow, state)", "finish(flow, state, timeout=3)")
    with Observed(python, tmp_path, text, args=["1"]) as observed:
        observed.until(lambda: len(numbers(observed)) >= 3)
        observed.order("pause")
        observed.until_status("paused")
        time.sleep(3.5)
        observed.order("resume")
        assert observed.end() == 0
        assert observed.lines()[-1] == "True completed"


def test_a_pause_of_the_script_s_own_is_resumed_from_outside_without_loss(
    python: str, tmp_path: Path
) -> None:
    text = """
def work(sink, i):
    time.sleep(0.02)
    if i == 5:
        sink.emit_deferred_event("out", i=100)
        flow._paused = True  # the library's pause waits for this handler, which it is called from
        threading.Thread(target=lambda: flow.pause(state, "mine")).start()
    say("got", i)

flow = make_flow()
flow.connect("sink", "out", "sink", "in")
state = JobState
state = flow.execute("source", {"n": 20})
while state.status != "completed":
    finish(flow, state)
    time.sleep(0.01)
"""
    with Observed(python, tmp_path, text) as observed:
        job = observed.until_status("paused")
        observed.until(lambda: observed.of("hold"))
        assert [point["reason"] for point in job.pause_points] == ["mine"]
        observed.order("resume")
        observed.until_status("completed")
        assert observed.end() == 0
        assert sorted(numbers(observed)) == [*range(20), 100]
        assert set(runs(observed).values()) == {1}


def test_a_script_whose_runner_is_gone_goes_on_by_itself(python: str, tmp_path: Path) -> None:
    with Observed(python, tmp_path, SLOW, args=["1"]) as observed:
        observed.until(lambda: len(numbers(observed)) >= 3)
        observed.order("pause")
        observed.until_status("paused")
        observed.let_go()
        assert observed.process.wait(60) == 0
        assert numbers(observed) == list(range(40))
