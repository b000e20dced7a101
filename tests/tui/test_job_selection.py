"""Which jobs of the list a key means, and when none of them takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.sources.saved import SavedSource
from routilux_tui.state.job_state import JobState
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.dialogs import LineDialog
from routilux_tui.tui.screens.jobs import JobsScreen
from routilux_tui.tui.settings import Settings
from tests.tui.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Four saved jobs: one of each status."""
    for status in ("completed", "failed", "cancelled", "paused"):
        state = JobState(f"{status}_flow")
        state.status = status
        state.save(tmp_path / f"{status}.json")
    return tmp_path


def selected(app: Any) -> set[str]:
    rows = app.screen.rows
    return {one.status for one in rows.shown if one.key in rows.selected}


def said(app: Any) -> str:
    return " / ".join(one.message for one in app._notifications)


async def test_a_condition_selects_what_it_matches_and_none_takes_the_marks_away(
    jobs: Path,
) -> None:
    app: Any = Dashboard(Settings(), source=SavedSource([str(jobs)]))
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 4)
        await pilot.press("asterisk")
        await until(pilot, lambda: isinstance(app.screen, LineDialog))
        await pilot.press(*'status in ["failed","paused"]', "enter")
        await until(pilot, lambda: isinstance(app.screen, JobsScreen))
        await until(pilot, lambda: selected(app) == {"failed", "paused"})
        assert "2 jobs selected" in said(app)
        await pilot.press("asterisk", *"nonsense > 3", "enter")
        await until(pilot, lambda: "nonsense" in said(app))
        assert selected(app) == {"failed", "paused"}
        await pilot.press("asterisk", "enter")
        await until(pilot, lambda: selected(app) == set())


@pytest.mark.parametrize("key", ["p", "r", "c"])
async def test_what_no_chosen_job_takes_is_refused_before_anything_is_asked(
    jobs: Path, key: str
) -> None:
    (jobs / "paused.json").unlink()
    app: Any = Dashboard(Settings(), source=SavedSource([str(jobs)]))
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 3)
        status = app.screen.rows.current.status
        await pilot.press(key)
        await until(pilot, lambda: f"the job is {status}." in said(app))
        assert isinstance(app.screen, JobsScreen)
        await pilot.press("asterisk", *"true", "enter")
        await until(pilot, lambda: len(app.screen.rows.selected) == 3)
        await pilot.press(key)
        await until(pilot, lambda: "the jobs are cancelled and completed and failed." in said(app))
        assert isinstance(app.screen, JobsScreen)
