"""Small flows, made of functions, for the tests of the engine."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

from routilux_tui import Flow, JobState, Routine

if TYPE_CHECKING:
    from collections.abc import Callable


class Step(Routine):
    """A routine made of a function that is called as ``function(step, **data)``.

    It has the slots ``trigger`` and ``in``, both handled by the function, and the event ``out``.
    """

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.function = function
        self.define_slot("trigger", handler=self.handle)
        self.define_slot("in", handler=self.handle)
        self.define_event("out")

    def handle(self, **data: Any) -> None:
        if self.function is not None:
            self.function(self, **data)


def emit_many(step: Routine, n: int = 0, **_: Any) -> None:
    for i in range(n):
        step.emit("out", i=i)


def pass_on(step: Routine, **data: Any) -> None:
    step.emit("out", **data)


class Gate:
    """A handler that says when it runs, and returns when it is let."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.let = threading.Semaphore(0)

    def __call__(self, _step: Routine, **_data: Any) -> None:
        self.entered.release()
        assert self.let.acquire(timeout=20)

    def wait(self) -> None:
        assert self.entered.acquire(timeout=20)

    def open(self, times: int = 1) -> None:
        self.let.release(times)


def ended(flow: Flow, job: JobState, seconds: float = 20) -> str:
    """The status of a job once it has ended or is paused."""
    assert JobState.wait_for_completion(flow, job, timeout=seconds)
    return job.status


def chain(*functions: Callable[..., Any] | None, **settings: Any) -> Flow:
    """A flow of steps named a, b, c, ..., each connected to the next."""
    flow = Flow("chain", **settings)
    names = [chr(ord("a") + i) for i in range(len(functions))]
    for name, function in zip(names, functions, strict=True):
        flow.add_routine(Step(function), name)
    for name, following in itertools.pairwise(names):
        flow.connect(name, "out", following, "in")
    return flow
