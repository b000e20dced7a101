"""When a job ends, as far as one can know."""

from __future__ import annotations

import pytest

from routilux_tui.views.estimate import (
    EARLIER,
    QUEUED,
    SAID,
    UNKNOWN,
    EarlierRun,
    Estimate,
    Load,
    RoutineLoad,
    estimate,
)

ENRICH = [
    RoutineLoad("extract", done=1, seconds=1.0),
    RoutineLoad("enrich", done=100, queued=196, running=4, seconds=2.0, sources=("extract",)),
    RoutineLoad("load", done=100, seconds=1.0, sources=("enrich",)),
]


def test_what_the_flow_says_goes_first() -> None:
    found = estimate(
        Load(60.0, ENRICH, 4, own_progress=0.75), [EarlierRun(999.0, {"enrich": (300, 2.0)})]
    )
    assert (found.basis, found.progress) == (SAID, 0.75)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 20 < found.high


def test_what_is_queued_is_followed_along_the_connections() -> None:
    found = estimate(Load(60.0, ENRICH, 4))
    # 200 runs of 2 s, each of which sends one of 1 s, with four workers
    assert found.basis == QUEUED
    assert found.seconds == pytest.approx(150)
    assert found.progress == pytest.approx(301 / (301 + 600))
    assert found.text == "rough: 2 min"


def test_fewer_handlers_that_run_at_once_take_longer() -> None:
    assert estimate(Load(60.0, ENRICH, 4, busy=2.0)).seconds == pytest.approx(300)


def test_earlier_runs_tell_what_a_queue_does_not() -> None:
    source = [RoutineLoad("tick", done=50, queued=1, seconds=1.0, sources=("tick",))]
    assert estimate(Load(50.0, source)) == Estimate()
    assert estimate(Load(50.0, source)).text == "no end known"
    earlier = [EarlierRun(100.0, {"tick": (100, 1.0)}), EarlierRun(104.0, {"tick": (104, 1.0)})]
    found = estimate(Load(50.0, source), earlier)
    assert found.basis == EARLIER
    assert found.seconds == pytest.approx(51, abs=2)
    assert found.text == "about 52s"


def test_this_run_is_slower_and_so_the_rest_of_it() -> None:
    source = [RoutineLoad("tick", done=50, queued=1, seconds=2.0, sources=("tick",))]
    found = estimate(Load(100.0, source), [EarlierRun(100.0, {"tick": (100, 1.0)})])
    assert found.seconds is not None
    assert 50 < found.seconds <= 100


def test_runs_that_differ_make_a_range() -> None:
    source = [RoutineLoad("tick", done=60, queued=1, seconds=6.0, sources=("tick",))]
    earlier = [EarlierRun(480.0, {"tick": (80, 6.0)}), EarlierRun(1200.0, {"tick": (200, 6.0)})]
    assert estimate(Load(360.0, source), earlier).text == "2 min to 14 min"


@pytest.mark.parametrize("own_progress", [None, 0.5])
def test_nothing_is_said_too_early(own_progress: float | None) -> None:
    few = [RoutineLoad("enrich", done=3, queued=10, seconds=0.1)]
    assert estimate(Load(2.0, few, own_progress=own_progress)).seconds is None
    assert estimate(Load(2.0, few), [EarlierRun(9.0, {"enrich": (9, 1.0)})]).seconds is None


def test_it_is_never_negative_and_never_over_one() -> None:
    over = [RoutineLoad("tick", done=500, queued=0, running=1, seconds=1.0)]
    found = estimate(Load(900.0, over), [EarlierRun(100.0, {"tick": (100, 1.0)})])
    assert found.low is None or found.low >= 0
    assert found.progress is not None
    assert found.progress <= 1
    assert estimate(Load(900.0, over, own_progress=7.0)).progress == 1.0


def test_a_circle_that_has_come_to_rest_hides_nothing() -> None:
    rest = [
        RoutineLoad("tick", done=50, seconds=1.0, sources=("tick",)),
        RoutineLoad("work", done=40, queued=10, seconds=3.0, sources=("tick",)),
    ]
    assert estimate(Load(60.0, rest)).seconds == pytest.approx(30)


def test_a_first_run_that_still_sends_hides_the_rest() -> None:
    first = [
        RoutineLoad("extract", running=1),
        RoutineLoad("clean", done=30, queued=5, seconds=1.0, sources=("extract",)),
    ]
    assert estimate(Load(60.0, first)).basis == UNKNOWN
