"""What version 0.1.0 wrote and said is understood: a file, a journal, a session on the socket."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from routilux_tui import JobState
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.protocol import Hello
from routilux_tui.store.large_file import open_job
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import Filter, Frame, Header, RoutineRow, WaitResult, Window
from tests.conftest import DATA

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.job.model import Job

WRITTEN = DATA / "0.1.0"
EXPECTED = json.loads((WRITTEN / "expected.json").read_text())
SESSION = [json.loads(line) for line in (WRITTEN / "session.jsonl").read_text().splitlines()]

#: What each answer of the session is.
ANSWERS: dict[str, Any] = {
    "hello": Hello,
    "header": Header,
    "pause": Header,
    "resume": Header,
    "routines": list[RoutineRow],
    "window": Window,
    "wait": WaitResult,
    "subscribe": Frame,
}


def _summary(job: Job) -> dict[str, Any]:
    return {
        "status": job.status,
        "flow_id": job.flow_id,
        "job_id": job.job_id,
        "seq": job.seq,
        "records": [[one.routine_id, one.event_name, one.data] for one in job.execution_history],
        "routine_states": dict(job.routine_states),
        "shared_data": dict(job.shared_data),
        "shared_log": [entry["message"] for entry in job.shared_log],
        "outputs": len(job.output_log),
        "pending": [
            [task["slot_routine_id"], task["slot_name"], task["data"], task["task_id"]]
            for task in job.pending_tasks
        ],
        "pause_points": [point["reason"] for point in job.pause_points],
        "slot_data": [[*key, data] for key, data in job.slot_data.items()],
        "running": sorted(one[0] for one in job.running.values()),
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_and_its_journal_hold_what_they_held(name: str) -> None:
    path = WRITTEN / f"{name}.json"
    assert _summary(JobState.load(path)) == EXPECTED[name]
    assert _summary(open_job(path)) == EXPECTED[name]
    header = Projection(open_job(path)).header()
    assert header.counts["history"] == len(EXPECTED[name]["records"])


def test_a_job_that_was_killed_under_it_is_taken_up(tmp_path: Path) -> None:
    for name in ("killed.json", "killed.json.journal"):
        shutil.copy(WRITTEN / name, tmp_path)
    made = runpy.run_path(str(WRITTEN / "kept_flow.py"))
    made["kept"].__globals__["LONG"] = 0
    job = JobState.load(tmp_path / "killed.json")
    flow = made["kept"]()
    flow.resume(job)
    assert flow.wait_for_completion(20, job)
    assert job.slot_data["collect", "in"] == {"n": [0, 1, 2, 4, 5, 6, 7]}
    done = [one.data["n"] for one in job.execution_history if one.event_name == "good"]
    assert sorted(done) == [0, 1, 2, 4, 5, 6, 7]
    assert job.routine_states["check"]["errors"] == 3


def _is_like(new: Any, old: Any, where: str) -> None:
    """Whether an answer has all that the old one had: fields may be added, none may go."""
    if old is None or new is None:
        return
    if isinstance(old, bool) or not isinstance(old, (int, float)):
        assert type(new) is type(old), where
    else:
        assert type(new) in {int, float}, where
    if isinstance(old, dict):
        assert set(old) <= set(new), where
        for key in old:
            _is_like(new[key], old[key], f"{where}.{key}")
    if isinstance(old, list):
        assert len(new) >= len(old), where
        for n, (one, other) in enumerate(zip(new, old, strict=False)):
            _is_like(one, other, f"{where}[{n}]")


def _asked() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    sent = {line["sent"]["id"]: line["sent"] for line in SESSION if "sent" in line}
    said = [line["received"] for line in SESSION if "received" in line]
    return [(sent[answer["id"]], answer) for answer in said if "id" in answer]


def test_a_viewer_of_that_version_is_answered_as_it_was(world: Path) -> None:
    started = start_job(f"{WRITTEN / 'kept_flow.py'}:kept", {"left": 8})
    try:
        with Client(started.socket) as client:
            client.wait("records >= 20", 20)
            deadline = time.monotonic() + 20
            while not any(row.active for row in client.routines() if row.routine_id == "slow"):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert client.window("history", 0, 1, Filter()).rows
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(started.socket))
            lines = connection.makefile("rb")
            for request, old in _asked():
                connection.sendall(json.dumps(request).encode() + b"\n")
                new = json.loads(lines.readline())
                while new.get("id") != request["id"]:
                    new = json.loads(lines.readline())
                assert new.get("error", {}).get("code") == old.get("error", {}).get("code"), new
                _is_like(new.get("result"), old.get("result"), request["method"])
    finally:
        os.kill(started.pid, signal.SIGKILL)


def test_a_runner_of_that_version_is_understood() -> None:
    for request, answer in _asked():
        kind = ANSWERS.get(request["method"])
        if kind is not None and "result" in answer:
            answered = msgspec.convert(answer["result"], kind)
            assert answered is not None
            if kind is Hello:
                assert answered.version == "0.1.0"
