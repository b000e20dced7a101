"""Conditions that ask for too much, and what the job does meanwhile: it goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState, serve
from routilux_tui.errors import ConditionError, TimedOut
from routilux_tui.runner.client import Client
from routilux_tui.runner.judge import is_harmless
from routilux_tui.runner.launch import start_job
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import HISTORY, Filter
from tests.conftest import run
from tests.flows import write_flows
from tests.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONES = f"[{','.join('1' * 30)}]"
DEEP = "true"
for _letter in "abcdef":
    DEEP = f"{ONES}.all({_letter}, {DEEP})"
WIDE = "[1, 2].map(a, [a, a])"
for _letter in "bcdefg":
    WIDE = f"{ONES}.map({_letter}, {WIDE})"
WIDE = f"{WIDE}.size() > 0"


@pytest.fixture
def served() -> Iterator[tuple[JobState, Client]]:
    state = JobState("f")
    state.status = "running"
    with serve(state) as server, Client(server.path) as client:
        yield state, client


@pytest.mark.parametrize("text", [DEEP, WIDE])
def test_a_condition_that_asks_for_too_much_is_refused(
    served: tuple[JobState, Client], text: str
) -> None:
    with pytest.raises(ConditionError, match="takes too long"):
        served[1].wait(text, 60)


def test_a_job_goes_on_while_a_condition_is_judged(world: Path) -> None:
    started = start_job(f"{write_flows(world)}:counting", {"n": 100_000, "pace": 0.001})
    failed = threading.Event()

    def ask() -> None:
        with Client(started.socket) as other, pytest.raises(ConditionError):
            other.wait(DEEP, 60)
        failed.set()

    asking = threading.Thread(target=ask)
    with Client(started.socket) as client:
        before = client.header().counts[HISTORY]
        asking.start()
        until(lambda: client.header().counts[HISTORY] > before + 20)
        assert not failed.is_set() or client.header().counts[HISTORY] > before + 20
        asking.join()
        client.call("cancel")


def test_one_that_costs_something_is_judged_all_the_same(
    served: tuple[JobState, Client],
) -> None:
    state, client = served
    text = 'routines.exists(r, routines[r].runs + 0 >= 2) && "a" + "b" == "ab"'
    state.update_routine_state("a", {"runs": 1})
    later = threading.Timer(0.2, state.update_routine_state, ("a", {"runs": 2}))
    later.start()
    assert client.wait(text, 60).outcome == "met"
    with pytest.raises(ConditionError, match="Did you mean"):
        client.wait("recrds.map(a, a).size() > 1", 1)
    with pytest.raises(ConditionError, match="not complete"):
        client.wait("[1].map(", 1)


def test_the_time_of_a_wait_is_kept_by_a_condition_that_costs(
    world: Path, command: list[str]
) -> None:
    started = start_job(f"{write_flows(world)}:stuck", {"seconds": 600})
    words = ["wait", started.job_id, "--timeout", "0.5", "--until", "[1, 2].all(a, a > 5)"]
    assert run([*command, *words]).returncode == TimedOut.exit_code


def test_what_is_harmless() -> None:
    for text in ('status == "paused"', "has(shared.key) && (records > 10 || errors >= 2)"):
        assert is_harmless(text)
    for text in (
        "[1].all(a, true)",
        "[1] . exists (a, true)",
        "shared.s + shared.s == ''",
        "1" * 501,
    ):
        assert not is_harmless(text)


def test_a_search_of_the_history_is_made_while_handlers_go_on() -> None:
    state = JobState("f")
    for n in range(5000):
        state.record_execution("a", f"out{n}", {})
    projection, free = Projection(state), []

    def is_free() -> None:
        if state.lock.acquire(blocking=False):
            free.append(True)
            state.lock.release()

    class Text(str):
        """A text that sees, when it is looked for, whether the job's lock is free."""

        __slots__ = ()

        def casefold(self) -> str:
            other = threading.Thread(target=is_free)
            other.start()
            other.join()
            return super().casefold()

    state.execution_history[4999].routine_id = Text("b")
    assert projection.window(HISTORY, 0, 10, Filter(text="b")).total == 1
    assert free
    state.record_execution("b", "again", {})
    assert projection.window(HISTORY, 0, 10, Filter(text="b")).total == 2
    assert projection.find(HISTORY, "again", 0, back=False, where=Filter(routine="b")) == 1
