"""What comes while an answer is on its way is shown as well: the screen ends at the last state."""

from __future__ import annotations

import asyncio
from typing import Any

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from routilux_tui.views.text import printable
from tests.tui.stub import NOON, StubHandle, audit
from tests.tui.waiting import until


class SlowHandle(StubHandle):
    """A job whose figures take their way, and are then as they were when they were asked for."""

    def __init__(self, state: Any) -> None:
        super().__init__(state)
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.under_way = 0

    async def insight(self, *parts: str) -> Any:
        found = await super().insight(*parts)
        self.under_way += 1
        await self.may_answer.wait()
        self.under_way -= 1
        return found


async def test_an_end_that_comes_while_figures_are_on_their_way_is_shown() -> None:
    state = audit()
    handle = SlowHandle(state)
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.screen.reading.last.figures)
        before = _figures(app)
        handle.may_answer.clear()
        await until(pilot, lambda: handle.under_way == 1)
        state.make("emit", "rank", "late", {}, NOON, None, [])
        state.make("routine", "rank", {"status": "completed", "runs": 7, "errors": 0}, NOON)
        state.make("status", "completed", NOON + 1)
        handle.changed()
        await until(pilot, lambda: app.screen.head.job.status == "completed")
        assert _figures(app) == before
        handle.may_answer.set()
        await until(pilot, lambda: _figures(app) != before)


def _figures(app: Dashboard) -> str:
    pane = app.screen.routines  # type: ignore[attr-defined] # the job's screen
    lines = (pane.parts(n, 90) or () for n in range(pane.total))
    return "\n".join(printable("".join(text for text, _ in parts)) for parts in lines)


async def test_a_timeline_is_drawn_once_more_when_its_job_has_ended() -> None:
    state = audit()
    handle = StubHandle(state)
    app = Dashboard(Settings(), handle)
    async with app.run_test(size=(100, 30)) as pilot:
        pane = app.screen.timeline
        await pilot.press("4")
        await until(pilot, lambda: pane.shown is not None and pane.shown.lanes)
        drawn = pane.shown
        state.make("status", "completed", NOON + 1)
        handle.changed()
        await until(pilot, lambda: pane.shown is not drawn)
