"""Two runs are compared by what they did; chance and times are told from what matters."""

from __future__ import annotations

import random

from routilux_tui.views.diff import (
    MOST_PATHS,
    Run,
    are_alike,
    diff,
    first_parting,
)
from routilux_tui.views.insight import RoutineFigures
from routilux_tui.views.shapes import Row


def run_of(**fields: object) -> Run:
    return Run(**{"job_id": "j", "flow_id": "f", "status": "completed", **fields})  # type: ignore[arg-type]


def told(a: Run, b: Run) -> dict[str, tuple[object, object, bool]]:
    return {f"{one.part} {one.name}": (one.a, one.b, one.is_noise) for one in diff(a, b)}


def test_two_runs_of_the_same_are_alike_whatever_time_they_took() -> None:
    fast = run_of(routines={"r": RoutineFigures("r", done=50, p50=0.01, p95=0.02)}, seconds=1)
    slow = run_of(routines={"r": RoutineFigures("r", done=50, p50=0.05, p95=0.021)}, seconds=5)
    assert diff(fast, fast) == []
    assert told(fast, slow) == {
        "times r p50": (0.01, 0.05, False),
        "times all of it": (1, 5, False),
    }
    assert are_alike(diff(fast, slow))


def test_few_runs_and_short_times_make_no_difference_of_times() -> None:
    a = run_of(
        routines={
            "r": RoutineFigures("r", done=3, p50=1.0),
            "s": RoutineFigures("r", done=99, p50=0.0001),
        }
    )
    b = run_of(
        routines={
            "r": RoutineFigures("r", done=3, p50=9.0),
            "s": RoutineFigures("r", done=99, p50=0.004),
        }
    )
    assert diff(a, b) == []


def test_what_is_told_of_one_part_stands_together() -> None:
    one = {name: RoutineFigures(name, done=50, p50=0.01) for name in "rst"}
    other = {name: RoutineFigures(name, done=51, p50=0.05) for name in "rst"}
    parts = [one.part for one in diff(run_of(routines=one), run_of(routines=other))]
    assert parts == ["routines"] * 3 + ["times"] * 3


def test_counts_are_told_and_those_that_chance_makes_are_marked() -> None:
    a = run_of(
        routines={
            "r": RoutineFigures("r", done=900, errors=20, retries=20),
            "gone": RoutineFigures("r", done=1),
        }
    )
    b = run_of(routines={"r": RoutineFigures("r", done=901, errors=25, retries=90)})
    assert told(a, b) == {
        "routines r done": (900, 901, False),
        "routines r errors": (20, 25, True),
        "routines r retries": (20, 90, False),
        "routines gone": (1, None, False),
    }


def test_the_flow_its_parameters_its_errors_and_its_data_are_compared_by_path() -> None:
    ends = ("a", "out", "b", "in")
    a = run_of(
        params={"n": 1, "deep": {"x": [1, 2]}}, connections=[ends], code="1", kinds={"r: E": 2}
    )
    b = run_of(params={"n": 1, "deep": {"x": [1, 3, 4]}}, connections=[], code="2", kinds={"r: F": 1},
               status="failed", data={"k": True})  # fmt: skip
    assert told(a, b) == {
        "flow code": ("1", "2", False),
        "flow status": ("completed", "failed", False),
        "flow connection a.out to b.in": (True, None, False),
        "parameters deep.x[1]": (2, 3, False),
        "parameters deep.x[2]": (None, 4, False),
        "errors r: E": (2, 0, False),
        "errors r: F": (0, 1, False),
        "data k": (None, True, False),
    }
    assert told(run_of(params={"n": 1}), run_of(params={"n": True})) == {
        "parameters n": (1, True, False)
    }


def test_what_a_file_does_not_say_is_no_difference() -> None:
    assert diff(run_of(params={"n": 1}, code="1", connections=[]), run_of()) == []


def test_differences_without_number_are_bounded() -> None:
    found = diff(run_of(data={"x": list(range(5000))}), run_of(data={"x": [None] * 5000}))
    assert len(found) == MOST_PATHS + 1
    assert found[-1].name == f"{5000 - MOST_PATHS} more"


def test_what_may_have_its_match_behind_the_cut_is_not_said_to_stand_alone() -> None:
    rows = [Row(n, "", "r", "out", str(n)) for n in range(100)]
    swapped = [*rows[:95], Row(95, "", "r", "out", "another"), *rows[96:]]
    assert first_parting(rows, swapped) == (rows[95], swapped[95])
    assert first_parting(rows, swapped, 100) == (None, None)
    early = [*rows[:50], Row(50, "", "r", "out", "another"), *rows[51:]]
    assert first_parting(rows, early, 100) == (rows[50], early[50])


def test_the_first_record_at_which_two_runs_part_whatever_their_order() -> None:
    rows = [Row(n, f"t{n}", "r", "out", f"{n % 97}") for n in range(2000)]
    mixed = [
        Row(n, f"u{n}", row.routine, row.name, row.text) for n, row in enumerate(shuffled(rows))
    ]
    assert first_parting(rows, mixed) == (None, None)
    other = [*mixed[:1200], Row(1200, "", "r", "out", "else"), *mixed[1201:]]
    here, there = first_parting(rows, other)
    assert there == other[1200]
    assert here is not None
    assert here.text == mixed[1200].text
    assert first_parting(rows, rows[:7]) == (rows[7], None)


def shuffled(rows: list[Row]) -> list[Row]:
    """The rows, each at most some places from where it was."""
    luck = random.Random(3)
    return sorted(rows, key=lambda row: row.n + luck.randrange(9))
