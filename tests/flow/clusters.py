"""A Dask cluster of processes on this machine, and a flow whose handlers run there."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOW = """
import os, time
from routilux_tui import Flow, Routine

WORD = "first"


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, n=1, **data):
        for i in range(n):
            self.emit("out", i=i, **data)


class Work(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.define_event("begun", ["i"])
        self.define_event("done", ["i", "pid", "word"])

    def go(self, i, marks="", wait_for="", needs=""):
        if marks:
            with open(marks, "a") as file:
                file.write(f"{i} {os.getpid()}\\n")
        if needs:
            __import__(needs)
        self.emit("begun", i=i)
        print("handling", i)
        while wait_for and not os.path.exists(wait_for) and not self.cancelled:
            time.sleep(0.01)
        if self.cancelled:
            with open(marks, "a") as file:
                file.write(f"cancelled {i}\\n")
        self.emit("done", i=i, pid=os.getpid(), word=WORD)


def flow() -> Flow:
    flow = Flow("far", execution_strategy="concurrent", max_workers=16)
    flow.add_routine(Source(), "source")
    flow.add_routine(Work(), "work")
    flow.routines["source"].set_executor("threads")
    flow.connect("source", "out", "work", "in")
    return flow
"""


class Cluster:
    """A scheduler, and workers with one thread each."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "scheduler.json"
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
        )
        until(self._is_told)
        self.address = json.loads(self._file.read_text())["address"].removeprefix("tcp://")
        self.workers: list[subprocess.Popen[bytes]] = []

    def _is_told(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(json.loads(self._file.read_text())["address"])
        return False

    def _start(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", "--scheduler-file",
             str(self._file), *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._file.parent,
        )  # fmt: skip

    def add_worker(self) -> None:
        """Have one more worker; it need not be there yet."""
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        self.workers.append(self._start("dask_worker", *words))

    def end(self) -> None:
        """End all of it."""
        for one in (*self.workers, self.scheduler):
            one.kill()
            one.wait()


@contextlib.contextmanager
def a_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A cluster that ends with the block."""
    cluster = Cluster(folder)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.end()
