"""The screen: first paint, rows by the million, and a dashboard in a real terminal."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.bench.place import a_place
from tests.bench.table import Figure
from tests.bench.terminal import Screen

if TYPE_CHECKING:
    from routilux_tui.tui.widgets.lines import Part

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


async def _row_costs(total: int) -> dict[str, float]:
    """CPU milliseconds of a page, of 1,000 appended rows and of a changed row, at a length."""
    from textual.app import App

    from routilux_tui.tui.widgets.rows import Rows

    class Many(Rows):
        def parts(self, n: int, width: int) -> list[Part] | None:
            return [(f"{n:>12}  routine  event  some data of row {n}".ljust(width)[:width], "")]

    class One(App[None]):
        def compose(self):
            self.rows = Many()
            yield self.rows

    app = One()
    costs: dict[str, list[float]] = {"page": [], "append": [], "row": []}
    async with app.run_test(size=(120, 40)) as pilot:
        rows = app.rows
        rows.follows_by_nature = rows.follow = True
        rows.set_total(total)
        await pilot.pause()
        for turn in range(30):
            for what in tuple(costs):
                begin = time.process_time()
                if what == "page":
                    rows.move_to(total // 2 + (turn % 2) * 200)
                elif what == "append":
                    rows.action_tail()
                    await pilot.pause()
                    begin = time.process_time()
                    rows.set_total(rows.total + 1000)
                else:
                    rows.refresh_rows(rows.top + 3, rows.top + 4)
                await pilot.pause()
                costs[what].append(time.process_time() - begin)
    return {what: statistics.median(found) * 1000 for what, found in costs.items()}


def _rows() -> list[Figure]:
    small, large = asyncio.run(_row_costs(1000)), asyncio.run(_row_costs(1_000_000))
    figures = []
    for what, words in {"page": "a page", "append": "1,000 appended", "row": "a row"}.items():
        ratio = large[what] / small[what]
        figures.append(Figure(AREA, f"{words} at a million", large[what], "ms of CPU"))
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
        ours.append(one.until(b"Routines"))
        one.end()
    least, mine = statistics.median(minimal), statistics.median(ours)
    return [
        Figure(AREA, "first paint of a minimal Textual app", least * 1000, "ms"),
        Figure(AREA, "first paint of the dashboard", mine * 1000, "ms"),
        Figure(AREA, "ours to the minimal app's", mine / least, "x", "<= 1.5", mine / least <= 1.5),
    ]


def _at_work(flow: str) -> list[Figure]:
    """A job of some 1,000 changes a second: CPU, bytes, and how soon a key is answered."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    started = start_job(f"{flow}:counting", {"n": 1_000_000, "pace": 0.006})
    screen = Screen(["-m", "routilux_tui", "attach", started.job_id])
    screen.until(b"Routines")
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
