"""The filter that keeps failures of every kind, on its way to a runner and in a job."""

from __future__ import annotations

from routilux_tui.runner.protocol import filter_of
from routilux_tui.state.job_state import JobState
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import HISTORY, Filter


def test_the_filter_of_failures_keeps_every_kind_of_them() -> None:
    state = JobState("f")
    for event in ("out", "error", "error_continued", "skipped", "validation_failed", "errors"):
        state.record_execution("r", event, {})
    found = Projection(state).window(HISTORY, 0, 9, Filter(failures=True))
    names = ["error", "error_continued", "skipped", "validation_failed"]
    assert [row.name for row in found.rows] == names
    assert filter_of({"failures": True, "routine": "r"}) == Filter("r", failures=True)
