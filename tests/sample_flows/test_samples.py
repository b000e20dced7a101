"""Every sample runs to its end, or to its pause, on real input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.flow.loading import load_flow

SAMPLES = Path(__file__).parent.parent.parent / "sample_flows"


def run(name: str, **params: object) -> tuple[object, JobState]:
    flow, left = load_flow(str(SAMPLES / f"{name}.py"), params)
    state = flow.execute(flow.entry_routine(), left)
    assert flow.wait_for_completion(60, state)
    return flow, state


def test_source_audit_counts_and_ranks_and_skips_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("class A:\n    def f(self):\n        return 1\n")
    (tmp_path / "more.py").write_text("x = 1\n" * 50)
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    _, state = run("source_audit", folder=str(tmp_path))
    assert state.status == "completed"
    totals = state.shared_data["totals"]
    assert (totals["files"], totals["skipped"], totals["lines"]) == (2, 2, 53)
    assert (totals["functions"], totals["classes"]) == (1, 1)
    assert state.shared_data["largest"] == ["50 more.py", "3 good.py"]
    assert sum(one["message"].startswith("skipped") for one in state.shared_log) == 2


@pytest.mark.filterwarnings("ignore")
def test_source_audit_reads_the_standard_library() -> None:
    _, state = run("source_audit", limit=120)
    assert state.status == "completed", state.routine_states
    totals = state.shared_data["totals"]
    assert totals["files"] + totals["skipped"] == 120


def test_a_folder_that_is_not_there_fails_the_audit() -> None:
    _, state = run("source_audit", folder="/nowhere")
    assert state.status == "failed"
    assert "/nowhere is no folder" in state.routine_states["find"]["error"]


@pytest.mark.parametrize("wrong", [{"pace": "fast"}, {"limit": "ten"}])
def test_a_number_that_is_none_fails_the_audit_and_says_so(tmp_path: Path, wrong: dict) -> None:
    _, state = run("source_audit", folder=str(tmp_path), **wrong)
    assert state.status == "failed"
    assert "pace is a number of seconds" in state.routine_states["find"]["error"]


def test_a_negative_pace_and_limit_are_none(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("x = 1\n")
    _, state = run("source_audit", folder=str(tmp_path), pace=-5, limit=-3)
    assert state.status == "completed"
    assert state.shared_data["totals"]["files"] == 1


def test_flaky_service_is_fetched_by_trying_again() -> None:
    flow, state = run("flaky_service", pages=9, delay=0.01)
    assert state.status == "completed"
    assert state.routine_states["fetch"]["retries"] >= 4
    assert state.routine_states["recommend"]["status"] == "error_continued"
    assert state.routine_states["collect"]["runs"] == 9
    assert flow.get_routine_retry_count("fetch") == state.routine_states["fetch"]["retries"]


def test_flaky_service_is_there_again_where_another_process_takes_the_job_up(
    tmp_path: Path,
) -> None:
    saved = tmp_path / "j.json"
    first = f"""
from routilux_tui import JobState
from routilux_tui.flow.loading import load_flow
flow, left = load_flow({str(SAMPLES / "flaky_service.py")!r}, {{"pages": 6, "delay": 30}})
job = flow.execute("start", left)
assert JobState.wait_until_condition(flow, job, lambda _f, j: "fetch" in j.routine_states, 30)
assert flow.pause(job)
job.save({str(saved)!r})
"""
    subprocess.run([sys.executable, "-c", first], check=True, timeout=60)
    flow, _ = load_flow(str(SAMPLES / "flaky_service.py"), {"delay": 0.01})
    again = JobState.load(saved)
    flow.resume(again)
    assert flow.wait_for_completion(60, again)
    assert again.status == "completed"
    assert again.routine_states["collect"]["runs"] == 6


def test_approval_waits_for_a_person_and_goes_on_in_another_process(tmp_path: Path) -> None:
    _, state = run("approval", amount=900)
    assert state.status == "paused"
    assert state.pause_points[-1]["checkpoint"] == {"amount": 900}
    state.save(tmp_path / "j.json")
    flow, _ = load_flow(str(SAMPLES / "approval.py"))
    again = JobState.load(tmp_path / "j.json")
    flow.resume(again)
    assert flow.wait_for_completion(10, again)
    assert (again.status, again.shared_data["sent"]) == ("completed", 900)


def test_a_small_order_wants_no_approval() -> None:
    _, state = run("approval", amount=10)
    assert (state.status, state.shared_data["sent"]) == ("completed", 10)


@pytest.mark.parametrize("_", range(2))
def test_endless_goes_on_over_pauses_until_it_is_cancelled(_: int) -> None:
    flow, left = load_flow(str(SAMPLES / "endless.py"), {"every": 0.001})
    state = flow.execute("clock", left)
    for ticks in (20, 40):
        assert JobState.wait_until_condition(
            flow, state, lambda _f, s, n=ticks: s.get_shared_data("ticks", 0) >= n, timeout=20
        )
        flow.pause(state)
        assert state.status == "paused"
        flow.resume(state)
    flow.cancel(state, "enough")
    assert flow.wait_for_completion(10, state)
    assert state.status == "cancelled"
