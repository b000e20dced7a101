"""Rules: how they are written, and when they are to be told."""

from __future__ import annotations

from typing import Any

import pytest

from routilux_tui.errors import UsageError
from routilux_tui.views.alerts import NAMED, Holding, rule_of, rule_of_text, table_of
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.conditions import Condition
from tests.tui.stub import audit


def test_a_rule_is_a_name_a_condition_or_its_parts() -> None:
    assert rule_of_text("routines.load.queue > 3").when == "routines.load.queue > 3"
    assert rule_of_text("failed").when == 'status == "failed"'
    assert rule_of_text("silent for 10m").when == "silent_for > 600"
    assert (
        rule_of_text('status == "failed" && errors > 3').name == 'status == "failed" && errors > 3'
    )
    rule = rule_of_text(
        'name = "x", when = "errors > 1", for = "2m", repeat = "1h", command = ["a b"]'
    )
    assert (rule.name, rule.held, rule.repeat, rule.command) == ("x", 120, 3600, ["a b"])
    assert rule_of(table_of(rule)) == rule


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({}, "says when"),
        ({"when": "failed", "of": 1}, "no 'of'"),
        ({"when": "status =="}, "not complete"),
        ({"when": "queeue > 3"}, "no 'queeue'"),
        ({"when": "failed", "for": "soon"}, "for = .soon"),
        ({"when": "failed", "for": True}, "for = .True"),
        ({"when": "failed", "command": "rm -rf /"}, "no line of a shell"),
        ({"when": "failed", "command": ["a", 1]}, "no line of a shell"),
        ({"when": "failed", "bell": "yes"}, "true or false"),
        ({"when": "silent for ever"}, "silent for = .ever"),
        ([], "table"),
    ],
)
def test_what_is_no_rule_says_why(table: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        rule_of(table)


def test_every_name_can_be_judged_on_a_job() -> None:
    context = context_of(audit())
    for when in (*NAMED.values(), "silent_for > 600"):
        Condition(when).check(context)


def test_it_is_told_once_it_has_held_for_long_enough_and_again_ever_more_seldom() -> None:
    holding = Holding(rule_of({"when": "failed", "for": 10, "repeat": 100}))
    told = [now for now in range(4000) if holding.take(True, now)]
    assert told == [10, 110, 310, 710, 1510, 2310, 3110, 3910]
    assert not holding.take(False, 4000)
    assert not holding.take(True, 4001)
    assert holding.take(True, 4011)


def test_without_repeat_it_is_told_once_for_as_long_as_it_holds() -> None:
    holding = Holding(rule_of({"when": "failed"}))
    told = [holding.take(holds, now) for now, holds in enumerate([True, True, False, True])]
    assert told == [True, False, False, True]
    taken_up = Holding(holding.rule, 1, 5.0)  # after a kill: it was told before
    assert not taken_up.take(True, 6.0)
