"""Rows speak in values: each is told by its key, unless it says by itself what it is."""

from __future__ import annotations

import json

import pytest

from routilux_tui.job.jsonable import preview
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.panes.problems import ProblemsPane
from routilux_tui.tui.screens.job_retry import _name_of
from routilux_tui.tui.settings import Settings
from routilux_tui.tui.widgets.values import value_parts
from routilux_tui.views.insight import FailingInput, ProblemRow
from tests.tui.stub import StubHandle, audit


def text_of(given: object) -> str:
    """A value as it stands in a row."""
    return "".join(text for text, _ in value_parts(preview(given))).strip()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"n": 5}, "n 5"),
        ({"gave up": 5}, "gave up 5"),
        ({"number": 0}, "number 0"),
        ({"account": "4711"}, "account 4711"),
        ({"name": "yes"}, "name yes"),
        ({"record": "ord-011238"}, "ord-011238"),
        ({"path": "abc.py"}, "abc.py"),
        ({"id": 7, "total": 2}, "id 7  total 2"),
        ({"total": 2, "id": "ord-7"}, "ord-7  total 2"),
        ({"name": "ana", "total": 2}, "ana  total 2"),
        ({"total": 2, "customer": {"id": 105}}, "customer.id 105  total 2"),
        ({}, ""),
        ([1, 2], "[1,2]"),
        (5, "5"),
    ],
)
def test_a_value_without_its_key_says_what_it_is(given: object, shown: str) -> None:
    assert text_of(given).replace(", ", ",") == shown


def test_a_single_value_that_is_cut_keeps_its_key_and_its_beginning() -> None:
    shown = text_of({"text": "x" * 900})
    assert shown.startswith("text xxx")
    assert shown.endswith("x…")
    assert text_of({"n": 1, "text": "x" * 900}).startswith("n 1  text xxx")
    many = text_of({f"key{n}": n for n in range(200)})
    assert many.startswith("key0 0  key1 1")
    assert many.endswith("…")


async def test_a_failed_input_of_one_number_is_told_by_its_key() -> None:
    failing = FailingInput(1, "price", json.dumps({"n": 5}), 1, 1, gave_up=True, input={"n": 5})
    problem = ProblemRow(
        number=0, routine_id="price", error_type="E", message="m", kind="k", samples=[failing]
    )
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.screen.query_one(ProblemsPane)
        pane.show([problem], 0)
        row = "".join(text for text, _ in pane.parts(1, 78) or [])
    assert row.split() == ["1", "gave", "up", "n", "5"]
    assert _name_of(failing) == "n 5"
