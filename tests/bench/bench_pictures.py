"""What is drawn of a job: its flow as rails, its time, what led to a record, its report."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.cli.find_job import SavedJob
from routilux_tui.cli.report import report_of
from routilux_tui.state.job_state import JobState
from routilux_tui.views.graph import Graph
from routilux_tui.views.redaction import Redaction
from routilux_tui.views.report import report_page
from routilux_tui.views.shapes import Row
from routilux_tui.views.timeline import Activity, timeline
from routilux_tui.views.trace import run_trace
from tests.bench.table import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

AREA = "pictures"
RECORDS = 200_000


def measure() -> list[Figure]:
    """All of them."""
    return [*_rails(), _timeline(), *_trace(), *_report()]


def _best(work: Callable[[], object], times: int = 5) -> float:
    """The least of some times, in milliseconds."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took) * 1000


def _rails() -> list[Figure]:
    luck = random.Random(1)
    figures = []
    for count, goal in ((12, 1.0), (200, 20.0)):
        ids = [f"r{n}" for n in range(count)]
        edges = [
            (ids[n], ids[min(count - 1, n + 1 + int(luck.expovariate(0.3)))])
            for n in range(count)
            for _ in range(2)
        ]
        edges += [(luck.choice(ids), luck.choice(ids)) for _ in range(count // 10)]

        def draw(ids: list[str] = ids, edges: list[tuple[str, str]] = edges) -> None:
            Graph(ids, edges).draw(widest=1 << 20)

        took = _best(draw)
        what = f"rails of {count} routines"
        figures.append(Figure(AREA, what, took, "ms", f"{goal:g} ms", took <= goal))
    return figures


def _timeline() -> Figure:
    """However long a job is, it has at most 512 buckets."""
    luck = random.Random(2)
    known = {
        f"r{n}": Activity(
            begin=1e9,
            width=64,
            busy=[64 * luck.random() for _ in range(512)],
            starts=[9] * 512,
            ends=[9] * 512,
            errors=[luck.random() < 0.1 for _ in range(512)],
            queue=[luck.randrange(99) for _ in range(512)],
        )
        for n in range(12)
    }
    took = _best(lambda: timeline(known, 1e9, 1e9 + 64 * 512, 120))
    return Figure(
        AREA, "timeline: 12 lanes, 512 buckets, 120 cells", took, "ms", "150 ms", took <= 150
    )


def _trace() -> list[Figure]:
    """A record is at the middle of a million, each made by the task that the tenth before it queued."""
    total, asked = 1_000_000, 0

    def window(start: int, stop: int) -> list[Row]:
        nonlocal asked
        asked += 1
        return [
            Row(n, "", "r", "e", "", None if n < 10 else n - 9, n + 1) for n in range(start, stop)
        ]

    took = _best(lambda: run_trace(total // 2, total, window), 1)
    return [
        Figure(AREA, "trace: 500 steps back in a million records", took, "ms"),
        Figure(AREA, "trace: windows asked for, a step", asked / 500, ""),
    ]


def _report() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        job = JobState("nightly")
        for n in range(RECORDS):
            job.record_execution(f"r{n % 5}", "row", {"n": n, "sku": f"sku-{n % 99}"})
        job.status = "completed"
        job.save(path)
        size = 0

        def report() -> None:
            nonlocal size
            page = report_page(report_of(SavedJob(path), str(path), Redaction(frozenset())))
            size = len(page.encode())

        took = _best(report, 2) / 1000
    what = f"report of {RECORDS:,} records"
    return [
        Figure(AREA, what, took, "s", "3 s", took <= 3),
        Figure(AREA, f"{what}: size", size / 1e6, "MB", "3 MB", size <= 3e6),
    ]
