"""What a script says of its jobs: our own part of it is never cut, and what is none is not taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.runner.script_engine import ScriptEngine
from routilux_tui.runner.script_messages import apply_message
from routilux_tui.tap.messages import rows
from tests.tap.rig import Observed

if TYPE_CHECKING:
    from pathlib import Path

WIDE = """
class Hub(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self, **_):
        pass

flow = Flow(flow_id="wide")
flow.add_routine(Hub(), "hub")
for n in range(600):
    flow.add_routine(Sink(), f"sink{n}")
    flow.connect("hub", "out", f"sink{n}", "in")
finish(flow, flow.execute("hub"))
"""


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([], []),
        ([7], [[7, 7]]),
        ([1, 2, 3, 9, 8, 10, 11], [[1, 3], [9, 9], [8, 8], [10, 11]]),
        (range(1, 1_000_001), [[1, 1_000_000]]),
    ],
)
def test_numbers_of_tasks_are_told_by_rows(numbers: list[int], told: list[list[int]]) -> None:
    assert rows(numbers).content == told


def test_a_flow_of_many_routines_is_told_whole(python: str, tmp_path: Path) -> None:
    with Observed(python, tmp_path, WIDE) as observed:
        assert observed.end() == 0
    shape = observed.told[1]["shape"]
    assert [one["id"] for one in shape["routines"]] == ["hub", *(f"sink{n}" for n in range(600))]
    assert shape["connections"][-1] == ["hub", "out", "sink599", "in"]


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("hold", [[[1, "<9 more>"]], 1.0]),
        ("hold", [[[-3, 1]], 1.0]),
        ("drop", [["<9 more>"], 1.0]),
        ("hold", [[[1, 1]], "now"]),
        ("queue", [[[1, "sink"]], {}, 1.0, None, None]),
        ("ran", [1, "sink", "failed", 1.0, "an error"]),
    ],
)
def test_what_a_journal_would_not_give_back_is_not_taken(kind: str, args: list[object]) -> None:
    state = JobState("numbers")
    engine = ScriptEngine(state, lambda *_, **__: None)
    apply_message(state, engine, "queue", [[[1, "sink", "in"]], {}, 1.0, None, None])
    before = state.seq
    with pytest.raises((TypeError, ValueError)):
        apply_message(state, engine, kind, args)
    assert state.seq == before
