"""Moments of a job as people write them."""

from __future__ import annotations

import pytest

from routilux_tui.errors import UsageError
from routilux_tui.job import timestamps
from routilux_tui.views.time_spec import moment_of, target_of

FIRST = timestamps.to_epoch("2026-11-25T23:50:10+00:00") or 0.0
LAST = FIRST + 3600


def test_a_time_of_day_is_the_first_such_time_from_the_start_on() -> None:
    began = timestamps.to_datetime(FIRST)
    assert moment_of(began.strftime("%H:%M:%S"), FIRST, LAST) == FIRST
    assert moment_of(began.strftime("%H:%M"), FIRST, LAST) == FIRST - began.second
    later = timestamps.to_datetime(FIRST + 1800)
    assert moment_of(later.strftime("%H:%M:%S"), FIRST, LAST) == FIRST + 1800
    earlier = timestamps.to_datetime(FIRST - 3600)
    assert moment_of(earlier.strftime("%H:%M:%S"), FIRST, LAST) == FIRST - 3600 + 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("+90", 90), ("+1h30m", 5400), ("+1d2h3m4.5s", 93784.5), ("-5m", 3300), ("-0", 3600)],
)
def test_a_span_is_after_the_start_or_before_the_end(text: str, seconds: float) -> None:
    assert moment_of(text, FIRST, LAST) == FIRST + seconds


def test_a_date_and_a_time_are_that_moment_and_anything_else_is_refused() -> None:
    assert moment_of("2026-11-25T23:55:10Z", FIRST, LAST) == FIRST + 300
    for wrong in ("noon", "25:00", "+", "-", "", "12:60", "+5x"):
        with pytest.raises(UsageError, match="is no moment"):
            moment_of(wrong, FIRST, LAST)
    for never in (
        "+99999999999999h",
        "-99999999h",
        "9999-12-31T23:59:59",
        "0001-01-01",
        "2026-02-30",
    ):
        with pytest.raises(UsageError, match="no time that a calendar has a day for"):
            target_of(never, FIRST, LAST)
