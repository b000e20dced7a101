"""A span of time is written in one way, wherever it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import routilux_tui
from routilux_tui.job import timestamps
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.panes.now import NowPane
from routilux_tui.tui.panes.problems import ProblemsPane
from routilux_tui.tui.settings import Settings
from routilux_tui.views.formatting import limit, minutes, span
from routilux_tui.views.insight import FailingInput, NextTask, Now, ProblemRow
from tests.tui.stub import StubHandle, audit

#: Seconds that a source makes a text of by itself: ``f"{seconds:g} s"``.
BY_ITSELF = re.compile(r":\.?\d*[gdf]\} ?s\b")


def test_no_file_writes_seconds_by_itself() -> None:
    package = Path(routilux_tui.__file__).parent
    ours = {
        str(one.relative_to(package)): found
        for one in package.rglob("*.py")
        if one.name != "formatting.py" and (found := BY_ITSELF.findall(one.read_text()))
    }
    assert not ours


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (0.05, "0.05s"), (30, "30s"), (90, "1m30s"), (float("inf"), "for ever")],
)
def test_a_limit_is_as_exact_as_it_was_set(seconds: float, said: str) -> None:
    assert limit(seconds) == said


async def test_the_next_try_is_told_alike_in_every_pane() -> None:
    app = Dashboard(Settings(), StubHandle(audit()))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        problems, now = app.screen.query_one(ProblemsPane), app.screen.query_one(NowPane)
        for seconds in (4.2, 98.5, 3599.5, 7200.5, 300_000.5):
            due = timestamps.to_iso(now.time_shown() + seconds)
            failing = FailingInput(1, "price", "{}", 1, 3, due, input={"id": "ord-1"})
            row = ProblemRow(
                number=0, routine_id="price", error_type="E", message="no", kind="no",
                samples=[failing],
            )  # fmt: skip
            problems.show([row], 0)
            now.show(Now(coming=[NextTask(1, "price", 0, "{}", due)], queued=1))
            said = f" in {span(seconds)} "
            assert said in "".join(text for text, _ in problems.parts(1, 78))
            assert said in "".join(text for text, _ in now.parts(0, 78))


def test_minutes_are_whole() -> None:
    assert [minutes(one) for one in (59, 98, 3600, 7384)] == ["", "1m", "1h00m", "2h03m"]
