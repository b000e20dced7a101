"""Opening a saved job of a million records, beside one of a thousand."""

from __future__ import annotations

import json
import os
import statistics
import time
from typing import TYPE_CHECKING

from tests.bench.place import a_place
from tests.bench.table import Figure
from tests.bench.terminal import Screen

if TYPE_CHECKING:
    from pathlib import Path

AREA = "opening"
MANY, FEW = 1_000_000, 1_000


def write_job(path: Path, records: int) -> None:
    """A saved job as routilux writes it, with records of 282 bytes."""
    head = {"_type": "JobState", "flow_id": "orders", "job_id": "a" * 8, "status": "completed"}
    states = {name: {"status": "completed"} for name in ("fetch", "check", "store")}
    with path.open("w") as file:
        file.write(json.dumps({**head, "routine_states": states}, indent=2)[:-2])
        file.write(',\n  "execution_history": [\n')
        for n in range(records):
            record = {
                "_type": "ExecutionRecord",
                "routine_id": "store",
                "event_name": "stored",
                "data": {"n": n, "lines": [n % 7, n % 11], "total": n * 1.25, "ok": True},
                "timestamp": "2026-01-28T12:33:01.123456",
            }
            text = json.dumps(record, indent=2).replace("\n", "\n    ")
            file.write("    " + text + (",\n" if n + 1 < records else "\n"))
        file.write('  ],\n  "created_at": "2026-01-28T12:00:00", "updated_at": ')
        file.write('"2026-01-28T13:00:00"\n}\n')


def _tail(path: Path, records: int) -> tuple[float, float, Screen]:
    """Seconds to the tail, and from the start to the exact count; the screen is left open."""
    last, exact = f"stored {records - 1} ", f"5 History {records:,} "
    screen = Screen(["-m", "routilux_tui", "open", str(path)])
    tail = screen.sees(lambda lines: any(last in line for line in lines))
    counted = screen.sees(lambda lines: any(exact in line for line in lines))
    return tail - screen.begin, counted - screen.begin, screen


def _keys_meanwhile(path: Path) -> list[float]:
    """Milliseconds that keys took to be answered while the records were counted."""
    times: list[float] = []
    while len(times) < 100:
        screen = Screen(["-m", "routilux_tui", "open", str(path)])
        last = f"stored {MANY - 1} "
        screen.sees(lambda lines, last=last: any(last in line for line in lines))
        screen.send(b"1")
        begin = time.perf_counter()
        turn = 0
        while time.perf_counter() - begin < 0.35:
            screen.drain(0.011)
            key, row = (b"j", b"check") if turn % 2 == 0 else (b"k", b"fetch")
            sent = time.perf_counter()
            screen.send(key)
            seen = b""
            while row not in seen and time.perf_counter() - sent < 1.0:
                seen += screen.read(0.2)
            times.append((time.perf_counter() - sent) * 1000)
            turn += 1
        screen.end()
    return times


def measure() -> list[Figure]:
    """All figures of opening."""
    with a_place() as (place, _):
        large, small = place / "large.json", place / "small.json"
        write_job(large, MANY)
        write_job(small, FEW)
        large.read_bytes()
        tails: dict[Path, list[float]] = {large: [], small: []}
        counts, memory = [], []
        for _turn in range(5):
            for path, records in ((small, FEW), (large, MANY)):
                tail, counted, screen = _tail(path, records)
                tails[path].append(tail)
                if path is large:
                    counts.append(counted - tail)
                    screen.drain(0.3)
                    memory.append(screen.memory())
                screen.end()
        keys = sorted(_keys_meanwhile(large))
        size = os.stat(large).st_size  # noqa: PTH116 - a figure
    few, many = statistics.median(tails[small]), statistics.median(tails[large])
    own, most = statistics.median(memory) / 1e6, (60e6 + 16 * MANY) / 1e6
    late = keys[int(len(keys) * 0.99)]
    return [
        Figure(AREA, "a file of a million records", size / 1e6, "MB"),
        Figure(AREA, "its tail painted, from the start", many * 1000, "ms"),
        Figure(
            AREA, "a million records to a thousand", many / few, "x", "<= 1.5", many / few <= 1.5
        ),
        Figure(AREA, "the exact count, after that", statistics.median(counts), "s", "about 1"),
        Figure(AREA, "memory of its own", own, "MB", f"<= {most:.0f}", own <= most),
        Figure(AREA, "a key meanwhile, median", statistics.median(keys), "ms"),
        Figure(AREA, "a key meanwhile, p99", late, "ms", "< 25", late < 25),
    ]
