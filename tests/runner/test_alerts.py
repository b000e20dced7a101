"""People are told of a job where it runs: once, also with nobody looking, and not twice by a kill."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from routilux_tui import JobState
from routilux_tui.errors import ConditionError, NotPossible, ReadOnly
from routilux_tui.runner.alert_command import run_command
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.store.locks import is_locked
from routilux_tui.views.alerts import rule_of
from tests.again_flow import Numbers
from tests.asking import write_asking
from tests.cli.program import tui
from tests.processes import assert_gone, until


def writes(path: Path) -> list[str]:
    """A command that adds what it is given to a file, a line for each time."""
    return ["sh", "-c", f"cat >> {path}; echo said; echo $ROUTILUX_TUI_JOB >> {path}.id"]


def told(path: Path) -> list[dict[str, Any]]:
    return [json.loads(one) for one in path.read_text().splitlines()] if path.exists() else []


def test_a_command_runs_once_with_the_job_and_its_output_is_in_the_log(world: Path) -> None:
    out = world / "told"
    rules = [
        rule_of({"when": "ended", "command": writes(out)}),
        rule_of({"when": "waits for you", "command": writes(out)}),
        rule_of({"when": "failed", "command": writes(out)}),
    ]
    job = start_job(write_asking(world), alerts=rules)
    until(lambda: len(told(out)) == 1)
    with Client(job.socket) as client:
        states = {one.rule.name: one for one in client.alerts()}
        assert states["waits for you"].holds
        header = client.header()
        assert (header.alerts, header.told.name if header.told else "") == (1, "waits for you")
        client.call("answer", choice="yes")
        client.wait_for_status({"completed"}, 30)
    assert_gone(job.pid)
    assert [(one["alert"], one["status"]) for one in told(out)] == [
        ("waits for you", "paused"),
        ("ended", "completed"),
    ]
    assert told(out)[0]["job_id"] == job.job_id
    assert Path(f"{out}.id").read_text().split() == [job.job_id] * 2
    assert "ended: said" in tui("log", job.path, "--of", "print").stdout
    state = JobState.load(job.path)
    assert [one["count"] for one in state.alerts.values()] == [1, 0, 0]


@pytest.mark.parametrize("is_looked_at", [True, False])
def test_of_the_end_is_told_once_whoever_looks_and_the_job_can_go_on(
    world: Path, is_looked_at: bool
) -> None:
    out, numbers = world / "told", Numbers(world)
    rules = [
        rule_of({"name": "late", "when": "failed", "for": "1h", "command": writes(out)}),
        rule_of({"name": "again", "when": "failed", "repeat": "0.1s", "command": writes(out)}),
        rule_of({"name": "runs", "when": "runs > 0", "for": "1h", "command": writes(out)}),
    ]
    numbers.bad(1)
    params = {"folder": str(numbers.folder)}
    job = start_job(f"{numbers.path}:stopping", params, alerts=rules)
    with contextlib.ExitStack() as looking:
        if is_looked_at:
            client = looking.enter_context(Client(job.socket))
            until(lambda: not is_locked(Path(job.path)))
            seen = client.header().alerts
            time.sleep(2.5)  # it is looked at once a second: nothing more is told
            assert (seen, client.header().alerts) == (2, 2)
        else:
            assert_gone(job.pid)
        numbers.mend(1)
        tui("retry", job.job_id, "--all")
        until(lambda: JobState.load(job.path).status == "completed")
    assert sorted(one["alert"] for one in told(out)) == ["again", "late"]


def test_after_a_kill_it_is_not_told_twice_and_commands_come_from_no_file(world: Path) -> None:
    out = world / "told"
    rule = rule_of({"when": "waits for you", "command": writes(out)})
    job = start_job(write_asking(world), {"n": 2}, alerts=[rule])
    until(lambda: len(told(out)) == 1)
    os.kill(job.pid, signal.SIGKILL)
    assert_gone(job.pid)
    tui("resume", job.path)
    with Client(job.socket) as client:
        assert client.alerts()[0].rule.command  # of its own signed start
        client.call("alert", rule={"when": "records > 0", "name": "later"})
        until(lambda: client.header().alerts == 2)  # which shows that it was looked at
        assert len(told(out)) == 1
        os.kill(client.hello.pid, signal.SIGKILL)
        assert_gone(client.hello.pid)
    (world / "state/routilux-tui/key").write_bytes(b"x" * 32)  # as on another machine
    tui("resume", job.path, write_asking(world))
    with Client(job.socket) as client:
        until(lambda: len(client.alerts()) == 2)
        client.call("answer", question="1", choice="yes")
        client.call("answer", question="2", choice="yes")
        client.wait_for_status({"completed"}, 30)
    assert len(told(out)) == 1


def test_rules_of_a_running_job_are_set_and_taken_off(world: Path) -> None:
    job = start_job(write_asking(world))
    with Client(job.socket) as client:
        with pytest.raises(ConditionError, match="rocords"):
            client.call("alert", rule={"when": "rocords > 1"})
        client.call("alert", rule={"when": "records > 1", "name": "x"})
        until(lambda: client.header().alerts == 1)
        client.call("alert", rule={"when": "[1].exists(x, x == 1)", "name": "judged elsewhere"})
        until(lambda: client.header().alerts == 2)
        client.call("alert_off", name="x")
        with pytest.raises(NotPossible, match="no rule 'x'"):
            client.call("alert_off", name="x")
        assert [one.rule.name for one in client.alerts()] == ["judged elsewhere"]
        reasons = [one["reason"] for one in client.item("job", "controls")]
    assert reasons == ["x: records > 1", "judged elsewhere: [1].exists(x, x == 1)", "x: taken off"]


def test_the_configuration_has_rules_and_run_gives_more(world: Path) -> None:
    place = world / "config/routilux-tui/config.toml"
    place.parent.mkdir()
    place.write_text('[[alert]]\nwhen = "failed"\n[[alert]]\nname = "x"\nwhen = "errors > 1"\n')
    words = ["--alert", 'name = "x", when = "errors > 5"', "--detach"]
    name = tui("run", write_asking(world), *words, "--alert", "ended").stdout.strip()
    found = [json.loads(one) for one in tui("alerts", name, "--json").stdout.splitlines()]
    assert [(one["rule"]["name"], one["rule"]["when"][:10]) for one in found] == [
        ("failed", "status == "),
        ("x", "errors > 5"),
        ("ended", "status == "),
    ]
    assert "does not hold" in tui("alerts", name, "--add", "silent for 1h").stdout
    tui("alerts", name, "--add", "status ==", code=2)
    tui("alerts", name, "--off", "nothing", code=1)
    place.write_text('[[alert]]\nwhen = "rocords >"\n')
    assert "line 1: alert:" in tui("run", write_asking(world), "--detach", code=2).stderr


def test_a_read_only_job_takes_no_rule(world: Path) -> None:
    job = start_job(write_asking(world), read_only=True)
    with Client(job.socket) as client, pytest.raises(ReadOnly):
        client.call("alert", rule={"when": "failed"})


def test_a_command_has_its_time_and_its_output_an_end(tmp_path: Path) -> None:
    assert run_command(["no such program"], b"", "x").code == 127
    slow = run_command(
        ["sh", "-c", "echo begun; sleep 60 & sleep 60"], b"", "x", captured=True, within=0.3
    )
    assert slow == (None, "begun\n")
    loud = run_command(
        ["sh", "-c", "head -c 3000000 /dev/zero; exit 5"], b"x" * 300_000, "x", captured=True
    )
    assert (loud.code, len(loud.output)) == (5, 16_384)
