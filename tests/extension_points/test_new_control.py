"""A control is named wherever it is asked for, refused, carried out and recorded."""

from __future__ import annotations

from typing import Any

import pytest

from routilux_tui.cli.main import COMMANDS
from routilux_tui.flow.engine import Execution
from routilux_tui.runner import force_cancel
from routilux_tui.runner.alerts import Alerts
from routilux_tui.runner.breakpoints import Breakpoints
from routilux_tui.runner.requests import _CHANGING
from routilux_tui.sources.base import Handle
from routilux_tui.sources.live import LiveHandle
from routilux_tui.sources.past_handle import PastHandle
from routilux_tui.sources.relay import Relay
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.tui.actions import JOB_ACTIONS, LIST_ACTIONS
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.tui.screens.jobs import JobsScreen
from routilux_tui.tui.widgets import header
from routilux_tui.views.control_kinds import CONTROLS, FOR_COMMANDS
from tests.extension_points.places import arguments_of, assert_named, assert_nothing_else

REQUESTS = {one for control in CONTROLS.values() for one in control.requests}
#: What carries each out: the engine, or who stands beside it. (Who is to find a new one: here.)
CARRIED_OUT_BY: dict[str, Any] = {
    "pause": Execution.pause,
    "resume": Execution.resume,
    "cancel": Execution.cancel,
    "force": force_cancel,
    "retry": Execution.send_again,
    "giveup": Execution.give_up,
    "queue": Execution.change_queue,
    "workers": Execution.set_workers,
    "answer": Execution.answer,
    "breakpoint": Breakpoints.add,
    "alert": Alerts.add,
}
#: A forced cancel is a cancel: the same key, the same record.
NO_KEY = RECORDED_AS_CANCEL = {"force"}
#: What needs a task, an input or a text of one job, and so is asked of one job at a time.
OF_ONE_JOB = {"retry", "giveup", "queue", "workers", "breakpoint", "alert"}


def test_something_carries_it_out() -> None:
    what = "say in this test what carries it out (flow.controls, flow.task_controls, ...)"
    assert_named("CARRIED_OUT_BY", CONTROLS, CARRIED_OUT_BY, what)
    assert_nothing_else("CARRIED_OUT_BY", CONTROLS, CARRIED_OUT_BY, "no control")


def test_a_runner_is_asked_for_it() -> None:
    asked = {*REQUESTS, *FOR_COMMANDS}
    assert_named("runner.requests._CHANGING", asked, _CHANGING, "nothing answers the request")
    assert_named(
        "views.control_kinds.CONTROLS (requests) or FOR_COMMANDS",
        _CHANGING,
        asked,
        "a request that changes a job is a control",
    )


def test_a_runner_records_who_asked_for_it() -> None:
    recorded = arguments_of("_note_control", "runner")
    known = {*CONTROLS, *FOR_COMMANDS} - RECORDED_AS_CANCEL
    what = "a method there calls self._note_control"
    assert_named("runner.steering (or runner.task_steering, backend)", known, recorded, what)
    assert_nothing_else("runner", known, recorded, "not in views.control_kinds.CONTROLS")


@pytest.mark.parametrize("handle", [Handle, LiveHandle, SavedHandle, PastHandle])
def test_every_handle_can_be_asked(handle: type) -> None:
    where = {
        Handle: "sources.base.Handle",
        LiveHandle: "sources.live.LiveHandle (sources.task_requests, sources.question_requests)",
        SavedHandle: "sources.saved_handle.SavedHandle (sources.refusals)",
        PastHandle: "sources.past_handle.PastHandle (sources.refusals)",
    }[handle]
    methods = {one for control in CONTROLS.values() for one in control.handle}
    assert_named(where, methods, dir(handle), "views.control_kinds.CONTROLS names the method")


def test_a_far_file_answers_what_a_runner_does() -> None:
    nobody: Any = None
    answered = Relay(nobody, nobody, nobody)._methods
    assert_named("sources.relay.Relay._methods", REQUESTS, answered, "a far file refuses it there")


def test_a_key_asks_for_it() -> None:
    needs = {one.needs for one in JOB_ACTIONS}
    assert_named(
        "tui.actions.JOB_ACTIONS", set(CONTROLS) - NO_KEY, needs, "an action that needs it"
    )


def test_a_key_of_the_list_asks_many_jobs_for_it() -> None:
    needs = {one.needs for one in LIST_ACTIONS} | OF_ONE_JOB
    what = "an action that needs it, or a word in OF_ONE_JOB of this test"
    assert_named("tui.actions.LIST_ACTIONS", set(CONTROLS) - NO_KEY, needs, what)


def test_a_screen_has_a_method_for_its_key() -> None:
    for screen, actions in ((JobScreen, JOB_ACTIONS), (JobsScreen, LIST_ACTIONS)):
        methods = {f"action_{one.id}" for one in actions if one.needs in CONTROLS}
        where = f"{screen.__module__.removeprefix('routilux_tui.')}.{screen.__name__}"
        assert_named(where, methods, dir(screen), "the key calls the method")


def test_a_command_asks_for_it() -> None:
    for action in JOB_ACTIONS:
        if action.needs in CONTROLS:
            command = action.twin.partition(" ")[0]
            what = f"the twin of the key {action.shown} in tui.actions"
            assert_named("cli.main.COMMANDS", [command], COMMANDS, what)
    assert_named("cli.main.COMMANDS", FOR_COMMANDS, COMMANDS, "commands alone ask for it")


def test_what_is_asked_and_not_yet_confirmed_is_said_in_a_word() -> None:
    asked = arguments_of("_set_control", "flow", "runner") - {""}
    what = "the header of a job says that it is asked"
    assert_named("tui.widgets.header._ASKED", asked, header._ASKED, what)
