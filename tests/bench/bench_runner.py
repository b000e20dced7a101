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
from routilux_tui.views.shapes import Filter
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

#: Connections without end, garbage, half messages, lines without end; a viewer that never reads.
FLOOD = """
import socket, sys
from routilux_tui.runner import protocol
from routilux_tui.runner.client import connect

def talk(words, times=1):
    with socket.socket(socket.AF_UNIX) as one:
        connect(one, sys.argv[1], 5.0)
        one.settimeout(1.0)
        try:
            for _ in range(times):
                one.sendall(words)
        except OSError:
            pass

deaf = socket.socket(socket.AF_UNIX)
connect(deaf, sys.argv[1], 5.0)
deaf.sendall(protocol.request(1, "hello", {"protocol": protocol.VERSION}))
deaf.sendall(protocol.request(2, "subscribe", {"fps": 30}))
print("flooding", flush=True)
try:
    while True:
        talk(b"\\0\\xff\\n")
        talk(b'{"jsonrpc":')
        talk(b"x" * (1 << 20), 1024)
except OSError:
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
        talk = WATCH if how == "watched" else FLOOD
        watcher = subprocess.Popen(
            [sys.executable, "-c", talk, str(server.path)], stdout=subprocess.PIPE
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
        rates: dict[str, list[float]] = {
            "alone": [],
            "served": [],
            "watched": [],
            "flooded": [],
        }
        for _ in range(5):
            for how, found in rates.items():
                found.append(_rate(how))
        alone, served, watched, flooded = (statistics.median(found) for found in rates.values())
        return [
            Figure(AREA, "served, nobody watching: cost", (1 - served / alone) * 100, "%", "< 3",
                   served / alone > 0.97),
            Figure(AREA, "rate with one dashboard watching", watched / alone * 100, "%", ">= 80",
                   watched / alone >= 0.8),
            Figure(AREA, "rate with a viewer that does its worst", flooded / alone * 100, "%"),
        ]  # fmt: skip
