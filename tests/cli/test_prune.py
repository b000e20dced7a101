"""Removing what has ended: prune, rm, and what a configuration keeps of the changes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.cli.main import main
from routilux_tui.errors import UsageError
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.store import journal as journals
from routilux_tui.store.journal import Journal
from routilux_tui.store.locks import is_locked
from routilux_tui.store.retention import Keep, apply_keep, parse_age, parse_keep, parse_size
from routilux_tui.store.segments import changes_folder
from tests.flows import write_flows


def job(folder: Path, name: str, status: str, age: float = 0.0, records: int = 3) -> Path:
    """A job of a folder, with its changes."""
    path = folder / f"{name}.json"
    state = JobState("f")
    journal = Journal(state, path)
    state.status = "running"
    for n in range(records):
        state.record_execution("a", "e", {"n": n, "noise": os.urandom(200).hex()})
    state.status = status
    journal.close()
    os.utime(path, (time.time() - age,) * 2)
    return path


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    job(tmp_path, "old", "completed", 40 * 86_400)
    job(tmp_path, "large", "failed", 3600, 2000)
    job(tmp_path, "new", "completed")
    job(tmp_path, "paused", "paused", 90 * 86_400)
    return tmp_path


def test_rm_removes_all_of_a_job(folder: Path) -> None:
    assert main(["rm", "-y", str(folder / "old.json")]) == 0
    assert not [name for name in names(folder) if "old" in name]


@pytest.mark.parametrize(
    ("limit", "gone"),
    [
        (["--older", "30d"], {"old"}),
        (["--larger", "200KB"], {"large"}),
        (["--keep", "1"], {"old", "large"}),
        (["--keep", "1", "--older", "1d"], {"old"}),
        (["--older", "900d"], set()),
    ],
)
def test_prune_removes_what_has_ended_and_is_old_or_large(
    limit: list[str], gone: set[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(folder)
    assert main(["prune", "--dry-run", "--json", *limit, str(folder)]) == 0
    told = [json.loads(line)["removed"] for line in capsys.readouterr().out.splitlines()]
    assert {Path(one).stem for one in told} == gone
    assert names(folder) == before
    assert main(["prune", "-y", *limit, str(folder)]) == 0
    assert names(folder) == [one for one in before if one.partition(".")[0] not in gone]


def test_prune_asks_and_wants_a_limit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    before = names(folder)
    for answer in ("n\n", "\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert main(["prune", "--older", "1d", str(folder)]) == 1
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["prune", "--older", "1d", str(folder)]) == UsageError.exit_code
    for wrong in (["prune", str(folder)], ["prune", "--older", "x", str(folder)]):
        assert main(wrong) == UsageError.exit_code
    assert names(folder) == before
    assert "Remove" in capsys.readouterr().err


def test_what_is_kept_of_changes_is_a_time_a_size_or_nothing(folder: Path) -> None:
    assert parse_keep("") == Keep()
    assert (parse_age("1.5h"), parse_size("2KB")) == (5400, 2000)
    for wrong in ("x", "3", "d", "-1d", "none ", "9" * 50 + "d"):
        with pytest.raises(ValueError, match="it is"):
            parse_keep(wrong)
    apply_keep(folder / "new.json", parse_keep("30d"))
    assert not changes_folder(folder / "old.json").exists()
    assert changes_folder(folder / "large.json").exists()
    apply_keep(folder / "new.json", parse_keep("100KB"))
    assert not changes_folder(folder / "large.json").exists()
    assert changes_folder(folder / "new.json").exists()
    for name in ("new", "paused"):
        apply_keep(folder / f"{name}.json", parse_keep("none"))
    assert not changes_folder(folder / "new.json").exists()
    assert changes_folder(folder / "paused.json").exists()  # it can go on
    for name in ("old", "large", "new", "paused"):
        JobState.load(folder / f"{name}.json")


def test_a_run_with_limits_keeps_no_more(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = world / "j.json"
    started = start_job(
        f"{write_flows(world)}:counting", {"n": 30}, save=str(path), keep="none", max_history_size=7
    )
    with Client(started.socket) as client:
        assert client.wait("", 30).status == "completed"
    while is_locked(path) or changes_folder(path).exists():
        time.sleep(0.05)
    state = JobState.load(path)
    assert state.max_history_size == 7
    assert len(state.execution_history) == 7
    assert len(state.shared_log) == 30
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"].keys() >= {"jobs", "changes", "logs"}


def test_limits_hold_for_a_job_that_runs_and_not_for_one_that_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "SEAL_CHANGES", 20)
    state = JobState("f")
    assert state.max_history_size is None
    assert state.history_ttl_seconds is None
    state.max_history_size = 5
    for n in range(12):
        state.record_execution("a", "e", {"n": n})
    assert [one.data["n"] for one in state.execution_history] == list(range(7, 12))
    state.save(tmp_path / "j.json")
    plain = json.loads((tmp_path / "j.json").read_text())
    assert (plain["max_history_size"], len(plain["execution_history"])) == (5, 5)
    plain["execution_history"] *= 3
    plain["history_ttl_seconds"] = 1
    (tmp_path / "j.json").write_text(json.dumps(plain))
    assert len(JobState.load(tmp_path / "j.json").execution_history) == 15  # a file of 0.11
    journal = Journal(state, tmp_path / "k.json")
    for n in range(12, 112):
        state.record_execution("a", "e", {"n": n})
        journal.flush()
        journal.rotate()
    assert journal._sealer.seal_waiting()
    assert [one.data["n"] for one in state.execution_history] == list(range(107, 112))
    journal.close()
    plain = json.loads((tmp_path / "k.json").read_text())
    assert [one["data"]["n"] for one in plain["execution_history"]] == list(range(107, 112))
    state.history_ttl_seconds = 1e-9
    assert not state.execution_history
