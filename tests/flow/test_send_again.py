"""Failed inputs are sent again in the job that they failed in, or given up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import NotPossible
from routilux_tui.state.job_state import JobState
from routilux_tui.views.causes import task_input
from routilux_tui.views.choosing import TaskSelection, choose
from routilux_tui.views.editing import Edited
from routilux_tui.views.projection import Projection
from tests.again_flow import Numbers
from tests.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from routilux_tui.flow.flow import Flow


@pytest.fixture
def numbers(world: Path) -> Iterator[Numbers]:
    made = Numbers(world)
    yield made
    made.close()


def run(numbers: Numbers, name: str, **more: object) -> tuple[Flow, JobState]:
    flow = numbers.flow(name)
    job = flow.execute("source", {"folder": str(numbers.folder), **more})
    return flow, job


def send(job: JobState, edit: dict | None = None, **wanted: object) -> None:
    with job.lock:
        chosen = choose(job, TaskSelection(**wanted))
        job.execution.send_again(chosen, Edited(patch=edit).of if edit else None)


def settled(job: JobState, status: str) -> None:
    assert job.execution.wait(30)
    assert job.status == status


def gave_up(job: JobState) -> int:
    return Projection(job).insight(["outlook"]).outlook.gave_up


def test_what_failed_runs_again_as_it_was_or_edited(numbers: Numbers) -> None:
    numbers.bad(1, 4)
    _, job = run(numbers, "going_on")
    settled(job, "completed")
    assert gave_up(job) == 2
    numbers.mend(1)
    send(job, every=True)
    settled(job, "completed")
    assert sorted(job.shared_data.values()) == [0, 1, 2, 3, 5]
    assert gave_up(job) == 1
    events = [(one.routine_id, one.event_name) for one in job.execution_history]
    assert events.count(("work", "error_continued")) == 3  # those of before are kept
    assert events.count(("work", "sent_again")) == 2
    [problem] = Projection(job).insight(["problems"]).problems
    assert (problem.count, problem.inputs, problem.gave_up) == (3, 2, 1)
    [failing] = problem.samples
    assert failing.input["number"] == 4
    send(job, {"number": 40}, task=failing.task)  # by the name that the slot knows it by
    settled(job, "completed")
    assert job.shared_data["got 40"] == 40
    assert gave_up(job) == 0
    assert job.routine_states["work"]["status"] == "completed"
    with pytest.raises(NotPossible, match="was sent again already"):
        choose(job, TaskSelection(task=failing.task))


def test_an_input_is_found_whatever_was_done_to_it(numbers: Numbers, tmp_path: Path) -> None:
    numbers.bad(2, 20)
    _, job = run(numbers, "going_on", total=3)
    settled(job, "completed")
    send(job, {"number": 20}, every=True)
    settled(job, "completed")
    job.save(tmp_path / "job.json")
    views = Projection(JobState.load(tmp_path / "job.json"))
    found = []
    for n, one in enumerate(job.execution_history):
        if one.event_name == "error_continued":
            found.append(views.item("history", n)["input"]["number"])
    assert found == [2, 20]


def test_a_failed_job_goes_on_with_all_that_it_dropped(numbers: Numbers) -> None:
    numbers.bad(2)
    _, job = run(numbers, "stopping")
    settled(job, "failed")
    assert numbers.ran() == [0, 1]
    numbers.mend(2)
    send(job, every=True)
    settled(job, "completed")
    assert numbers.ran() == [0, 1, 2, 3, 4, 5]
    assert sorted(job.shared_data.values()) == [0, 1, 2, 3, 4, 5]
    assert "_failure" not in job.routine_states
    assert not job.dropped_tasks
    figures = {one.routine_id: one for one in Projection(job).insight(["figures"]).figures}
    assert {name: (one.queued, one.state) for name, one in figures.items()} == {
        "source": (0, "done"),
        "work": (0, "done"),
        "sink": (0, "done"),
    }


def test_a_job_that_is_only_half_repaired_has_failed(numbers: Numbers) -> None:
    numbers.bad(2)
    _, job = run(numbers, "stopping")
    settled(job, "failed")
    numbers.mend(2)
    send(job, kind="LookupError")
    settled(job, "failed")
    assert numbers.ran() == [0, 1, 2]
    assert "dropped when it failed" in job.routine_states["_failure"]["reason"]
    numbers.bad(5)
    send(job, every=True)  # what was dropped
    settled(job, "failed")
    assert numbers.ran() == [0, 1, 2, 3, 4]
    send(job, {"number": 6}, every=True)
    settled(job, "completed")
    assert numbers.ran() == [0, 1, 2, 3, 4, 6]


def test_an_edit_is_for_what_failed_or_for_one_task_alone(numbers: Numbers) -> None:
    numbers.bad(2, 5)
    _, job = run(numbers, "stopping")
    settled(job, "failed")
    send(job, {"number": 20}, kind="LookupError")
    settled(job, "failed")
    left = [task.id for task in job.dropped_tasks]
    with pytest.raises(NotPossible, match="None of these has failed"):
        send(job, {"number": 9}, every=True)
    assert [task.id for task in job.dropped_tasks] == left
    last = next(task.id for task in job.dropped_tasks if task_input(job, task)["number"] == 3)
    send(job, {"number": 30}, task=last)
    settled(job, "failed")
    assert numbers.ran() == [0, 1, 20, 30]


def test_a_cancelled_job_goes_on_for_what_failed_alone(numbers: Numbers) -> None:
    numbers.bad(1)
    numbers.wait(3)
    flow, job = run(numbers, "going_on")
    until(lambda: numbers.ran() == [0, 2])
    flow.cancel(job)
    with pytest.raises(NotPossible, match="handlers of it run still"):
        send(job, every=True)
    numbers.let(3)
    settled(job, "cancelled")
    numbers.mend(1)
    send(job, every=True, only_failed=True)
    settled(job, "cancelled")  # nothing of what was cancelled ran
    assert numbers.ran() == [0, 1, 2, 3]
    send(job, every=True)
    settled(job, "completed")
    assert numbers.ran() == [0, 1, 2, 3, 3, 4, 5]  # the cancel had stopped it when it emitted
    assert sorted(job.shared_data) == [f"got {n}" for n in range(6)]


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_what_a_cancel_stops_goes_on_where_it_was(kind: str, numbers: Numbers) -> None:
    numbers.wait(3)
    _, job = run(numbers, f"one_by_one_{kind}", total=8)
    until(lambda: len(job.get_execution_history("source")) == 4)  # its start, and three of eight
    job.execution.cancel()
    numbers.let(3)
    settled(job, "cancelled")
    send(job, every=True)
    settled(job, "completed")
    emitted = [one.data["n"] for one in job.get_execution_history("source")[1:]]
    assert emitted == list(range(8))  # none twice, none lost
    assert sorted(job.shared_data) == [f"got {n}" for n in range(8)]


def test_what_waits_for_another_try_has_it_now_or_never(numbers: Numbers) -> None:
    numbers.bad(1, 2, 3)
    _, job = run(numbers, "trying")
    until(lambda: len(job.execution._delayed) == 3)
    [problem] = Projection(job).insight(["problems"]).problems
    tasks = {one.input["number"]: one.task for one in problem.samples}
    numbers.mend(1)
    send(job, task=tasks[1])
    until(lambda: 1 in numbers.ran())
    send(job, {"number": 20}, task=tasks[2])
    until(lambda: 20 in numbers.ran())
    with job.lock:
        job.execution.give_up(choose(job, TaskSelection(routine="work")))
    settled(job, "completed")
    assert numbers.ran() == [0, 1, 4, 5, 20]
    assert [(one.status, one.error) for one in job.failed_tasks] == [
        ("given_up", "LookupError: no number 3")
    ]
    (left,) = Projection(job).insight(["problems"]).problems[0].samples
    assert (left.tries, left.most_tries) == (1, 6)  # the second was never begun
    with pytest.raises(NotPossible):
        choose(job, TaskSelection(every=True))  # it was given up
    numbers.mend(3)
    send(job, task=tasks[3])  # and yet
    settled(job, "completed")
    assert 3 in numbers.ran()


def test_what_is_given_up_does_not_make_its_job_fail(numbers: Numbers) -> None:
    numbers.bad(1, 2)
    numbers.wait(3)
    _, job = run(numbers, "trying", total=4)
    until(lambda: len(job.execution._delayed) == 2)
    (number,) = choose(job, TaskSelection(kind="no number 1")).waiting
    with job.lock:
        job.execution.give_up(choose(job, TaskSelection(task=number.id)))
    assert [one.error for one in job.failed_tasks] == ["LookupError: no number 1"]
    assert len(choose(job, TaskSelection(kind="no number …")).failed) == 0
    assert len(choose(job, TaskSelection(kind="no number …")).waiting) == 1
    assert job.status == "running"
    numbers.mend(2)
    send(job, every=True)
    numbers.let(3)
    settled(job, "completed")
    assert job.routine_states["work"]["errors"] == 2
    assert numbers.ran() == [0, 2, 3]


def test_a_paused_job_holds_what_is_sent_again(numbers: Numbers) -> None:
    numbers.bad(1)
    numbers.wait(3)
    flow, job = run(numbers, "going_on")
    until(lambda: len(job.failed_tasks) == 1)
    until(lambda: numbers.ran() == [0, 2])
    job.execution.pause()
    numbers.let(3)
    settled(job, "paused")
    numbers.mend(1)
    send(job, every=True)
    assert job.status == "paused"
    assert len(job.pending_tasks) == len(job.outstanding)
    flow.resume(job)
    settled(job, "completed")
    assert numbers.ran() == [0, 1, 2, 3, 4, 5]


def test_a_copy_that_follows_the_changes_is_the_same(numbers: Numbers) -> None:
    numbers.bad(2)
    flow = numbers.flow("stopping")
    job = JobState("numbers")
    copy = JobState.from_plain(job.to_plain())
    job.subscribe(copy.apply)
    flow.prepare(job).start("source", {"folder": str(numbers.folder)})
    settled(job, "failed")
    send(job, {"number": 7}, every=True)
    settled(job, "completed")
    ours, theirs = job.to_plain(), copy.to_plain()
    assert [one.to_plain() for one in ours.pop("execution_history")] == [
        one.to_plain() for one in theirs.pop("execution_history")
    ]
    assert ours == theirs
    assert time.time() - job.updated_at.timestamp() < 100
