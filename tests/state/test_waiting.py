"""Waiting for the end of a job, or for a condition."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from routilux_tui import ErrorHandler, Flow, JobState, Routine
from routilux_tui.state import waiting


class Step(Routine):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.define_slot("trigger", handler=self.handle)
        self.define_slot("in", handler=self.handle)
        self.define_event("out")

    def handle(self, **data):
        self.function(self, **data)


def flow_of(function):
    flow = Flow("f")
    flow.add_routine(Step(function), "a")
    return flow


@pytest.fixture
def held():
    """A flow whose handler waits until it is let, and its job."""
    let = threading.Event()
    flow = flow_of(lambda _s, **_: let.wait(20))
    job = flow.execute("a")
    yield flow, job, let
    let.set()
    flow.wait_for_completion(10)


class TestForTheEnd:
    def test_true_when_it_has_ended(self, held):
        flow, job, let = held
        threading.Timer(0.02, let.set).start()
        assert JobState.wait_for_completion(flow, job, timeout=10)
        assert job.status == "completed"
        assert JobState.wait_for_completion(flow, job, timeout=0)

    def test_a_timeout_without_end_waits_for_the_end(self, held):
        flow, job, let = held
        threading.Timer(0.02, let.set).start()
        assert JobState.wait_for_completion(flow, job, timeout=float("inf"))

    def test_a_timeout_of_nothing_asks_without_waiting(self, held):
        flow, job, _ = held
        before = time.monotonic()
        assert not JobState.wait_for_completion(flow, job, timeout=0)
        assert time.monotonic() - before < 5

    def test_a_timeout_is_a_warning_that_tells_queue_handlers_and_status(self, held, caplog):
        flow, job, _ = held
        assert not JobState.wait_for_completion(flow, job, 0.01)
        assert "0 tasks queued, 1 running, status running" in caplog.text

    def test_true_when_it_is_paused(self):
        def pause(step, **_):
            context = step.get_execution_context()
            context.flow.pause(context.job_state)

        flow = flow_of(pause)
        job = flow.execute("a")
        assert JobState.wait_for_completion(flow, job, timeout=10)
        assert job.status == "paused"

    def test_true_for_a_saved_job_that_has_ended(self):
        job = JobState("f")
        job.status = "failed"
        assert JobState.wait_for_completion(flow_of(None), job, timeout=0)

    def test_progress_is_told_now_and_then(self, held, monkeypatch):
        flow, job, let = held
        monkeypatch.setattr(waiting, "PROGRESS_EVERY", 0.01)
        told = []

        def progress(*what):
            told.append(what)
            if len(told) >= 3 and what[1]:
                let.set()

        assert JobState.wait_for_completion(flow, job, 10, progress_callback=progress)
        assert told[0] in {(0, 1, "running"), (1, 0, "running")}  # at once, begun or not
        assert told[-1] == (0, 1, "running")


class OtherFlow:
    """A flow of another engine, as far as a waiter may look into it."""

    def __init__(self):
        self._task_queue = queue.Queue()
        self._active_tasks = set()
        self._execution_lock = threading.Lock()


class TestWithAFlowOfAnotherEngine:
    def wait(self, flow, job, timeout):
        return JobState.wait_for_completion(
            flow, job, timeout, stability_checks=2, check_interval=0.001, stability_delay=0.001
        )

    def test_it_ends_when_nothing_is_queued_and_nothing_runs(self):
        flow, job = OtherFlow(), JobState("f")
        job.status = "running"
        assert self.wait(flow, job, 10)
        assert job.status == "completed"

    def test_a_failed_routine_makes_the_job_failed_and_a_continued_one_does_not(self):
        flow, job = OtherFlow(), JobState("f")
        job.status = "running"
        job.update_routine_state("a", {"status": "error_continued"})
        assert self.wait(flow, job, 10)
        assert job.status == "completed"
        job.status = "running"
        job.update_routine_state("b", {"status": "error"})
        assert self.wait(flow, job, 10)
        assert job.status == "failed"

    def test_it_has_not_ended_while_a_task_is_queued(self, caplog):
        flow, job = OtherFlow(), JobState("f")
        job.status = "running"
        flow._task_queue.put("task")
        assert not self.wait(flow, job, 0.02)
        assert "1 tasks queued" in caplog.text


class TestForACondition:
    def test_true_as_soon_as_it_holds(self, held):
        flow, job, _ = held
        threading.Timer(0.02, job.update_shared_data, ("k", 1)).start()
        assert JobState.wait_until_condition(
            flow, job, lambda _f, j: j.get_shared_data("k") == 1, timeout=10, check_interval=9
        )

    def test_what_holds_for_a_moment_only_is_not_missed(self):
        let = threading.Event()

        def work(step, **_):
            let.wait(20)
            state = step.get_execution_context().job_state
            for i in range(50):
                state.update_shared_data("i", i)

        flow = flow_of(work)
        job = flow.execute("a")
        threading.Timer(0.02, let.set).start()
        assert JobState.wait_until_condition(
            flow, job, lambda _f, j: j.get_shared_data("i") == 25, timeout=10, check_interval=9
        )

    @pytest.mark.parametrize("kind", [threading.Lock, threading.RLock])
    def test_one_that_takes_a_lock_which_a_handler_holds_holds_up_nobody(self, kind):
        lock, let = kind(), threading.Event()

        def work(step, **_):
            let.wait(20)
            state = step.get_execution_context().job_state
            for i in range(200):
                with lock:
                    state.update_shared_data("i", i)

        def condition(_flow, job):
            with lock:
                return job.get_shared_data("i") == 150

        flow = flow_of(work)
        job = flow.execute("a")
        threading.Timer(0.02, let.set).start()
        assert JobState.wait_until_condition(flow, job, condition, timeout=20, check_interval=9)
        assert flow.wait_for_completion(20, job)

    def test_it_is_asked_in_the_thread_that_waits_alone(self, held):
        flow, job, let = held
        threads = set()

        def condition(_flow, _job):
            threads.add(threading.get_ident())
            return False

        threading.Timer(0.02, let.set).start()
        assert not JobState.wait_until_condition(flow, job, condition, timeout=20)
        assert threads == {threading.get_ident()}

    def test_false_at_the_timeout(self, held):
        flow, job, _ = held
        assert not JobState.wait_until_condition(flow, job, lambda _f, _j: False, timeout=0.02)
        assert not JobState.wait_until_condition(flow, job, lambda _f, _j: False, timeout=0)
        assert JobState.wait_until_condition(flow, job, lambda _f, _j: True, timeout=0)

    def test_false_when_the_job_has_ended_and_it_still_does_not_hold(self, held):
        flow, job, let = held
        threading.Timer(0.02, let.set).start()
        assert not JobState.wait_until_condition(
            flow, job, lambda _f, _j: False, timeout=30, check_interval=20
        )
        assert job.status == "completed"

    def test_true_when_it_holds_at_the_very_end(self, held):
        flow, job, let = held
        threading.Timer(0.02, let.set).start()
        assert JobState.wait_until_condition(
            flow, job, lambda _f, j: j.status == "completed", timeout=30, check_interval=20
        )

    def test_one_that_raises_is_logged_once_for_each_error_and_the_wait_goes_on(self, held, caplog):
        flow, job, _ = held
        asked = []

        def condition(_flow, _job):
            asked.append(1)
            if len(asked) < 6:
                raise KeyError("odd" if len(asked) % 2 else "even")
            return True

        assert JobState.wait_until_condition(flow, job, condition, 10, check_interval=0.001)
        assert caplog.text.count("KeyError('odd')") == 1
        assert caplog.text.count("KeyError('even')") == 1

    def test_one_that_changes_the_job_does_not_ask_itself_for_ever(self, held):
        flow, job, _ = held

        def condition(_flow, state):
            count = state.get_shared_data("asked", 0) + 1
            state.update_shared_data("asked", count)
            return count > 3

        assert JobState.wait_until_condition(flow, job, condition, 10, check_interval=0.001)

    def test_retries_are_those_of_the_job_that_is_asked_about(self):
        def fail(step, n):
            state = step.get_execution_context().job_state
            tries = state.get_shared_data("tries", 0) + 1
            state.update_shared_data("tries", tries)
            if tries <= n:
                raise ValueError("again")

        flow = flow_of(fail)
        flow.set_error_handler(ErrorHandler("retry", max_retries=5, retry_delay=0.001))
        first, second = flow.execute("a", {"n": 3}), flow.execute("a", {"n": 0})

        def three(f, _job):
            return f.get_routine_retry_count("a") == 3

        assert JobState.wait_until_condition(flow, first, three, timeout=10)
        assert not JobState.wait_until_condition(flow, second, three, timeout=10)

    def test_progress_is_told_now_and_then(self, held, monkeypatch):
        flow, job, let = held
        monkeypatch.setattr(waiting, "PROGRESS_EVERY", 0.01)
        told = []

        def progress(*what):
            told.append(what)
            if len(told) >= 2 and what[1]:
                let.set()

        JobState.wait_until_condition(
            flow, job, lambda _f, _j: False, 10, 0.005, progress_callback=progress
        )
        assert told[0] in {(0, 1, "running"), (1, 0, "running")}  # at once, begun or not
        assert told[-1] == (0, 1, "running")
