"""Seeing time: the timeline and any moment of a long job, replay at 100x, a report of many records.

``ROUTILUX_TUI_BENCH_CHANGES`` says how many changes the job has; ten million take a quarter of an
hour.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

from tests.bench.table import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

AREA = "time"
CHANGES = int(os.environ.get("ROUTILUX_TUI_BENCH_CHANGES", "300000"))
RECORDS = 200_000
HANDLERS = 5_000
RATE = 500
"""Changes a second of the job: a busy one."""
BEGAN = 1_795_000_000.0
PLAYED = 8.0
"""Seconds for which it is replayed."""


def _write(path: Path, changes: int, at_once: int = 0) -> None:
    """A job of so many changes, at times of its own, sealed as a runner does.

    ``at_once`` handlers run beside each other: each ends when so many others have begun.
    """
    from routilux_tui.state.job_state import JobState
    from routilux_tui.store import journal as journals

    clock = [BEGAN]
    still = SimpleNamespace(time=lambda: clock[0], monotonic=time.monotonic, sleep=time.sleep)
    with mock.patch.object(journals, "time", still):
        state = JobState("busy")
        state._created = state._updated = BEGAN
        journal = journals.Journal(state, path)
        state.make("status", "running", BEGAN)
        for n in range(changes // 3):
            at = clock[0] = BEGAN + n * 3 / RATE
            data = {"order": f"ord-{n:08d}", "customer": {"id": n % 977}, "total": n * 1.25}
            target = f"worker{n % 8}"
            state.make("emit", "source", "out", data, at, None, [(n + 1, target, "in")])
            state.make("run", n + 1, target, at + 0.001)
            if n % 997 == 996:
                error = {"error": "LookupError: 404", "traceback": "x"}
                state.make("retry", n + 1, target, at + 0.002, error, 3, at + 0.003)
                state.make("run", n + 1, target, at + 0.003)
            if n >= at_once:
                ends = n - at_once
                state.make("ran", ends + 1, f"worker{ends % 8}", "completed", at + 0.004, None)
            if n % 3000 == 2999:
                journal.rotate()
                journal._sealer.seal_waiting()
        state.make("status", "completed", clock[0])
        journal.close()


def _ms(times: int, work: Callable[[], object]) -> float:
    """The median of what something takes this process's processor."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken) * 1000


def _moments(path: Path) -> list[Figure]:
    from routilux_tui.store.large_file import open_job
    from routilux_tui.views.projection import Projection
    from routilux_tui.views.replay import Replay
    from routilux_tui.views.replay_shapes import Seek

    of = f"{CHANGES:,} changes"
    chance = random.Random(1)
    replay = Replay(path, lambda: open_job(path))
    last = replay.seek(Seek()).last
    seek = _ms(25, lambda: replay.seek(Seek(to=str(chance.randrange(last)))))
    middle = replay.seek(Seek(to=str(last // 2))).seq
    on = _ms(25, lambda: replay.seek(Seek(origin=replay.point.seq, steps=1)))
    back = _ms(9, lambda: replay.seek(Seek(origin=replay.point.seq, steps=-1)))
    mark = _ms(9, lambda: replay.seek(Seek(origin=middle, marks=1)))
    job = open_job(path)
    drawn = _ms(9, lambda: Projection(job, path).timeline(0, 0, 120))
    begin, end = replay.point.begin, replay.point.begin + 60
    detail = _ms(5, lambda: replay.detail(begin, end, 120, fold=True, expanded=["worker1"]))
    return [
        Figure(AREA, f"any moment of {of}", seek, "ms", "<= 100", seek <= 100),
        Figure(AREA, "a change on", on, "ms", "<= 20", on <= 20),
        Figure(AREA, "a change back", back, "ms", "<= 100", back <= 100),
        Figure(AREA, "the next error, retry, pause or answer", mark, "ms"),
        Figure(AREA, f"timeline of {of}", drawn, "ms", "<= 150", drawn <= 150),
        Figure(AREA, "a minute of it from its changes", detail, "ms", "<= 500", detail <= 500),
    ]


def _at_once(folder: Path) -> Figure:
    """Any moment at which thousands of handlers run, each of which has been busy for a while."""
    from routilux_tui.store.large_file import open_job
    from routilux_tui.views.replay import Replay
    from routilux_tui.views.replay_shapes import Seek

    path, chance = folder / "at_once.json", random.Random(1)
    _write(path, 150_000, HANDLERS)
    replay = Replay(path, lambda: open_job(path))
    last = replay.seek(Seek()).last
    seek = _ms(25, lambda: replay.seek(Seek(to=str(chance.randrange(3 * HANDLERS, last)))))
    return Figure(AREA, f"any moment with {HANDLERS:,} handlers at once", seek, "ms")


async def _replay_share(path: Path) -> float:
    """The part of a core that the dashboard takes while it replays a job at 100x."""
    from routilux_tui.sources.saved_handle import SavedHandle
    from routilux_tui.tui.app import Dashboard
    from routilux_tui.tui.screens.job import JobScreen
    from routilux_tui.tui.settings import Settings

    app = Dashboard(Settings(), SavedHandle(path))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, JobScreen)
        for _ in range(3):
            screen.action_play()
        await pilot.pause(1.0)
        begin, at = time.process_time(), time.monotonic()
        await asyncio.sleep(PLAYED)
        return (time.process_time() - begin) / (time.monotonic() - at)


def _report(folder: Path) -> tuple[float, float]:
    """Seconds and megabytes of a report of `RECORDS` records."""
    path = folder / "records.json"
    _write(path, RECORDS * 3)
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "routilux_tui", "report", str(path)], capture_output=True, check=True
    )
    return time.perf_counter() - begin, len(done.stdout) / 1e6


def measure() -> list[Figure]:
    """All figures of seeing time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "busy.json"
        _write(path, CHANGES)
        figures = _moments(path)
        share = asyncio.run(_replay_share(path)) * 100
        figures.append(
            Figure(AREA, "replay at 100x of a busy job", share, "% of a core", "<= 30", share <= 30)
        )
        figures.append(_at_once(Path(folder)))
        seconds, size = _report(Path(folder))
    return [
        *figures,
        Figure(AREA, f"report of {RECORDS:,} records", seconds, "s", "<= 3", seconds <= 3),
        Figure(AREA, "its size", size, "MB", "<= 3", size <= 3),
    ]
