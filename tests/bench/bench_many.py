"""Five hundred live jobs on one machine: what `ps` takes, the list's CPU, idle runners, memory."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.place import a_place
from tests.bench.table import Figure

if TYPE_CHECKING:
    from routilux_tui.runner.launch_spec import LaunchResult

AREA = "many"
MANY = 500
#: Of these jobs so many change each second.
CHANGING = 10
_SECONDS = 15

FLOW = """
import time
from routilux_tui import Flow, Routine


class Beat(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("beat", ["n"])

    def go(self, every=0.0):
        for n in range(1_000_000):
            time.sleep(every or 3600)
            self.emit("beat", n=n)


def flow():
    flow = Flow("beating")
    flow.add_routine(Beat(), "beat")
    return flow
"""


def _memory(pid: int) -> tuple[float, float]:
    """A process's proportional and resident set in MB."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = dict(re.findall(r"^(\w+): +(\d+) kB$", told, re.MULTILINE))
    return int(found["Pss"]) / 1024, int(found["Rss"]) / 1024


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _list_cpu(idle: list[LaunchResult]) -> tuple[float, float]:
    """The parts of a core that the list and all idle runners take, once it has all jobs."""
    from routilux_tui.sources.local import local_source
    from routilux_tui.tui.app import Dashboard
    from routilux_tui.tui.screens.jobs import JobsScreen

    app = Dashboard(source=local_source())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.screen
        assert isinstance(screen, JobsScreen)
        while len(screen.rows.listing.entries) < MANY:
            await pilot.pause(0.1)
        await asyncio.sleep(5.0)
        before, began, at = _cpu_of(idle), time.process_time(), time.monotonic()
        await asyncio.sleep(_SECONDS)
        took, passed = time.process_time() - began, time.monotonic() - at
        return took / passed, (_cpu_of(idle) - before) / passed


def _cpu_of(jobs: list[LaunchResult]) -> float:
    return sum(_cpu(job.pid) for job in jobs)


def _alone(idle: list[LaunchResult]) -> float:
    """The part of a core that idle runners take at which nobody looks; their start is over."""
    time.sleep(5.0)
    before, at = _cpu_of(idle), time.monotonic()
    time.sleep(_SECONDS)
    return (_cpu_of(idle) - before) / (time.monotonic() - at)


def _ps() -> float:
    began = time.monotonic()
    listed = subprocess.run(
        [sys.executable, "-m", "routilux_tui", "ps", "--live"], capture_output=True, check=True
    )
    assert len(listed.stdout.splitlines()) == MANY + 1
    return time.monotonic() - began


def _measure(jobs: list[LaunchResult]) -> list[Figure]:
    idle = jobs[CHANGING:]
    memory = [_memory(job.pid) for job in idle]
    pss, rss = (statistics.median(kind) for kind in zip(*memory, strict=True))
    alone = _alone(idle) * 100
    first = _ps()
    took = statistics.median(_ps() for _ in range(5))
    part, watched = (one * 100 for one in asyncio.run(_list_cpu(idle)))
    name = f"{MANY} live jobs"
    return [
        Figure(AREA, f"ps of {name}", took, "s", "<= 1", took <= 1),
        Figure(AREA, "the first one of them", first, "s"),
        Figure(AREA, f"list of {name}, {CHANGING} change a second", part, "%", "<= 5", part <= 5),
        Figure(AREA, f"{len(idle)} idle runners together", alone, "%", "<= 10", alone <= 10),
        Figure(AREA, "the same, while a list shows them", watched, "%"),
        Figure(AREA, "memory of an idle runner (PSS)", pss, "MB", "<= 25", pss <= 25),
        Figure(AREA, "memory of an idle runner (RSS)", rss, "MB"),
    ]


def measure() -> list[Figure]:
    """All of it."""
    from routilux_tui.runner.launch import start_job

    with a_place() as (folder, _):
        path = folder / "beating.py"
        path.write_text(FLOW)

        def start(n: int) -> LaunchResult:
            return start_job(str(path), {"every": 1.0} if n < CHANGING else {})

        with ThreadPoolExecutor(2) as pool:
            jobs = list(pool.map(start, range(MANY)))
        return _measure(jobs)
