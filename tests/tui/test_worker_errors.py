"""What is raised in a worker: an error of ours is told, a fault of the dashboard ends it."""

from __future__ import annotations

import pytest
from textual.worker import WorkerFailed

from routilux_tui.errors import Unreachable
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from tests.tui.stub import StubSource, listed
from tests.tui.waiting import until


async def test_an_error_of_ours_in_a_worker_is_told_and_ends_nothing_else() -> None:
    app = Dashboard(Settings(), source=StubSource(listed()))

    async def breaks() -> None:
        raise Unreachable("ssh://build1: the connection broke.")

    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        worker = app.screen.run_worker(breaks())
        await until(pilot, lambda: worker.is_finished and len(app._notifications) == 1)
        assert app.is_running
        assert "the connection broke" in next(iter(app._notifications)).message
        await pilot.press("s")
        assert app.screen.rows.listing.order == "created"


async def test_a_fault_of_the_dashboard_in_a_worker_ends_it() -> None:
    app = Dashboard(Settings(), source=StubSource(listed()))

    async def breaks() -> None:
        raise KeyError("x")

    async def run() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            app.screen.run_worker(breaks())
            await pilot.pause(0.2)

    with pytest.raises(WorkerFailed):
        await run()
