"""What a job keeps: the runner's memory, waits for sealing, seeking, pages, bytes a change.

``ROUTILUX_TUI_BENCH_RECORDS`` says how many records the job has; ten million take a quarter of an
hour.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.table import Figure

AREA = "kept"
RECORDS = int(os.environ.get("ROUTILUX_TUI_BENCH_RECORDS", "300000"))

ONE = """
import gc, json, random, sys, time
from pathlib import Path
from routilux_tui import JobState
from routilux_tui.store.collector import freeze_collector
from routilux_tui.store.journal import Journal
from routilux_tui.store.seeking import job_at

path, records = Path(sys.argv[1]), int(sys.argv[2])

def memory():
    gc.collect()
    return int(open("/proc/self/status").read().split("VmRSS:")[1].split()[0]) * 1024

state = JobState("kept")
journal = Journal(state, path)
state.status = "running"
freeze_collector()  # as a runner does
waits, small = [], 0
for n in range(records):
    at = time.time()
    data = {"order_id": f"ord-{n:08d}", "customer": {"id": n % 977, "country": "DE"},
            "lines": [n % 7, n % 11], "total": n * 1.25, "ok": True}
    begin = time.perf_counter()
    state.make("emit", "source", "out", data, at, None, [(n + 1, "sink", "in")])
    waits.append(time.perf_counter() - begin)
    if len(waits) > 100_000:
        waits = sorted(waits)[-1000:]
    state.make("run", n + 1, "sink", at)
    state.make("ran", n + 1, "sink", "completed", at, None)
    if n % 50 == 0:
        time.sleep(0.0005)  # a handler that does something
    if n == 10_000:
        small = memory()
waits.sort()
journal._sealer.seal_waiting()
grown = memory() - small
journal.flush()
folder = Path(f"{path}.changes")
per_change = sum(one.stat().st_size for one in folder.iterdir()) / journal._store.last

def median(times):
    return sorted(times)[len(times) // 2]

chance = random.Random(1)
pages, seeks = [], []
history = state.execution_history
for _ in range(30):
    at = chance.randrange(records - 50)
    begin = time.perf_counter()
    history[at : at + 50]
    pages.append(time.perf_counter() - begin)
for _ in range(20):
    begin = time.perf_counter()
    job_at(path, seq=chance.randrange(1, state.seq))
    seeks.append(time.perf_counter() - begin)
begin = time.perf_counter()
journal.write_snapshot()
streamed = time.perf_counter() - begin
journal.abandon()
print(json.dumps({"grown": grown, "wait": waits[-1], "per_change": per_change,
                  "page": median(pages), "seek": median(seeks), "streamed": streamed}))
"""


QUEUED = 100_000
#: A job with a long queue, half of which is run: its keyframes, and any moment of it.
LONG_QUEUE = """
import json, random, sys, time
from routilux_tui import JobState
from routilux_tui.store import journal as journals
from routilux_tui.store.seeking import job_at

path, queued = sys.argv[1], int(sys.argv[2])
state = JobState("queue")
journal = journals.Journal(state, path)
real, waits = journals.quick_keyframe, []

def timed(job, nested):
    begin = time.perf_counter()
    text = real(job, nested)
    waits.append(time.perf_counter() - begin)
    return text

journals.quick_keyframe = timed
state.status = "running"
for n in range(queued):
    data = {"n": n, "customer": {"id": n % 977, "country": "DE"}}
    state.make("emit", "source", "out", data, time.time(), None, [(n + 1, "sink", "in")])
    if n % 500 == 0:
        journal.flush()
for n in range(queued // 2):
    state.make("run", n + 1, "sink", time.time())
    state.make("ran", n + 1, "sink", "completed", time.time(), None)
    if n % 50 == 0:
        time.sleep(0.0005)
journal._sealer.seal_waiting()
journal.flush()
chance, seeks = random.Random(1), []
for _ in range(20):
    begin = time.perf_counter()
    job_at(path, seq=chance.randrange(1, state.seq))
    seeks.append(time.perf_counter() - begin)
journal.abandon()
print(json.dumps({"keyframe": max(waits), "seek": sorted(seeks)[10]}))
"""


def _measured(script: str, path: Path, number: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(number)],
        capture_output=True, text=True, check=True, timeout=3600,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure() -> list[Figure]:
    """All figures of what a job keeps."""
    with tempfile.TemporaryDirectory() as folder:
        found = _measured(ONE, Path(folder) / "j.json", RECORDS)
        queue = _measured(LONG_QUEUE, Path(folder) / "q.json", QUEUED)
    grown, wait = found["grown"] / 1e6, found["wait"] * 1000
    page, seek = found["page"] * 1000, found["seek"] * 1000
    each = found["per_change"]
    of = f"{RECORDS:,} records"
    keyframe, behind = queue["keyframe"] * 1000, queue["seek"] * 1000
    return [
        Figure(AREA, f"memory of {of} beside 10,000", grown, "MB", "<= 80", grown <= 80),
        Figure(AREA, "longest wait of an emit, sealing", wait, "ms", "<= 10", wait <= 10),
        Figure(AREA, "a sealed change on the disk", each, "B", "<= 25", each <= 25),
        Figure(AREA, f"a page anywhere in {of}", page, "ms", "<= 20", page <= 20),
        Figure(AREA, f"any moment of {of}", seek, "ms", "<= 100", seek <= 100),
        Figure(AREA, f"a keyframe, {QUEUED:,} queued", keyframe, "ms", "<= 5", keyframe <= 5),
        Figure(AREA, f"any moment, {QUEUED:,} queued", behind, "ms", "<= 100", behind <= 100),
        Figure(AREA, f"streaming {of} to the file", found["streamed"], "s"),
    ]
