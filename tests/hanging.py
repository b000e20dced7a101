"""A flow one of whose handlers does not look at ``cancelled``: it hangs until it is ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from tests.flows import write_flow_file

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.runner.launch_spec import LaunchResult

FLOW = """
import asyncio
import time

from routilux_tui import Flow, Routine


class Feed(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("item", ["n"])

    def go(self, rest=0):
        for n in range(1 + rest):
            self.emit("item", n=n)


class Load(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("item", handler=self.load)

    def load(self, n):
        time.sleep(600)


class DeafLoad(Load):
    async def load(self, n):
        await self.hang()

    async def hang(self):
        while True:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                pass


class Busy(Load):
    def load(self, n):
        import re

        re.match("(a+)+$", "a" * 60 + "b")  # one call, in which no other thread has its turn


class Bad(Load):
    def load(self, n):
        if n == 1:
            time.sleep(0.2)
            raise LookupError("no such shop")
        time.sleep(600)


def _flow(load, workers=1):
    flow = Flow("hanging")
    flow.add_routine(Feed(), "feed")
    flow.add_routine(load, "load")
    flow.connect("feed", "item", "load", "item")
    flow.max_workers = workers
    return flow


def plain():
    return _flow(Load())


def asynchronous():
    return _flow(DeafLoad())


def busy():
    return _flow(Busy())


def failing():
    return _flow(Bad(), workers=2)
"""


def start_hanging(folder: Path, name: str = "plain", rest: int = 0, **how: Any) -> LaunchResult:
    """Start it, and return when the handler hangs; ``rest`` tasks wait behind it."""
    started = start_job(f"{write_flow_file(folder, FLOW)}:{name}", {"rest": rest}, **how)
    until = 'routines.load.status == "running"'
    with Client(started.socket) as client:
        assert client.call("wait", patience=None, until=until, timeout=60)["outcome"] == "met"
    return started
