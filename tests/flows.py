"""Small flows that the tests of runners, sources and commands start, written to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

COUNT = """
import time
from routilux_tui import Flow, Routine


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_slot("again", handler=self.step)
        self.define_event("out", ["n", "pad"])
        self.define_event("next", ["n", "left", "pace", "pad"])

    def go(self, n=5, pace=0.0, pad=0):
        self.emit("next", n=0, left=n, pace=pace, pad=pad)

    def step(self, n, left, pace, pad):
        if not left:
            return
        time.sleep(pace)
        self.emit("out", n=n, pad="x" * pad)
        self.emit("next", n=n + 1, left=left - 1, pace=pace, pad=pad)


class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, n):
        context = self.get_execution_context()
        context.job_state.append_to_shared_log({"message": f"item {n} [bold]\\x1b[31m"})
        context.job_state.update_shared_data("last", n)


class Stuck(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)

    def go(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.01)


def counting() -> Flow:
    flow = Flow("counting")
    flow.add_routine(Source(), "source")
    flow.add_routine(Sink(), "sink")
    flow.connect("source", "out", "sink", "in")
    flow.connect("source", "next", "source", "again")
    return flow


def stuck() -> Flow:
    flow = Flow("stuck")
    flow.add_routine(Stuck(), "stuck")
    return flow


def leaving() -> Flow:
    import os

    class Leaving(Routine):
        def __init__(self):
            super().__init__()
            self.define_slot("trigger", handler=lambda: os._exit(3))

    flow = Flow("leaving")
    flow.add_routine(Leaving(), "leave")
    return flow


def failing() -> Flow:
    class Bad(Routine):
        def __init__(self):
            super().__init__()
            self.define_slot("trigger", handler=self.go)

        def go(self):
            raise ValueError("this went wrong")

    flow = Flow("failing")
    flow.add_routine(Bad(), "bad")
    return flow


def broken() -> Flow:
    raise RuntimeError("the factory is broken")
"""


def write_flows(folder: Path) -> str:
    """Write the flows to a file; returns its path, to which ``:counting`` and so on is added."""
    path = folder / "flows.py"
    path.write_text(COUNT)
    return str(path)


WORK = """
import multiprocessing, os, signal, subprocess, sys, threading, time
from pathlib import Path
from routilux_tui import Flow, Routine

HERE = Path(__file__).parent


class Work(Routine):
    def __init__(self, work):
        super().__init__()
        self.work = work
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["n"])
        self.define_slot("in", handler=lambda **_: None)

    def go(self):
        self.work(self)


def flow_of(work):
    flow = Flow("work")
    flow.add_routine(Work(work), "work")
    flow.connect("work", "out", "work", "in")
    return flow


"""
"""The head of a file of flows, each of one routine that does what its function says."""


def write_flow_file(folder: Path, text: str) -> str:
    """Write a file of flows into a folder of its own, which is theirs; returns its path."""
    path = folder / "flow" / "flows.py"
    path.parent.mkdir()
    path.write_text(text)
    return str(path)
