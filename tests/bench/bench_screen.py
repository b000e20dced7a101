"""The screen: first paint, rows by the million, and a dashboard in a real terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.table import Figure
from tests.flows import write_flows

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


class Screen:
    """A program in a terminal of 120 by 40, with what it writes and when."""

    def __init__(self, words: list[str]) -> None:
        self.begin = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            for name in ("COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE", "SSH_CONNECTION"):
                os.environ.pop(name, None)
            os.execv(sys.executable, [sys.executable, *words])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
        self.bytes = 0

    def read(self, seconds: float) -> bytes:
        """What it writes within so many seconds, or until it writes something, if that is first."""
        ready, _, _ = select.select([self.fd], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            content = os.read(self.fd, 1 << 20)
        except OSError:
            return b""
        self.bytes += len(content)
        return content

    def drain(self, seconds: float) -> bytes:
        """All that it writes in so many seconds."""
        end, parts = time.perf_counter() + seconds, []
        while (left := end - time.perf_counter()) > 0:
            parts.append(self.read(left))
        return b"".join(parts)

    def until(self, text: bytes, within: float = 20.0) -> float:
        """Seconds from the start until it has written a text."""
        seen, end = b"", time.perf_counter() + within
        while text not in seen:
            if time.perf_counter() > end:
                raise RuntimeError(f"{text!r} was never painted: {seen[-300:]!r}")
            seen += self.read(0.2)
        return time.perf_counter() - self.begin

    def send(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def cpu(self) -> float:
        """Seconds of a core that it has used."""
        parts = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


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
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.environ.update(XDG_RUNTIME_DIR=folder, XDG_STATE_HOME=folder)
        Path(folder).chmod(0o700)
        flow = write_flows(Path(folder))
        figures = _rows()
        for words in COMMANDS:
            took = _command_ms(words)
            name = " ".join(words)
            figures.append(Figure(AREA, f"routilux-tui {name}", took, "ms", "< 80", took < 80))
        try:
            figures.extend(_first_paint(flow))
            figures.extend(_at_work(flow))
        finally:
            subprocess.run(["pkill", "-f", f"routilux_tui.runner.*{folder}"], check=False)
            _end_runners(folder)
    return figures


def _end_runners(folder: str) -> None:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            ours = folder.encode() in (place / "environ").read_bytes()
            if ours and int(place.name) != os.getpid():
                os.kill(int(place.name), 9)
        except (OSError, ValueError):
            continue
