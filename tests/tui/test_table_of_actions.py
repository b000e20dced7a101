"""Every action that changes a job has a twin, is refused by who only looks, and leaves its mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.cli.main import COMMANDS, parser_of
from routilux_tui.errors import ReadOnly
from routilux_tui.runner import protocol
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.requests import _CHANGING
from routilux_tui.state.job_state import JobState
from routilux_tui.tui.actions import JOB_ACTIONS, LIST_ACTIONS, STEER, Action
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.tui.screens.jobs import JobsScreen
from routilux_tui.tui.settings import Settings
from routilux_tui.views.control_kinds import CONTROLS
from tests.again_flow import Numbers
from tests.asking import write_asking
from tests.processes import assert_gone
from tests.tui.orders import orders
from tests.tui.stub import StubHandle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: They change what this dashboard does, and nothing of a job.
HERE = {"read_only", "select", "select_matching"}
#: What a job's record calls a control, where the runner calls it otherwise.
RECORDED_AS = {"change_queue": "queue", "alert_off": "alert", "breakpoint_off": "breakpoint"}
#: The marks of a job that runs and asks nothing.
STEERED = {
    *("pause", "resume", "queue", "emit", "set", "workers"),
    *("retry", "giveup", "alert", "breakpoint"),
}
CHANGING = [
    pytest.param(one, screen, id=f"{screen.__name__}-{one.id}")
    for actions, screen in ((JOB_ACTIONS, JobScreen), (LIST_ACTIONS, JobsScreen))
    for one in actions
    if one.group == STEER and one.id not in HERE
]


@pytest.mark.parametrize(("action", "screen"), CHANGING)
def test_it_has_a_twin_and_a_method(action: Action, screen: type) -> None:
    command, *words = action.twin.split()
    assert command in COMMANDS
    told = parser_of(command)[1].format_help()
    assert all(word in told for word in words if word.startswith("-"))
    assert hasattr(screen, f"action_{action.id}")
    assert action.needs in {*CONTROLS, "wait"} or action.id == "delete"


def keys(actions: Iterable[Any]) -> list[str]:
    given = [one.values[0] for one in actions]
    return [one.keys for one in given if one in JOB_ACTIONS and one.needs != "wait"]


async def test_no_key_of_a_read_only_dashboard_asks_for_anything() -> None:
    handle = StubHandle(orders())
    app = Dashboard(Settings(read_only=True), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        for pane in "123":
            await pilot.press(pane)
            for key in keys(CHANGING):
                await pilot.press(key)
                await pilot.pause()
                assert isinstance(app.screen, JobScreen), key
                assert any("read-only" in one.message for one in app._notifications), key
                assert not any("giveup" in one.message for one in app._notifications)
                app.clear_notifications()
    assert handle.asked == []


def test_a_runner_refuses_all_of_it_from_who_only_looks_and_keeps_who_did_what(
    world: Path,
) -> None:
    numbers = Numbers(world)
    numbers.bad(1, 2)
    numbers.wait(3)
    started = start_job(f"{numbers.path}:going_on", {"folder": str(numbers.folder)})
    with Client(started.socket) as client:
        client.call("wait", patience=None, until="errors == 2", timeout=30)
        for method in sorted(_CHANGING):
            with Client(started.socket) as reader:
                reader.call("hello", protocol=protocol.VERSION, read_only=True)
                with pytest.raises(ReadOnly):
                    reader.call(method)
        numbers.mend(1)
        waiting = client.waiting_tasks(0, 10)
        client.call("set", key="limit", value=1)
        client.call("emit", routine="work", event="done", data={"n": 9})
        client.sent("change_queue", action="first", tasks=[waiting[-1].task])
        client.sent("giveup", task=4, reason="never")  # the input of number 2
        client.sent("retry", task=3, reason="mended")
        client.call("alert", rule={"when": "errors > 100"})
        client.call("alert_off", name="errors > 100")
        client.call("breakpoint", condition="errors > 100")
        client.call("breakpoint_off", number=1)
        client.call("workers", workers=2)
        client.call("pause", reason="lunch")
        numbers.let(3)
        client.wait_for_status({"paused"}, 30)
        client.call("resume")
        client.wait("", 30)
    assert_gone(started.pid)
    controls = JobState.load(started.path).controls
    assert {one["action"] for one in controls} == STEERED
    assert [(one["action"], one["reason"]) for one in controls] == [
        ("set", "limit"),
        ("emit", "work.done"),
        ("queue", f"first {waiting[-1].task}"),
        ("giveup", "never"),
        ("retry", "mended"),
        ("alert", "errors > 100: errors > 100"),
        ("alert", "errors > 100: taken off"),
        ("breakpoint", "1: errors > 100"),
        ("breakpoint", "1: taken off"),
        ("workers", "2"),
        ("pause", "lunch"),
        ("resume", ""),
    ]
    assert all(one["at"] and one["who"]["name"] for one in controls)


def test_an_answer_and_a_cancel_leave_their_marks_too(world: Path) -> None:
    started = start_job(write_asking(world), {"n": 2})
    with Client(started.socket) as client:
        client.wait_for_status({"paused"}, 30)
        client.call("answer", question="1", choice="yes")
        client.call("cancel", reason="enough")
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "cancelled"
    first, last = state.controls
    assert (first["action"], last["action"], last["reason"]) == ("answer", "cancel", "enough")
    assert "yes" in first["reason"]
    assert all(one["at"] and one["who"]["name"] for one in (first, last))


def test_no_control_of_a_runner_is_left_out() -> None:
    assert {RECORDED_AS.get(one, one) for one in _CHANGING} == {*STEERED, "answer", "cancel"}
