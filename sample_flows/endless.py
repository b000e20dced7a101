"""Ticks for ever.

What it shows: a job that never ends by itself, for trying what a dashboard is for: pause it,
go on, wait until ``routines.clock.runs >= 100``, cancel it.

    routilux-tui run sample_flows/endless.py -p every=0.2

Parameters: ``every`` (seconds between two ticks).
"""

from __future__ import annotations

import time

from routilux_tui import Flow, Routine


class Clock(Routine):
    """Each tick makes the next, so that a pause has a place to be."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.start)
        self.define_slot("again", handler=self.tick)
        self.define_event("tick", ["number", "every"])

    def start(self, every: float = 0.5) -> None:
        self.emit("tick", number=1, every=every)

    def tick(self, number: int, every: float) -> None:
        time.sleep(every)
        self.emit("tick", number=number + 1, every=every)


class Watcher(Routine):
    """Says something now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.define_slot("tick", handler=self.watch)

    def watch(self, number: int) -> None:
        state = self.get_execution_context().job_state
        state.update_shared_data("ticks", number)
        if number % 10 == 0:
            state.append_to_shared_log({"message": f"tick {number}"})


def flow() -> Flow:
    """The flow."""
    endless = Flow("endless")
    endless.add_routine(Clock(), "clock")
    endless.add_routine(Watcher(), "watcher")
    endless.connect("clock", "tick", "watcher", "tick")
    endless.connect("clock", "tick", "clock", "again")
    return endless
