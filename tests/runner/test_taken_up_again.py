"""A job that has ended goes on for what failed of it: in its runner, or in a new one, once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from routilux_tui.errors import NotPossible, ReadOnly, UsageError
from routilux_tui.runner import protocol
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import resume_job, retry_job, start_job
from routilux_tui.runner.launch_spec import RetrySpec
from routilux_tui.state.job_state import JobState
from routilux_tui.store.locks import is_locked
from routilux_tui.store.reading import load_job
from routilux_tui.views.choosing import TaskSelection
from tests.again_flow import Numbers
from tests.processes import assert_gone, until


@pytest.fixture
def numbers(world: Path) -> Numbers:
    return Numbers(world)


def start(numbers: Numbers, flow: str) -> Any:
    return start_job(f"{numbers.path}:{flow}", {"folder": str(numbers.folder)})


def every(**more: Any) -> RetrySpec:
    return RetrySpec(wanted=TaskSelection(every=True), **more)


def test_the_runner_that_lingers_goes_on(numbers: Numbers) -> None:
    numbers.bad(2)
    started = start(numbers, "stopping")
    with Client(started.socket) as client, Client(started.socket) as other:
        assert client.wait("", 30).status == "failed"
        until(lambda: "failed" in Path(started.path).read_text())
        for wrong in ({}, {"task": 1, "every": True}, {"task": "x"}, {"kind": {}}):
            with pytest.raises(UsageError):
                client.call("retry", **wrong)
        with pytest.raises(UsageError):
            client.call("retry", every=True, edit=[1])
        with pytest.raises(UsageError):
            client.call("retry", every=True, input={"n": 1})
        other.call("hello", protocol=protocol.VERSION, read_only=True)
        for method in ("retry", "giveup"):
            with pytest.raises(ReadOnly):
                other.call(method, every=True)
        numbers.wait(2)
        numbers.mend(2)
        sent = client.sent("retry", every=True, reason="mended")
        assert (sent.header.status, sent.socket) == ("running", "")
        with pytest.raises(NotPossible):
            client.sent("retry", every=True)  # once
        # All of it is in the journal already, and another process may not take the job up.
        assert load_job(started.path, into=JobState).status == "running"
        with pytest.raises(NotPossible):
            resume_job(started.path)
        numbers.let(2)
        assert other.wait("", 30).status == "completed"
        until(lambda: '"status": "completed"' in Path(started.path).read_text())
        numbers.bad(9)
        with pytest.raises(NotPossible, match="No input has failed"):
            client.sent("retry", every=True)
    assert_gone(started.pid)
    assert numbers.ran() == [0, 1, 2, 3, 4, 5]
    state = load_job(started.path, into=JobState)
    assert not state.unread
    assert not state.missing
    assert [one["action"] for one in state.controls] == ["retry"]
    events = [one.event_name for one in state.execution_history]
    assert (events.count("error"), events.count("sent_again"), events.count("done")) == (1, 1, 6)
    firsts = [one.first for one in state.execution_history]
    assert firsts == sorted(firsts)


def test_a_job_that_has_ended_is_changed_by_nothing_else(numbers: Numbers) -> None:
    numbers.bad(2)
    numbers.wait(0)
    started = start(numbers, "stopping")
    with Client(started.socket) as client:
        client.call("breakpoint", condition="tries > 9")
        client.call("alert", rule={"when": "errors > 9"})
        numbers.let(0)
        assert client.wait("", 30).status == "failed"
        until(lambda: not is_locked(Path(started.path)))
        for method, params in (
            ("workers", {"workers": 2}),
            ("set", {"key": "x", "value": 1}),
            ("breakpoint", {"condition": "true"}),
            ("breakpoint_off", {"number": 0}),
            ("alert_off", {"name": "errors > 9"}),
        ):
            with pytest.raises(NotPossible, match="is failed: it is"):
                client.call(method, **params)
        numbers.mend(2)
        client.sent("retry", every=True)
        assert client.wait("", 30).status == "completed"
    assert_gone(started.pid)


def test_what_was_mended_in_the_flow_is_mended_in_a_new_runner(numbers: Numbers) -> None:
    numbers.bad(2)
    started = start(numbers, "stopping")
    assert_gone(started.pid)
    text = numbers.path.read_text()
    numbers.path.write_text(text.replace("raise LookupError", "number = -2  # "))
    sent = retry_job(started.path, every(reason="a new source"))
    assert sent.told.startswith("1 input of work and ")
    with Client(sent.socket) as client:
        assert client.hello.pid != started.pid
        assert client.wait("", 30).status == "completed"
    assert numbers.ran() == [-2, 0, 1, 3, 4, 5]
    with pytest.raises(NotPossible):
        retry_job(started.path, every())


def test_a_runner_killed_after_it_was_asked_has_it_done_once(numbers: Numbers) -> None:
    numbers.bad(2)
    started = start(numbers, "stopping")
    assert_gone(started.pid)
    numbers.mend(2)
    numbers.wait(2)
    sent = retry_job(started.path, every())
    with Client(sent.socket) as client:
        os.kill(client.hello.pid, signal.SIGKILL)
    until(lambda: load_job(started.path, into=JobState).status == "running")
    with pytest.raises(NotPossible, match="nobody runs it"):
        retry_job(started.path, every())
    numbers.let(2)
    again = resume_job(started.path)
    with Client(again.socket) as client:
        assert client.wait("", 30).status == "completed"
    assert numbers.ran() == [0, 1, 2, 3, 4, 5]
    assert [one["action"] for one in load_job(started.path, into=JobState).controls] == ["retry"]


def test_a_file_that_somebody_else_changed_is_not_written_over(numbers: Numbers) -> None:
    numbers.bad(2)
    started = start(numbers, "stopping")
    with Client(started.socket) as client:
        client.wait("", 30)
        until(lambda: "failed" in Path(started.path).read_text())
        until(lambda: not is_locked(Path(started.path)))
        other = load_job(started.path, into=JobState)
        other.update_shared_data("by", "somebody else")
        other.save(started.path)
        with pytest.raises(NotPossible, match="somebody else"):
            client.sent("retry", every=True)
        assert client.header().status == "failed"
    assert load_job(started.path, into=JobState).shared_data["by"] == "somebody else"
