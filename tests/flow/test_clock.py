"""A clock that is set while handlers run: what they took is what they took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, Routine

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("step", [3600.0, -3600.0])
@pytest.mark.parametrize("fails", [False, True])
def test_a_step_of_the_clock_is_no_time_that_a_handler_ran(
    monkeypatch: pytest.MonkeyPatch, step: float, fails: bool
) -> None:
    real: Callable[[], float] = time.time

    class Slow(Routine):
        def __init__(self) -> None:
            super().__init__()
            self.define_slot("trigger", handler=self.go)

        def go(self) -> None:
            began = time.monotonic()
            monkeypatch.setattr(time, "time", lambda: real() + step)
            while time.monotonic() - began < 0.05:
                time.sleep(0.01)
            if fails:
                raise ValueError("no")

    flow = Flow("f")
    routine = Slow()
    routine.set_error_handler(ErrorHandler(strategy=ErrorStrategy.CONTINUE))
    flow.add_routine(routine, "slow")
    job = flow.execute("slow")
    assert job.wait_for_completion(flow, job, timeout=60) is not None
    seconds = job.routine_states["slow"]["execution_time"]
    assert 0.05 <= seconds < 60
