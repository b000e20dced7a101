"""A problem's detail tells of one input: its own error, its own traceback, what it was given."""

from __future__ import annotations

from typing import Any

import pytest

from routilux_tui import ErrorHandler, ErrorStrategy, Flow, JobState, Routine
from routilux_tui.tui.app import Dashboard, Settings
from routilux_tui.tui.panes.problems import ProblemsPane
from routilux_tui.tui.screens.job_answers import problem_lines
from tests.tui.stub import StubHandle


class Source(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("row", ["n"])

    def go(self) -> None:
        for n in range(3):
            self.emit("row", n=n)


class Price(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("row", handler=self.look_up)
        self.set_error_handler(ErrorHandler(ErrorStrategy.CONTINUE))

    def look_up(self, n: int) -> None:
        raise LookupError(f"row {n} has no price")


@pytest.fixture
def handle() -> StubHandle:
    flow = Flow("prices")
    flow.add_routine(Source(), "source")
    flow.add_routine(Price(), "price")
    flow.connect("source", "row", "price", "row")
    state = flow.execute("source")
    JobState.wait_for_completion(flow, state, timeout=30)
    return StubHandle(state)


def told(lines: list[str]) -> tuple[str, str]:
    """The exception's own line, and the input."""
    raised = next(line for line in lines if line.startswith("LookupError"))
    return raised, next(line for line in lines if '"n"' in line).strip()


async def test_of_a_kind_the_last_error_stands_beside_its_own_input(handle: Any) -> None:
    (problem,) = (await handle.insight("problems")).problems
    raised, given = told(await problem_lines(handle, problem, None))
    assert problem.message in raised
    assert raised == f"LookupError: row {given[-1]} has no price"


async def test_where_messages_differ_the_kind_says_so_and_each_input_has_its_own(
    handle: Any,
) -> None:
    (problem,) = (await handle.insight("problems")).problems
    assert problem.error == "LookupError: row … has no price"
    lines = await problem_lines(handle, problem, None)
    assert [line.split("  ")[-1] for line in lines[-3:]] == [
        f"LookupError: row {n} has no price" for n in range(3)
    ]
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(60, 24)) as pilot:
        await pilot.press("2")
        await pilot.pause()
        pane = app.screen.query_one(ProblemsPane)
        shown = ["".join(text for text, _ in pane.parts(n, 60) or []) for n in range(4)]
    assert "LookupError: row … has no pr" in shown[0]
    assert [row.rstrip()[-18:] for row in shown[1:]] == [f"row {n} has no price" for n in range(3)]


async def test_each_input_has_its_own_error(handle: Any) -> None:
    (problem,) = (await handle.insight("problems")).problems
    inputs = await handle.failing(0, 0, 9)
    assert len(inputs) == 3
    for one in inputs:
        raised, given = told(await problem_lines(handle, problem, one))
        assert one.error == raised == f"LookupError: row {one.input['n']} has no price"
        assert given == f'"n": {one.input["n"]}'
