"""Values as JSON text, made at once and within bounds."""

from __future__ import annotations

import json
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routilux_tui.tap.values import MAX_NODES, MAX_TEXT, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator


class Colour(Enum):
    RED = "red"


class Bad:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"a": 1, "b": "x", "c": None, "d": True, "e": 1.5},
            {"a": 1, "b": "x", "c": None, "d": True, "e": 1.5},
        ),
        ({1: (2, 3)}, {"1": [2, 3]}),
        ({"s": {3, 1}}, {"s": [1, 3]}),
        ({"t": datetime(2026, 1, 2, 3, 4)}, {"t": "2026-01-02T03:04:00"}),  # noqa: DTZ001
        ({"c": Colour.RED, "b": b"x\xff", "p": Path("/x")}, {"c": "red", "b": "x\\xff", "p": "/x"}),
        ({"e": ValueError("no")}, {"e": "ValueError: no"}),
        ({"x": Bad()}, {"x": "<Bad>"}),
        ({(1, 2): 3}, {"(1, 2)": 3}),
    ],
)
def test_a_value_is_told_in_words_that_json_has(value: object, expected: object) -> None:
    assert json.loads(to_json(value)) == expected


def test_a_value_that_holds_itself_is_cut() -> None:
    value: dict[str, object] = {}
    value["self"] = value
    assert json.loads(to_json(value)) == {"self": "<cycle>"}


def test_what_is_large_is_cut_and_says_so() -> None:
    told = json.loads(to_json({"n": list(range(10 * MAX_NODES)), "z": 1}))
    assert told["n"][-1].endswith("more>")
    assert len(told["n"]) <= MAX_NODES + 1
    text = json.loads(to_json({"t": "x" * (2 * MAX_TEXT)}))["t"]
    assert len(text) < MAX_TEXT + 100
    assert text.endswith("characters)")


class Counted(list[int]):
    """Counts the items that are taken out of it."""

    taken = 0

    def __iter__(self) -> Iterator[int]:
        for item in super().__iter__():
            self.taken += 1
            yield item


def test_no_more_of_a_value_is_looked_at_than_is_told() -> None:
    value = Counted(range(100 * MAX_NODES))
    told = json.loads(to_json({"n": value}))["n"]
    assert told[-1] == f"<{len(value) - len(told) + 1:,} more>"
    assert value.taken <= MAX_NODES
    many = json.loads(to_json({"d": {n: n for n in range(3 * MAX_NODES)}, "s": set(range(9999))}))
    assert many["d"]["..."] == f"<{3 * MAX_NODES - len(many['d']) + 1:,} more>"


class Proxy:
    """Fetches what it is asked for, and is asked for nothing."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)

    def __str__(self) -> str:
        return "a proxy"


def test_a_value_is_asked_for_nothing_that_it_would_have_to_make_up() -> None:
    assert json.loads(to_json({"p": Proxy(), "f": len}))["p"] == "a proxy"


def test_a_huge_integer_and_odd_text_are_no_error() -> None:
    told = to_json({"i": 10**6000, "s": "\ud800"})
    assert "bits" in json.loads(told)["i"]
    assert json.loads(told)["s"] == "\ud800"
