"""Deleting jobs from the list: asked first, all that is kept of them, and never one that runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from routilux_tui.runner.paths import log_path, make_private
from routilux_tui.sources.saved import SavedSource
from routilux_tui.state.job_state import JobState
from routilux_tui.store.locks import acquire_lock
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.dialogs import ConfirmDialog
from routilux_tui.tui.settings import Settings
from tests.tui.stub import StubHandle, StubSource, audit, listed
from tests.tui.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


def saved(folder: Path, name: str) -> JobState:
    state = JobState(name)
    state.status = "completed"
    state.save(folder / f"{name}.json")
    return state


async def test_a_deleted_job_is_gone_with_its_log_once_it_is_confirmed(tmp_path: Path) -> None:
    job = saved(tmp_path, "one")
    saved(tmp_path, "two")
    log = log_path(job.job_id)
    make_private(log.parent)
    log.write_text("printed")
    app = Dashboard(Settings(), source=SavedSource([str(tmp_path)]))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 2)
        screen = app.screen
        screen.rows.move_to([one.flow_id for one in screen.rows.shown].index("one"))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        assert (tmp_path / "one.json").exists()
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: [one.flow_id for one in screen.rows.shown] == ["two"])
    assert sorted(one.name for one in tmp_path.glob("*.json")) == ["two.json"]
    assert not log.exists()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"place": "live", "status": "running"}, "it is running; cancel it first (c)"),
        ({"place": "live", "status": "paused"}, "it is paused; cancel it first (c)"),
        ({"place": "live"}, "somebody still looks at it"),
        ({"place": "live", "still_running": 2}, "handlers of it still run"),
        ({"place": "live", "badge": "silent"}, "cancel --force"),
        ({"place": "saved", "host": "build1"}, "another machine"),
        ({"place": "saved", "error": "it is cut short."}, "cut short"),
    ],
)
async def test_what_cant_be_deleted_from_here_is_not_asked_for(
    fields: dict[str, Any], why: str
) -> None:
    one = msgspec.structs.replace(listed()[1], **fields)
    app = Dashboard(Settings(), source=StubSource([one], StubHandle(audit())))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 1)
        screen = app.screen
        await pilot.press("d")
        await until(pilot, lambda: any(why in one.message for one in app._notifications))
        assert app.screen is screen


async def test_a_job_that_began_to_run_since_it_was_listed_stays(tmp_path: Path) -> None:
    saved(tmp_path, "one")
    path = tmp_path / "one.json"
    app = Dashboard(Settings(), source=SavedSource([str(tmp_path)]))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 1)
        held = acquire_lock(path)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(
            pilot, lambda: any("has not ended" in one.message for one in app._notifications)
        )
        os.close(held)
    assert path.exists()
