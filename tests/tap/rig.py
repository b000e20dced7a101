"""A script under observation, without a runner: its messages folded into a job, orders sent to it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import routilux_tui.tap
from routilux_tui import JobState
from routilux_tui.runner.script_engine import ScriptEngine
from routilux_tui.runner.script_messages import apply_message
from routilux_tui.tap.ring import Reader, make_memory

if TYPE_CHECKING:
    from collections.abc import Callable

BOOTSTRAP = Path(routilux_tui.tap.__file__).with_name("bootstrap.py")
SOON = 60.0
#: What scripts of these tests begin with: a source that emits numbers to a sink.
LIBRARY = """
import os, sys, threading, time
from routilux import ErrorHandler, ErrorStrategy, Flow, JobState, Routine

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # whole, also beside other threads

class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, n=5, **_):
        for i in range(n):
            self.emit("out", i=i)

class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, i=0, **_):
        work(self, i)

def work(sink, i):
    say("got", i)

def make_flow(name="numbers", workers=1, sink=Sink):
    kind = "concurrent" if workers > 1 else "sequential"
    flow = Flow(flow_id=name, execution_strategy=kind, max_workers=workers)
    flow.add_routine(Source(), "source")
    flow.add_routine(sink(), "sink")
    flow.connect("source", "out", "sink", "in")
    return flow

def finish(flow, state, timeout=60):
    return JobState.wait_for_completion(flow, state, timeout=timeout)
"""


class Observed:
    """A script that runs under observation; use as a context.

    Args:
        python: the Python that has routilux.
        folder: where the script and its output are put.
        text: the script, after `LIBRARY`.
        more: further parts of the order.
    """

    def __init__(self, python: str, folder: Path, text: str, **more: Any) -> None:
        self.file = folder / "script.py"
        self.file.write_text(LIBRARY + text)
        self.printed = folder / "stdout"
        self.errors = folder / "stderr"
        self.messages: list[list[Any]] = []
        self.jobs: dict[int, JobState] = {}
        self.told: dict[int, dict[str, Any]] = {}
        self._engines: dict[int, ScriptEngine] = {}
        memory = make_memory(str(folder))
        wake, called = os.pipe()
        orders, self._orders = os.pipe()
        os.set_blocking(wake, False)
        self.reader = Reader(memory, wake)
        order = {"memory": memory, "wake": called, "orders": orders, "args": []}
        order |= {"file": str(self.file), "argv0": str(self.file)} | more
        with self.printed.open("wb") as out, self.errors.open("wb") as err:
            self.process = subprocess.Popen(
                [python, str(BOOTSTRAP), json.dumps(order)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=(memory, called, orders),
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        for handle in (memory, called, orders):
            os.close(handle)
        self._wake = wake

    def __enter__(self) -> Observed:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self._orders >= 0:
            os.close(self._orders)
        os.close(self._wake)

    def order(self, do: str, job: int | None = None, reason: str = "") -> None:
        """Send an order."""
        line = json.dumps({"do": do, "job": job, "reason": reason})
        os.write(self._orders, line.encode() + b"\n")

    def let_go(self) -> None:
        """End the orders, as a runner does that is gone."""
        os.close(self._orders)
        self._orders = -1

    def take(self) -> None:
        """Fold what has come."""
        for line in self.reader.take().splitlines():
            self._take(json.loads(line))

    def _take(self, message: list[Any]) -> None:
        self.messages.append(message)
        number, kind, *args = message
        if not number:
            return
        if kind == "job":
            self.told[number] = args[0]
            state = self.jobs[number] = JobState(args[0]["flow_id"])
            state._job_id = args[0]["job_id"]
            self._engines[number] = ScriptEngine(state, lambda *_, **__: None)
        elif kind != "printed":
            apply_message(self.jobs[number], self._engines[number], kind, args)

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait for a condition, folding what comes."""
        deadline = time.monotonic() + SOON
        while True:
            self.take()
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not so: {self.messages[-5:]}\n{self.errors.read_text()}")
            time.sleep(0.002)

    def until_status(self, status: str, number: int = 1) -> JobState:
        """Wait for a job's status."""
        self.until(lambda: number in self.jobs and self.jobs[number].status == status)
        return self.jobs[number]

    def end(self) -> int:
        """Wait for the script's end, folding what comes; its exit code."""
        self.until(lambda: self.process.poll() is not None)
        self.take()
        return self.process.wait()

    def lines(self) -> list[str]:
        """The lines that it has printed."""
        return self.printed.read_text().splitlines()

    def of(self, kind: str, number: int = 1) -> list[list[Any]]:
        """The arguments of all messages of a kind."""
        return [one[2:] for one in self.messages if one[0] == number and one[1] == kind]


def runs(observed: Observed, number: int = 1) -> dict[int, int]:
    """How often each task's handler was started."""
    counted: dict[int, int] = {}
    for task, *_ in observed.of("r", number):
        counted[task] = counted.get(task, 0) + 1
    return counted
