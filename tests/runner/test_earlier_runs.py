"""The earlier runs of a flow, by which a running one is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.runner import earlier
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.store.locks import is_locked
from tests.flows import write_flows
from tests.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_jobs_that_run_are_not_opened_by_all_others(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    read = earlier._read
    monkeypatch.setattr(earlier, "_read", lambda path: [opened.append(str(path)), read(path)][1])
    flow = f"{write_flows(world)}:counting"
    ended = start_job(flow, {"n": 1})
    with Client(ended.socket) as client:
        client.wait("", 60)
    running = [start_job(flow, {"n": 1000, "pace": 5.0}) for _ in range(2)]
    until(lambda: not is_locked(world / ended.path))
    runs = earlier.earlier_runs("counting", "", None)
    assert [one.job_id for one in runs] == [ended.job_id]
    assert opened == [ended.path]
    assert all(is_locked(world / one.path) for one in running)


def test_only_so_many_files_are_opened_for_a_flow_whose_runs_were_all_killed(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from routilux_tui.runner.paths import job_path, jobs_folder
    from routilux_tui.state.job_state import JobState

    opened: list[Path] = []
    read = earlier._read
    monkeypatch.setattr(earlier, "_read", lambda path: [opened.append(path), read(path)][1])
    jobs_folder().mkdir(parents=True)
    for number in range(3 * earlier.MOST_RUNS + 5):
        state = JobState("killed")
        state._job_id = f"{number:08d}"
        state.status = "running"
        state.save(str(job_path("killed", state.job_id)))
    assert earlier.earlier_runs("killed", "", None) == []
    assert len(opened) == earlier._MOST_OPENED
