"""The statuses: what may follow what, and how each is told."""

from __future__ import annotations

import pytest

from routilux_tui.job import status


def test_every_status_has_a_look_of_its_own_without_colour():
    names = {*status.JOB_STATUSES, *status.ROUTINE_STATUSES}
    assert names == set(status.APPEARANCES)
    for part in ("glyph", "ascii", "word", "letter"):
        told = [getattr(one, part) for one in status.APPEARANCES.values()]
        assert len(set(told)) == len(told), part
    assert all(one.ascii.isascii() and len(one.ascii) == 1 for one in status.APPEARANCES.values())
    assert all(len(one.glyph) == 1 for one in status.APPEARANCES.values())


def test_an_unknown_status_is_told_by_its_own_word():
    assert status.appearance_of("melted").word == "melted"
    assert status.appearance_of("").word == "unknown"


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [
        ("pending", "running", True),
        ("running", "paused", True),
        ("paused", "running", True),
        ("paused", "cancelled", True),
        ("running", "completed", True),
        ("pending", "completed", False),
        ("completed", "running", False),
        ("cancelled", "running", False),
        ("failed", "paused", False),
        ("melted", "running", False),
    ],
)
def test_what_may_follow_what(before, after, may):
    assert (after in status.JOB_NEXT.get(before, ())) is may


def test_ends():
    assert [s for s in status.JOB_STATUSES if status.has_ended(s)] == [
        "completed",
        "failed",
        "cancelled",
    ]
    assert [s for s in status.JOB_STATUSES if status.is_settled(s)] == [
        "paused",
        "completed",
        "failed",
        "cancelled",
    ]
    assert [s for s in status.JOB_STATUSES if status.may_be_resumed(s)] == ["running", "paused"]


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ([], "completed"),
        (["completed", "error_continued", "skipped"], "completed"),
        (["completed", "failed"], "failed"),
        (["error"], "failed"),
    ],
)
def test_how_a_job_ends_by_its_routines(said, end):
    assert status.end_of(said) == end
