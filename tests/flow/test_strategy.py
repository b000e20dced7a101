"""What a user sees when a handler raises, by the strategy that is set."""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
import weakref

import pytest
from steps import Gate, Step, chain, emit_many, ended, pass_on

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, JobState
from routilux_tui.errors import FlowDefinitionError


def failing(_step, **_):
    raise ValueError("it broke")


def names_of(job, routine_id):
    return [record.event_name for record in job.get_execution_history(routine_id)]


class TestStop:
    def test_an_error_fails_the_job_and_is_recorded_with_its_traceback(self):
        flow = chain(emit_many, failing, None)
        job = flow.execute("a", {"n": 3})
        assert ended(flow, job) == "failed"
        state = job.get_routine_state("b")
        assert state["status"] == "failed"
        assert state["errors"] == 1
        assert (state["error"], state["error_type"]) == ("it broke", "ValueError")
        assert "in failing" in state["traceback"]
        assert "routilux_tui/flow/" not in state["traceback"]
        record = job.get_execution_history("b")[0]
        assert record.event_name == "error"
        assert record.data["error"] == "it broke"
        assert record.data["error_type"] == "ValueError"

    @pytest.mark.parametrize("strategy", ["stop", "continue", "retry"])
    def test_an_error_is_freed_when_it_has_been_recorded(self, strategy):
        """What it holds, as a socket does, is closed at once, and not when garbage is looked for."""

        class Held(Exception):
            pass

        raised = []

        def fail(_step, **_):
            error = Held()
            raised.append(weakref.ref(error))
            try:
                raise error
            finally:
                del error

        flow = chain(fail)
        flow.set_error_handler(ErrorHandler(strategy, max_retries=1, retry_delay=0))
        gc.disable()
        try:
            ended(flow, flow.execute("a"))
            for thread in threading.enumerate():
                if thread is not threading.current_thread() and thread.name.startswith("chain-"):
                    thread.join(20)
            assert [one() for one in raised] == [None] * len(raised)
        finally:
            gc.enable()

    def test_what_was_queued_is_dropped_and_counted(self):
        flow = chain(emit_many, failing)
        job = flow.execute("a", {"n": 5})
        ended(flow, job)
        assert job.get_routine_state("b")["runs"] == 1
        assert job.routine_states["_failure"]["dropped"] == 4
        assert job.pending_tasks == []

    def test_a_failed_job_has_ended_only_when_no_handler_runs(self):
        gate = Gate()
        flow = Flow("f", execution_strategy="concurrent", max_workers=2)
        flow.add_routine(Step(pass_on), "a")

        def fail_late(_step, **_):
            gate.wait()
            raise ValueError("no")

        flow.add_routine(Step(gate), "slow")
        flow.add_routine(Step(fail_late), "bad")
        flow.connect("a", "out", "slow", "in")
        flow.connect("a", "out", "bad", "in")
        job = flow.execute("a")
        assert JobState.wait_until_condition(
            flow, job, lambda _f, j: "_failure" in j.routine_states, timeout=10
        )
        assert not JobState.wait_for_completion(flow, job, timeout=0)
        gate.open()
        assert ended(flow, job) == "failed"

    def test_an_error_in_the_entry_is_no_exception_of_execute(self):
        flow = chain(failing)
        assert ended(flow, flow.execute("a")) == "failed"

    @pytest.mark.parametrize("leave", [sys.exit, lambda: exec("raise KeyboardInterrupt")])
    def test_leaving_by_sys_exit_is_a_recorded_failure(self, leave):
        flow = chain(lambda _s, **_: leave())
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        assert job.get_routine_state("a")["status"] == "failed"
        assert names_of(job, "a") == ["start", "error"]

    def test_an_error_that_can_not_be_told_is_recorded_all_the_same(self):
        class Odd(Exception):
            def __str__(self):
                raise RuntimeError("no words")

        def fail(_step, **_):
            raise Odd

        flow = chain(fail)
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        assert job.get_routine_state("a")["error"].startswith("Odd")

    def test_an_error_of_a_million_characters_is_told_in_short(self):
        def long(_step, **_):
            raise ValueError("x" * 1_000_000)

        flow = chain(long)
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        state = job.get_routine_state("a")
        assert state["error"].startswith("xxx")
        assert "(1,000,000 characters)" in state["error"]
        assert len(json.dumps(job.routine_states)) < 40_000
        assert len(job.get_execution_history("a")[-1].data["error"]) == 1_000_000

    def test_a_recursion_without_end_is_a_recorded_failure(self):
        def fall(step, **data):
            fall(step, **data)

        flow = chain(fall)
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        assert job.get_routine_state("a")["error_type"] == "RecursionError"


class TestContinueAndSkip:
    def test_continue_records_the_error_and_goes_on(self):
        flow = chain(emit_many, failing)
        flow.set_error_handler(ErrorHandler(strategy=ErrorStrategy.CONTINUE))
        job = flow.execute("a", {"n": 3})
        assert ended(flow, job) == "completed"
        state = job.get_routine_state("b")
        assert state["status"] == "error_continued"
        assert (state["runs"], state["errors"]) == (3, 3)
        assert names_of(job, "b") == ["error_continued"] * 3

    def test_skip_marks_the_routine_and_goes_on(self):
        flow = chain(emit_many, failing)
        flow.routines["b"].set_as_optional(ErrorStrategy.SKIP)
        job = flow.execute("a", {"n": 2})
        assert ended(flow, job) == "completed"
        assert job.get_routine_state("b")["status"] == "skipped"
        assert names_of(job, "b") == ["skipped"] * 2

    def test_a_routines_own_handler_goes_before_the_flows(self):
        flow = chain(failing)
        flow.set_error_handler(ErrorHandler("stop"))
        flow.routines["a"].set_as_optional()
        assert ended(flow, flow.execute("a")) == "completed"

    def test_a_routine_that_succeeds_later_is_completed_and_keeps_its_count_of_errors(self):
        def first_fails(_step, i):
            if i == 0:
                raise ValueError("first")

        flow = chain(emit_many, first_fails)
        flow.set_error_handler(ErrorHandler("continue"))
        job = flow.execute("a", {"n": 2})
        assert ended(flow, job) == "completed"
        state = job.get_routine_state("b")
        assert state["status"] == "completed"
        assert state["errors"] == 1


class TestRetry:
    def test_a_task_is_run_again_until_it_succeeds(self):
        tries = []

        def third(step, i):
            tries.append(i)
            if len(tries) < 3:
                raise ConnectionError("down")
            step.emit("out", i=i)

        got = []
        flow = chain(emit_many, third, lambda _s, i: got.append(i))
        flow.routines["b"].set_error_handler(ErrorHandler("retry", retry_delay=0.001))
        job = flow.execute("a", {"n": 1})
        assert ended(flow, job) == "completed"
        assert tries == [0, 0, 0]
        assert got == [0]
        state = job.get_routine_state("b")
        assert (state["runs"], state["errors"], state["retries"]) == (3, 2, 2)
        assert state["status"] == "completed"
        assert flow.get_routine_retry_count("b") == 2
        assert [r.data["retry"] for r in job.get_execution_history("b")[:2]] == ["1 of 3", "2 of 3"]

    def test_an_entry_that_succeeds_at_last_says_so_in_the_history(self):
        tries = []

        def second(_step, **_):
            tries.append(1)
            if len(tries) == 1:
                raise ValueError("once")

        flow = chain(second)
        flow.set_error_handler(ErrorHandler("retry", retry_delay=0.001))
        job = flow.execute("a")
        assert ended(flow, job) == "completed"
        assert names_of(job, "a") == ["start", "error", "completed"]

    @pytest.mark.parametrize("critical", [True, False])
    def test_when_no_retry_is_left_the_job_fails(self, critical):
        flow = chain(failing)
        handler = ErrorHandler("retry", max_retries=2, retry_delay=0.001, is_critical=critical)
        flow.set_error_handler(handler)
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        state = job.get_routine_state("a")
        assert (state["runs"], state["errors"], state["retries"]) == (3, 3, 2)
        assert state["status"] == "failed"

    def test_an_exception_that_is_not_worth_a_retry_fails_at_once(self):
        flow = chain(failing)
        flow.set_error_handler(ErrorHandler("retry", retryable_exceptions=(ConnectionError,)))
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        assert job.get_routine_state("a")["runs"] == 1

    def test_delays_grow_by_the_backoff(self):
        handler = ErrorHandler("retry", retry_delay=0.5, retry_backoff=3)
        assert [handler.delay(n) for n in range(3)] == [0.5, 1.5, 4.5]

    def test_a_retry_that_waits_keeps_no_worker_from_other_tasks(self):
        ran = []

        def work(_step, i):
            ran.append(i)
            if ran.count(0) == 1 and i == 0:
                raise ValueError("once")

        flow = chain(emit_many, work)
        flow.set_error_handler(ErrorHandler("retry", retry_delay=0.1))
        started = time.monotonic()
        job = flow.execute("a", {"n": 4})
        assert ended(flow, job) == "completed"
        assert ran == [0, 1, 2, 3, 0]
        assert time.monotonic() - started >= 0.1

    def test_each_job_and_each_task_counts_its_own_retries(self):
        def fail_twice(step, i):
            state = step.get_execution_context().job_state
            key = f"tries {i}"
            state.update_shared_data(key, state.get_shared_data(key, 0) + 1)
            if state.get_shared_data(key) < 3:
                raise ValueError("not yet")

        flow = chain(emit_many, fail_twice)
        flow.set_error_handler(ErrorHandler("retry", max_retries=2, retry_delay=0.001))
        jobs = [flow.execute("a", {"n": 3}) for _ in range(2)]
        for job in jobs:
            assert ended(flow, job) == "completed"
            assert job.get_routine_state("b")["retries"] == 6
            assert flow.get_routine_retry_count("b", job) == 6

    def test_no_retry_is_made_once_the_job_has_failed(self):
        gate = Gate()
        flow = Flow("f", execution_strategy="concurrent", max_workers=2)

        def fail_late(step, **_):
            gate(step)
            raise ConnectionError("late")

        def fail(_step, **_):
            gate.wait()
            raise ValueError("first")

        flow.add_routine(Step(pass_on), "a")
        for name, function in {"late": fail_late, "bad": fail}.items():
            flow.add_routine(Step(function), name)
            flow.connect("a", "out", name, "in")
        flow.routines["late"].set_as_critical(max_retries=9, retry_delay=0.001)
        job = flow.execute("a")
        JobState.wait_until_condition(flow, job, lambda _f, j: j.status == "failed", timeout=10)
        gate.open()
        assert ended(flow, job) == "failed"
        assert job.get_routine_state("late")["runs"] == 1

    def test_a_routine_that_waits_for_a_retry_runs_no_more_in_a_paused_or_cancelled_job(self):
        flow = chain(failing)
        flow.set_error_handler(ErrorHandler("retry", retry_delay=600))
        job = flow.execute("a")
        assert JobState.wait_until_condition(
            flow, job, lambda _flow, job: (job.get_routine_state("a") or {}).get("retries"), 20
        )
        assert job.get_routine_state("a")["status"] == "running"
        assert flow.pause(job)
        assert job.get_routine_state("a")["status"] == "pending"
        flow.resume(job)
        assert JobState.wait_until_condition(
            flow, job, lambda _flow, job: job.get_routine_state("a")["retries"] == 2, 20
        )
        flow.cancel(job)
        assert job.get_routine_state("a")["status"] == "failed"
        assert job.routine_states["_cancellation"]["dropped"] == 1

    def test_without_a_retrying_handler_there_is_no_count(self):
        flow = chain(None)
        assert flow.get_routine_retry_count("a") is None
        assert flow.get_routine_retry_count("nobody") is None
        flow.set_error_handler(ErrorHandler("continue"))
        assert flow.get_routine_retry_count("a") is None

    def test_a_strategy_that_does_not_exist_is_an_error_at_once(self):
        with pytest.raises(ValueError, match="explode"):
            ErrorHandler("explode")


@pytest.mark.parametrize("given", ["continue", ErrorStrategy.CONTINUE, ErrorHandler, object()])
def test_what_is_no_error_handler_is_refused_where_it_is_set(given):
    for one in (Flow("f"), Step(failing)):
        with pytest.raises(FlowDefinitionError, match="is no error handler"):
            one.set_error_handler(given)
        one.set_error_handler(None)


def test_an_error_handler_counts_whatever_it_is_as_a_bool():
    class Falsy(ErrorHandler):
        def __bool__(self):
            return False

    step = Step(failing)
    step.set_error_handler(Falsy(ErrorStrategy.CONTINUE))
    flow = Flow("f")
    flow.add_routine(step, "step")
    assert ended(flow, flow.execute("step")) == "completed"
