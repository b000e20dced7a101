"""Flows of any shape, paused, resumed and saved at any moment: no task is lost, none run twice."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import Step, ended

from routilux_tui import ErrorHandler, Flow, JobState
from routilux_tui.errors import NotPossible


@st.composite
def topologies(draw):
    """Connections from lower to higher steps, and how many events each handler emits."""
    size = draw(st.integers(3, 5))
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    joined = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=2, max_size=7))
    emits = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    emits[0] = max(1, emits[0])
    return size, joined, emits


def expected(size, joined, emits):
    """How often each step runs: the entry once, the others once for each event to them."""
    runs = [1] + [0] * (size - 1)
    for step in range(1, size):
        runs[step] = sum(runs[a] * emits[a] for a, b in joined if b == step)
    return runs


def made(size, joined, emits, ran, workers, flaky=False):
    flow = Flow("any", execution_strategy="concurrent", max_workers=workers)
    lock = threading.Lock()
    counter = iter(range(10**9))

    def handler(number):
        def handle(step, token=None):
            with lock:
                ran.append((number, token))
                tokens = [next(counter) for _ in range(emits[number])]
                fails = flaky and len(ran) % 3 == 0
            if fails:
                raise ConnectionError("now and then")
            for one in tokens:
                time.sleep(0.0002)
                step.emit("out", token=one)

        return handle

    for number in range(size):
        flow.add_routine(Step(handler(number)), str(number))
    for a, b in joined:
        flow.connect(str(a), "out", str(b), "in")
    if flaky:
        flow.set_error_handler(ErrorHandler("retry", max_retries=50, retry_delay=0.0))
    return flow


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(topologies(), st.integers(1, 4), st.lists(st.floats(0, 0.003), max_size=4), st.booleans())
def test_no_task_is_lost_and_none_is_run_twice_across_pauses(topology, workers, waits, through):
    """``through``: every resumption is of a copy that went through a file's words."""
    ran = []
    flow = made(*topology, ran, workers)
    job = flow.execute("0")
    for wait in waits:
        time.sleep(wait)
        try:
            flow.pause(job, "at random")
        except NotPossible:
            break
        if job.status != "paused":
            break
        assert len(job.pending_tasks) == len(job.outstanding)
        assert flow.execution_of(job).handlers() == []
        if through:
            job = JobState.from_plain(job.serialize())
        flow.resume(job)
    assert ended(flow, job) == "completed"
    runs = expected(*topology)
    assert Counter(number for number, _ in ran) == Counter(
        {number: count for number, count in enumerate(runs) if count}
    )
    assert max(Counter(ran).values()) == 1  # a token reaches a step once
    for number, count in enumerate(runs):
        state = job.get_routine_state(str(number))
        assert (state["runs"] if state else 0) == count
    assert len(job.execution_history) == 1 + sum(
        runs[n] * topology[2][n] for n in range(topology[0])
    )
    assert not job.outstanding
    assert not job.pending_tasks


@pytest.mark.parametrize("workers", [1, 4])
def test_a_broad_flow_paused_many_times_through_a_file_loses_nothing(workers):
    topology = (5, [(0, 1), (1, 2), (2, 3), (3, 4), (1, 4)], [3, 3, 3, 2, 0])
    ran = []
    flow = made(*topology, ran, workers)
    job = JobState("any")
    execution = flow.prepare(job, workers)
    first = job.subscribe(lambda change: change[1] == "run" and execution.pause())
    execution.start("0", {})
    assert execution.wait(20)
    first()
    pauses = 1
    job = JobState.from_plain(job.serialize())
    flow.resume(job)
    while True:
        time.sleep(0.002)
        try:
            flow.pause(job)
        except NotPossible:
            break
        if job.status != "paused":
            break
        pauses += 1
        job = JobState.from_plain(job.serialize())
        flow.resume(job)
    assert ended(flow, job) == "completed"
    assert pauses == len(job.pause_points) > 0
    assert max(Counter(ran).values()) == 1
    assert Counter(number for number, _ in ran) == dict(enumerate(expected(*topology)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(topologies(), st.integers(1, 4))
def test_retries_lose_nothing_either(topology, workers):
    ran = []
    flow = made(*topology, ran, workers, flaky=True)
    job = flow.execute("0")
    assert ended(flow, job) == "completed"
    for number, count in enumerate(expected(*topology)):
        state = job.get_routine_state(str(number))
        assert (state["runs"] - state["retries"] if state else 0) == count


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(topologies(), st.integers(1, 4), st.integers(0, 10**6))
def test_a_job_killed_at_any_change_is_taken_up_where_it_was(topology, workers, seed):
    """A kill is a prefix of the changes; a handler whose end is in it never runs again."""
    size, joined, _ = topology
    ran = []
    flow = made(*topology, ran, workers)
    execution = flow.prepare(JobState("any"), workers)
    birth = execution.job_state.to_plain()
    changes = []
    execution.job_state.subscribe(changes.append)
    execution.start("0", {})
    assert ended(flow, execution.job_state) == "completed"
    cut = random.Random(seed).randint(3, len(changes) - 1)  # from when it is running on

    job = JobState.from_plain(birth)
    for change in changes[:cut]:
        job.apply(change)
    over = {change[2] for change in changes[:cut] if change[1] == "ran"}
    started = {task for task in job.running if task not in over}
    job = JobState.from_plain(job.serialize())
    again = []
    flow = made(*topology, again, workers)
    flow.resume(job)
    assert ended(flow, job) == "completed"
    runs = expected(*topology)
    total = Counter(number for number, _ in again)
    done = Counter(int(change[3]) for change in changes[:cut] if change[1] == "ran")
    for number in range(size):
        assert total[number] + done[number] == runs[number]
    state_runs = sum(one["runs"] for one in job.routine_states.values() if "runs" in one)
    assert state_runs == sum(runs) + len(started)
    assert len(job.execution_history) == 1 + sum(runs[n] * topology[2][n] for n in range(size))
    assert len(joined) == len(flow.connections)
