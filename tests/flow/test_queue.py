"""Tasks that wait are held, let go, dropped, moved first and edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import NotPossible
from routilux_tui.state.job_state import JobState
from routilux_tui.views.editing import Edited
from routilux_tui.views.projection import Projection
from tests.again_flow import Numbers
from tests.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def numbers(world: Path) -> Iterator[Numbers]:
    made = Numbers(world)
    yield made
    made.close()


def begin(numbers: Numbers) -> tuple[JobState, dict[int, int]]:
    """A job whose first number's handler waits; the tasks of the others, by their numbers."""
    numbers.wait(0)
    flow = numbers.flow("stopping")
    job = flow.execute("source", {"folder": str(numbers.folder)})

    def has_come_to_the_first() -> bool:
        with job.lock:
            return [job.outstanding[task].data.get("n") for task in job.running] == [0]

    until(has_come_to_the_first)
    with job.lock:
        return job, {task.data["n"]: task.id for task in job.outstanding.values()}


def change(job: JobState, action: str, *tasks: int, **patch: object) -> list[int]:
    edit = Edited(patch=patch).of if patch else None
    done: list[int] = job.execution.change_queue(action, list(tasks), lambda: None, edit)
    return done


def in_order(numbers: Numbers) -> list[int]:
    return list(map(int, (numbers.folder / "ran").read_text().split()))


def settled(job: JobState, status: str) -> None:
    assert job.execution.wait(30)
    assert job.status == status


def test_a_task_is_moved_first_dropped_and_edited(numbers: Numbers) -> None:
    job, tasks = begin(numbers)
    change(job, "first", tasks[4], tasks[5])
    change(job, "drop", tasks[2])
    [edited] = change(job, "edit", tasks[3], number=30)
    queue = [one.task for one in Projection(job).waiting_tasks(0, 100)]
    assert queue == [tasks[4], tasks[5], tasks[1], edited]
    numbers.let(0)
    settled(job, "completed")
    assert in_order(numbers) == [0, 4, 5, 1, 30]
    assert any(one.event_name == "edited" for one in job.execution_history)
    figures = Projection(job).insight(["figures"]).figures
    assert [one.queued for one in figures] == [0, 0, 0]
    for number in (tasks[4], 999):
        with pytest.raises(NotPossible):
            change(job, "hold", number)


def test_a_job_with_a_task_on_hold_is_paused_and_says_so(numbers: Numbers) -> None:
    job, tasks = begin(numbers)
    change(job, "hold", tasks[2], tasks[4])
    assert [one.on_hold for one in Projection(job).waiting_tasks(0, 100)] == [
        False,
        True,
        False,
        True,
        False,
    ]
    with pytest.raises(NotPossible, match="runs already"):
        change(job, "hold", tasks[0])
    numbers.let(0)
    settled(job, "paused")
    assert job.pause_points[-1]["reason"] == "2 tasks are held"
    assert in_order(numbers) == [0, 1, 3, 5]
    change(job, "release", tasks[4])
    settled(job, "paused")
    assert job.pause_points[-1]["reason"] == "1 task is held"
    assert in_order(numbers) == [0, 1, 3, 5, 4]
    change(job, "drop", tasks[2])
    settled(job, "completed")


def test_what_is_on_hold_is_so_in_its_file_and_when_the_job_is_taken_up(
    numbers: Numbers, tmp_path: Path
) -> None:
    job, tasks = begin(numbers)
    change(job, "hold", tasks[2])
    job.execution.pause()
    numbers.let(0)
    settled(job, "paused")
    job.save(tmp_path / "job.json")
    again = JobState.load(tmp_path / "job.json")
    flow = numbers.flow("stopping")
    flow.resume(again)
    settled(again, "paused")
    assert again.pause_points[-1]["reason"] == "1 task is held"
    change(again, "release", tasks[2])
    settled(again, "completed")
    assert in_order(numbers) == [0, 1, 3, 4, 5, 2]


def test_a_task_that_waits_for_another_try_is_held_moved_and_edited(numbers: Numbers) -> None:
    numbers.bad(1, 2, 3)
    numbers.wait(5)
    flow = numbers.flow("trying")
    job = flow.execute("source", {"folder": str(numbers.folder)})

    def has_come_to_the_last() -> bool:
        with job.lock:
            running = [job.outstanding[task].data.get("n") for task in job.running]
            return running == [5]

    until(has_come_to_the_last)
    with job.lock:
        tasks = {task.data["n"]: task.id for task in job.outstanding.values()}
    change(job, "hold", tasks[1])
    change(job, "drop", tasks[2])
    [edited] = change(job, "edit", tasks[3], number=30)
    change(job, "first", edited)
    numbers.let(5)
    settled(job, "paused")
    assert in_order(numbers) == [0, 4, 5, 30]
    numbers.mend(1)
    change(job, "release", tasks[1])
    settled(job, "completed")
    assert in_order(numbers)[-1] == 1
