"""The link: what goes over it, and how soon a key is answered where it is slow."""

from __future__ import annotations

import statistics
import time

from tests.bench.place import a_place
from tests.bench.table import Figure
from tests.bench.terminal import Screen

AREA = "link"
SLOW = 64_000
"""Bytes a second of the slow link."""


def _row(flow: str) -> list[Figure]:
    """Bytes for one routine whose row changed, on a job that is otherwise still."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    started = start_job(f"{flow}:counting", {"n": 100, "pace": 1.5})
    screen = Screen(["-m", "routilux_tui", "attach", started.job_id], (24, 80), remote=True)
    screen.until(b"Flow")
    screen.send(b"1z")  # the routines alone: no other row is painted
    screen.drain(2.0)
    before = screen.bytes
    screen.drain(6.0)
    told = (screen.bytes - before) / 4
    with Client(started.socket) as client:
        client.call("cancel")
    screen.end()
    return [
        Figure(AREA, "a step: two changed routines and the header", told, "B"),
        Figure(AREA, "a changed routine's row and its part", told / 2, "B", "<= 400", told <= 800),
    ]


def _busy(flow: str) -> list[Figure]:
    """The most that a job can have us write over SSH at 80x24."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    started = start_job(f"{flow}:counting", {"n": 10_000_000, "pace": 0.0})
    screen = Screen(["-m", "routilux_tui", "attach", started.job_id], (24, 80), remote=True)
    screen.until(b"Flow")
    screen.send(b"2z")  # the history alone: every frame is another page
    screen.drain(2.0)
    before = screen.bytes
    frames = screen.drain(5.0).count(b"\x1b[0m\x1b[1;1H")  # a frame's end
    rate = (screen.bytes - before) / 5
    with Client(started.socket) as client:
        client.call("cancel")
    screen.end()
    return [
        Figure(AREA, "the most over SSH at 80x24", rate / 1000, "KB/s", "<= 70", rate <= 70_000),
        Figure(AREA, "frames a second at that", frames / 5, "1/s"),
    ]


def _slow(flow: str) -> list[Figure]:
    """Key to paint behind a link of 64 KB/s, at some 100 changes a second."""
    from routilux_tui.runner.client import Client
    from routilux_tui.runner.launch import start_job

    started = start_job(f"{flow}:counting", {"n": 1_000_000, "pace": 0.07})
    screen = Screen(["-m", "routilux_tui", "attach", started.job_id], remote=True)
    screen.until(b"Flow")
    screen.trickle(2.0, SLOW)
    with Client(started.socket) as client:
        seq, began = client.call("subscribe", fps=1)["seq"], time.perf_counter()
        times = []
        for turn in range(100):
            screen.trickle(0.05 + (turn % 7) * 0.01, SLOW)
            key, row = (b"j", b"sink") if turn % 2 == 0 else (b"k", b"source")
            begin, seen = time.perf_counter(), b""
            screen.send(key)
            while row not in seen and time.perf_counter() - begin < 3.0:
                seen += screen.trickle(0.002, SLOW)
            times.append((time.perf_counter() - begin) * 1000)
        changes = client.call("subscribe", fps=1)["seq"] - seq
        rate = changes / (time.perf_counter() - began)
        client.call("cancel")
    screen.end()
    middle, late = statistics.median(times), sorted(times)[98]
    return [
        Figure(AREA, "changes a second behind 64 KB/s", rate, "1/s"),
        Figure(AREA, "key to paint there, median", middle, "ms", "< 50", middle < 50),
        Figure(AREA, "key to paint there, p99", late, "ms"),
    ]


def measure() -> list[Figure]:
    """All figures of the link."""
    with a_place() as (_, flow):
        return [*_row(flow), *_busy(flow), *_slow(flow)]
