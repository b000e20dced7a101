"""What a user sees of a job that is cancelled."""

from __future__ import annotations

import pytest
from steps import Gate, chain, emit_many, ended

from routilux_tui import ErrorHandler, JobState
from routilux_tui.errors import JobCancelled, NotPossible


class TestCancelling:
    def test_cancel_drops_what_has_not_started_and_records_how_much(self):
        gate = Gate()
        ran = []

        def work(step, i):
            ran.append(i)
            gate(step)

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 10})
        gate.wait()
        assert flow.execution_of(job).cancel("no more") == 9
        assert job.status == "cancelled"
        assert flow.execution_of(job).control.action == "cancel"
        assert not JobState.wait_for_completion(flow, job, timeout=0)
        gate.open()
        assert ended(flow, job) == "cancelled"
        assert ran == [0]
        told = job.routine_states["_cancellation"]
        assert told["reason"] == "no more"
        assert told["dropped"] == 9
        assert job.pending_tasks == []

    def test_a_running_handler_can_ask_and_its_emit_raises(self):
        gate = Gate()
        said = []

        def work(step, **_):
            said.append((step.cancelled, step.get_execution_context().cancelled))
            gate(step)
            said.append((step.cancelled, step.get_execution_context().cancelled))
            with pytest.raises(JobCancelled):
                step.emit("out")
            step.emit("out")

        flow = chain(work, None)
        job = flow.execute("a")
        gate.wait()
        flow.cancel(job)
        gate.open()
        assert ended(flow, job) == "cancelled"
        assert said == [(False, False), (True, True)]
        assert "b" not in job.routine_states
        assert "cancelled" in job.get_routine_state("a")["error"]
        assert job.get_routine_state("a")["errors"] == 0  # it was stopped: that is no error
        assert job.failed_tasks == []

    def test_a_paused_job_can_be_cancelled_and_never_resumed(self):
        flow = chain(emit_many, None)
        job = JobState("chain")
        job.status = "paused"
        job.pending_tasks = [{"slot_routine_id": "b", "slot_name": "in", "data": {}}] * 3
        flow.cancel(job, "old")
        assert job.status == "cancelled"
        assert job.routine_states["_cancellation"]["dropped"] == 3
        assert job.pending_tasks == []
        with pytest.raises(NotPossible, match="cancelled"):
            flow.resume(job)

    def test_a_retry_that_waits_is_dropped_by_a_cancel(self):
        def fail(_step, **_):
            raise ValueError("no")

        flow = chain(fail)
        flow.set_error_handler(ErrorHandler("retry", max_retries=5, retry_delay=60))
        job = flow.execute("a")
        assert JobState.wait_until_condition(
            flow, job, lambda f, _: f.get_routine_retry_count("a") == 1, timeout=10
        )
        assert flow.execution_of(job).cancel() == 1
        assert ended(flow, job) == "cancelled"

    def test_a_handler_can_cancel_its_own_job(self):
        def work(step, i):
            if i == 1:
                context = step.get_execution_context()
                context.flow.cancel(context.job_state, "seen enough")

        flow = chain(emit_many, work)
        job = flow.execute("a", {"n": 5})
        assert ended(flow, job) == "cancelled"
        assert job.get_routine_state("b")["runs"] == 2

    def test_a_job_that_has_ended_is_not_cancelled(self):
        flow = chain(None)
        job = flow.execute("a")
        ended(flow, job)
        with pytest.raises(NotPossible, match="completed"):
            flow.cancel(job)

    def test_a_job_of_another_flow_is_refused(self):
        flow = chain(None)
        for act in (flow.cancel, flow.pause, flow.resume):
            with pytest.raises(ValueError, match="other"):
                act(JobState("other"))
