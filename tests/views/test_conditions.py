"""Conditions: what holds, what can't be judged, and what is said of it."""

from __future__ import annotations

import pytest

from routilux_tui.errors import ConditionError
from routilux_tui.state.job_state import JobState
from routilux_tui.views.condition_context import context_of, context_of_entry
from routilux_tui.views.conditions import Condition, examples
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import ABANDONED, SILENT, JobEntry


@pytest.fixture
def state() -> JobState:
    job = JobState("etl")
    job.flow_routines = ["validator", "load-1"]
    job.update_routine_state("validator", {"status": "running", "retry_count": 3, "custom": "x"})
    job.update_shared_data("k", 5)
    job.append_to_shared_log({"message": "hello"})
    job.status = "running"
    return job


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('status == "running"', True),
        ('status == "paused" || routines.validator.retry_count >= 2', True),
        ('routines["load-1"].status == "pending"', True),
        ("shared.k == 5 && records == 0", True),
        ("has(shared.nothing) && shared.nothing == 1", False),
        ('log_last.message.contains("ell")', True),
        ("age < 0.0", False),
        ('routines.validator.custom == "x"', True),
        ('["a", "b"].exists(x, x == status)', False),
    ],
)
def test_a_condition_is_judged(text: str, holds: bool, state: JobState) -> None:
    condition = Condition(text)
    condition.check(context_of(state))
    assert condition.holds(context_of(state)) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("status ==", "not complete"),
        ("records > 5q", r"'q' is not understood at column 12\."),
        ('status = "paused"', "two: =="),
        ("statsu == 'x'", "Did you mean 'status'"),
        ("routines.valdator.runs > 1", "Did you mean 'validator'"),
        ('routines["nobody"].runs > 1', "no routine 'nobody'"),
        ("status", "neither true nor false"),
        ("records + 1", "neither true nor false"),
        ("routines.validator.nothing > 1", "can't be judged"),
        ("x" * 5000, "too long"),
    ],
)
def test_what_can_not_be_judged_is_an_error_at_once(text: str, says: str, state: JobState) -> None:
    with pytest.raises(ConditionError, match=says):
        Condition(text).check(context_of(state))


def test_the_examples_can_be_judged_on_their_job(state: JobState) -> None:
    views = Projection(state)
    for text in examples(views.header(), views.routines()):
        Condition(text).check(context_of(state))


def test_a_list_is_filtered_by_the_same_language() -> None:
    entry = JobEntry(key="k", status="failed", records=10, errors=2)
    assert Condition('status == "failed" && errors > 1').holds(context_of_entry(entry))


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (JobEntry(key="k", status="running", badge=ABANDONED), 'status == "killed"'),
        (JobEntry(key="k", status="running", badge=ABANDONED), 'status != "running"'),
        (JobEntry(key="k", status="running", badge=SILENT), 'status in ["killed", "no answer"]'),
        (JobEntry(key="k", place="host", error="no route"), 'status == "down"'),
        (JobEntry(key="k", error="cut short"), 'status == "unreadable"'),
        (JobEntry(key="k", status="running", badge="live"), 'status == "running"'),
    ],
)
def test_a_list_is_asked_for_what_it_shows(entry: JobEntry, text: str) -> None:
    condition = Condition(text)
    condition.check(context_of_entry(JobEntry(key="")))
    assert condition.holds(context_of_entry(entry))


def test_a_job_whose_process_was_killed_has_that_for_its_status(state: JobState) -> None:
    assert Condition('status == "killed"').holds(context_of(state, gone=True))
    assert context_of(state, names=frozenset({"status"}), gone=True) == {"status": "killed"}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('status == "done"', 'status == "completed"'),
        ('records > 1 && "waits for you" != status', "waiting"),
        ('status in ["paused", "gone"]', 'status == "killed"'),
        ('status == "stale"', 'badge == "stale"'),
        ("status == 'faild'", "'failed'"),
        ('status == "nothing of it"', "There are: pending, running"),
    ],
)
def test_what_is_no_status_is_an_error_with_what_is_asked_for_instead(text: str, hint: str) -> None:
    with pytest.raises(ConditionError, match="No status of a job is") as raised:
        Condition(text).check_names(context_of_entry(JobEntry(key="")))
    assert hint in raised.value.hint


@pytest.mark.parametrize(
    "text",
    [
        'routines.validator.status == "idle"',
        'routines["load-1"].status == "skipped"',
        'has(shared.status) && shared.status == "done"',
        "name == \"status == 'done'\"",
        '["done"].all(status, status == "done")',
        'status + "s" == "runnings"',
    ],
)
def test_another_status_may_be_anything(text: str, state: JobState) -> None:
    Condition(text).check(context_of(state))
