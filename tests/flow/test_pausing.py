"""What a user sees of a job that is paused: what is held, and what runs when it goes on."""

from __future__ import annotations

import threading
import time

import pytest
from steps import Gate, chain, emit_many, ended

from routilux_tui import ErrorHandler, Flow, JobState, Routine
from routilux_tui.errors import NotPossible


class TestPausing:
    def paused_with(self, n=5):
        gate = Gate()
        ran = []

        def work(step, i):
            gate(step)
            ran.append(i)

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": n})
        gate.wait()
        execution = flow.execution_of(job)
        assert execution.pause("because", {"page": 3}) == 1
        return flow, job, gate, ran, execution

    def test_pausing_lets_the_running_handler_finish_and_holds_the_rest(self):
        flow, job, gate, ran, execution = self.paused_with(5)
        assert job.status == "running"
        assert execution.control.action == "pause"
        assert execution.control.running == 1
        gate.open()
        assert ended(flow, job) == "paused"
        assert execution.control is None
        assert ran == [0]
        assert [task["data"]["i"] for task in job.pending_tasks] == [1, 2, 3, 4]
        assert {task["slot_routine_id"] for task in job.pending_tasks} == {"b"}
        task = job.pending_tasks[0]
        assert task["connection_source_routine_id"] == "a"
        assert task["connection_source_event_name"] == "out"
        assert task["connection_target_routine_id"] == "b"
        assert task["connection_target_slot_name"] == "in"

    def test_one_pause_makes_one_pause_point_however_often_it_is_asked(self):
        flow, job, gate, _, execution = self.paused_with(3)
        execution.pause("again")
        gate.open()
        ended(flow, job)
        assert len(job.pause_points) == 1
        point = job.pause_points[0]
        assert point["reason"] == "because"
        assert point["checkpoint"] == {"page": 3}
        assert point["current_routine_id"] == "b"

    def test_resuming_runs_each_held_task_once_in_order(self):
        flow, job, gate, ran, _ = self.paused_with(6)
        gate.open()
        ended(flow, job)
        gate.open(10)
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert ran == list(range(6))
        assert job.pending_tasks == []

    def test_a_pause_that_is_awaited_can_be_called_off(self):
        flow, job, gate, ran, execution = self.paused_with(4)
        execution.resume()
        assert execution.control is None
        gate.open(10)
        assert ended(flow, job) == "completed"
        assert ran == list(range(4))
        assert job.pause_points == []

    def test_pause_from_outside_returns_when_the_job_is_paused(self):
        flow = chain(emit_many, lambda _s, i: time.sleep(0.005))
        job = flow.execute("a", {"n": 200})
        assert flow.pause(job, "enough")
        assert job.status == "paused"
        assert flow.execution_of(job).handlers() == []
        flow.cancel(job)

    def test_pause_from_outside_gives_up_after_its_timeout_but_stays_asked(self):
        gate = Gate()
        flow = chain(gate)
        job = flow.execute("a")
        gate.wait()
        assert not flow.pause(job, timeout=0.02)
        assert flow.execution_of(job).control.action == "pause"
        gate.open()
        assert ended(flow, job) == "paused"

    def test_a_handler_can_pause_its_own_job(self):
        ran = []

        def work(step, i):
            ran.append(i)
            if i == 2:
                context = step.get_execution_context()
                context.flow.pause(context.job_state, "at two", {"i": i})

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 5})
        assert ended(flow, job) == "paused"
        assert ran == [0, 1, 2]
        assert job.pause_points[0]["checkpoint"] == {"i": 2}
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert ran == [0, 1, 2, 3, 4]

    def test_two_handlers_that_pause_at_once_make_one_pause(self):
        together = threading.Barrier(2)

        def work(step, **_):
            context = step.get_execution_context()
            together.wait(10)
            context.flow.pause(context.job_state, "both")

        flow = chain(emit_many, work, execution_strategy="concurrent", max_workers=2)
        job = flow.execute("a", {"n": 2})
        assert ended(flow, job) == "paused"
        assert len(job.pause_points) == 1

    def test_deferred_events_come_first_on_resume_in_order(self):
        seen = []

        def work(step, i):
            seen.append(i)
            if i == 0:
                step.emit_deferred_event("out", i="first")
                step.emit_deferred_event("out", i="second")
                context = step.get_execution_context()
                context.flow.pause(context.job_state)

        flow = chain(emit_many, work, lambda _s, i: seen.append(f"got {i}"))
        job = flow.execute("a", {"n": 3})
        assert ended(flow, job) == "paused"
        assert [one["event_name"] for one in job.deferred_events] == ["out", "out"]
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert seen == [0, "got first", "got second", 1, 2]
        assert job.deferred_events == []

    def test_a_pause_with_nothing_left_to_do_is_still_a_pause(self):
        def ask(step, **_):
            step.emit_deferred_event("out", answer=42)
            context = step.get_execution_context()
            context.flow.pause(context.job_state, "a person must say yes")

        got = []
        flow = chain(ask, lambda _s, answer: got.append(answer))
        job = flow.execute("a")
        assert ended(flow, job) == "paused"
        assert job.pending_tasks == []
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert got == [42]

    def test_a_retry_that_waits_is_held_by_a_pause(self):
        tries = []

        def fail_once(_step, **_):
            tries.append(1)
            if len(tries) == 1:
                raise ValueError("once")

        flow = chain(fail_once)
        flow.set_error_handler(ErrorHandler("retry", max_retries=2, retry_delay=60))
        job = flow.execute("a")
        assert JobState.wait_until_condition(
            flow, job, lambda f, _: f.get_routine_retry_count("a") == 1, timeout=10
        )
        flow.pause(job)
        assert [task["retry_count"] for task in job.pending_tasks] == [1]
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert len(tries) == 2

    def test_a_failure_while_a_pause_is_awaited_ends_the_job(self):
        gate = Gate()

        def fail(step, **_):
            gate(step)
            raise ValueError("no")

        flow = chain(fail)
        job = flow.execute("a")
        gate.wait()
        flow.execution_of(job).pause("too late")
        gate.open()
        assert ended(flow, job) == "failed"
        assert job.pause_points == []

    @pytest.mark.parametrize("status", ["pending", "completed", "failed", "cancelled", "paused"])
    def test_only_a_running_job_can_be_paused(self, status):
        flow = chain(None)
        job = JobState("chain")
        job.status = status
        with pytest.raises(NotPossible, match=status):
            flow.pause(job)

    def test_an_emit_while_paused_is_held_like_the_rest(self):
        flow = chain(None, None)
        job = flow.execute("a")
        ended(flow, job)
        flow, job, gate, _, execution = self.paused_with(1)
        gate.open()
        ended(flow, job)
        execution.emit(None, flow.routines["a"], "out", {"i": 99})
        assert [task["data"] for task in job.pending_tasks] == [{"i": 99}]
        gate.open(5)
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert job.get_routine_state("b")["runs"] == 2


def test_a_pause_that_a_handler_asks_for_is_its_routines_whatever_started_since():
    started = threading.Event()

    class Asking(Routine):
        def __init__(self):
            super().__init__()
            self.define_slot("trigger", handler=self.ask)
            self.define_event("out", ["i"])

        def ask(self):
            self.emit("out", i=1)
            assert started.wait(10)
            context = self.get_execution_context()
            context.flow.pause(context.job_state, "may I?")

    class Other(Routine):
        def __init__(self):
            super().__init__()
            self.define_slot("in", handler=lambda i: started.set())

    flow = Flow("asking", execution_strategy="concurrent", max_workers=2)
    flow.add_routine(Asking(), "asks")
    flow.add_routine(Other(), "other")
    flow.connect("asks", "out", "other", "in")
    job = flow.execute("asks")
    flow.wait_for_completion(timeout=10)
    assert job.status == "paused"
    assert job.current_routine_id == "other"
    assert job.pause_points[-1]["current_routine_id"] == "asks"
