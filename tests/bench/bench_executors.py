"""Handlers in processes of their own: what is won by it, and what it costs."""

from __future__ import annotations

import statistics
import time

from routilux_tui import Flow, JobState, Routine
from tests.bench.table import Figure

AREA = "executors"
COMPUTED = 40
SMALL = 1_000
MANY = 2_000


class Source(Routine):
    """Emits so many events."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["rounds"])

    def go(self, n: int = 0, rounds: int = 0) -> None:
        for _ in range(n):
            self.emit("out", rounds=rounds)


class Compute(Routine):
    """Computes for a while; less than no rounds are milliseconds that it sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, rounds: int) -> None:
        if rounds < 0:
            time.sleep(-rounds / 1000)
        total = 0
        for i in range(rounds):
            total += i


def once(executor: str, workers: int, n: int, rounds: int) -> float:
    """Seconds between the first and the last end of so many handlers, none of them the first."""
    flow = Flow(execution_strategy="concurrent", max_workers=workers)
    flow.add_routine(Source(), "source")
    flow.add_routine(Compute().set_executor(executor), "compute")
    flow.connect("source", "out", "compute", "in")
    ends: list[float] = []
    job = JobState(flow.flow_id)
    job.subscribe(lambda change: ends.append(time.perf_counter()) if change[1] == "ran" else None)
    execution = flow.prepare(job)
    execution.start("source", {"n": n + 2 * workers, "rounds": rounds})  # the first ones start up
    assert JobState.wait_for_completion(flow, job, timeout=600)
    assert job.status == "completed", job.routine_states
    return ends[-1] - ends[-1 - n]


def measure() -> list[Figure]:
    """All figures of executors."""
    begin = time.perf_counter()
    Compute().go(2_000_000)
    rounds = int(2_000_000 * 0.05 / (time.perf_counter() - begin))
    threads = statistics.median(once("threads", 2, COMPUTED, rounds) for _ in range(3))
    processes = statistics.median(once("processes:2", 2, COMPUTED, rounds) for _ in range(3))
    here = statistics.median(once("threads", 1, SMALL, 0) for _ in range(3))
    there = statistics.median(once("processes:1", 1, SMALL, 0) for _ in range(3))
    cost = (there - here) / SMALL * 1000
    gain = threads / processes
    single = once("dask:local:2", 1, 100, 0) * 10
    together = MANY / once("dask:local:4", 256, MANY, -1)
    return [
        Figure(
            AREA, "50 ms of computing, processes:2 to threads", gain, "x", ">= 1.8", gain >= 1.8
        ),
        Figure(AREA, "what a process costs a handler", cost, "ms", "< 0.5", cost < 0.5),
        Figure(AREA, "what Dask costs a handler", single, "ms", "< 15", single < 15),
        Figure(AREA, "handlers of 1 ms by Dask", together, "/s", ">= 1,500", together >= 1500),
    ]
