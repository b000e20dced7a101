"""The engine: emits per second beside routilux 0.11.0, and how soon a waiter knows the end."""

from __future__ import annotations

import gc
import heapq
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING

from routilux_tui import Flow, JobState, Routine
from routilux_tui.job.statistics import Statistics
from routilux_tui.job.tasks import Task
from tests.bench.table import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.worker_threads import Workers

AREA = "engine"
SMALL, LARGE = 20_000, 200_000

#: The same flow on routilux; its history limits off, so that it keeps all records, too.
PEER = """
import json, logging, sys, time
import routilux.job_state as module
from routilux import Flow, JobState, Routine
logging.disable(logging.CRITICAL)
init = module.JobState.__init__
def unlimited(self, *words, **more):
    init(self, *words, **more)
    self.max_history_size = self.history_ttl_seconds = None
module.JobState.__init__ = unlimited

class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])
    def go(self, n=0, **_):
        for i in range(n):
            self.emit("out", i=i)

class Middle(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.define_event("out", ["i"])
    def go(self, i=0, **_):
        self.emit("out", i=i)

class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.last = 0.0
    def go(self, **_):
        self.last = time.perf_counter()

def once(emits):
    flow = Flow()
    sink = Sink()
    for name, routine in {"source": Source(), "middle": Middle(), "sink": sink}.items():
        flow.add_routine(routine, name)
    flow.connect("source", "out", "middle", "in")
    flow.connect("middle", "out", "sink", "in")
    begin = time.perf_counter()
    job = flow.execute("source", entry_params={"n": emits // 2})
    assert JobState.wait_for_completion(flow, job, timeout=600)
    end = time.perf_counter()
    assert len(job.execution_history) == emits + 1
    return emits / (sink.last - begin), end - sink.last

once(200)
rates, waits = zip(*(once(int(sys.argv[1])) for _ in range(3)))
print(json.dumps({"rate": sorted(rates)[1], "wait": sorted(waits)[1]}))
"""


class Source(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, n: int = 0, **_: int) -> None:
        for i in range(n):
            self.emit("out", i=i)


class Middle(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, i: int = 0, **_: int) -> None:
        self.emit("out", i=i)


class Sink(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.last = 0.0

    def go(self, **_: int) -> None:
        self.last = time.perf_counter()


def flow_of(sink: Sink) -> Flow:
    """A source, a middle and a sink in a row."""
    flow = Flow()
    for name, routine in {"source": Source(), "middle": Middle(), "sink": sink}.items():
        flow.add_routine(routine, name)
    flow.connect("source", "out", "middle", "in")
    flow.connect("middle", "out", "sink", "in")
    return flow


def once(emits: int) -> tuple[float, float]:
    """Emits per second of one run, and seconds from the last handler's return to the waiter's."""
    sink = Sink()
    flow = flow_of(sink)
    gc.collect()
    begin = time.perf_counter()
    job = flow.execute("source", {"n": emits // 2})
    assert JobState.wait_for_completion(flow, job, timeout=600)
    end = time.perf_counter()
    assert len(job.execution_history) == emits + 1
    return emits / (sink.last - begin), end - sink.last


def peer() -> dict[str, float] | None:
    """The same of routilux, by its own Python; None where that is missing."""
    python = os.environ.get("ROUTILUX_TUI_PEER", "")
    if not Path(python).is_file():
        return None
    run = subprocess.run(
        [python, "-c", PEER, str(SMALL)], capture_output=True, text=True, check=True, timeout=600
    )
    found: dict[str, float] = json.loads(run.stdout)
    return found


def statistics_part() -> float:
    """What part of an emit's processor time, with empty handlers, its statistics are."""
    begin = time.process_time()
    once(SMALL)
    whole = (time.process_time() - begin) / SMALL
    measured, at = Statistics(), 1_700_000_000.0
    names = ("source", "middle", "sink")
    moments = []  # made beforehand: the time that takes is not the statistics'
    for n in range(SMALL):
        task = Task(n, names[n % 3], "in", {}, None, None, at - 0.01 * (n % 7))
        moments.append((task.routine_id, at, task, at - 0.0001 * (n % 5)))
        at += whole
    begin = time.process_time()
    for _ in moments:
        pass
    loop = time.process_time() - begin
    begin = time.process_time()
    for name, moment, task, started in moments:  # as the fold of an emit, and of a handler's end
        if moment >= measured.tick_ends:
            measured.tick(moment, {})
        measured.emitted.append(name)
        if moment >= measured.tick_ends:
            measured.tick(moment, {})
        one = measured.routines.get(name) or measured.of(name)
        queued = task.due or task.created_at
        one.noted += (queued, started, moment)
    measured.sort_in({})
    measured.to_plain()
    return (time.process_time() - begin - loop) / SMALL / whole


def next_without_look(workers: Workers) -> Task | None:
    """`Workers._next_task` as it would be, were there no breakpoints."""
    queue, delayed = workers._queue, workers._delayed
    while workers.live and not workers._closing and workers._threads <= workers.workers:
        while delayed:
            if delayed[0][0] - time.monotonic() > 0:
                break
            queue.append(heapq.heappop(delayed)[2])
        if queue:
            return queue.popleft()
    return None


def breakpoint_part() -> float:
    """What part of an emit's processor time it is that a breakpoint could be set, and none is."""
    begin = time.process_time()
    once(SMALL)
    whole = (time.process_time() - begin) / SMALL
    workers = flow_of(Sink()).prepare(JobState("breakpoints"))
    workers.live = True
    task = Task(1, "sink", "in", {}, None, None, 0.0)
    spent: dict[Callable[[], Task | None], float] = {
        workers._next_task: 0.0,
        MethodType(next_without_look, workers): 0.0,
    }
    for _ in range(10):  # in turns
        for take in spent:
            workers._queue.extend([task] * SMALL)
            begin = time.process_time()
            for _ in range(SMALL):
                take()
            spent[take] += time.process_time() - begin
    looking, not_looking = spent.values()
    return (looking - not_looking) / 10 / SMALL / whole


def measure() -> list[Figure]:
    """All figures of the engine."""
    once(200)
    part = statistics.median(statistics_part() for _ in range(5)) * 100
    stops = statistics.median(breakpoint_part() for _ in range(5)) * 100
    theirs = peer()
    small: list[float] = []
    large: list[float] = []
    waits: list[float] = []
    for _ in range(3):  # taken in turns, so that a busy moment of the machine hits all of them
        small.extend(once(SMALL)[0] for _ in range(3))
        waits.extend(once(20)[1] * 1000 for _ in range(50))
        large.append(once(LARGE)[0])
    rate, far = statistics.median(small), statistics.median(large)
    wait = statistics.median(waits)
    figures = [
        Figure(AREA, f"emits/s, {SMALL:,} emits, three routines", rate, "1/s", "", None),
        Figure(AREA, f"rate at {LARGE:,} to that", far / rate, "x", ">= 0.8", far / rate >= 0.8),
        Figure(AREA, "statistics, of an emit's CPU time", part, "%", "<= 5", part <= 5),
        Figure(AREA, "breakpoints while none is set, as that", stops, "%", "<= 1", stops <= 1),
        Figure(AREA, "last handler's return to the waiter's", wait, "ms", "< 1", wait < 1),
    ]
    if theirs is None:
        print("NO PEER: set ROUTILUX_TUI_PEER, or run make bench", file=sys.stderr)
        return figures
    ratio = rate / theirs["rate"]
    return [
        *figures,
        Figure(AREA, "the same of routilux 0.11.0", theirs["rate"], "1/s", "", None),
        Figure(AREA, "ours to theirs", ratio, "x", ">= 5", ratio >= 5),
        Figure(AREA, "their waiter", theirs["wait"] * 1000, "ms", "", None),
    ]
