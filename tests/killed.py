"""A job whose runner was killed: one handler ran, one input was to be tried again, others wait."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.store.large_file import open_job
from tests.processes import assert_gone, until

_FLOW = """
import time
from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine


class Rows(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("row", ["n"])

    def go(self):
        for n in range(6):
            self.emit("row", n=n)


class Price(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("row", handler=self.look_up)

    def look_up(self, n):
        if n == 1:
            raise LookupError("no rate")
        if n == 3:
            time.sleep(600)


def flow():
    made = Flow("nightly")
    price = Price()
    price.set_error_handler(
        ErrorHandler(strategy=ErrorStrategy.RETRY, max_retries=5, retry_delay=300.0)
    )
    made.add_routine(Rows(), "rows")
    made.add_routine(price, "price")
    made.connect("rows", "row", "price", "row")
    return made
"""


def killed_job(world: Path) -> Path:
    """The file of such a job: #3 ran, #1 waits for another try, #4 and #5 have not begun."""
    flow = world / "nightly.py"
    flow.write_text(_FLOW)
    started = start_job(f"{flow}:flow")
    with Client(Path(started.socket)) as client:
        met = client.wait("routines.price.runs >= 4 && routines.price.active == 1", 30)
        assert met.outcome == "met"
        path = Path(client.hello.path)
        until(lambda: _runs_the_fourth(path))  # what the journal has is what is left
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)
    return path


def _runs_the_fourth(path: Path) -> bool:
    job = open_job(path)
    return bool(job.running) and job.routine_states.get("price", {}).get("runs") == 4
