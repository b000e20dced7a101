"""Where an event goes that no handler emits."""

from __future__ import annotations

import threading

import pytest
from steps import Gate, chain, ended

from routilux_tui.errors import JobCancelled, NotPossible


class TestEmittingOutsideOfAHandler:
    def test_an_emit_from_a_thread_of_the_users_own_goes_to_the_job_that_runs(self):
        seen = []

        def start(step, **_):
            thread = threading.Thread(target=step.emit, args=("out",), kwargs={"i": 7})
            thread.start()
            thread.join()

        flow = chain(start, lambda _s, i: seen.append(i))
        assert ended(flow, flow.execute("a")) == "completed"
        assert seen == [7]

    def test_a_thread_of_a_cancelled_job_that_emits_runs_no_handler(self):
        gate, seen, errors = Gate(), [], []
        flow = chain(gate, lambda _s, i: seen.append(i))
        job = flow.execute("a")
        gate.wait()
        flow.cancel(job)
        gate.open()
        assert ended(flow, job) == "cancelled"

        def late():
            try:
                flow.routines["a"].emit("out", i=7)
            except JobCancelled as error:
                errors.append(error)

        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
        assert (seen, len(errors)) == ([], 1)

    def test_outside_of_any_job_an_emit_calls_the_slots_directly(self):
        seen = []
        flow = chain(None, lambda _s, i: seen.append(i))
        flow.routines["a"].emit("out", i=1)
        assert seen == [1]

    def test_a_thread_that_emits_late_runs_no_handler_of_a_job_that_has_ended(self):
        seen = []
        flow = chain(None, lambda _s, i: seen.append(i))
        assert ended(flow, flow.execute("a")) == "completed"
        with pytest.raises(NotPossible, match="has ended"):
            flow.routines["a"].emit("out", i=1)
        assert seen == []

    def test_what_a_thread_emits_while_the_job_is_paused_is_held(self):
        seen = []

        def pause(step, **_):
            context = step.get_execution_context()
            context.flow.pause(context.job_state)

        flow = chain(pause, lambda _s, i: seen.append(i))
        job = flow.execute("a")
        assert ended(flow, job) == "paused"
        flow.routines["a"].emit("out", i=1)
        assert seen == []
        assert [task["data"] for task in job.pending_tasks] == [{"i": 1}]
        flow.resume(job)
        assert ended(flow, job) == "completed"
        assert seen == [1]

    def test_beside_a_paused_job_a_thread_must_say_which_it_means(self):
        def pause(step, pausing=False, **_):
            context = step.get_execution_context()
            if pausing:
                context.flow.pause(context.job_state)
            else:
                gate(step)

        gate = Gate()
        flow = chain(pause)
        paused = flow.execute("a", {"pausing": True})
        assert ended(flow, paused) == "paused"
        other = flow.execute("a")
        gate.wait()
        with pytest.raises(NotPossible, match="more than one job"):
            flow.routines["a"].emit("out", i=1)
        gate.open()
        assert ended(flow, other) == "completed"
