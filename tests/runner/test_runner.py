"""A live job in a process of its own: started, steered, killed, taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.errors import (
    ConditionError,
    FlowLoadError,
    NoSuchJob,
    NotPossible,
    ReadOnly,
)
from routilux_tui.runner import paths
from routilux_tui.runner.client import Client
from routilux_tui.runner.discover import find_job, is_stale, running_jobs
from routilux_tui.runner.launch import resume_job, start_job
from routilux_tui.store.files import journal_path
from routilux_tui.views.shapes import HISTORY, LOG, Filter
from tests.flows import write_flows
from tests.processes import assert_gone


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def test_a_job_runs_to_its_end_and_says_so_in_its_file(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 20})
    with Client(started.socket) as client:
        assert client.wait("", 20).status == "completed"
        routines = {row.routine_id: row for row in client.routines()}
        assert routines["sink"].runs == 20
    state = JobState.load(started.path)
    assert (state.status, len(state.shared_log)) == ("completed", 20)
    assert_gone(started.pid)
    assert not Path(started.socket).exists()
    assert not journal_path(started.path).exists()


def test_pause_resume_wait_and_cancel_over_the_socket(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 10_000, "pace": 0.002})
    with Client(started.socket) as client:
        assert client.wait("records > 10", 10).outcome == "met"
        client.call("pause", reason="lunch")
        header = client.wait_for_status({"paused"}, 5)
        assert header.note == "lunch"
        assert len(JobState.load(started.path).pending_tasks) == header.counts["pending"] > 0
        with pytest.raises(NotPossible, match="paused"):
            client.call("pause")
        with pytest.raises(ConditionError, match="Did you mean"):
            client.wait("recrds > 1", 1)
        client.call("resume")
        assert client.wait("records > 60", 10).outcome == "met"
        assert client.wait("records < 0", 0.05).outcome == "timeout"
        client.call("cancel", reason="enough")
        assert client.wait("records > 100000", 10).outcome == "ended"
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "cancelled"
    assert state.routine_states["_cancellation"]["reason"] == "enough"


def test_windows_are_cut_where_the_job_lives(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 50})
    with Client(started.socket) as client:
        client.wait("", 10)
        window = client.window(HISTORY, -3, 1 << 52, Filter(name="out"))
        assert (window.total, len(window.rows)) == (50, 3)
        assert client.window(LOG, 0, 1, Filter()).rows[0].text == "item 0 [bold]\x1b[31m"
        assert client.call("find", section=LOG, text="ITEM 33", start=0) == 33
        assert client.item(HISTORY, 0)["event_name"] == "start"


@pytest.mark.parametrize("name", ["broken", "nothing"])
def test_a_flow_that_can_not_be_loaded_is_told_at_once(name: str, flows: str) -> None:
    with pytest.raises(FlowLoadError) as told:
        start_job(f"{flows}:{name}")
    if name == "broken":
        assert "the factory is broken" in told.value.traceback
        assert "routilux_tui/flow" not in told.value.traceback
    assert running_jobs() == []
    assert not list(paths.jobs_folder().glob("*.json"))


def test_it_outlives_a_hangup_and_is_put_down_resumably_by_sigterm(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 300, "pace": 0.005})
    os.kill(started.pid, signal.SIGHUP)
    with Client(started.socket) as client:
        assert client.wait("records > 20", 10).outcome == "met"
    os.kill(started.pid, signal.SIGTERM)
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "paused"
    assert "SIGTERM" in state.pause_points[-1]["reason"]
    again = resume_job(started.path, f"{flows}:counting")
    with Client(again.socket) as client:
        assert client.wait("", 20).status == "completed"
    log = [one["message"].split()[1] for one in JobState.load(started.path).shared_log]
    assert log == [str(n) for n in range(300)]


def test_a_killed_runner_is_taken_up_where_it_was(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 200, "pace": 0.01})
    with Client(started.socket) as client:
        client.wait("records > 50", 10)
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)
    assert is_stale(Path(started.socket))
    assert running_jobs() == []
    assert not Path(started.socket).exists()
    assert JobState.load(started.path).status == "running"
    again = resume_job(started.path, f"{flows}:counting")
    with Client(again.socket) as client:
        client.call("pause")  # it must not be through before the other has tried
        with pytest.raises(NotPossible, match="another process"):
            resume_job(started.path, f"{flows}:counting")
        client.call("resume")
        assert client.wait("", 20).status == "completed"
    log = [one["message"].split()[1] for one in JobState.load(started.path).shared_log]
    assert sorted(set(log), key=int) == [str(n) for n in range(200)]


def test_an_older_file_says_what_can_not_be_taken_up(flows: str) -> None:
    from tests.conftest import DATA

    with pytest.raises(NotPossible, match="memory address"):
        resume_job(str(DATA / "jobs/0.10.0/paused-pending.json"), f"{flows}:counting")


def test_force_ends_a_handler_that_does_not_listen(flows: str) -> None:
    started = start_job(f"{flows}:stuck")
    with Client(started.socket) as client:
        client.call("cancel", reason="now", force=True, grace=0.2)
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "cancelled"
    told = state.routine_states["_cancellation"]
    assert (told["forced"], told["running"]) == (True, ["stuck"])


def test_force_ends_a_handler_that_did_not_listen_to_a_cancel_before(flows: str) -> None:
    started = start_job(f"{flows}:stuck")
    with Client(started.socket) as client:
        assert client.wait('routines.stuck.status == "running"', 30).outcome == "met"
        client.call("cancel", reason="enough")
        with pytest.raises(NotPossible, match="is cancelled"):
            client.call("cancel", reason="again")
        client.call("cancel", force=True, grace=0.2)
    assert_gone(started.pid)
    told = JobState.load(started.path).routine_states["_cancellation"]
    assert (told["forced"], told["running"], told["reason"]) == (True, ["stuck"], "enough")


def test_a_read_only_runner_takes_no_control(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 500, "pace": 0.01}, read_only=True)
    with Client(started.socket) as client:
        for method in ("pause", "resume", "cancel"):
            with pytest.raises(ReadOnly):
                client.call(method)
        assert client.header().status == "running"


def test_a_job_is_found_by_what_people_call_it(flows: str) -> None:
    with pytest.raises(NoSuchJob, match="No job is running"):
        find_job()
    first = start_job(f"{flows}:counting", {"n": 500, "pace": 0.02})
    assert find_job().hello.job_id == first.job_id
    second = start_job(f"{flows}:stuck")
    assert find_job("stuck").hello.job_id == second.job_id
    assert find_job(first.job_id[:6]).hello.job_id == first.job_id
    assert find_job("@last").hello.job_id == second.job_id
    for name in ("", "nobody"):
        with pytest.raises(NoSuchJob):
            find_job(name)


def test_a_full_disk_pauses_the_job_and_room_lets_it_go_on(flows: str, world: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("ONLY ROOT can mount a small disk")
    disk = world / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(disk)]).returncode:
        pytest.skip("NO MOUNT is allowed here")
    try:
        started = start_job(
            f"{flows}:counting",
            {"n": 400, "pace": 0.005, "pad": 10_000},
            save=str(disk / "j.json"),
        )
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
        with Client(started.socket) as client:
            assert client.wait('status == "paused"', 20).outcome == "met"
            assert "no room on the disk" in client.header().note
            filler.unlink()
            assert client.wait("", 30).status == "completed"
        assert_gone(started.pid)
        state = JobState.load(disk / "j.json")
        assert len(state.shared_log) == 400
        assert (
            len(
                {
                    record.data["n"]
                    for record in state.execution_history[1:]
                    if record.event_name == "out"
                }
            )
            == 400
        )
    finally:
        subprocess.run(["umount", "-l", str(disk)])
