"""A flow whose handlers fail, wait and leave their marks as files in a folder tell them to.

``bad-N`` makes the handler of number N fail, ``wait-N`` makes it wait; ``ran`` has a line for each
run of a handler that went well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.flow.loading import load_flow

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.flow.flow import Flow

NUMBERS = """
import time
from pathlib import Path

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("item", ["n", "folder"])

    def go(self, folder, total=6):
        for n in range(total):
            self.emit("item", n=n, folder=folder)


class Work(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("item", handler=self.work)
        self.define_event("done", ["n"])

    def work(self, number, folder):
        place = Path(folder)
        while (place / f"wait-{number}").exists():
            time.sleep(0.01)
        if (place / f"bad-{number}").exists():
            raise LookupError(f"no number {number}")
        with (place / "ran").open("a") as ran:
            ran.write(f"{number}\\n")
        self.emit("done", n=number)


class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.take)

    def take(self, n):
        self.get_execution_context().job_state.update_shared_data(f"got {n}", n)


class OneByOne(Source):
    def go(self, folder, total):
        for n in range(total):
            while (Path(folder) / f"wait-{n}").exists():
                time.sleep(0.01)
            self.emit("item", n=n)


class AsyncOneByOne(Source):
    async def go(self, folder, total):
        import asyncio

        for n in range(total):
            while (Path(folder) / f"wait-{n}").exists():
                await asyncio.sleep(0.01)
            self.emit("item", n=n)


def one_by_one_plain(kind=OneByOne) -> Flow:
    flow = Flow("numbers")
    flow.add_routine(kind(), "source")
    flow.add_routine(Sink(), "sink")
    flow.connect("source", "item", "sink", "in")
    return flow


def one_by_one_async() -> Flow:
    return one_by_one_plain(AsyncOneByOne)


def make(handler=None):
    flow = Flow("numbers")
    flow.add_routine(Source(), "source")
    flow.add_routine(Work(), "work")
    flow.add_routine(Sink(), "sink")
    flow.connect("source", "item", "work", "item", param_mapping={"n": "number"})
    flow.connect("work", "done", "sink", "in")
    if handler is not None:
        flow.routines["work"].set_error_handler(handler)
    return flow


def stopping() -> Flow:
    return make()


def going_on() -> Flow:
    return make(ErrorHandler(strategy=ErrorStrategy.CONTINUE))


def trying() -> Flow:
    return make(ErrorHandler(ErrorStrategy.RETRY, max_retries=5, retry_delay=3600))
"""


class Numbers:
    """The flow in a file, and the folder by which its handlers are told what to do."""

    def __init__(self, world: Path) -> None:
        self.folder = world / "numbers"
        self.folder.mkdir()
        self.flows: list[Flow] = []
        self.path = world / "numbers.py"
        self.path.write_text(NUMBERS)

    def flow(self, name: str) -> Flow:
        """The flow, to be run in this process."""
        self.flows.append(load_flow(f"{self.path}:{name}", {})[0])
        return self.flows[-1]

    def close(self) -> None:
        """End what still runs: a test that has failed leaves a job that waits for an hour."""
        for one in self.flows:
            one.shutdown(wait=False)

    def bad(self, *numbers: int) -> None:
        for number in numbers:
            (self.folder / f"bad-{number}").touch()

    def mend(self, *numbers: int) -> None:
        for number in numbers:
            (self.folder / f"bad-{number}").unlink()

    def wait(self, number: int) -> None:
        (self.folder / f"wait-{number}").touch()

    def let(self, number: int) -> None:
        (self.folder / f"wait-{number}").unlink()

    def ran(self) -> list[int]:
        """The numbers whose handlers went well, once for each time."""
        place = self.folder / "ran"
        return sorted(map(int, place.read_text().split())) if place.exists() else []
