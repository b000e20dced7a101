"""Asynchronous handlers: thousands that wait at once, on one event loop."""

from __future__ import annotations

import asyncio
import statistics
import time

from routilux_tui import Flow, JobState, Routine
from tests.bench.table import Figure

AREA = "async"
HANDLERS = 5_000
SLEEP = 0.1


class Source(Routine):
    """Emits so many events."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, n: int = 0) -> None:
        for i in range(n):
            self.emit("out", i=i)


class Sleeper(Routine):
    """Waits for a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)

    async def go(self, i: int) -> None:
        del i
        await asyncio.sleep(SLEEP)


def once(handlers: int) -> float:
    """Seconds that a job of so many handlers takes, all of them at once."""
    flow = Flow(execution_strategy="concurrent", max_workers=handlers)
    flow.add_routine(Source(), "source")
    flow.add_routine(Sleeper(), "sleeper")
    flow.connect("source", "out", "sleeper", "in")
    begin = time.perf_counter()
    job = flow.execute("source", {"n": handlers})
    assert JobState.wait_for_completion(flow, job, timeout=600)
    assert job.routine_states["sleeper"]["runs"] == handlers
    return time.perf_counter() - begin


def measure() -> list[Figure]:
    """All figures of asynchronous handlers."""
    once(100)
    took = statistics.median(once(HANDLERS) for _ in range(5))
    what = f"{HANDLERS:,} handlers that sleep {SLEEP * 1000:.0f} ms, all at once"
    return [Figure(AREA, what, took, "s", "< 1.5", took < 1.5)]
