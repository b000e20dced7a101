"""Keyframes of jobs that have more queued than can be written while a handler waits."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState
from routilux_tui.job.model import Job
from routilux_tui.store import journal as journals
from routilux_tui.store import keyframe_tasks, keyframes
from routilux_tui.store.changes_reading import all_changes
from routilux_tui.store.journal import Journal
from routilux_tui.store.keyframe_tasks import KeyframeTasks, TaskReader, job_from_keyframe
from routilux_tui.store.reading import load_job
from routilux_tui.store.seeking import job_at
from routilux_tui.store.segments import Damaged, SegmentStore, changes_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUEUED = 200


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEAL_CHANGES", 60)
    monkeypatch.setattr(journals, "BLOCK_CHANGES", 20)
    monkeypatch.setattr(keyframe_tasks, "MOST_WRITTEN", 12)


def tasks_of(job: Job) -> list[Any]:
    """All tasks as a file has them, and how many wait for each routine."""
    job.statistics.sort_in(job.running)
    counts = {name: one.queued for name, one in job.statistics.routines.items() if one.queued}
    tasks = [{**task.to_plain(), "created_at": ""} for task in list(job.outstanding.values())]
    return [tasks, counts, dict(job.running)]


def run_one(state: JobState, task: int) -> None:
    routine = state.outstanding[task].routine_id
    state.make("run", task, routine, time.time())
    state.make("ran", task, routine, "completed", time.time(), None)


def fan_out(state: JobState, journal: Journal) -> None:
    """Two routines get a task each of every emit; half of all is run, one is tried again."""
    for n in range(QUEUED // 2):
        pair = [(2 * n + 1, "left", "in"), (2 * n + 2, "right", "in")]
        state.make("emit", "source", "out", {"n": n, "data": ["x", n]}, time.time(), None, pair)
        journal.flush()
    for task in [*range(1, 51), 52, 51, *range(53, QUEUED // 2)]:
        if task == 21:
            detail = {"error": "no", "error_type": "E", "traceback": ""}
            state.make("run", task, "left", time.time())
            state.make("retry", task, "left", time.time(), detail, 3, time.time() + 9)
        else:
            run_one(state, task)


def moments(
    path: Path, work: Callable[[JobState, Journal], None]
) -> tuple[JobState, dict[int, Any]]:
    """A job that was worked on and left by its process, and its tasks after some changes."""
    state = JobState("f")
    plain = Job()
    found: dict[int, Any] = {}

    def follow(change: Any) -> None:
        plain.apply(json.loads(json.dumps(change)))
        if change[0] % 7 == 0:
            found[change[0]] = tasks_of(plain)

    state.subscribe(follow, isolated=False)
    journal = Journal(state, path)
    state.status = "running"
    work(state, journal)
    journal._sealer.seal_waiting()
    journal.abandon()
    return state, found


def test_any_moment_of_a_long_queue_can_be_had_from_near(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state, found = moments(path, fan_out)
    store = SegmentStore(changes_folder(path), state.job_id).load()
    assert len(store.segments) >= 4
    assert all(one.keyframe for one in store.segments)
    named = [store.keyframe(one).get(keyframe_tasks.KEY) for one in store.segments]
    assert sum(one is not None for one in named) >= 3
    for seq, expected in found.items():
        assert tasks_of(job_at(path, seq=seq)) == expected, seq


def test_a_killed_job_with_a_long_queue_has_all_its_tasks(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state, _ = moments(path, fan_out)
    again = load_job(path, into=JobState, strict=True)
    assert [one["task_id"] for one in again.pending_tasks] == list(state.outstanding)
    assert [one["data"] for one in again.pending_tasks] == [
        one.data for one in state.outstanding.values()
    ]
    journal = Journal(again, path)  # and goes on with them, in the same segments
    again.make("take_up", time.time())
    for task in list(again.outstanding)[:60]:
        run_one(again, task)
    again.make("hold", list(again.outstanding), time.time())
    again.status = "paused"
    journal.close()
    paused = load_job(path, into=JobState, strict=True)
    assert [one["task_id"] for one in paused.pending_tasks] == list(state.outstanding)[60:]


def altered(state: JobState, journal: Journal) -> None:
    """Tasks that are not as they were queued: in another order, or with another input."""
    for n in range(60):
        state.make("emit", "source", "out", {"n": n}, time.time(), None, [(n + 1, "left", "in")])
    state.make("hold", list(range(60, 0, -1)), time.time())
    state.make("take_up", time.time())
    for n in range(60):
        state.make("emit", "source", "out", {"n": n}, time.time(), None, [(n + 61, "left", "in")])
    state.make("again", 90, 121, {"other": 1}, time.time())
    for task in [*range(60, 0, -1), *range(61, 90), 121, *range(91, 121)]:
        run_one(state, task)
    assert not state.outstanding
    for n in range(60):
        state.make("emit", "source", "out", {"n": n}, time.time(), None, [(n + 131, "left", "in")])
    journal.flush()
    for n in range(40):
        run_one(state, n + 131)


def test_tasks_that_are_not_as_they_were_queued_are_told_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state, found = moments(path, altered)
    for seq, expected in found.items():
        assert tasks_of(job_at(path, seq=seq)) == expected, seq
    store = SegmentStore(changes_folder(path), state.job_id).load()
    assert 0 < [one.keyframe for one in store.segments].count(False) < len(store.segments) / 2
    assert store.segments[-1].keyframe


def written_over(state: JobState, journal: Journal) -> None:
    """A key of the shared data that is written over all the time."""
    for n in range(QUEUED):
        state.update_shared_data("summary", {"n": n, "text": "x" * 40})
        journal.flush()


def test_what_is_written_over_is_no_reason_for_a_job_to_have_no_keyframes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyframes, "_MOST_NESTED", 1500)
    path = tmp_path / "j.json"
    quick = []
    made = keyframes.quick_keyframe
    monkeypatch.setattr(
        journals, "quick_keyframe", lambda *args: quick.append(made(*args)) or quick[-1]
    )
    state, _ = moments(path, written_over)
    assert len(quick) >= 4
    assert all(text for text, _ in quick)
    assert job_at(path, seq=101).shared_data["summary"]["n"] == 99
    assert state.seq == QUEUED + 1


def large(state: JobState, journal: Journal) -> None:
    """More in the shared data than can be written while a handler waits."""
    for n in range(3 * QUEUED):
        state.update_shared_data(f"key {n % 50}", {"n": n, "text": "x" * 40})
        state.append_to_shared_log({"n": n})
        journal.flush()


def test_a_job_with_very_much_in_it_is_near_a_keyframe_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyframes, "_MOST_NESTED", 1000)
    path = tmp_path / "j.json"
    state, _ = moments(path, large)
    store = SegmentStore(changes_folder(path), state.job_id).load()
    have = [one.keyframe for one in store.segments]
    assert len(have) > 15
    gaps = "".join("k" if one else "." for one in have).split("k")
    assert max(map(len, gaps)) <= 2, have
    for seq in (1, 70, 333, 500, 900, state.seq):
        then = Job()
        for change in all_changes(path):
            if change[0] <= seq:
                then.apply(change)
        job = job_at(path, seq=seq)
        assert job.shared_data == then.shared_data
        assert list(job.shared_log) == list(then.shared_log)


def test_keyframes_that_are_made_late_are_seldom_where_they_are_large(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state, _ = moments(path, fan_out)
    store = SegmentStore(changes_folder(path), state.job_id).load()
    late = keyframes.LateKeyframes(store)
    assert late.before(61, 100)
    small = late._ahead
    assert 0 < small < 20_000
    assert not late.before(121, small - 1)
    assert late.before(181, 1)


def test_a_task_whose_change_is_gone_says_so_and_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    _, found = moments(path, fan_out)
    (changes_folder(path) / "000002.seg").unlink()
    seq = max(found)
    job = job_at(path, seq=seq)
    told = [one.data for one in job.outstanding.values()]
    assert len(told) == len(found[seq][0])
    assert {"missing": "can't be read"} in told
    assert any("n" in one for one in told)


@pytest.mark.parametrize(
    "told", [[1], [5, 1, {}], [0, 1 << 60, {}], [1, "2", {}], {}, "x", [1, 5, {}]]
)
def test_a_keyframe_that_names_what_never_was_is_damaged(tmp_path: Path, told: Any) -> None:
    reader = TaskReader(SegmentStore(tmp_path, "a"))
    with pytest.raises(Damaged):
        job_from_keyframe({"queued": told, "next_task": 5}, Job, reader)


def test_tasks_are_read_once_and_only_when_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    _, found = moments(path, fan_out)
    reads: list[int] = []
    real = TaskReader.read_near
    job = job_at(path, seq=max(found))
    tasks = job.outstanding
    assert isinstance(tasks, KeyframeTasks)

    def read_near(self: TaskReader, task_id: int) -> Any:
        reads.append(task_id)
        return real(self, task_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskReader, "read_near", read_near)
        assert len(tasks) == len(found[max(found)][0])
        assert not reads
        last = list(tasks)[-1]
        assert tasks.get(last).data["n"] == QUEUED // 2 - 1
        assert tasks[last] is tasks.pop(last)
        assert tasks.get(last) is None
        assert reads == [last]
