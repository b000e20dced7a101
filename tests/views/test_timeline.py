"""Time on cells: what happened is where it happened, idle stretches are folded, nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routilux_tui.views.time_stretches import FOLDED_CELLS
from routilux_tui.views.time_view import View
from routilux_tui.views.timeline import (
    LEVELS,
    Activity,
    Cell,
    Timeline,
    cell_text,
    timeline,
)

BEGAN = 1_700_000_000.0


def drawn(shown: Timeline, *, ascii_only: bool = False) -> dict[str, str]:
    return {
        lane.routine_id: "".join(cell_text(one, ascii_only=ascii_only) for one in lane.cells)
        for lane in shown.lanes
    }


def test_a_lane_tells_how_busy_its_routine_was() -> None:
    activity = Activity(begin=BEGAN, width=1, busy=[1, 0.5, 0.001, 0, 4, 0.25])
    shown = timeline({"r": activity}, BEGAN, BEGAN + 6, 6)
    assert drawn(shown) == {"r": "█▄▁ █▂"}
    assert drawn(shown, ascii_only=True) == {"r": "@=. @:"}
    assert shown.lanes[0].share == pytest.approx(5.751 / 6)
    assert drawn(timeline({"r": activity}, BEGAN, BEGAN + 6, 12)) == {"r": "██▄▄▁▁  ██▂▂"}
    assert drawn(timeline({"r": activity}, BEGAN, BEGAN + 2, 1)) == {"r": "▆"}


def test_errors_retries_and_pauses_have_looks_of_their_own() -> None:
    activity = Activity(
        begin=BEGAN,
        width=1,
        busy=[1, 1, 1, 0, 1],
        errors=[0, 2, 1],
        retries=[0, 2],
        queue=[1, 1, 1, 1, 1],
    )
    shown = timeline({"r": activity}, BEGAN, BEGAN + 5, 5, paused=[(BEGAN + 3, BEGAN + 4)])
    assert drawn(shown) == {"r": "█↻✗‖█"}
    assert drawn(shown, ascii_only=True) == {"r": "@rxp@"}


def test_an_idle_hour_takes_a_few_cells_and_says_how_long_it_was() -> None:
    width = 10.0
    busy = [width] * 6 + [0] * 360 + [width] * 6
    activity = Activity(begin=BEGAN, width=width, busy=busy)
    shown = timeline({"r": activity}, BEGAN, BEGAN + 3720, 60)
    assert drawn(shown) == {"r": "█" * 26 + " " * FOLDED_CELLS + "█" * 26}
    assert "1h00m" in [label for _, label in shown.ticks]
    middle = shown.stretches[1]
    assert (middle.is_idle, middle.begin, middle.end) == (True, BEGAN + 60, BEGAN + 3660)
    flat = timeline({"r": activity}, BEGAN, BEGAN + 3720, 60, fold=False)
    assert len(flat.stretches) == 1


def test_curves_below_the_lanes_add_up_all_routines() -> None:
    one = Activity(begin=BEGAN, width=2, busy=[1, 1], ends=[10, 20], queue=[3, 5])
    other = Activity(begin=BEGAN, width=1, busy=[1, 1, 1, 1], ends=[1, 1, 0, 0], queue=[0, 9])
    shown = timeline({"a": one, "b": other}, BEGAN, BEGAN + 4, 2)
    assert shown.queue == [12, 5]
    assert shown.rate == [6, 10]


@st.composite
def activities(draw: st.DrawFn) -> dict[str, Activity]:
    lengths = draw(st.lists(st.integers(0, 60), min_size=1, max_size=4))
    return {
        f"r{n}": Activity(
            begin=BEGAN + draw(st.integers(0, 20)),
            width=draw(st.sampled_from([0.5, 1, 7, 64])),
            busy=[draw(st.sampled_from([0, 0, 0, 0.01, 1])) for _ in range(length)],
        )
        for n, length in enumerate(lengths)
    }


@given(activities(), st.integers(1, 200), st.integers(1, 4000), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_time_fits_on_any_width(
    known: dict[str, Activity], columns: int, seconds: int, fold: bool
) -> None:
    shown = timeline(known, BEGAN, BEGAN + seconds, columns, fold=fold)
    assert sum(one.cells for one in shown.stretches) == columns
    assert shown.stretches[0].begin == BEGAN
    assert shown.stretches[-1].end == BEGAN + seconds
    for before, after in zip(shown.stretches, shown.stretches[1:], strict=False):
        assert (before.end, before.column + before.cells) == (after.begin, after.column)
    assert all(len(lane.cells) == columns for lane in shown.lanes)
    for column in range(columns):
        assert shown.column_of(shown.time_at(column + 0.5)) == column
    ends = [column + len(label) for column, label in shown.ticks]
    starts = [column for column, _ in shown.ticks]
    assert all(stop <= start for stop, start in zip(ends, starts[1:], strict=False))
    for one, activity in known.items():
        lane = drawn(shown)[one]
        for n, busy in enumerate(activity.busy):
            at = activity.begin + (n + 0.5) * activity.width
            if busy and at < shown.end:
                assert lane[shown.column_of(at)] in LEVELS[1:]


def test_what_is_in_the_bucket_of_the_last_moment_happened_before_it() -> None:
    activity = Activity(begin=BEGAN, width=60, busy=[60, 30], end=BEGAN + 90)
    assert drawn(timeline({"r": activity}, BEGAN, BEGAN + 90, 9))["r"] == "█" * 9
    cut = timeline({"r": activity}, BEGAN, BEGAN + 75, 5).lanes[0]
    assert cut.share == 1.0
    quiet = timeline({"r": activity}, BEGAN, BEGAN + 120, 12, fold=False)
    assert drawn(quiet)["r"] == "█" * 9 + "   "


def test_zoom_keeps_the_moment_under_the_cursor_and_stays_within_the_job() -> None:
    view = View(0, 100, 0, 100).zoomed(0.5, 25)
    assert (view.begin, view.end) == (12.5, 62.5)
    assert view.moved(0.25) == View(25, 75, 0, 100)
    assert view.moved(9) == View(50, 100, 0, 100)
    assert view.moved(-9) == View(0, 50, 0, 100)
    assert view.zoomed(99, 50) == view.whole() == View(0, 100, 0, 100)
    first, last = 1795663298.0, 1795663298.985552
    seen = View(first, last, first, last).zoomed(0.5, first + 0.3)
    assert not seen.is_whole
    assert seen.moved(0.25).zoomed(2, first + 0.7).is_whole


def test_ticks_are_round_times() -> None:
    activity = Activity(begin=BEGAN, width=60, busy=[60] * 10)
    shown = timeline({"r": activity}, BEGAN, BEGAN + 600, 100)
    labels = [label for _, label in shown.ticks]
    assert len(labels) >= 4
    assert all(len(label) == 5 and label[2] == ":" for label in labels)
    assert Cell(3) == Cell(3, "")


@pytest.mark.parametrize("begin", [1795720569.73, 1795720569.7000001, 1e9 / 3])
def test_ticks_of_parts_of_a_second_are_round_too(begin: float) -> None:
    activity = Activity(begin=begin, width=0.01, busy=[0.01] * 110)
    shown = timeline({"r": activity}, begin, begin + 1.1, 190)
    labels = [label for _, label in shown.ticks]
    assert len(labels) >= 8
    assert {label[-2:] for label in labels} == {"00"}
