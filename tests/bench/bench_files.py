"""Files: loading and saving 200,000 records beside routilux 0.11.0; what the journal costs."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from routilux_tui import Flow, JobState, Routine
from routilux_tui.store.journal import Journal
from tests.bench.table import Figure

AREA = "files"
RECORDS = 200_000

ONE = """
import json, sys, time
{imports}
path = sys.argv[1]
begin = time.perf_counter()
job = JobState.load(path)
load = time.perf_counter() - begin
# not ru_maxrss, which a new process inherits from the one that started it
peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024
assert len(job.execution_history) == int(sys.argv[2])
begin = time.perf_counter()
job.save(path + ".again")
save = time.perf_counter() - begin
print(json.dumps({{"load": load, "save": save, "peak": peak}}))
"""
OURS = "from routilux_tui import JobState"
THEIRS = "from routilux.job_state import JobState"


def _measured(python: str, imports: str, path: Path) -> dict[str, float]:
    env = {**os.environ}
    if imports == THEIRS:
        env.pop("PYTHONPATH", None)
    done = subprocess.run(
        [python, "-c", ONE.format(imports=imports), str(path), str(RECORDS)],
        capture_output=True, text=True, check=True, timeout=300, env=env,
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout)
    return told


class Source(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, n: int, work: float) -> None:
        for i in range(n):
            self.emit("out", i=i, work=work)


class Sink(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, i: int, work: float) -> None:
        end = time.perf_counter() + work
        while time.perf_counter() < end:
            pass


def _rate(n: int, work: float, path: Path | None) -> float:
    flow = Flow("bench")
    flow.add_routine(Source(), "source")
    flow.add_routine(Sink(), "sink")
    flow.connect("source", "out", "sink", "in")
    state = JobState("bench")
    execution = flow.prepare(state)
    journal = Journal(state, path) if path is not None else None
    gc.collect()
    begin = time.perf_counter()
    execution.start("source", {"n": n, "work": work})
    execution.wait()
    rate = n / (time.perf_counter() - begin)
    if journal is not None:
        journal.close()
    return rate


def measure() -> list[Figure]:
    """All figures of files."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.json"
        state = JobState("big")
        for n in range(RECORDS):
            state.record_execution(
                "store",
                "stored",
                {"order_id": f"ord-{n:08d}", "customer": {"id": n % 977, "country": "DE"},
                 "lines": [n % 7, n % 11], "total": n * 1.25, "ok": True},
            )  # fmt: skip
        state.save(path)
        ours = _measured(sys.executable, OURS, path)
        peer = os.environ.get("ROUTILUX_TUI_PEER", "")
        figures.append(Figure(AREA, "load of 200,000 records", ours["load"] * 1000, "ms"))
        figures.append(Figure(AREA, "save of 200,000 records", ours["save"] * 1000, "ms"))
        if Path(peer).is_file():
            theirs = _measured(peer, THEIRS, path)
            for what, goal in (("load", 8), ("save", 10)):
                ratio = theirs[what] / ours[what]
                figures.append(
                    Figure(
                        AREA,
                        f"{what}, times faster than routilux",
                        ratio,
                        "x",
                        f">= {goal}",
                        ratio >= goal,
                    )
                )
            part = ours["peak"] / theirs["peak"]
            figures.append(
                Figure(AREA, "peak memory beside routilux", part, "x", "<= 0.6", part <= 0.6)
            )
        runs = (("handlers of 0.1 ms", 5000, 1e-4, 95), ("empty handlers", 20_000, 0.0, 75))
        for what, n, work, goal in runs:
            pairs = []
            for turn in range(5):
                without = _rate(n, work, None)
                with_it = _rate(n, work, Path(folder) / f"{goal}-{turn}.json")
                pairs.append(with_it / without)
            part = statistics.median(pairs) * 100
            name = f"rate with the journal, {what}"
            figures.append(Figure(AREA, name, part, "%", f">= {goal}", part >= goal))
    return figures
