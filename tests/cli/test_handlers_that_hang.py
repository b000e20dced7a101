"""A job is cancelled, and a handler of it does not return: each command says so, and the way out."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from routilux_tui.runner.client import Client
from routilux_tui.state.job_state import JobState
from tests.cli.program import tui
from tests.hanging import start_hanging
from tests.processes import assert_gone, is_gone, until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_cancel_says_what_still_runs_since_when_and_the_way_out(world: Path) -> None:
    job = start_hanging(world, rest=2).job_id
    way = f"routilux-tui cancel --force {job[:8]}"
    told = tui("cancel", job, "--reason", "enough")
    assert told.stdout.startswith("⊘ cancelling, 1 running  hanging")
    assert "1 handler still runs: `load` for " in told.stderr
    assert "(since 20" in told.stderr
    assert way in told.stderr
    again = tui("cancel", job, code=1)
    assert "is cancelled already, and 1 handler still runs: `load` for " in again.stderr
    assert way in again.stderr
    [header] = [json.loads(tui("cancel", job, "--json", "--force", "--grace", "0").stdout)]
    assert (header["status"], header["still_running"], header["control"]) == ("cancelled", 0, None)
    assert header["note"] == "enough (2 not started, 1 handler ended by force)"


def test_each_view_says_of_a_cancelled_job_that_a_handler_of_it_still_runs(world: Path) -> None:
    job = start_hanging(world, rest=2).job_id
    tui("cancel", job)
    shown = tui("show", job).stdout
    assert shown.startswith("⊘ cancelling, 1 running  hanging")
    assert "load     running" in shown
    now = tui("show", job, "--now", "--stacks").stdout
    assert now.startswith("Cancelled at 20")
    assert "1 handler still runs." in now
    assert "in load\n        time.sleep(600)" in now
    plain = json.loads(tui("show", job, "--now", "--stacks", "--json").stdout)
    [handler] = plain["now"]["handlers"]
    assert (handler["routine_id"], plain["now"]["awaited"]) == ("load", "cancelled")
    assert plain["now"]["awaited_since"] > handler["since"]
    assert "time.sleep(600)" in plain["stacks"][str(handler["task"])]
    later = json.loads(tui("show", job, "--now", "--json").stdout)["now"]["handlers"][0]
    assert later["elapsed"] > handler["elapsed"]  # its clock does not stand still
    assert "cancelling, 1 running (live)" in tui("ps").stdout
    entry = json.loads(tui("ps", "--json").stdout)
    assert (entry["status"], entry["still_running"]) == ("cancelled", 1)
    [sentence] = tui("why", job).stdout.splitlines()
    assert sentence.startswith("! Cancelling: 1 handler still runs (`load`, for ")
    assert f"cancel --force {job[:8]}" in sentence
    whole = json.loads(tui("show", job, "--json").stdout)
    assert whole["header"]["status"] == "cancelled"
    assert whole["outlook"]["word"] == "cancelling, 1 running"


@pytest.mark.parametrize("executor", ["threads", "processes:1"])
@pytest.mark.parametrize("name", ["plain", "asynchronous"])
def test_its_stack_is_that_of_the_handler_wherever_it_runs(
    world: Path, name: str, executor: str
) -> None:
    job = start_hanging(world, name, executor=executor).job_id
    tui("cancel", job)
    stack = tui("show", job, "--now", "--stacks").stdout
    place = ("in load\n", "time.sleep(600)") if name == "plain" else ("in hang\n", "sleep(600)")
    assert all(one in stack for one in place), stack
    assert "routilux_tui/flow" not in stack
    assert "connection.py" not in stack


def test_a_worker_process_in_which_nothing_else_runs_does_not_outlive_its_job(world: Path) -> None:
    job = start_hanging(world, "busy", executor="processes:1").job_id
    until(lambda: "worker process" in tui("show", job, "--now").stdout)
    now = tui("show", job, "--now", "--stacks").stdout
    assert "does not say: what it runs lets no other thread of it run" in now
    found = re.search(r"in worker process (\d+) on", now)
    assert found is not None
    tui("cancel", job, "--force", "--grace", "0")
    assert_gone(int(found[1]))


def test_worker_processes_of_a_runner_that_is_stopped_end_with_it(world: Path) -> None:
    started = start_hanging(world, "busy", executor="processes:1")
    until(lambda: "worker process" in tui("show", started.job_id, "--now").stdout)
    found = re.search(r"in worker process (\d+) on", tui("show", started.job_id, "--now").stdout)
    assert found is not None
    os.kill(started.pid, signal.SIGSTOP)
    tui("cancel", started.job_id, "--force", "--grace", "0")
    assert_gone(int(found[1]))


@pytest.mark.parametrize(
    ("name", "executor"),
    [("plain", "threads"), ("asynchronous", "threads"), ("plain", "processes:1")],
)
def test_what_was_ended_by_force_is_counted_as_stopped_everywhere(
    world: Path, name: str, executor: str
) -> None:
    started = start_hanging(world, name, rest=2, executor=executor)
    job = started.job_id
    tui("cancel", job)
    tui("cancel", job, "--force", "--grace", "0")
    assert_gone(started.pid)
    shown = tui("show", job).stdout
    assert "pending" not in shown
    assert "load     stopped     1       0" in shown
    assert "stopped: its process was ended by force" in shown
    assert "1 handler ended by force" in shown
    assert tui("show", job, "--now").stdout == "No handler runs.\n"
    past = ["--at", 'status == "cancelled"']  # it ran still at that moment; nothing ends it now
    assert tui("show", job, "--now", *past).stdout.startswith("Cancelled: 1 handler still runs.\n")
    assert "--force" not in tui("why", job, *past).stdout
    whole = json.loads(tui("show", job, "--json").stdout)
    assert (whole["header"]["counts"]["pending"], whole["header"]["errors"]) == (0, 0)
    assert (whole["outlook"]["queued"], whole["outlook"]["busy"]) == (0, 0)
    assert whole["outlook"]["done"] == 1  # feed: what was stopped is not done
    assert {one["routine_id"]: one["done"] for one in whole["figures"]} == {"feed": 1, "load": 0}
    assert whole["routines"]["load"]["active"] == 0
    entry = json.loads(tui("ps", "--json").stdout)
    assert (entry["queued"], entry["still_running"], entry["errors"]) == (0, 0, 0)
    assert entry["note"] == "2 not started, 1 handler ended by force" == whole["header"]["note"]
    state = JobState.load(started.path)
    assert (state.outstanding, state.running) == ({}, {})
    assert len(state.dropped_tasks) == 3  # whoever takes it up again may send what was ended, too


def test_a_cancelled_job_whose_process_was_killed_has_nothing_that_waits(world: Path) -> None:
    started = start_hanging(world)
    tui("cancel", started.job_id)
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)
    until(lambda: "cancelled  " in tui("ps").stdout)
    whole = json.loads(tui("show", started.job_id, "--json").stdout)
    assert whole["header"]["status"] == "cancelled"
    assert (whole["header"]["counts"]["pending"], whole["header"]["still_running"]) == (0, 0)
    assert (whole["now"]["handlers"], whole["outlook"]["busy"]) == ([], 0)
    assert json.loads(tui("ps", "--json").stdout)["queued"] == 0
    assert tui("show", started.path).stdout.startswith("⊘ cancelled  ")


def test_a_cancelled_job_whose_runner_is_told_to_end_has_nothing_left_to_do(world: Path) -> None:
    started = start_hanging(world, rest=1)
    tui("cancel", started.job_id)

    def is_told() -> bool:
        with contextlib.suppress(ProcessLookupError):
            os.kill(started.pid, signal.SIGTERM)
        return is_gone(started.pid)

    until(is_told)
    state = JobState.load(started.path)
    assert (state.status, state.outstanding, state.running) == ("cancelled", {}, {})
    assert len(state.dropped_tasks) == 2
    assert state.routine_states["load"]["error"].startswith("stopped: the runner was told to end")


def test_a_failed_job_says_that_a_handler_of_it_still_runs(world: Path) -> None:
    started = start_hanging(world, "failing", rest=1)
    job = started.job_id
    tui("wait", job, "--until", 'status == "failed"', "--timeout", "30")
    assert tui("show", job).stdout.startswith("✗ failed, 1 running  ")
    assert tui("show", job, "--now").stdout.startswith("Failed: 1 handler still runs.\n")
    refused = tui("cancel", job, code=1).stderr
    assert "is failed, and 1 handler still runs: `load` for " in refused
    assert "cancel --force" in refused
    tui("cancel", job, "--force", "--grace", "0")
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert (state.status, state.outstanding, state.running) == ("failed", {}, {})
    load = state.routine_states["load"]
    assert (load["status"], load["error"], load["active"]) == ("failed", "no such shop", 0)


def test_a_pause_says_which_handler_it_waits_for(world: Path) -> None:
    job = start_hanging(world, rest=1).job_id
    late = tui("pause", job, "--within", "0", code=4).stderr
    assert "(1 handler still runs: `load` for " in late
    assert tui("show", job).stdout.startswith("▶ pausing, 1 running  ")
    assert tui("show", job, "--now").stdout.startswith("Asked to pause at 20")
    assert "pausing, 1 running (live)" in tui("ps").stdout
    entry = json.loads(tui("ps", "--json").stdout)
    assert (entry["status"], entry["still_running"], entry["queued"]) == ("running", 1, 1)
    assert "`load`, for " in tui("why", job).stdout
    tui("resume", job)
    assert "▶ running  " in tui("show", job).stdout


def test_a_runner_that_is_stopped_while_its_job_is_cancelled_is_recorded_as_ended(
    world: Path,
) -> None:
    started = start_hanging(world)
    with Client(started.socket) as client:
        client.call("cancel", reason="enough")
    os.kill(started.pid, signal.SIGSTOP)
    told = tui("cancel", started.job_id, "--force", "--grace", "0").stdout
    assert "⊘ cancelled  " in told
    state = JobState.load(started.path)
    assert (state.outstanding, state.running) == ({}, {})
    assert state.routine_states["_cancellation"]["reason"] == "enough"
