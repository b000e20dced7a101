"""What a job's screen sends over a link: at several paces, alone and behind what stands over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.place import a_place
from tests.bench.table import Figure
from tests.bench.terminal import Screen

if TYPE_CHECKING:
    from pathlib import Path

AREA = "bytes"
#: Events a second, and the seconds that each of a routine's two events takes for that.
PACES = {5: 0.6, 100: 0.03, 1000: 0.002}
#: What stands over the screen: its name, the keys that lead there, what is seen then.
OVER = (
    ("alone", b"", b""),
    ("wait dialog", b"w", b"Wait until"),
    ("help", b"?", b"Steer the job"),
    ("a record, whole", b"5\r", b"Esc back"),
)
SECONDS = 5.0
ORDERS = "tests/staged/nightly_orders.py"


def _over(flow: str, rate: int, pace: float) -> list[Figure]:
    """Bytes a second at 80x24 over SSH, of a job of so many events a second."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    started = start_job(f"{flow}:counting", {"n": 10_000_000, "pace": pace})
    figures = []
    for name, keys, seen in OVER:
        words = ["-m", "routilux_tui", "attach", started.job_id]
        screen = Screen(words, (24, 80), remote=True)
        screen.until(b"Flow")
        screen.drain(2.0)
        for key in keys:
            screen.send(bytes([key]))
            screen.drain(0.5)
        if seen:
            screen.drain(0.5)
        before = screen.bytes
        screen.drain(SECONDS)
        told = (screen.bytes - before) / SECONDS / 1000
        is_over = name != "alone"
        goal = "<= 2" if is_over else ""
        what = f"{rate:,} events a second, {name}"
        figures.append(Figure(AREA, what, told, "KB/s", goal, told <= 2 if is_over else None))
        screen.end()
    with Client(started.socket) as client:
        client.call("cancel")
    return figures


def _quiet_help(flow: str) -> Figure:
    """Help on a job that stands still: what it sends for one look, in frames of its own size."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    started = start_job(f"{flow}:counting", {"n": 1000, "pace": 0.01})
    with Client(started.socket) as client:
        client.call("pause")
        client.wait_for_status({"paused"}, 5)
        screen = Screen(["-m", "routilux_tui", "attach", started.job_id], (24, 80), remote=True)
        screen.until(b"Flow")
        screen.drain(2.0)
        before = screen.bytes
        screen.send(b"?")
        screen.drain(1.0)
        once = screen.bytes - before
        screen.drain(2.0)
        told = screen.bytes - before
        client.call("cancel")
    screen.end()
    return Figure(
        AREA, "help on a quiet job, to one look at it", told / once, "x", "1", told == once
    )


def _wide(folder: Path) -> list[Figure]:
    """The dashboard's CPU with every pane of the wide layout on: problems, what runs, history."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    del folder
    started = start_job(f"{ORDERS}:flow", {"total": 10_000_000, "pace": 0.004}, workers=4)
    with Client(started.socket) as client:
        client.call("wait", patience=None, until="errors >= 4", timeout=60)
        screen = Screen(["-m", "routilux_tui", "attach", started.job_id])
        screen.until(b"Problems")
        screen.drain(3.0)
        seq = client.call("subscribe", fps=1)["seq"]
        cpu = screen.cpu()
        screen.drain(SECONDS)
        used = (screen.cpu() - cpu) / SECONDS * 100
        changes = (client.call("subscribe", fps=1)["seq"] - seq) / SECONDS
        client.call("cancel")
    screen.end()
    return [
        Figure(AREA, "changes a second, all panes of the wide layout", changes, "1/s"),
        Figure(AREA, "the dashboard's CPU at that", used, "% of a core", "<= 15", used <= 15),
    ]


def measure() -> list[Figure]:
    """All figures of what is sent."""
    with a_place() as (place, flow):
        figures = []
        for rate, pace in PACES.items():
            figures += _over(flow, rate, pace)
        return [*figures, _quiet_help(flow), *_wide(place)]
