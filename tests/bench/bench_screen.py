"""The screen: first paint, rows by the million, and a dashboard in a real terminal."""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.bench.place import a_place
from tests.bench.table import Figure
from tests.bench.terminal import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.record import ExecutionRecord
    from routilux_tui.state.job_state import JobState
    from routilux_tui.views.shapes import Window

AREA = "screen"
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("routines")
Minimal().run()
"""
COMMANDS = (["--version"], ["ps"], ["info"])


def _command_ms(words: list[str]) -> float:
    times = []
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(7):
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "routilux_tui", *words], capture_output=True, check=True, env=env
        )
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


def _job(records: int) -> JobState:
    from routilux_tui.state.job_state import JobState

    state = JobState("orders")
    state.execution_history = _records(0, records)
    return state


def _records(first: int, last: int) -> list[ExecutionRecord]:
    from routilux_tui.job.record import ExecutionRecord

    return [
        ExecutionRecord.of("store", "stored", {"n": n, "total": n * 1.25, "ok": True}, 1e9 + n)
        for n in range(first, last)
    ]


async def _row_costs(state: JobState, turns: int, costs: dict[str, list[float]]) -> None:
    """CPU seconds of a page, of 1,000 appended records and of one row, down to the bytes.

    The dashboard's own history pane shows the job's own views, in the dashboard's own frames.
    """
    from textual.app import App

    from routilux_tui.tui.app import Dashboard
    from routilux_tui.tui.panes.history import HistoryPane
    from routilux_tui.tui.terminal.frames import Frames
    from routilux_tui.views.projection import Projection

    views, history = Projection(state), state.execution_history

    async def fetch(*asked: Any) -> Window:
        return views.window(*asked)

    class One(App[None]):
        CSS_PATH = Dashboard.CSS_PATH
        frames = Frames()
        painted = 0

        def compose(self):
            self.pane = HistoryPane()
            self.pane.set_fetch(fetch)
            yield self.pane

        def _display(self, screen, renderable):
            if renderable is not None:
                self.frames.bytes_of(renderable, self.console)
                self.painted += 1

    app = One()
    async with app.run_test(size=(120, 40)) as pilot:
        pane = app.pane

        async def cost(do: Callable[[], None]) -> float:
            await pilot.pause()
            before, begin = app.painted, time.process_time()
            do()
            while app.painted == before:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.03)  # what comes after the frame counts, too
            return time.process_time() - begin

        pane.show(len(history), stale=True)
        for turn in range(turns):
            far = len(history) // 2 + turn % 7 * 60
            costs["page"].append(await cost(lambda far=far: pane.move_to(far)))
            pane.action_tail()
            await pilot.pause()
            history.extend(_records(len(history), len(history) + 1000))
            costs["append"].append(await cost(lambda: pane.show(len(history), stale=False)))
            one = pane.top + 3
            costs["row"].append(await cost(lambda one=one: pane.refresh_rows(one, one + 1)))


def _rows() -> list[Figure]:
    """The two lengths take turns, so that whatever else the machine does meets both."""
    jobs = {"small": _job(1000), "large": _job(1_000_000)}
    gc.collect()
    gc.freeze()  # a dashboard has its records in a runner, or in a file
    costs: dict[str, dict[str, list[float]]] = {
        name: {"page": [], "append": [], "row": []} for name in jobs
    }
    for turn in range(8):
        for name in sorted(jobs, reverse=turn % 2 == 0):
            asyncio.run(_row_costs(jobs[name], 5, costs[name]))
    gc.unfreeze()
    figures = []
    for what, words in {"page": "a page", "append": "1,000 appended", "row": "a row"}.items():
        small, large = (statistics.median(costs[name][what]) for name in ("small", "large"))
        ratio = large / small
        figures.append(Figure(AREA, f"{words} at a million", large * 1000, "ms of CPU"))
        figures.append(
            Figure(AREA, f"{words}, a million to a thousand", ratio, "x", "<= 1.3", ratio <= 1.3)
        )
    return figures


def _first_paint(flow: str) -> list[Figure]:
    from routilux_tui.runner.launch import start_job

    start_job(f"{flow}:counting", {"n": 100_000, "pace": 0.01})
    minimal, ours = [], []
    for _ in range(5):
        one = Screen(["-c", MINIMAL])
        minimal.append(one.until(b"routines"))
        one.end()
        one = Screen(["-m", "routilux_tui", "attach", "counting"])
        ours.append(one.until(b"Flow"))
        one.end()
    least, mine = statistics.median(minimal), statistics.median(ours)
    return [
        Figure(AREA, "first paint of a minimal Textual app", least * 1000, "ms"),
        Figure(AREA, "first paint of the dashboard", mine * 1000, "ms"),
        Figure(
            AREA, "ours to the minimal app's", mine / least, "x", "<= 1.25", mine / least <= 1.25
        ),
    ]


def _at_work(flow: str) -> list[Figure]:
    """A job of some 1,000 changes a second: CPU, bytes, and how soon a key is answered."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    started = start_job(f"{flow}:counting", {"n": 1_000_000, "pace": 0.006})
    screen = Screen(["-m", "routilux_tui", "attach", started.job_id])
    screen.until(b"Flow")
    screen.drain(2.0)
    with Client(started.socket) as client:
        seq = client.call("subscribe", fps=1)["seq"]
        cpu, written = screen.cpu(), screen.bytes
        screen.drain(5.0)
        used, told = (screen.cpu() - cpu) / 5 * 100, (screen.bytes - written) / 5
        changes = (client.call("subscribe", fps=1)["seq"] - seq) / 5
        answers = _key_times(screen)
        client.call("pause")
        client.wait_for_status({"paused"}, 5)
        screen.drain(3.0)
        cpu, written = screen.cpu(), screen.bytes
        screen.drain(5.0)
        idle_cpu, idle = (screen.cpu() - cpu) / 5 * 100, float(screen.bytes - written)
        client.call("cancel")
    screen.end()
    middle, late = statistics.median(answers), sorted(answers)[int(len(answers) * 0.99)]
    return [
        Figure(AREA, "changes a second of the job watched", changes, "1/s"),
        Figure(AREA, "the dashboard's CPU at that", used, "% of a core", "<= 15", used <= 15),
        Figure(AREA, "bytes to the terminal at that", told / 1000, "KB/s"),
        Figure(AREA, "key to paint, median", middle, "ms", "< 10", middle < 10),
        Figure(AREA, "key to paint, p99", late, "ms", "< 50", late < 50),
        Figure(AREA, "idle on a paused job", idle, "bytes", "0", idle == 0),
        Figure(AREA, "idle on a paused job", idle_cpu, "% of a core", "< 0.5", idle_cpu < 0.5),
    ]


def _key_times(screen: Screen) -> list[float]:
    """Milliseconds from a key to the paint of what it did: the cursor moving in the routines."""
    times = []
    for turn in range(120):
        screen.drain(0.02 + (turn % 7) * 0.004)
        key, row = (b"j", b"sink") if turn % 2 == 0 else (b"k", b"source")
        begin = time.perf_counter()
        screen.send(key)
        seen = b""
        while row not in seen and time.perf_counter() - begin < 1.0:
            seen += screen.read(0.2)
        times.append((time.perf_counter() - begin) * 1000)
    return times


def measure() -> list[Figure]:
    """All figures of the screen."""
    with a_place() as (_, flow):
        figures = _rows()
        for words in COMMANDS:
            took = _command_ms(words)
            name = " ".join(words)
            figures.append(Figure(AREA, f"routilux-tui {name}", took, "ms", "< 80", took < 80))
        figures.extend(_first_paint(flow))
        figures.extend(_at_work(flow))
    return figures
