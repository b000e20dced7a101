"""A filter of the list by figures that the list has not: each job is asked for its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.sources.saved import SavedSource
from routilux_tui.state.job_state import JobState
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from tests.tui.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Forty saved jobs, each with its number, but for one that has none; and a file that is none."""
    for n in range(40):
        state = JobState(f"flow_{n}")
        if n:
            state.update_shared_data("n", n)
        state.save(tmp_path / f"{n}.json")
    (tmp_path / "odd.json").write_text("{")
    return tmp_path


def shown(app: Any) -> set[str]:
    return {one.flow_id for one in app.screen.rows.shown}


def title(app: Any) -> str:
    return "".join(text for text, _ in app.screen.rows.title_parts())


async def test_the_list_is_filtered_by_each_jobs_own_figures_when_enter_says_so(
    jobs: Path,
) -> None:
    app: Any = Dashboard(Settings(), source=SavedSource([str(jobs)]))
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 41)
        await pilot.press("slash", *"=shared.n > 37")
        await until(pilot, lambda: "Enter asks each job" in title(app))
        assert len(app.screen.rows.shown) == 41
        await pilot.press("enter")
        await until(pilot, lambda: "by each job's figures" in title(app))
        assert shown(app) == {"flow_38", "flow_39"}
        # one that changes is asked again
        changed = await asyncio.to_thread(JobState.load, jobs / "3.json")
        changed.update_shared_data("n", 50)
        changed.save(jobs / "3.json")
        await until(pilot, lambda: shown(app) == {"flow_3", "flow_38", "flow_39"})
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(app.screen.rows.shown) == 41)
        # and what is selected by such a condition is asked, too
        await pilot.press("asterisk", *"shared.n == 5", "enter")
        await until(pilot, lambda: len(app.screen.rows.selected) == 1)
        [key] = app.screen.rows.selected
        assert key.endswith("5.json")
        # one that the list can judge by itself is judged of what can't be read, too
        await pilot.press("asterisk", *'path.endsWith("odd.json")', "enter")
        await until(pilot, lambda: [one[-8:] for one in app.screen.rows.selected] == ["odd.json"])


async def test_what_no_job_has_is_said_as_one_types(jobs: Path) -> None:
    app: Any = Dashboard(Settings(), source=SavedSource([str(jobs)]))
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 41)
        await pilot.press("slash", *"=shred.n > 37")
        await until(pilot, lambda: "'shred'" in app.screen.rows.listing.problem)
        assert len(app.screen.rows.shown) == 41
