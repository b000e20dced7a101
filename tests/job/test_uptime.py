"""How long a job ran: pauses, and the time in which nobody ran it, are no part of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.job.jsonable import to_plain
from routilux_tui.views.earlier import known_run_of
from routilux_tui.views.projection import Projection

if TYPE_CHECKING:
    from routilux_tui.views.insight import Outlook

AT = 1_700_000_000.0


def begun(created: float = AT) -> JobState:
    job = JobState("f")
    job._created = created
    job.make("emit", "a", "start", {}, AT, None, [(1, "a", "trigger")])
    job.make("status", "running", AT)
    job.make("run", 1, "a", AT)
    return job


def outlook(job: JobState, at: float) -> Outlook:
    projection = Projection(job)
    projection.at = at
    found = projection.insight(["outlook"]).outlook
    assert found is not None
    return found


def reread(job: JobState) -> JobState:
    return JobState.from_plain(to_plain(job.serialize()))


def test_it_ran_since_it_began_to_run_and_not_since_it_stood_in_a_queue() -> None:
    assert outlook(begun(created=AT - 3600), AT + 5).elapsed == pytest.approx(5)


@pytest.mark.parametrize("saved", [False, True])
def test_a_pause_is_no_part_of_it(saved: bool) -> None:
    job = begun()
    job.make("status", "paused", AT + 10)
    job = reread(job) if saved else job
    job.make("log", {"message": "edited meanwhile"}, AT + 500)
    assert outlook(job, AT + 500).elapsed == pytest.approx(10)
    if saved:
        job.make("take_up", AT + 1000)
    job.make("status", "running", AT + 1000)
    assert outlook(job, AT + 1004).elapsed == pytest.approx(14)


def test_the_time_in_which_nobody_ran_it_is_no_part_of_it() -> None:
    job = begun()
    job.make("log", {"message": "its last word"}, AT + 10)
    job = reread(job)
    job.make("take_up", AT + 1000)  # whoever ran it was killed
    assert outlook(job, AT + 1004).elapsed == pytest.approx(14)
    job.make("status", "completed", AT + 1010)
    assert known_run_of(job).seconds == pytest.approx(20)
    # what failed is sent again, days later
    job.make("take_up", AT + 90_000)
    job.make("status", "running", AT + 90_000)
    assert outlook(job, AT + 90_001).elapsed == pytest.approx(21)


def test_a_file_without_it_tells_as_much_as_it_did() -> None:
    plain = begun().serialize()
    del plain["statistics"]["uptime"]
    job = JobState.from_plain(to_plain(plain))
    assert outlook(job, AT + 7).elapsed == pytest.approx(7)
    for odd in (None, [], "x", [1], [float("nan"), "x", -1], {"a": 1}, [1e300, True, None]):
        plain["statistics"]["uptime"] = odd
        assert outlook(JobState.from_plain(to_plain(plain)), AT + 7).elapsed >= 0


def fast(job: JobState, ends: int, at: float, first: int = 2) -> None:
    """So many tasks, all within a tenth of a second."""
    for n in range(first, first + ends):
        job.make("emit", "a", "out", {}, at, 1, [(n, "b", "in")])
        job.make("run", n, "b", at + 0.05)
        job.make("ran", n, "b", "completed", at + 0.1, None)


def test_the_first_tasks_of_a_job_tell_of_no_rate() -> None:
    job = begun()
    fast(job, 20, AT)
    assert outlook(job, AT + 1).rate == pytest.approx(4)
    assert outlook(job, AT + 10).rate == pytest.approx(2)


@pytest.mark.parametrize("how", ["paused", "killed"])
def test_what_was_before_a_break_tells_nothing_of_the_rate_now(how: str) -> None:
    job = begun()
    fast(job, 300, AT + 9)
    if how == "paused":
        job.make("status", "paused", AT + 10)
        assert outlook(job, AT + 10).rate == 0
        job.make("status", "running", AT + 40)
    else:
        job.make("take_up", AT + 40)
    fast(job, 50, AT + 45, first=302)
    # ten seconds it runs again: neither the break counts, nor what was before it
    assert outlook(job, AT + 50).rate == pytest.approx(5)


def test_a_try_that_is_made_again_is_not_done() -> None:
    job = begun()
    for n in (2, 3):
        job.make("emit", "a", "out", {}, AT, 1, [(n, "b", "in")])
        for turn in (1, 2, 3):
            job.make("run", n, "b", AT + turn)
            job.make("retry", n, "b", AT + turn + 0.1, {"error": "E: no"}, 3, AT + turn + 0.5)
        job.make("run", n, "b", AT + 5)
        job.make("ran", n, "b", "completed", AT + 6, None)
    insight = Projection(job).insight(["outlook", "figures"])
    assert insight.outlook is not None
    assert insight.outlook.done == sum(one.done for one in insight.figures) == 2
    b = next(one for one in insight.figures if one.routine_id == "b")
    assert (b.done, b.retries) == (2, 6)
    # so it counts in a run that a later one is compared with
    job.make("status", "completed", AT + 7)
    done, seconds = known_run_of(job).routines["b"]
    assert done == 2
    assert seconds == pytest.approx(1.3)
