"""A job that keeps no changes: its disk is bounded while it runs, and a kill loses nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.errors import JobFileMissing
from routilux_tui.store import journal as journals
from routilux_tui.store.journal import Journal
from routilux_tui.store.reading import load_job
from routilux_tui.store.seeking import job_at
from routilux_tui.store.segments import changes_folder

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS, KEPT = 300, 5


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEAL_CHANGES", 60)
    monkeypatch.setattr(journals, "BLOCK_CHANGES", 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.json"


def work(state: JobState, journal: Journal, waiting: int = 0) -> None:
    """Emit and run; some tasks wait from the beginning on."""
    state.max_history_size = KEPT
    state.status = "running"
    tasks = [(n + 1, "late", "in") for n in range(waiting)]
    state.make("emit", "a", "first", {}, time.time(), None, tasks)
    for n in range(waiting, ROUNDS):
        at = time.time()
        state.make("emit", "a", "out", {"n": n}, at, None, [(n + 1, "b", "in")])
        state.make("run", n + 1, "b", at)
        state.make("ran", n + 1, "b", "completed", at, None)
        if n % 10 == 0:
            journal.rotate()
            journal._sealer.seal_waiting()


def sealed(path: Path) -> list[str]:
    return sorted(one.name for one in changes_folder(path).glob("*.seg"))


def test_what_the_limits_drop_leaves_the_disk_while_the_job_runs(path: Path) -> None:
    state = JobState("f")
    journal = Journal(state, path, keeps_changes=False)
    work(state, journal)
    assert len(sealed(path)) <= 2
    journal.abandon()
    again = load_job(path, into=JobState, strict=True)  # it was killed
    assert (again.missing, again.unread) == ("", "")
    assert [one.data["n"] for one in again.execution_history][-KEPT:] == list(range(295, 300))
    assert again.routine_states["b"]["runs"] == ROUNDS
    with pytest.raises(JobFileMissing, match="they begin with number"):
        job_at(path, seq=3)
    journal = Journal(again, path, keeps_changes=False)
    again.max_history_size = KEPT
    again.make("take_up", time.time())
    again.status = "completed"
    journal.close()
    whole = JobState.load(path)
    assert [one.data["n"] for one in whole.execution_history] == list(range(295, 300))
    assert whole.status == "completed"


def test_what_a_waiting_task_or_a_log_needs_stays(path: Path) -> None:
    state = JobState("f")
    journal = Journal(state, path, keeps_changes=False)
    state.append_to_shared_log({"kept": 1})
    work(state, journal, waiting=3)
    assert len(sealed(path)) > 8
    assert next(iter(state.shared_log))["kept"] == 1
    journal.abandon()


def test_without_that_word_all_is_kept(path: Path) -> None:
    state = JobState("f")
    journal = Journal(state, path)
    work(state, journal)
    assert len(sealed(path)) > 8
    assert job_at(path, seq=3).seq == 3
    journal.abandon()
