"""Comparing jobs, and the last runs of a flow, on the screen, with real files behind them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.sources.saved import SavedSource
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.detail import TextScreen
from routilux_tui.tui.screens.flow_runs import RunsScreen
from routilux_tui.tui.screens.job import JobScreen
from routilux_tui.tui.settings import Settings
from tests.replayed import write_job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two runs of a flow, an hour apart; the later one has an order less."""
    first = write_job(tmp_path / "a.json")
    state = write_job(tmp_path / "b.json")
    state._created = first._created + 3600
    state.make("shared", "done", 39, state._created + 40)
    state.make("record", "price", "error", {"error": "new"}, state._created + 40)
    state.save(str(tmp_path / "b.json"))
    return tmp_path


async def _until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def _text(app: Dashboard) -> str:
    return "\n".join(app.screen._rows.lines)


async def test_the_list_compares_two_jobs_or_one_with_the_run_before(folder: Path) -> None:
    app = Dashboard(Settings(), source=SavedSource([str(folder)], poll=True))
    async with app.run_test(size=(100, 30)) as pilot:
        rows = app.screen.rows
        await _until(lambda: len(rows.shown) == 2 and rows.current is not None)
        _move_to(rows, "b.json")
        await pilot.press("D")
        await _until(lambda: isinstance(app.screen, TextScreen))
        text = _text(app)
        assert text.startswith("A  orders  ")
        assert "done: 40 → 39" in text
        assert "B alone has #41" in text
        assert "no more than chance" in text
        await pilot.press("escape")
        # the older one of all has none before
        _move_to(rows, "a.json")
        await pilot.press("D")
        await _until(lambda: app._notifications)
        await pilot.press("H")
        await _until(lambda: isinstance(app.screen, RunsScreen))
        runs = app.screen.rows
        assert [run.entry.path.rpartition("/")[2] for run in runs.runs] == ["b.json", "a.json"]
        assert "took" in "".join(text for text, _ in runs.parts(0, 99))
        await pilot.press("j", "enter")
        await _until(lambda: isinstance(app.screen, JobScreen))
        assert str(app.screen.handle.path).endswith("a.json")
        await pilot.press("escape")
        assert isinstance(app.screen, RunsScreen)


def _move_to(rows: Any, name: str) -> None:
    for n in range(rows.total):
        rows.move_to(n)
        if rows.current is not None and rows.current.path.endswith(name):
            return
    raise AssertionError(name)


async def test_in_the_past_a_job_is_compared_with_what_it_is_now(folder: Path) -> None:
    app = Dashboard(Settings(), SavedHandle(folder / "a.json", poll=True))
    async with app.run_test(size=(100, 30)) as pilot:
        screen: Any = app.screen
        screen.go(to="#9")
        await _until(lambda: screen.point is not None)
        await pilot.press("D")
        await _until(lambda: isinstance(app.screen, TextScreen))
        assert 'status: "running" → "completed"' in _text(app)
        assert "done: 9 → 40" in _text(app)


async def test_without_a_list_the_runs_are_those_of_this_machine(folder: Path, world: Path) -> None:
    app = Dashboard(Settings(), SavedHandle(folder / "a.json", poll=True))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("D")
        await _until(lambda: app._notifications)
        await pilot.press("H")
        await _until(lambda: isinstance(app.screen, RunsScreen))
        assert not app.screen.rows.runs
