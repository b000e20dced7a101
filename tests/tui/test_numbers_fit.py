"""Numbers in columns are whole, or short and true: no digit of one is cut off."""

from __future__ import annotations

import pytest

from routilux_tui.tui.panes.flow import FlowPane
from routilux_tui.tui.screens.flow_runs import _columns
from routilux_tui.tui.screens.job_preview import _COLUMNS
from routilux_tui.tui.widgets.columns import Column, cells, heads
from routilux_tui.tui.widgets.job_columns import columns_of
from routilux_tui.views.insight import RoutineFigures
from routilux_tui.views.shapes import JobEntry
from routilux_tui.views.trends import RunEntry

SMALL, LARGE = 940, 7_654_321


def figures(number: int) -> RoutineFigures:
    return RoutineFigures(
        "load",
        queued=number,
        running=number,
        done=number,
        rate=float(number),
        errors=number,
        retries=number,
        done_is_estimate=True,
    )


def shown(columns: list[Column], row: object) -> dict[str, str]:
    texts = [text.strip() for text, _ in cells(columns, row)][1::2]
    return dict(zip([one.name for one in columns], texts, strict=True))


def test_a_routines_numbers() -> None:
    columns = [one for one in FlowPane()._columns if one.is_number]
    found = shown(columns, figures(SMALL))
    assert found["queue"] == found["now"] == found["/s"] == found["errors"] == "940"
    assert found["done"] == "≈940"
    found = shown(columns, figures(LARGE))
    assert found["queue"] == found["now"] == found["/s"] == found["errors"] == "7.7M"
    assert (found["done"], found["retries"]) == ("≈7.7M", "7.7M")
    assert shown(columns, figures(47_928))["/s"] == "47k"
    assert shown(columns, figures(0))["done"] == "·"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_jobs_numbers(width: int) -> None:
    entry = JobEntry(key="a", queued=LARGE, errors=LARGE, records=LARGE)
    columns = columns_of(width, lambda one: ("", ""), str, is_absolute=False)
    numbers = {"queue", "errors", "records"}
    found = shown([one for one in columns if one.name in numbers], entry)
    assert set(found.values()) <= {"7.7M", "7,654,321"}
    assert found["errors"] == "7.7M"


def test_the_numbers_of_a_preview_and_of_runs() -> None:
    found = shown(_COLUMNS, figures(LARGE))
    assert (found["left"], found["done"], found["errors"]) == ("7.7M", "7,654,321", "7.7M")
    run = RunEntry(JobEntry(key="a", errors=LARGE, records=LARGE), 1.0, [])
    found = shown([one for one in _columns() if one.name in {"records", "errors"}], run)
    assert found == {"records": "7,654,321", "errors": "7.7M"}
    assert "records" in heads(_columns())
