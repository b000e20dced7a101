"""The list: ten thousand files, a change to one of them, and how soon a save is painted."""

from __future__ import annotations

import asyncio
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

AREA = "list"
MANY = 10_000
SAVES = 40


def a_job(n: int, records: int = 28, flow: str = "orders") -> str:
    """A job's file of some 7 KB."""
    at = f"2026-01-{n // 1440 % 28 + 1:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00.000000"
    states = {
        name: {"status": "completed", "execution_count": 12, "error_count": n % 3}
        for name in ("fetch", "check", "store")
    }
    history = [
        {
            "routine_id": "store",
            "event_name": "stored",
            "data": {"order_id": f"ord-{n:05d}-{k:04d}", "total": k * 1.25, "country": "DE"},
            "timestamp": at,
        }
        for k in range(records)
    ]
    told = {
        "_type": "JobState", "flow_id": flow, "job_id": f"{n:08x}-0000-4000-8000-000000000000",
        "status": "completed", "created_at": at, "updated_at": at, "routine_states": states,
        "execution_history": history, "shared_data": {}, "pause_points": [], "pending_tasks": [],
    }  # fmt: skip
    return json.dumps(told, indent=2)


def replace(path: Path, content: str) -> None:
    """Save as we do: a file beside it, then a rename."""
    beside = path.with_suffix(".new")
    beside.write_text(content)
    beside.replace(path)


def _opening(folder: Path) -> list[Figure]:
    """A folder of many files, read before: its first page, and all of it."""
    for path in folder.glob("*.json"):
        path.read_bytes()
    firsts, alls = [], []
    for _ in range(5):
        screen = Screen(["-m", "routilux_tui", "open", str(folder)])
        up = screen.sees(lambda lines: "Jobs" in lines[0])
        first = screen.sees(lambda lines: "orders" in lines[10])
        every = screen.sees(
            lambda lines: f"{MANY:,}" in lines[0] and "reading" not in lines[0],
        )
        firsts.append((first - up) * 1000)
        alls.append((every - up) * 1000)
        screen.end()
    page, whole = statistics.median(firsts), statistics.median(alls)
    return [
        Figure(AREA, "first page of 10,000 files", page, "ms", "<= 100", page <= 100),
        Figure(AREA, "all of 10,000 files", whole, "ms", "<= 400", whole <= 400),
    ]


async def _change_cost(folder: Path, count: int) -> float:
    """CPU milliseconds of the screen's process for one changed file of so many."""
    from routilux_tui.sources.saved import SavedSource
    from routilux_tui.tui.app import Dashboard
    from routilux_tui.tui.screens.jobs import JobsScreen

    app = Dashboard(source=SavedSource([str(folder)]))
    costs = []
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.screen
        assert isinstance(screen, JobsScreen)
        while len(screen.rows.listing.entries) < count or screen.rows.loading_left:
            await pilot.pause(0.05)
        path = folder / "00005.json"
        key = str(path)
        for turn in range(15):
            before = screen.rows.listing.entries[key]
            begin = time.process_time()
            replace(path, a_job(5, records=30 + turn))
            while screen.rows.listing.entries[key] is before:
                await asyncio.sleep(0.005)
            await pilot.pause()
            costs.append(time.process_time() - begin)
    return statistics.median(costs) * 1000


def _changing(folder: Path) -> list[Figure]:
    few = folder.parent / "few"
    few.mkdir()
    for n in range(100):
        (few / f"{n:05d}.json").write_text(a_job(n))
    small = asyncio.run(_change_cost(few, 100))
    large = asyncio.run(_change_cost(folder, MANY))
    ratio = large / small
    return [
        Figure(AREA, "a changed file of 10,000", large, "ms of CPU"),
        Figure(AREA, "of 10,000 to of 100", ratio, "x", "<= 1.5", ratio <= 1.5),
    ]


def _saves(folder: Path, how: str, pause: float) -> tuple[list[float], int]:
    """Milliseconds from a save to its paint, and how many were never painted."""
    folder.mkdir(exist_ok=True)
    path = folder / "one.json"
    replace(path, a_job(0, flow="save-0000"))
    for n in range(1, 20):
        (folder / f"{n:05d}.json").write_text(a_job(n))
    words = ["-m", "routilux_tui", "open", str(folder), *([how] if how else [])]
    screen = Screen(words)
    screen.sees(lambda lines: any("save-0000" in line for line in lines))
    times, missed = [], 0
    for n in range(1, SAVES + 1):
        time.sleep(pause + n % 7 * 0.013)
        screen.drain(0.0)
        word = f"save-{n:04d}"
        replace(path, a_job(0, flow=word))
        begin = time.perf_counter()
        try:
            at = screen.sees(lambda lines, word=word: any(word in one for one in lines), within=3)
            times.append((at - begin) * 1000)
        except RuntimeError:
            missed += 1
    screen.end()
    return times, missed


def measure() -> list[Figure]:
    """All figures of the list."""
    with a_place() as (place, _):
        folder = place / "many"
        folder.mkdir()
        for n in range(MANY):
            path = folder / f"{n:05d}.json"
            path.write_text(a_job(n))
            os.utime(path, (1_700_000_000 + n, 1_700_000_000 + n))
        figures = [*_opening(folder), *_changing(folder)]
        told, missed = _saves(place / "watched", "", 0.2)
        middle = statistics.median(told)
        figures += [
            Figure(AREA, "save to paint, median", middle, "ms", "< 40", middle < 40),
            Figure(AREA, "save to paint, worst", max(told), "ms"),
            Figure(AREA, "saves never painted", missed, "", "0", missed == 0),
        ]
        told, missed = _saves(place / "looked", "--poll", 0.3)
        figures += [
            Figure(AREA, "save to paint by polling, median", statistics.median(told), "ms"),
            Figure(AREA, "saves missed by polling", missed, "", "0", missed == 0),
        ]
    return figures
