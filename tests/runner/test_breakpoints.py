"""A job pauses before the next task for which a condition holds, and goes on with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState
from routilux_tui.errors import ConditionError, NotPossible, ReadOnly
from routilux_tui.runner import breakpoints as module
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from tests.cli.program import tui
from tests.processes import assert_gone, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOWS = """
import asyncio
import time
from routilux_tui import Flow, Routine


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["n", "items"])

    def go(self, total=6):
        state = self.get_execution_context().job_state
        while not state.get_shared_data("let"):
            time.sleep(0.005)
        for n in range(total):
            self.emit("out", n=n, items=[n, n + 1])


class Price(Routine):
    def __init__(self, run):
        super().__init__()
        self.define_slot("in", handler=run or self.go)

    def go(self, number):
        self.get_execution_context().job_state.append_to_shared_log({"n": number})


class Async(Price):
    def __init__(self):
        super().__init__(self.wait)

    async def wait(self, number):
        await asyncio.sleep(0)
        self.go(number)


def flow(price=None) -> Flow:
    flow = Flow("prices")
    flow.add_routine(Source(), "source")
    flow.add_routine(price or Price(None), "price")
    flow.connect("source", "out", "price", "in", param_mapping={"n": "number"})
    return flow


def mixed() -> Flow:
    return flow(Async())
"""


@pytest.fixture
def flows(world: Path) -> str:
    (world / "flows.py").write_text(FLOWS)
    return str(world / "flows.py")


def logged(path: str) -> list[int]:
    return [one["n"] for one in JobState.load(path).shared_log]


@pytest.fixture
def begun() -> Iterator[Callable[..., tuple[Any, Client]]]:
    """Makes a job whose first handler goes on when ``let`` is set, with breakpoints."""
    with contextlib.ExitStack() as clients:

        def begin(flow: str, *conditions: str, **params: Any) -> tuple[Any, Client]:
            started = start_job(flow, params, workers=1)
            client = clients.enter_context(Client(started.socket))
            for one in conditions:
                client.call("breakpoint", condition=one)
            client.call("set", key="let", value=True)
            return started, client

        yield begin


Begin = Callable[..., tuple[Any, Client]]


@pytest.mark.parametrize("name", ["flow", "mixed"])
def test_it_pauses_before_the_task_and_goes_on_with_it(flows: str, name: str, begun: Begin) -> None:
    started, client = begun(f"{flows}:{name}", 'routine == "price" && data.number >= 2')
    for n in (2, 3):
        header = client.wait_for_status({"paused"}, 30)
        assert header.note == 'breakpoint: routine == "price" && data.number >= 2'
        point = client.item("pauses", header.counts["pauses"] - 1)
        assert (point["checkpoint"]["breakpoint"], point["checkpoint"]["routine"]) == (1, "price")
        assert f'"n":{n}' in point["checkpoint"]["data"]
        until(lambda n=n: logged(started.path) == list(range(n)))
        client.call("resume")
        until(lambda n=n: client.header().counts["pauses"] > n - 1)
    client.wait_for_status({"paused"}, 30)
    client.call("breakpoint_off", number=1)
    assert client.breakpoints() == []
    client.call("resume")
    assert_gone_after(client, started)
    assert logged(started.path) == [0, 1, 2, 3, 4, 5]
    controls = [one["reason"] for one in JobState.load(started.path).controls]
    assert '1: routine == "price" && data.number >= 2' in controls
    assert "1: taken off" in controls


def assert_gone_after(client: Client, started: Any) -> None:
    client.wait_for_status({"completed"}, 30)
    client.close()
    assert_gone(started.pid)


def test_one_on_the_job_alone_pauses_when_it_comes_to_hold(flows: str, begun: Begin) -> None:
    started, client = begun(f"{flows}:flow", "logs >= 3")
    client.wait_for_status({"paused"}, 30)
    assert logged(started.path) == [0, 1, 2]
    client.call("resume")  # it holds still, and has been told
    assert_gone_after(client, started)


def test_it_stays_over_a_kill_and_lets_by_what_it_has_stopped(flows: str, begun: Begin) -> None:
    started, client = begun(f"{flows}:flow", "data.number == 1 || data.number == 4", "logs == 1")
    client.wait_for_status({"paused"}, 30)
    client.close()
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)
    (one, other) = [
        json.loads(line) for line in tui("breakpoints", started.path, "--json").stdout.splitlines()
    ]
    assert (one["number"], other["condition"]) == (1, "logs == 1")
    tui("resume", started.path)
    until(lambda: logged(started.path) == [0, 1, 2, 3])
    until(lambda: JobState.load(started.path).status == "paused")
    assert pauses(started.path) == ["breakpoint: data.number == 1 || data.number == 4"] * 2


def pauses(path: str) -> list[str]:
    return [one["reason"] for one in JobState.load(path).pause_points]


def test_a_costly_condition_is_judged_elsewhere_and_taken_off_in_time(
    flows: str, begun: Begin
) -> None:
    started, client = begun(f"{flows}:flow", "data.items.exists(one, one == 3)")
    client.wait_for_status({"paused"}, 30)
    assert logged(started.path) == [0, 1]
    lists = "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"
    deep = "routine == 'price' && " + "".join(f"{lists}.all(x{n}, " for n in range(9))
    client.call("breakpoint", condition=f"{deep}true{')' * 9}")
    client.call("breakpoint_off", number=1)
    client.call("resume")
    client.wait_for_status({"completed"}, 60)
    assert client.breakpoints() == []
    client.close()


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("rotine == 'price'", "rotine"),
        ('routine == "prize"', "no routine 'prize'"),
        ("routine ==", "not complete"),
        ("", "empty"),
        ("status", "neither true nor false"),
    ],
)
def test_what_can_never_hold_is_an_error_at_once(flows: str, condition: str, why: str) -> None:
    started = start_job(f"{flows}:flow")
    with Client(started.socket) as client:
        for dry in (True, False):
            with pytest.raises(ConditionError, match=why):
                client.call("breakpoint", condition=condition, dry=dry)
        with pytest.raises(NotPossible, match="no breakpoint 7"):
            client.call("breakpoint_off", number=7)
        assert client.breakpoints() == []


def test_twins_set_list_and_take_off(flows: str) -> None:
    started = start_job(f"{flows}:flow", read_only=False)
    done = tui("pause", started.job_id, "--when", "tries > 1")
    assert f"breakpoint 1 of {started.job_id[:8]} is set" in done.stdout
    assert "tries > 1" in tui("breakpoints", started.job_id).stdout
    tui("breakpoints", started.job_id, "--off", "x", code=2)
    tui("breakpoints", started.job_id, "--off", "2", code=1)
    assert tui("breakpoints", started.job_id, "--off", "all").stdout == ""


def test_to_go_on_is_done_though_the_next_task_pauses_it_again(flows: str, begun: Begin) -> None:
    started, client = begun(f"{flows}:flow", 'routine == "price"')
    client.wait('status == "paused"', 30)
    for _ in range(3):
        before = client.header().counts["pauses"]
        tui("resume", started.job_id, "--within", "20")
        client.wait('status == "paused"', 30)
        assert client.header().counts["pauses"] == before + 1


def test_a_read_only_job_has_none_set(flows: str) -> None:
    started = start_job(f"{flows}:flow", read_only=True)
    with Client(started.socket) as client, pytest.raises(ReadOnly):
        client.call("breakpoint", condition="tries > 1")
    assert module.MOST == 20
