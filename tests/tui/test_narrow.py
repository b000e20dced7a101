"""Every dialog, the help, the palette and the list in terminals down to a single cell."""

from __future__ import annotations

import pytest

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from tests.tui.stub import StubHandle, StubSource, audit, listed

JOB_KEYS = (
    ["p"],
    ["c"],
    ["w", "a"],
    ["f"],
    ["question_mark"],
    ["ctrl+p", "p"],
    ["5", "g", "enter"],
)
LIST_KEYS = (["c"], ["slash", "a"], ["i"], ["ctrl+p", "p"], ["question_mark"])


@pytest.mark.parametrize("size", [(12, 5), (9, 5), (6, 4), (3, 3), (1, 1)])
async def test_nothing_ends_the_dashboard_however_small_its_terminal(size) -> None:
    for on_job, every in ((True, JOB_KEYS), (False, LIST_KEYS)):
        for keys in every:
            handle = StubHandle(audit())
            source = None if on_job else StubSource(listed(), handle)
            app = Dashboard(Settings(), handle if on_job else None, source)
            async with app.run_test(size=size) as pilot:
                await pilot.press(*keys)
                await pilot.pause()
                await pilot.press("escape")
            assert app._exception is None
