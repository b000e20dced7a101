"""``routilux-tui runs``: the runs of a flow in the state folder, and in folders that are named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.state.job_state import JobState
from tests.cli.test_commands import tui
from tests.flows import write_flows
from tests.processes import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _save(path: Path, began: float, seconds: float) -> str:
    """A run of the flow ``nightly`` as its file tells it."""
    job = JobState("nightly")
    job.status = "completed"
    job.save(path)
    saved = json.loads(path.read_text())
    saved["created_at"] = timestamps.to_iso(began)
    saved["updated_at"] = timestamps.to_iso(began + seconds)
    path.write_text(json.dumps(saved))
    return str(path)


def test_the_runs_of_a_flow_are_listed_oldest_first(world: Path) -> None:
    flows = write_flows(world)
    for n in (3, 5):
        tui("run", f"{flows}:counting", "-p", f"n={n}")
    told = [json.loads(line) for line in tui("runs", "counting", "--json").stdout.splitlines()]
    assert [one["records"] for one in told] == sorted(one["records"] for one in told)
    assert [(one["status"], one["odd"]) for one in told] == [("completed", [])] * 2
    assert all(one["seconds"] >= 0 for one in told)
    assert tui("runs", "counting").stdout.splitlines()[0].split()[:4] == [
        "job",
        "status",
        "started",
        "took",
    ]
    assert "There are runs of: counting" in tui("runs", "nobody", code=3).stderr


def test_a_run_that_took_longer_is_odd_and_why_says_so(world: Path) -> None:
    kept = world / "state" / "routilux-tui" / "jobs"
    kept.mkdir(parents=True)
    for n in range(6):
        _save(kept / f"nightly-{n}.json", 1_700_000_000 + n * 86_400, 60 + n)
    late = _save(world / "late.json", 1_700_900_000, 150)
    shown = tui("runs", "nightly", str(world)).stdout
    assert "took 2m30s, others 1m02s" in shown
    assert "usually  1m03s" in shown
    assert "It took 2.4 times as long as its last 6 runs." in tui("why", late).stdout


def test_an_error_that_no_earlier_run_had_is_new(world: Path) -> None:
    for n in range(3):
        tui("run", f"{write_flows(world)}:counting", "-p", f"n={n + 1}")
    bad = str(world / "bad.json")
    kept = next((world / "state" / "routilux-tui" / "jobs").glob("*.json"))
    saved = json.loads(kept.read_text())
    saved["job_id"], saved["status"] = "bad-0001", "failed"
    saved["created_at"] = saved["updated_at"] = timestamps.now_iso()
    saved["routine_states"]["sink"] |= {"status": "failed", "error": "KeyError: 'x'", "errors": 1}
    (world / "bad.json").write_text(json.dumps(saved))
    assert "`sink` failed: KeyError: 'x' (new: not in the last 3 runs)." in tui("why", bad).stdout


def test_a_run_is_listed_once_however_its_file_is_named(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    flow = f"{write_flows(world)}:counting"
    job = tui(
        "run", flow, "-p", "n=100000", "-p", "pace=0.01", "--detach", "--save", "a.json"
    ).stdout.strip()
    (world / "same").symlink_to(world)
    try:
        until((world / "a.json").exists)
        told = tui("runs", "counting", "a.json", "same", str(world), "--json").stdout
        assert [json.loads(line)["place"] for line in told.splitlines()] == ["live"]
    finally:
        tui("cancel", job)
