"""``run --queue``: jobs that wait for their turn, on disk, and begin when another has ended."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from routilux_tui.errors import NotPossible
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.launch_spec import LaunchResult
from routilux_tui.runner.paths import state_folder
from routilux_tui.runner.queues import JobQueue
from routilux_tui.store.large_file import open_job
from routilux_tui.store.locks import is_locked
from tests.cli.program import tui
from tests.processes import assert_gone, until

if TYPE_CHECKING:
    from typing import Any


@pytest.fixture(autouse=True)
def config(world: Path) -> Path:
    path = world / "config/routilux-tui/config.toml"
    path.parent.mkdir()
    path.write_text("[queues]\nnightly = 1\nwide = 2\n")
    return path


def queued(flow: str, queue: str = "nightly") -> LaunchResult:
    return start_job(flow, queue=(queue, 2 if queue == "wide" else 1))


def listed() -> dict[str, dict[str, Any]]:
    return {one["job_id"]: one for one in map(json.loads, tui("ps", "--json").stdout.splitlines())}


def test_jobs_run_one_after_the_other_and_ps_says_what_waits(flows: str) -> None:
    words = (f"{flows}:stuck", "--queue", "nightly", "--detach", "--json")
    first = msgspec.json.decode(tui("run", *words).stdout, type=LaunchResult)
    second = queued(f"{flows}:counting")
    third = queued(f"{flows}:failing")
    assert first.queued == ""
    assert second.queued == "1 of 1 in queue nightly"
    assert third.queued == "2 of 2 in queue nightly"
    assert_gone(second.pid)  # what waits costs nothing
    jobs = listed()
    assert jobs[second.job_id]["status"] == "pending"
    assert jobs[second.job_id]["note"] == "1 of 2 in queue nightly"
    assert "pending: 2 of 2 in queue nightly" in tui("ps").stdout
    shown = json.loads(tui("show", third.job_id, "--json").stdout)
    assert shown["header"]["note"] == "2 of 2 in queue nightly"
    refused = tui("cancel", third.job_id, code=3).stderr
    assert f"out of its queue: routilux-tui rm {third.path}" in refused
    with Client(first.socket) as client:
        client.call("cancel", reason="", force=True, grace=0.0)
    until(lambda: has_ended(second) and has_ended(third))
    assert open_job(second.path).status == "completed"
    assert open_job(third.path).status == "failed"
    until(is_free)


def test_whoever_waits_for_a_job_waits_for_its_turn_too(flows: str) -> None:
    first = queued(f"{flows}:stuck")
    second = queued(f"{flows}:counting")
    tui("wait", second.job_id, "--timeout", "0.5", code=124)
    tui("wait", second.job_id, "--until", 'status == "pending"')
    tui("wait", second.job_id, "--until", "no such", code=2)
    words = ("run", f"{flows}:failing", "--queue", "nightly", "--no-tui")
    with begun(*words) as third, begun("wait", second.job_id) as waiting:
        assert "waits: 2 of 2 in queue nightly" in third.stderr.readline()
        os.kill(first.pid, 9)  # it starts nothing by itself
        assert waiting.wait(60) == 0
        assert third.wait(60) == 1
        assert "failed" in third.stdout.read()
    with begun(*words) as fourth:  # there is a place again
        assert fourth.wait(60) == 1


def begun(*words: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "routilux_tui", *words)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def has_ended(job: LaunchResult) -> bool:
    return open_job(job.path).status in {"completed", "failed"} and not is_locked(Path(job.path))


def is_free() -> bool:
    """Whether nothing waits, and the last place is given back, which comes after a job's end."""
    folder = state_folder() / "queues/nightly"
    return not [*(folder / "waiting").iterdir(), *(folder / "running").iterdir()]


def test_a_killed_runner_holds_no_place_and_the_next_look_starts_what_waits(flows: str) -> None:
    first = queued(f"{flows}:stuck", queue="wide")
    second = queued(f"{flows}:stuck", queue="wide")
    third = queued(f"{flows}:counting", queue="wide")
    assert (second.queued, third.queued) == ("", "1 of 1 in queue wide")
    os.kill(first.pid, 9)
    assert_gone(first.pid)
    assert open_job(third.path).status == "pending"
    tui("ps")
    until(lambda: has_ended(third))
    assert not is_locked(Path(first.path))  # it is not begun anew by itself


def test_a_job_that_was_removed_is_not_started_and_one_that_cant_begin_says_why(
    flows: str, world: Path
) -> None:
    first = queued(f"{flows}:stuck")
    removed, broken, last = (queued(f"{flows}:counting") for _ in range(3))
    tui("rm", removed.path, "--yes")
    assert listed()[broken.job_id]["note"].startswith("2 of 3")
    source = Path(flows)
    good = source.read_text()
    source.write_text("this is no Python")
    with Client(first.socket) as client:
        client.call("cancel", reason="", force=True, grace=0.0)
    until(lambda: has_ended(broken) and has_ended(last))
    assert open_job(broken.path).status == "failed"
    assert "flows.py" in listed()[last.job_id]["note"]
    assert not Path(removed.path).exists()
    source.write_text(good)
    until(is_free)
    assert queued(f"{flows}:counting").queued == ""


def test_a_ticket_that_we_have_not_written_starts_nothing(flows: str) -> None:
    first = queued(f"{flows}:stuck")
    second = queued(f"{flows}:counting")
    [ticket] = (state_folder() / "queues/nightly/waiting").iterdir()
    told = json.loads(ticket.read_text())
    told["spec"]["params"] = {"n": 1_000_000}
    ticket.write_text(json.dumps(told))
    (ticket.parent / "00000000000000000000-x").write_text("{}")
    os.kill(first.pid, 9)
    assert_gone(first.pid)
    JobQueue("nightly").start_waiting()
    assert not list(ticket.parent.iterdir())
    assert open_job(second.path).status == "pending"


def test_a_queue_is_in_the_configuration(flows: str, config: Path) -> None:
    told = tui("run", f"{flows}:counting", "--queue", "other", code=2).stderr
    assert "There is no queue 'other' in the configuration" in told
    assert "[queues] and other = 1" in told
    tui("run", f"{flows}:counting", "--queue", "wide", "--after", "x", code=2)
    for wrong in ("queues = 3", "[queues]\nwide = 0", "[queues]\nwide = true"):
        config.write_text(wrong)
        assert str(config) in tui("info", code=2).stderr


def test_a_queue_where_nothing_can_be_locked_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(NotPossible, match="queues need locks"):
        JobQueue("nightly", 1).take("j")
