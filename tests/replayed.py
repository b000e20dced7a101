"""A job whose changes are kept, made of changes at times that are known."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

from routilux_tui.errors import NotPossible
from routilux_tui.state.job_state import JobState
from routilux_tui.store import journal as journals
from routilux_tui.store.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

NOON = 1_795_435_200.0
ORDERS = 40
#: The orders whose handler raises: tried again, given up; and that after which the job is paused.
RETRIED, GIVEN_UP, PAUSED_AFTER = 10, 20, 30


def write_job(path: Path, job_id: str | None = None) -> JobState:
    """A job of `ORDERS` orders, one a second from noon on, sealed ten at a time."""
    clock = [NOON]
    still = SimpleNamespace(time=lambda: clock[0], monotonic=time.monotonic, sleep=time.sleep)
    small = {"SEAL_CHANGES": 30, "BLOCK_CHANGES": 10, "time": still}
    with mock.patch.multiple(journals, **small):
        return _write(path, clock, job_id)


def _journal(state: JobState, path: Path) -> Journal:
    """Its journal, as soon as no test beside this one keeps a job of the same id."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return Journal(state, path)
        except NotPossible:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _write(path: Path, clock: list[float], job_id: str | None) -> JobState:
    state = JobState("orders")
    if job_id is not None:
        state.job_id = job_id
    state._created = state._updated = NOON
    journal = _journal(state, path)
    state.make("status", "running", NOON)
    for n in range(ORDERS):
        at = clock[0] = NOON + n
        state.make("emit", "source", "order", {"n": n}, at, None, [(n + 1, "price", "order")])
        state.make("run", n + 1, "price", at + 0.1)
        if n == RETRIED:
            error = {"error": "LookupError: 404", "traceback": "x"}
            state.make("retry", n + 1, "price", at + 0.2, error, 3, at + 0.3)
            state.make("run", n + 1, "price", at + 0.3)
        if n == GIVEN_UP:
            state.make("record", "price", "error_continued", {"error": "404"}, at + 0.4, n + 1)
            error = {"error": "ValueError: bad", "traceback": "x"}
            state.make("ran", n + 1, "price", "error_continued", at + 0.4, error)
        else:
            state.make("ran", n + 1, "price", "completed", at + 0.4, None)
        state.make("shared", "done", n + 1, at + 0.4)
        if n == PAUSED_AFTER:
            state.make("pause_point", {"timestamp": "2026-11-23T12:00:30.5+00:00"}, at + 0.5)
            state.make("status", "paused", at + 0.5)
            state.make("status", "running", at + 0.6)
            state.make("control", "resume", {"uid": 0, "name": "ana"}, "lunch is over", at + 0.6)
        if n % 10 == 9:
            clock[0] = at + 0.9
            journal.rotate()
    clock[0] = NOON + ORDERS
    state.make("status", "completed", clock[0])
    assert journal._sealer.seal_waiting()
    journal.close()
    state.save(str(path))
    return state
