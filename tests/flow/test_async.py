"""Asynchronous handlers: one event loop of the job, with all that plain handlers have."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
import threading

import pytest
from steps import Step, chain, emit_many, ended

from routilux_tui import ErrorHandler, Flow, JobState, Routine, Slot
from routilux_tui.errors import JobCancelled, NotPossible


class Later(Routine):
    """A routine made of an asynchronous function, called as ``function(step, **data)``."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.define_slot("trigger", handler=self.handle)
        self.define_slot("in", handler=self.handle)
        self.define_event("out")

    async def handle(self, **data):
        await self.function(self, **data)


def fan(function, workers=10, then=None):
    """A flow that emits to an asynchronous step, and from there to a plain one."""
    flow = Flow("fan", execution_strategy="concurrent", max_workers=workers)
    flow.add_routine(Step(emit_many), "a")
    flow.add_routine(Later(function), "b")
    flow.add_routine(Step(then), "c")
    flow.connect("a", "out", "b", "in")
    flow.connect("b", "out", "c", "in")
    return flow


class Meeting:
    """Asynchronous handlers that wait until so many of them are there."""

    def __init__(self, size):
        self.size = size
        self.inside = self.most = 0
        self.full = None

    async def __call__(self, step, **data):
        if self.full is None:
            self.full = asyncio.Event()
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == self.size:
            self.full.set()
        await asyncio.wait_for(self.full.wait(), 20)
        await asyncio.sleep(0)
        self.inside -= 1
        step.emit("out", **data)


class Waiting:
    """An asynchronous handler that says when it runs, and returns when it is let."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.let = threading.Event()
        self.told = []

    async def __call__(self, step, **data):
        self.entered.release()
        try:
            while not self.let.is_set():
                await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            self.told.append("cancelled")
            raise
        self.told.append(data.get("i"))


class TestRunning:
    def test_a_thousand_run_at_once_with_records_and_counts(self):
        meeting, seen = Meeting(1000), []
        flow = fan(meeting, 1000, lambda _s, i: seen.append(i))
        job = flow.execute("a", {"n": 1000})
        assert ended(flow, job, 60) == "completed"
        assert meeting.most == 1000
        assert sorted(seen) == list(range(1000))
        state = job.get_routine_state("b")
        assert (state["runs"], state["errors"], state["active"]) == (1000, 0, 0)
        assert len(job.get_execution_history("b")) == 1000

    @pytest.mark.parametrize("workers", [1, 3])
    def test_no_more_run_than_workers_allow(self, workers):
        meeting = Meeting(workers)
        flow = fan(meeting, workers)
        assert ended(flow, flow.execute("a", {"n": 9 * workers})) == "completed"
        assert meeting.most == workers

    def test_plain_and_asynchronous_handlers_share_the_bound(self):
        inside, most, lock = [0], [0], threading.Lock()

        def enter(step=None):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])

        async def asynchronous(step, **data):
            enter()
            await asyncio.sleep(0.002)
            with lock:
                inside[0] -= 1
            step.emit("out", **data)

        def plain(_step, **_):
            enter()
            with lock:
                inside[0] -= 1

        flow = fan(asynchronous, 4, plain)
        flow.connect("a", "out", "c", "in")
        job = flow.execute("a", {"n": 40})
        assert ended(flow, job) == "completed"
        assert job.get_routine_state("c")["runs"] == 80
        assert 1 <= most[0] <= 4

    def test_sequential_runs_all_in_the_order_in_which_they_were_queued(self):
        seen = []

        async def asynchronous(step, i):
            await asyncio.sleep(0)
            seen.append(("b", i))

        flow = fan(asynchronous, 1)
        flow.set_execution_strategy("sequential")
        flow.add_routine(Step(lambda _s, i: seen.append(("d", i))), "d")
        flow.connect("a", "out", "d", "in")
        assert ended(flow, flow.execute("a", {"n": 3})) == "completed"
        assert seen == [(name, i) for i in range(3) for name in "bd"]

    def test_a_flow_of_asynchronous_handlers_alone(self):
        seen = []

        async def first(step, n=0):
            for i in range(n):
                step.emit("out", i=i)

        async def second(step, i):
            await asyncio.sleep(0)
            seen.append((i, threading.current_thread().name))

        flow = Flow("alone")
        flow.add_routine(Later(first), "a")
        flow.add_routine(Later(second), "b")
        flow.connect("a", "out", "b", "in")
        assert ended(flow, flow.execute("a", {"n": 5})) == "completed"
        assert [i for i, _ in seen] == list(range(5))
        assert len({name for _, name in seen}) == 1

    def test_each_has_its_own_context(self):
        seen = []

        async def asynchronous(step, i):
            await asyncio.sleep(0.001 * (5 - i))
            context = step.get_execution_context()
            seen.append((context.routine_id, context.job_state, context.flow))
            await asyncio.to_thread(step.emit, "out", i=i)

        flow = fan(asynchronous, 5)
        jobs = [flow.execute("a", {"n": 5}) for _ in range(2)]
        for job in jobs:
            assert ended(flow, job) == "completed"
            assert sum(one == ("b", job, flow) for one in seen) == 5
            assert len(job.get_execution_history("b")) == 5

    @pytest.mark.parametrize("kind", ["partial", "object", "lambda"])
    def test_whatever_is_awaitable_is_awaited(self, kind):
        seen = []

        async def later(name, data):
            await asyncio.sleep(0)
            seen.append((name, data))

        class Object:
            async def __call__(self, data):
                await later("object", data)

        handler = {
            "partial": functools.partial(later, "partial"),
            "object": Object(),
            "lambda": lambda data: later("lambda", data),
        }[kind]
        flow, routine = Flow("f"), Routine()
        routine.define_slot("trigger", handler=handler)
        flow.add_routine(routine, "a")
        job = flow.execute("a", {"x": 1})
        assert ended(flow, job) == "completed"
        assert seen == [(kind, {"x": 1})]
        Slot("s", None, handler).receive({"x": 2})
        assert seen[1] == (kind, {"x": 2})

    def test_merge_validator_and_hooks_are_as_for_plain_handlers(self):
        seen = []
        flow = fan(None, 2)

        async def collect(i):
            seen.append(list(i))

        routine = Routine()
        routine.define_slot("in", handler=collect, merge_strategy="append")
        routine.before_execution(lambda: seen.append("before"))
        routine.after_execution(lambda job: seen.append(job.status))
        flow.add_routine(routine, "d")
        flow.connect("a", "out", "d", "in")
        flow.disconnect("a", "out", "b", "in")
        flow.set_execution_strategy("sequential")
        assert ended(flow, flow.execute("a", {"n": 2})) == "completed"
        assert seen == ["before", [0], "running", "before", [0, 1], "running"]

    def test_what_a_handler_leaves_on_the_loop_is_cancelled_at_the_jobs_end(self):
        told = []

        async def left():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told.append("cancelled")
                raise

        async def asynchronous(_step, **_):
            told.append(asyncio.ensure_future(left()))
            await asyncio.sleep(0)

        flow = fan(asynchronous)
        assert ended(flow, flow.execute("a", {"n": 1})) == "completed"
        for thread in threading.enumerate():
            if thread.name.endswith("-loop"):
                thread.join(20)
        assert told[1:] == ["cancelled"]


class TestErrors:
    def test_an_error_fails_the_job_with_its_traceback(self):
        async def fail(_step, **_):
            await asyncio.sleep(0)
            raise ValueError("broken")

        flow = fan(fail, 1)
        job = flow.execute("a", {"n": 3})
        assert ended(flow, job) == "failed"
        state = job.get_routine_state("b")
        assert (state["error"], state["runs"]) == ("broken", 1)
        assert "in fail" in state["traceback"]
        assert "routilux_tui/flow/" not in state["traceback"]

    def test_retries_wait_without_a_thread(self):
        tries = []

        async def fail_twice(_step, i):
            tries.append(i)
            if tries.count(i) < 3:
                raise OSError("now and then")

        flow = fan(fail_twice, 20)
        flow.set_error_handler(ErrorHandler("retry", max_retries=5, retry_delay=0.01))
        job = flow.execute("a", {"n": 10})
        assert ended(flow, job) == "completed"
        state = job.get_routine_state("b")
        assert (state["runs"], state["retries"], state["errors"]) == (30, 20, 20)

    def test_a_cancellation_of_ones_own_is_an_error(self):
        async def cancel(_step, **_):
            asyncio.current_task().cancel()
            await asyncio.sleep(1)

        flow = fan(cancel)
        job = flow.execute("a", {"n": 1})
        assert ended(flow, job) == "failed"
        assert job.get_routine_state("b")["error_type"] == "CancelledError"


class TestControls:
    def test_a_pause_lets_them_finish_and_holds_the_rest(self):
        waiting = Waiting()
        flow = fan(waiting, 3)
        job = flow.execute("a", {"n": 7})
        for _ in range(3):
            assert waiting.entered.acquire(timeout=20)
        assert flow.execution_of(job).pause() >= 3
        waiting.let.set()
        assert ended(flow, job) == "paused"
        assert waiting.told == [0, 1, 2]
        assert [task["data"]["i"] for task in job.pending_tasks] == [3, 4, 5, 6]
        copy = JobState.from_plain(job.serialize())
        flow.resume(copy)
        assert ended(flow, copy) == "completed"
        assert sorted(waiting.told) == list(range(7))

    def test_a_cancel_cancels_their_asyncio_tasks(self):
        waiting = Waiting()
        flow = fan(waiting, 3)
        job = flow.execute("a", {"n": 7})
        for _ in range(3):
            assert waiting.entered.acquire(timeout=20)
        flow.cancel(job)
        assert ended(flow, job) == "cancelled"
        assert waiting.told == ["cancelled"] * 3
        assert job.get_routine_state("b")["active"] == 0
        assert "cancelled" in job.get_routine_state("b")["error"]

    def test_one_that_outlives_its_cancellation_ends_the_wait_when_it_returns(self):
        entered, told = threading.Semaphore(0), []

        async def stubborn(step, **_):
            entered.release()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told.append(step.cancelled)
            with pytest.raises(JobCancelled):
                step.emit("out")

        flow = fan(stubborn)
        job = flow.execute("a", {"n": 1})
        assert entered.acquire(timeout=20)
        flow.cancel(job)
        assert ended(flow, job) == "cancelled"
        assert told == [True]

    @pytest.mark.parametrize("what", ["pause", "cancel"])
    def test_one_can_steer_its_own_job(self, what):
        async def steer(step, i):
            context = step.get_execution_context()
            if i == 1:
                getattr(context.flow, what)(context.job_state)
            await asyncio.sleep(0)

        flow = fan(steer, 1)
        job = flow.execute("a", {"n": 4})
        status = ended(flow, job)
        assert status == {"pause": "paused", "cancel": "cancelled"}[what]
        assert job.get_routine_state("b")["runs"] == 2

    def test_one_can_not_wait_for_its_own_job(self):
        async def wait(step, **_):
            context = step.get_execution_context()
            with pytest.raises(NotPossible, match="own job"):
                JobState.wait_for_completion(context.flow, context.job_state)

        flow = fan(wait)
        assert ended(flow, flow.execute("a", {"n": 1})) == "completed"


def test_a_flow_without_them_never_loads_asyncio():
    script = (
        "import sys\n"
        "from routilux_tui import Flow, Routine\n"
        "class A(Routine):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.define_slot('trigger', handler=lambda: None)\n"
        "flow = Flow('f')\n"
        "flow.add_routine(A(), 'a')\n"
        "job = flow.execute('a')\n"
        "flow.wait_for_completion()\n"
        "print(job.status, 'asyncio' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=30, capture_output=True, text=True
    )
    assert run.stdout == "completed False\n"


def test_plain_flows_have_no_loop():
    flow = chain(emit_many, None)
    job = flow.execute("a", {"n": 3})
    assert ended(flow, job) == "completed"
    assert flow.execution_of(job)._event_loop is None
