"""Who steered a job is kept in it; events, data and workers are sent in from outside."""

from __future__ import annotations

import json
import os
import pwd
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible, ReadOnly, UsageError
from routilux_tui.runner import protocol
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from tests.conftest import run
from tests.processes import assert_gone, until

if TYPE_CHECKING:
    from pathlib import Path

FLOWS = """
import time
from pathlib import Path
from routilux_tui import Flow, Routine

class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["n"])

    def go(self):
        for n in range(6):
            self.emit("out", n=n)

class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, n):
        state = self.get_execution_context().job_state
        while not state.get_shared_data("let"):
            time.sleep(0.01)
        state.append_to_shared_log({"message": str(n)})

def held() -> Flow:
    flow = Flow("held")
    flow.add_routine(Source(), "source")
    flow.add_routine(Sink(), "the.sink")
    flow.connect("source", "out", "the.sink", "in")
    return flow
"""
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def flows(world: Path) -> str:
    (world / "flows.py").write_text(FLOWS)
    return f"{world / 'flows.py'}:held"


def test_who_paused_and_cancelled_is_kept_and_told(flows: str, command: list[str]) -> None:
    started = start_job(flows)
    assert run([*command, "set", started.job_id, "let=true"]).returncode == 0
    with Client(started.socket) as client:
        client.wait("", 20)
    assert_gone(started.pid)
    started = start_job(flows)
    with Client(started.socket) as client:
        client.call("hello", protocol=protocol.VERSION, via="ana@laptop")
        client.call("pause", reason="lunch")
        client.call("set", key="let", value=True)
        header = client.wait_for_status({"paused"}, 20)
        assert (header.by, header.note) == ("ana@laptop", "lunch")
    done = run([*command, "show", started.job_id])
    assert "by ana@laptop: lunch" in done.stdout
    done = run([*command, "resume", started.job_id])
    assert done.returncode == 0, done.stderr
    assert_gone(started.pid)
    shown = json.loads(run([*command, "show", started.path, "--json"]).stdout)
    assert [one["action"] for one in shown["controls"]] == ["pause", "set", "resume"]
    who = {"uid": os.getuid(), "name": ME}
    assert [one["who"] for one in shown["controls"]] == [{**who, "via": "ana@laptop"}] * 2 + [who]
    assert shown["controls"][0]["reason"] == "lunch"
    assert all(one["at"] for one in shown["controls"])
    assert shown["launch"]["flow"] == flows


def test_a_cancel_says_by_whom(flows: str, command: list[str]) -> None:
    started = start_job(flows)
    with Client(started.socket) as client:
        client.call("pause", reason="first")
        client.call("set", key="let", value=True)
        client.wait_for_status({"paused"}, 20)
    done = run([*command, "cancel", started.job_id, "--reason", "enough"])
    assert f"by {ME}: enough" in done.stdout
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert [one["action"] for one in state.controls] == ["pause", "set", "cancel"]


def test_events_and_data_are_sent_in(flows: str, command: list[str]) -> None:
    started = start_job(flows)
    name = started.job_id
    done = run([*command, "emit", name, "source.out", "--data", '{"n": 77}'])
    assert done.returncode == 0, done.stderr
    for words, code in (
        (["emit", name, "source.nothing"], 1),
        (["emit", name, "nobody.out"], 1),
        (["emit", name, "source"], 2),
        (["emit", name, "source.out", "--data", "[1]"], 2),
        (["emit", name, "source.out", "--data", "{"], 2),
        (["set", name, "x"], 2),
    ):
        done = run([*command, *words])
        assert done.returncode == code, (words, done.stderr)
        assert "Traceback" not in done.stderr
    odd = {"k\udcff": "\udcfe", "large": 10**30, "lost": "NaN"}
    for key, value in odd.items():
        assert run([*command, "set", name, f"{key}={value}"]).returncode == 0
    assert run([*command, "set", name, 'let={"a": [1]}']).returncode == 0
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "completed"
    assert state.shared_data["let"] == {"a": [1]}
    assert state.shared_data["large"] == 10**30
    assert sorted(int(one["message"]) for one in state.shared_log) == [0, 1, 2, 3, 4, 5, 77]
    assert [(one["action"], one["reason"]) for one in state.controls] == [
        ("emit", "source.out"),
        *(("set", key) for key in (*odd, "let")),
    ]


def test_a_job_gets_more_and_fewer_workers(flows: str, command: list[str]) -> None:
    started = start_job(flows, workers=1)
    with Client(started.socket) as client:
        until(lambda: client.routines()[1].active == 1 if len(client.routines()) > 1 else False)
        assert run([*command, "workers", started.job_id, "4"]).returncode == 0
        until(lambda: client.routines()[1].active == 4)
        client.call("workers", workers=2)  # those that run are let finish
        assert client.routines()[1].active == 4
        for wrong in (0, -1, "x", True, 1.5, 10**9):
            with pytest.raises(UsageError):
                client.call("workers", workers=wrong)
        client.call("set", key="let", value=1)
        assert client.wait("", 20).status == "completed"
    assert_gone(started.pid)
    assert len(JobState.load(started.path).shared_log) == 6


def test_one_who_only_looks_and_a_job_that_has_ended_are_refused(flows: str) -> None:
    started = start_job(flows)
    with Client(started.socket) as client:
        client.call("hello", protocol=protocol.VERSION, read_only=True)
        for method, params in (
            ("emit", {"routine": "source", "event": "out"}),
            ("set", {"key": "let", "value": 1}),
            ("workers", {"workers": 2}),
        ):
            with pytest.raises(ReadOnly):
                client.call(method, **params)
        client.call("hello", protocol=protocol.VERSION)
        client.call("set", key="let", value=1)
        client.wait("", 20)
        with pytest.raises(NotPossible):
            client.call("set", key="let", value=2)
        with pytest.raises(NotPossible):
            client.call("emit", routine="source", event="out")
