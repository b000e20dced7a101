"""What users of routilux have seen go wrong, each shown not to happen here."""

from __future__ import annotations

import threading
import time

import pytest
from steps import Gate, Step, chain, emit_many, ended

from routilux_tui import Flow, JobState


def test_one_pause_is_shown_twice():
    flow = chain(emit_many, lambda _s, i: time.sleep(0.001))
    job = flow.execute("a", {"n": 50})
    flow.pause(job, "once")
    assert len(job.pause_points) == 1
    flow.cancel(job)


def test_a_pause_gives_up_after_a_while_and_lets_tasks_run_on(monkeypatch):
    """routilux waits five seconds at most; here the gate stays closed however long it takes."""
    gate = Gate()
    ran = []

    def work(step, i):
        ran.append(i)
        gate(step)

    flow = chain(emit_many, work)
    job = flow.execute("a", {"n": 3})
    gate.wait()
    # The clock says that an hour is over: no waiter may give up because of it.
    now = time.monotonic()
    asked = threading.Thread(target=flow.pause, args=(job,))
    asked.start()
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: now + 3600)
        time.sleep(0.05)
        assert asked.is_alive()
        assert job.status == "running"
    gate.open()
    asked.join(10)
    assert job.status == "paused"
    assert ran == [0]
    flow.cancel(job)


def test_every_pending_task_is_gone_after_a_resume_when_routines_have_ids_of_their_own():
    flow = chain(emit_many, lambda _s, i: time.sleep(0.0005))
    job = flow.execute("a", {"n": 40})
    flow.pause(job)
    assert all(task["slot_routine_id"] in flow.routines for task in job.pending_tasks)
    flow.resume(job)
    assert ended(flow, job) == "completed"
    assert job.get_routine_state("b")["runs"] == 40


def test_cancel_hangs_while_a_task_is_queued():
    gate = Gate()
    flow = chain(emit_many, gate)
    job = flow.execute("a", {"n": 5})
    gate.wait()
    asked = threading.Thread(target=flow.cancel, args=(job,))
    asked.start()
    asked.join(5)
    assert not asked.is_alive()
    gate.open()
    assert ended(flow, job) == "cancelled"


def test_tasks_of_a_cancelled_job_run_in_the_next_one():
    gate = Gate()
    ran = []

    def work(step, who, **_):
        ran.append(who)
        if who == "first":
            gate(step)

    def start(step, who):
        for _ in range(5):
            step.emit("out", who=who)

    flow = chain(start, work)
    first = flow.execute("a", {"who": "first"})
    gate.wait()
    flow.cancel(first)
    second = flow.execute("a", {"who": "second"})
    assert ended(flow, second) == "completed"
    gate.open()
    assert ended(flow, first) == "cancelled"
    assert ran == ["first"] + ["second"] * 5


def test_a_job_is_called_completed_while_its_entry_handler_still_runs():
    gate = Gate()

    def start(step, **_):
        step.emit("out")
        gate(step)

    flow = chain(start, None, execution_strategy="concurrent", max_workers=2)
    job = flow.execute("a")
    gate.wait()
    assert JobState.wait_until_condition(
        flow, job, lambda _f, j: (j.get_routine_state("b") or {}).get("status") == "completed", 10
    )
    assert not JobState.wait_for_completion(flow, job, timeout=0.02)
    assert job.status == "running"
    gate.open()
    assert ended(flow, job) == "completed"


def test_a_job_that_nobody_waited_for_stays_running_in_its_file(tmp_path):
    flow = chain(emit_many, None)
    job = flow.execute("a", {"n": 3})
    over = threading.Event()
    job.subscribe(lambda change: over.set() if change[1] == "status" else None)
    if job.status == "running":
        assert over.wait(10)
    job.save(tmp_path / "job.json")
    assert JobState.load(tmp_path / "job.json").status == "completed"


def test_only_the_entry_routine_gets_a_state():
    flow = chain(emit_many, lambda step, i: step.emit("out", i=i), None)
    job = flow.execute("a", {"n": 1})
    ended(flow, job)
    assert {name: one["status"] for name, one in job.routine_states.items()} == {
        "a": "completed",
        "b": "completed",
        "c": "completed",
    }


def test_an_error_in_a_handler_that_is_not_the_entry_is_swallowed():
    def fail(_step, i):
        raise ValueError(i)

    flow = chain(emit_many, fail)
    assert ended(flow, flow.execute("a", {"n": 1})) == "failed"


def test_data_collected_by_a_slot_in_one_job_turns_up_in_the_next():
    seen = []
    flow = Flow("f")
    flow.add_routine(Step(emit_many), "a")
    step = Step()
    step.define_slot("all", handler=lambda data: seen.append(data["i"]), merge_strategy="append")
    flow.add_routine(step, "b")
    flow.connect("a", "out", "b", "all")
    for _ in range(2):
        ended(flow, flow.execute("a", {"n": 2}))
    assert seen == [[0], [0, 1], [0], [0, 1]]


def test_retries_of_one_job_are_taken_from_the_next():
    tries = []

    def fail(_step, **_):
        tries.append(1)
        raise ValueError("always")

    flow = chain(fail)
    flow.routines["a"].set_as_critical(max_retries=2, retry_delay=0.001)
    for _ in range(2):
        assert ended(flow, flow.execute("a")) == "failed"
    assert len(tries) == 6


@pytest.mark.parametrize("workers", [1, 3])
def test_the_waiter_is_told_long_after_the_end(workers):
    """Not by the clock: the waiter is woken by the job's last change and by nothing else."""
    flow = chain(emit_many, None, execution_strategy="concurrent", max_workers=workers)
    gate = Gate()
    flow.routines["a"].function = gate
    job = flow.execute("a")
    gate.wait()
    returned = threading.Event()
    answers = []

    def wait():
        answers.append(
            JobState.wait_for_completion(
                flow, job, timeout=60, check_interval=30, stability_delay=30
            )
        )
        returned.set()

    threading.Thread(target=wait).start()
    gate.open()
    assert returned.wait(10)
    assert answers == [True]
