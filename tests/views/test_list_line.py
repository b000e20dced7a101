"""The group of a job in a list, and what is said of it there."""

from __future__ import annotations

import pytest

from routilux_tui.views.list_line import group_of, note_of, progress_of, state_of, summary_of
from routilux_tui.views.shapes import ABANDONED, SILENT, JobEntry


def entry(status: str = "running", **fields: object) -> JobEntry:
    return JobEntry(key="k", status=status, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "state", "group", "summary"),
    [
        (entry(place="live", reason="ends 03:06"), "running", "running", "ends 03:06"),
        (entry("pending", place="live"), "pending", "running", "not started"),
        (entry("paused", note="four-eyes"), "paused", "needs you", "four-eyes"),
        (entry("failed", note="routine price: KeyError: 'a'"), "failed", "needs you",
         "price: KeyError: 'a'"),
        (entry(badge=ABANDONED), "killed", "needs you", "runner was killed"),
        (entry(badge=SILENT, place="live"), "silent", "needs you", "no answer"),
        (entry("", place="host", error="refused"), "down", "needs you", "refused"),
        (entry("completed", created_at="2026-01-01T00:00:00+00:00",
               updated_at="2026-01-01T00:00:27+00:00"), "completed", "ended", "took 27s"),
        (entry("cancelled", note="too slow"), "cancelled", "ended", "too slow"),
        (entry("", error="it is cut short."), "unreadable", "ended", "it is cut short."),
        (entry("dreaming"), "unknown", "ended", ""),
    ],
)  # fmt: skip
def test_every_job_has_its_state_group_and_summary(
    one: JobEntry, state: str, group: str, summary: str
) -> None:
    assert (state_of(one), group_of(one), summary_of(one)) == (state, group, summary)


def test_a_pause_says_for_how_long_in_whole_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    from routilux_tui.views import formatting

    monkeypatch.setattr(formatting, "now", lambda: 1_767_225_600.0 + 9 * 60 + 58)
    one = entry("paused", note="approval", updated_at="2026-01-01T00:00:00+00:00")
    assert summary_of(one) == "approval 9m"


def test_all_of_a_job_is_done_only_when_it_has_completed() -> None:
    assert progress_of(entry("completed")) == 1.0
    assert progress_of(entry("failed")) is None
    assert progress_of(entry(progress=0.25)) == 0.25


def test_a_note_tells_what_was_dropped_and_takes_anything() -> None:
    assert note_of({"reason": "too slow", "dropped": 4052}) == "too slow (4,052 not started)"
    assert note_of({"dropped": 4052}) == "4,052 not started"
    assert note_of({"reason": {"a": 1}}) == "{'a': 1}"
    assert note_of(["no", "account"]) == ""
