"""When a job ends, as far as one can know."""

from __future__ import annotations

from typing import Any

import msgspec
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
    ending,
    estimate,
)

ENRICH = [
    RoutineLoad("extract", done=1, seconds=1.0),
    RoutineLoad("enrich", done=100, queued=196, running=4, seconds=2.0, sources=("extract",)),
    RoutineLoad("load", done=100, seconds=1.0, sources=("enrich",)),
]


#: A routine that reads in one run, and says that it has read three quarters in a minute.
READER = RoutineLoad("read", running=1, spent=60.0, part=0.75)


def test_what_the_flow_says_goes_first() -> None:
    found = estimate(Load(60.0, [READER], 4), [EarlierRun(999.0, {"read": (300, 2.0)})])
    assert (found.basis, found.progress) == (SAID, pytest.approx(0.75))
    assert found.low is not None
    assert found.high is not None
    assert found.low < 20 < found.high


def test_one_routines_word_is_not_the_whole_jobs() -> None:
    # one handler of many has said 1 of 4, and a long queue is elsewhere
    pieces = RoutineLoad("piece", done=0, running=1, spent=2.0, part=0.25)
    other = RoutineLoad("other", done=100, queued=300, seconds=1.0, spent=100.0)
    found = estimate(Load(60.0, [pieces, other], 2))
    assert found.progress == pytest.approx(102 / (102 + 6 + 300))
    assert found.basis == QUEUED
    assert found.seconds == pytest.approx(153)
    # it has said 4 of 4 of its first input, and has a queue of its own
    said = RoutineLoad("piece", done=1, queued=99, seconds=2.0, spent=2.0, part=1.0)
    assert estimate(Load(60.0, [said], 1)).progress == pytest.approx(0.01)


def test_all_that_a_source_has_read_is_yet_to_be_worked_on() -> None:
    reader = msgspec.structs.replace(READER, part=1.0)
    work = RoutineLoad("work", queued=430, sources=("read",))
    found = estimate(Load(60.0, [reader, work], 1))
    assert found.progress is not None
    assert found.progress < 0.6  # nobody has begun with it
    begun = msgspec.structs.replace(work, done=10, queued=419, running=1, seconds=2.0, spent=21.0)
    found = estimate(Load(80.0, [reader, begun], 1))
    assert found.progress == pytest.approx(80 / (80 + 840))


def test_what_a_source_says_will_come_is_yet_to_be_worked_on() -> None:
    work = RoutineLoad("work", done=150, queued=150, seconds=0.2, spent=30.0, sources=("read",))
    found = estimate(Load(60.0, [READER, work], 4))
    # a hundred more are sent in the last quarter
    assert found.progress == pytest.approx(90 / (90 + 20 + 250 * 0.2))
    promised = RoutineLoad("work", done=150, queued=150, seconds=0.2, spent=30.0, promised=900)
    found = estimate(Load(60.0, [promised], 1))
    assert found.progress == pytest.approx(150 / 1200)


def test_a_routine_that_feeds_itself_is_known_by_its_word() -> None:
    ticks = [RoutineLoad("tick", done=50, queued=1, seconds=1.0, sources=("tick",), spent=50.0)]
    assert estimate(Load(50.0, ticks)) == Estimate()
    said = [msgspec.structs.replace(ticks[0], part=0.25)]
    assert estimate(Load(50.0, said)).progress == pytest.approx(0.25)
    assert estimate(Load(50.0, said)).seconds == pytest.approx(150, rel=0.1)


def test_what_is_queued_is_followed_along_the_connections() -> None:
    found = estimate(Load(60.0, ENRICH, 4))
    # 200 runs of 2 s, each of which sends one of 1 s, with four workers
    assert found.basis == QUEUED
    assert found.seconds == pytest.approx(150)
    assert found.progress == pytest.approx(301 / (301 + 600))
    assert found.text == "rough: 2m"


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
    assert estimate(Load(360.0, source), earlier).text == "2m to 14m"


@pytest.mark.parametrize("part", [None, 0.5])
def test_nothing_is_said_too_early(part: float | None) -> None:
    few = [RoutineLoad("enrich", done=3, queued=10, seconds=0.1, spent=0.3, part=part)]
    assert estimate(Load(2.0, few)).seconds is None
    assert estimate(Load(2.0, few), [EarlierRun(9.0, {"enrich": (9, 1.0)})]).seconds is None


def test_it_is_never_negative_and_never_over_one() -> None:
    over = [RoutineLoad("tick", done=500, queued=0, running=1, seconds=1.0)]
    found = estimate(Load(900.0, over), [EarlierRun(100.0, {"tick": (100, 1.0)})])
    assert found.low is None or found.low >= 0
    assert found.progress is not None
    assert found.progress <= 1
    wild = [msgspec.structs.replace(over[0], running=0, part=7.0)]
    assert estimate(Load(900.0, wild)).progress == 1.0


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


LAST = RoutineLoad("work", done=60, queued=0, running=1, seconds=30.0)
"""Thirty seconds are left, when its last handler begins."""


def at(idle: float, **waits: Any) -> Estimate:
    return estimate(Load(1800.0 + idle, [LAST], 1, idle=idle, **waits))


def test_the_end_draws_nearer_while_nothing_is_done_and_is_overdue_at_last() -> None:
    assert at(0.0).text == "rough: 30s"
    assert at(15.0).text == "rough: 15s"
    late = at(600.0)
    assert (late.seconds, late.is_overdue, late.text) == (None, True, "longer than expected")
    assert late.progress == at(0.0).progress
    assert ending(late.low, late.high, 0.0, is_overdue=True) == late.text


@pytest.mark.parametrize("idle", [0.0, 600.0])
def test_earlier_runs_and_the_flows_word_are_overdue_as_well(idle: float) -> None:
    earlier = [EarlierRun(1830.0, {"work": (61, 30.0)})]
    assert estimate(Load(1800.0 + idle, [LAST], 1, idle=idle), earlier).is_overdue == bool(idle)
    said = [RoutineLoad("read", running=1, spent=1800.0 + idle, part=0.99)]
    assert estimate(Load(1800.0 + idle, said, 1, idle=idle)).is_overdue == bool(idle)


def test_it_ends_no_sooner_than_what_waits_for_its_time() -> None:
    fast = [RoutineLoad("work", done=60, queued=1, seconds=0.01)]
    found = estimate(Load(60.0, fast, 4, idle=8.0, due=112.0))
    assert found.seconds == pytest.approx(112)
    assert found.text == "rough: 2m"
    assert at(600.0, due=30.0).seconds == pytest.approx(30)


def test_nobody_knows_when_it_ends_while_something_waits_for_somebody() -> None:
    assert at(0.0, is_held=True).text == "no end known"
    assert not at(600.0, is_held=True).is_overdue


def test_nobody_knows_how_long_takes_what_has_never_run() -> None:
    never = [RoutineLoad("split", done=1, seconds=1.0), RoutineLoad("work", queued=300)]
    assert estimate(Load(60.0, never, 4)).seconds is None
    assert estimate(Load(60.0, never, 4)).progress == pytest.approx(1 / 301)
    nothing = [RoutineLoad("work", queued=1)]
    assert estimate(Load(60.0, nothing, 4)) == Estimate(QUEUED)
    # where it is the smaller part of what is left, the end is told by the larger one
    later = [
        RoutineLoad("work", done=60, queued=100, seconds=1.0),
        RoutineLoad("store", queued=50),
    ]
    found = estimate(Load(60.0, later, 1))
    assert found.seconds == pytest.approx(100)
    assert found.progress == pytest.approx(60 / 210)
    assert estimate(Load(60.0, [later[0], RoutineLoad("store", queued=101)], 1)).seconds is None
    # the first ones run for a minute: that long each takes at the least
    first = [never[0], RoutineLoad("work", queued=296, running=4, spent=240.0)]
    found = estimate(Load(60.0, first, 4))
    assert found.seconds == pytest.approx(300 * 60 / 4)
    assert found.progress == pytest.approx(1 / 18001)
