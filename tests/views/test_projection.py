"""Views of a job in memory: windows, filters, finding."""

from __future__ import annotations

import pytest

from routilux_tui.state.job_state import JobState
from routilux_tui.views import shapes
from routilux_tui.views.projection import Projection
from routilux_tui.views.sections import MOST_ROWS
from routilux_tui.views.shapes import Filter

ALL = Filter()


@pytest.fixture
def projection() -> Projection:
    state = JobState("f")
    for number in range(3000):
        state.record_execution(
            f"r{number % 3}", "even" if number % 2 == 0 else "odd", {"n": number}
        )
    state.update_shared_data("k", "[bold]\x1b[1m")
    return Projection(state)


def test_a_window_is_cut_from_either_end(projection: Projection) -> None:
    window = projection.window(shapes.HISTORY, 10, 13, ALL)
    assert ([row.n for row in window.rows], window.total) == ([10, 11, 12], 3000)
    tail = projection.window(shapes.HISTORY, -2, 1 << 52, ALL)
    assert ([row.n for row in tail.rows], tail.start) == ([2998, 2999], 2998)
    assert len(projection.window(shapes.HISTORY, 0, 1 << 52, ALL).rows) == MOST_ROWS
    assert projection.window(shapes.HISTORY, 5000, 6000, ALL).rows == []


def test_a_filter_counts_on_as_the_history_grows(projection: Projection) -> None:
    where = Filter(routine="r0", name="even")
    window = projection.window(shapes.HISTORY, 0, 2, where)
    assert ([row.n for row in window.rows], window.total) == ([0, 6], 500)
    projection.job.record_execution("r0", "even", {"n": -1})
    window = projection.window(shapes.HISTORY, -1, 1 << 52, where)
    assert (window.rows[0].n, window.total) == (3000, 501)
    found = projection.window(shapes.HISTORY, 0, 9, Filter(text='"N":2999'))
    assert [row.n for row in found.rows] == [2999]


def test_finding_goes_both_ways_and_does_not_wrap(projection: Projection) -> None:
    find = projection.find
    assert find(shapes.HISTORY, '"n":17}', 0, back=False, where=ALL) == 17
    assert find(shapes.HISTORY, '"n":17}', 18, back=False, where=ALL) is None
    assert find(shapes.HISTORY, '"n":17}', 2999, back=True, where=ALL) == 17
    assert find(shapes.HISTORY, '"n":17}', 0, back=False, where=Filter(routine="r2")) == 5


def test_every_section_has_rows_and_items(projection: Projection) -> None:
    state = projection.job
    state.append_to_shared_log({"message": "m", "level": "INFO", "more": 1})
    state.send_output("r0", "kind", {"x": 1})
    state.add_deferred_event("r0", "later", {})
    state._set_paused("why", {"at": 1})
    for section in shapes.SECTIONS[1:]:
        window = projection.window(section, 0, 5, ALL)
        assert len(window.rows) == min(5, projection.counts()[section])
        for row in window.rows:
            assert projection.item(section, row.n) is not None
    assert projection.window(shapes.LOG, 0, 1, ALL).rows[0].text == 'm {"more":1}'
    assert projection.header().note == "why"
    assert projection.item(shapes.HISTORY, 99_999) is None
