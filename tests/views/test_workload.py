"""What is estimated of a job's end is true of what waits, of what stands still, and as time goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.job.jsonable import to_plain
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.facts import facts_of
from routilux_tui.views.insight import PARTS, Insight
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import Control
from routilux_tui.views.why import why

if TYPE_CHECKING:
    from routilux_tui.views.insight import Outlook

AT = 1_700_000_000.0


def job_of(queued: int = 0, done: int = 30, seconds: float = 1.0) -> JobState:
    """A job of one routine that is done with some tasks, a second each, one after the other."""
    job = JobState("f")
    job._created = AT
    shape = {"routines": [{"id": "work", "slots": ["in"], "events": []}], "connections": []}
    job.make("emit", "work", "start", {}, AT, None, [(1, "work", "in")])
    job.make("status", "running", AT)
    job.make("shape", {**shape, "workers": 1})
    for n in range(1, done + 1):
        if n > 1:
            job.make("queue", [(n, "work", "in")], {}, AT, None, None)
        job.make("run", n, "work", AT + (n - 1) * seconds)
        job.make("ran", n, "work", "completed", AT + n * seconds, None)
    for n in range(done + 1, done + 1 + queued):
        job.make("queue", [(n, "work", "in")], {}, AT, None, None)
    return job


def insight(job: JobState, at: float, control: Control | None = None) -> Insight:
    projection = Projection(job)
    projection.at = at
    return projection.insight(PARTS, control)


def outlook(job: JobState, at: float, control: Control | None = None) -> Outlook:
    found = insight(job, at, control).outlook
    assert found is not None
    return found


def eta(job: JobState, at: float) -> float:
    found: float = context_of(job, now=at)["eta"]
    return found


@pytest.mark.parametrize("saved", [False, True])
def test_a_job_ends_no_sooner_than_the_last_of_its_retries_is_due(saved: bool) -> None:
    job = job_of(queued=2)
    for n, due in ((31, 120.0), (32, 45.0)):
        job.make("run", n, "work", AT + 30)
        job.make("retry", n, "work", AT + 30.1, {"error": "E: no"}, 5, AT + 30.1 + due)
    job = JobState.from_plain(to_plain(job.serialize())) if saved else job
    for passed in (1.0, 30.0, 119.0):
        left = eta(job, AT + 30.1 + passed)
        assert 120 - passed < left < 120 - passed + 5
    job.make("run", 31, "work", AT + 150.1)
    assert eta(job, AT + 150.2) == pytest.approx(1.5, abs=1)  # the other one is due, and waits


def test_a_silent_job_is_not_about_to_end_at_every_moment() -> None:
    job = job_of(queued=10, seconds=3.0)
    job.make("run", 31, "work", AT + 90)
    assert eta(job, AT + 90) == pytest.approx(30, abs=1)
    assert eta(job, AT + 105) == pytest.approx(15, abs=1)
    job.make("log", {"message": "still here"}, AT + 600)
    late = outlook(job, AT + 690)
    assert (late.low, late.high, late.eta, late.is_overdue) == (
        *(None, None, "longer than expected"),
        True,
    )
    assert eta(job, AT + 690) == -1.0
    header = Projection(job).header()
    (reason,) = [
        one
        for one in why(facts_of(header, insight(job, AT + 140), AT + 140))
        if one.code in {"overdue", "slow_handler", "silent", "well"}
    ][:1]
    assert reason.code != "well"
    # as soon as it is done, what is left is known again
    job.make("ran", 31, "work", "completed", AT + 691, None)
    assert eta(job, AT + 691) > 0


def test_what_is_said_of_progress_counts_as_done_though_no_handler_ends() -> None:
    job = job_of(done=0, queued=0)
    job.make("run", 1, "work", AT)
    for part in range(1, 60):
        job.make("progress", "work", part, 100, AT + part * 10)
    found = outlook(job, AT + 591)
    assert found.progress == pytest.approx(0.59, abs=0.01)
    assert eta(job, AT + 591) == pytest.approx(410, rel=0.1)
    assert outlook(job, AT + 2000).is_overdue


def test_what_waits_for_a_person_has_no_end() -> None:
    job = job_of(queued=10)
    assert eta(job, AT + 31) == pytest.approx(9, abs=1)
    job.make("keep_back", [40], AT + 31)
    assert outlook(job, AT + 31).eta == "no end known"
    job.make("let_go", [40], AT + 31)
    assert eta(job, AT + 31) == pytest.approx(9, abs=1)


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_what_is_to_stand_still_has_no_end(action: str) -> None:
    job = job_of(queued=10)
    found = outlook(job, AT + 31, Control(action, "", 1))
    assert (found.low, found.eta, found.is_overdue) == (None, "", False)
    job.make("status", "paused", AT + 31)
    assert outlook(job, AT + 900).eta == ""
    assert not outlook(job, AT + 900).is_overdue


def test_one_routines_word_is_no_word_of_the_others() -> None:
    job = job_of(queued=300)
    job.make("routine", "piece", {}, AT)
    job.make("queue", [(900, "piece", "in")], {}, AT, None, None)
    job.make("run", 900, "piece", AT + 30)
    job.make("progress", "piece", 1, 4, AT + 31)
    found = outlook(job, AT + 31)
    assert found.progress == pytest.approx(31 / (31 + 3 + 300))
    assert (found.said_done, found.said_total) == (1, 4)
