"""Runners: what a dashboard that watches costs the engine, and what being served costs."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from routilux_tui import serve
from tests.bench.bench_engine import Middle, Sink, Source
from tests.bench.table import Figure

AREA = "runner"
EMITS = 60_000

WATCH = """
import sys, time
from routilux_tui.runner.client import Client
from routilux_tui.job.views import Filter
with Client(sys.argv[1]) as client:
    client.call("subscribe", fps=10)
    print("watching", flush=True)
    try:
        while True:
            client.window("history", -30, 1 << 52, Filter())
            time.sleep(0.1)
    except Exception:
        pass
"""


def _rate(how: str) -> float:
    from routilux_tui import Flow, JobState

    flow = Flow("bench")
    for name, routine in {"source": Source(), "middle": Middle(), "sink": Sink()}.items():
        flow.add_routine(routine, name)
    flow.connect("source", "out", "middle", "in")
    flow.connect("middle", "out", "sink", "in")
    state = JobState("bench")
    execution = flow.prepare(state)
    gc.collect()

    def run() -> float:
        begin = time.perf_counter()
        execution.start("source", {"n": EMITS // 2})
        execution.wait()
        return EMITS / (time.perf_counter() - begin)

    if how == "alone":
        return run()
    with serve(flow, state) as server:
        if how == "served":
            return run()
        watcher = subprocess.Popen(
            [sys.executable, "-c", WATCH, str(server.path)], stdout=subprocess.PIPE
        )
        assert watcher.stdout is not None
        watcher.stdout.readline()
        rate = run()
    watcher.kill()
    watcher.communicate()
    return rate


def measure() -> list[Figure]:
    """All figures of runners."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        Path(folder).chmod(0o700)
        rates: dict[str, list[float]] = {"alone": [], "served": [], "watched": []}
        for _ in range(5):
            for how, found in rates.items():
                found.append(_rate(how))
        alone, served, watched = (statistics.median(found) for found in rates.values())
        return [
            Figure(AREA, "served, nobody watching: cost", (1 - served / alone) * 100, "%", "< 3",
                   served / alone > 0.97),
            Figure(AREA, "rate with one dashboard watching", watched / alone * 100, "%", ">= 80",
                   watched / alone >= 0.8),
        ]  # fmt: skip
