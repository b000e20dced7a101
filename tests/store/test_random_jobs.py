"""What a job's files tell is the job, whatever changes were made, and whenever they are read."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState
from routilux_tui.job.change_kinds import KINDS
from routilux_tui.job.jsonable import dumps
from routilux_tui.store import journal as journals
from routilux_tui.store.journal import Journal
from routilux_tui.store.reading import load_job
from routilux_tui.store.seeking import job_at
from tests.job.random_changes import RandomChanges

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.job.model import Job

OFTEN = ["emit", "run", "ran", "emit", "run", "ran", "retry", "log", "status", "again", "hold"]


def told(job: Job) -> Any:
    """All that a file has of a job; of the statistics the counts, which no look alters."""
    with job.lock:
        job.statistics.sort_in(job.running)
        plain = json.loads(dumps(job.to_plain()))
    statistics = plain.pop("statistics", {})
    routines = statistics.get("routines", {})
    counts = {name: one["counts"] for name, one in routines.items()}
    return {**plain, "counts": counts, "problems": statistics.get("problems")}


@pytest.mark.parametrize("seed", range(6))
def test_a_job_is_read_as_it_is_at_every_moment(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 2:
        monkeypatch.setattr(journals, "SEAL_CHANGES", 60)
        monkeypatch.setattr(journals, "BLOCK_CHANGES", 20)
    chance, path = random.Random(seed), tmp_path / "a.json"
    changes = RandomChanges(chance, [*KINDS, *OFTEN, *OFTEN, *OFTEN])
    job = changes.job
    journal = Journal(job, path)
    moments: dict[int, Any] = {}
    for n, _ in enumerate(changes):
        moments[job.seq] = told(job)
        if n % 61 == 60:
            journal.flush()
            journal.rotate()
            assert told(load_job(path, into=JobState)) == moments[job.seq], job.seq
        if n > 500:
            break
    journal.flush()
    for seq in chance.sample(sorted(moments), 40):
        assert told(job_at(path, seq=seq)) == moments[seq], seq
    journal.close()
    assert told(load_job(path, into=JobState)) == told(job)


def test_a_log_that_is_emptied_before_the_former_one_is_sealed_has_what_came_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "SEAL_CHANGES", 10)
    job, path = JobState("a"), tmp_path / "a.json"
    journal = Journal(job, path)
    expected: list[Any] = []

    def add(turn: int) -> None:
        for n in range(15):
            expected.append({"timestamp": "", "turn": turn, "n": n})
            job.append_to_shared_log(expected[-1])
        journal.flush()

    with journal._sealer._busy:  # nothing is sealed meanwhile
        add(0)
        job.shared_log = []
        journal.rotate()
        job.shared_log = []
        expected.clear()
        add(1)
        journal.rotate()
    for turn in range(2, 5):
        assert journal._sealer.seal_waiting()
        add(turn)
        journal.rotate()
        assert list(job.shared_log) == expected
        assert list(load_job(path, into=JobState).shared_log) == expected
    journal.close()
    assert list(load_job(path, into=JobState).shared_log) == expected
