"""``run --after``: a job that begins when others have ended."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from routilux_tui.state.job_state import JobState
from routilux_tui.store.locks import is_locked
from tests.cli.program import tui
from tests.processes import until


def detach(*words: str) -> str:
    return tui("run", *words, "--detach").stdout.strip()


def header(job: str) -> dict[str, object]:
    return dict(json.loads(tui("show", job, "--json").stdout)["header"])


def test_a_job_begins_when_another_has_ended(flows: str) -> None:
    first = detach(f"{flows}:stuck", "--name", "first")
    second = detach(f"{flows}:counting", "--after", "first")
    third = detach(f"{flows}:counting", "--after", f"{second}:ok")
    assert header(second)["status"] == "pending"
    assert header(second)["note"] == f"waits for the end of job {first[:8]}"
    assert header(third)["note"] == f"waits for the end of job {second[:8]}"
    tui("cancel", first, "--force", "--grace", "0")
    tui("wait", third, "--timeout", "100")
    began = [
        JobState.load(json.loads(tui("show", one, "--json").stdout)["file"])
        for one in (second, third)
    ]
    assert [one.status for one in began] == ["completed", "completed"]
    assert str(began[0].updated_at) <= str(began[1].updated_at)
    assert header(third)["note"] == ""


def test_a_job_that_has_to_wait_for_a_good_end_is_cancelled_without_one(flows: str) -> None:
    first = json.loads(tui("run", f"{flows}:failing", "--json", code=1).stdout)["header"]["job_id"]
    second = detach(f"{flows}:counting", "--after", f"{first}:ok")
    tui("wait", second, "--timeout", "100", code=1)
    assert header(second)["status"] == "cancelled"
    assert f"job {first[:8]}, which had to complete first, failed" in str(header(second)["note"])
    third = detach(f"{flows}:counting", "--after", first)
    tui("wait", third, "--timeout", "100")
    assert "nobody" in tui("run", f"{flows}:counting", "--after", "nobody", code=3).stderr


def test_a_job_that_waits_outlives_its_runner(flows: str) -> None:
    first = detach(f"{flows}:stuck")
    words = ["--after", first, "--name", "second", "-p", "n=2"]
    shown = json.loads(tui("run", f"{flows}:counting", *words, "--detach", "--json").stdout)
    os.kill(shown["pid"], signal.SIGKILL)
    until(lambda: not is_locked(Path(shown["path"])))
    assert header("second")["status"] == "pending"
    assert tui("resume", "second").stdout.strip() == shown["job_id"]
    assert header("second")["note"] == f"waits for the end of job {first[:8]}"
    tui("cancel", first, "--force", "--grace", "0")
    tui("wait", shown["job_id"], "--timeout", "100")
    job = JobState.load(shown["path"])
    assert (job.status, job.job_id, job.shared_data["last"]) == (
        "completed",
        shown["job_id"],
        1,
    )


def test_a_job_that_waits_can_be_cancelled_and_its_runner_ended(flows: str, world: Path) -> None:
    first = detach(f"{flows}:stuck")
    second = detach(f"{flows}:counting", "--after", first)
    assert "cancelled" in tui("cancel", second, "--reason", "not needed").stdout
    path = str(world / "third.json")
    shown = tui("run", f"{flows}:counting", "--after", first, "--save", path, "--detach", "--json")
    os.kill(json.loads(shown.stdout)["pid"], signal.SIGTERM)
    tui("wait", path, "--timeout", "100", code=1)
    assert JobState.load(path).status == "cancelled"
    tui("cancel", first, "--force", "--grace", "0")
