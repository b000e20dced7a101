"""What people see, at all sizes: each picture is compared with the one that was looked at."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.compare import show_comparison
from routilux_tui.tui.screens.detail import TextScreen
from routilux_tui.tui.screens.flow_runs import FlowRuns, RunsScreen
from routilux_tui.tui.screens.paced import PacedDialog
from routilux_tui.tui.settings import Settings
from routilux_tui.views.shapes import Control
from tests.replayed import GIVEN_UP, write_job
from tests.tui.orders import orders
from tests.tui.stub import NOON, StubHandle, StubSource, audit, listed
from tests.tui.waiting import until
from tests.views.test_trends import run_entry

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZES = [(80, 24), (120, 40)]
ALL_SIZES = [(60, 15), *SIZES, (200, 60)]
ids = lambda size: f"{size[0]}x{size[1]}"  # noqa: E731 - a name for a parameter


def app(handle: StubHandle, **settings: object) -> Dashboard:
    return Dashboard(Settings(**settings), handle)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
def test_the_dashboard_on_a_running_job(snap_compare, size) -> None:
    """Header, routines with two running, the tail of the history; all of it aligned."""
    assert snap_compare(app(StubHandle(audit())), terminal_size=size)


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
def test_a_job_with_something_to_see(snap_compare, size) -> None:
    """How far it is and when it ends; the routine that fails, the inputs, what they have in common."""
    assert snap_compare(app(StubHandle(orders())), terminal_size=size)


@pytest.mark.parametrize("keys", ["3", "1o", "2j\r", "5E", "z", "!"])
def test_the_ways_on_from_there(snap_compare, keys) -> None:
    """What runs and is next; sorted by queue; a problem whole; errors alone; zoomed; why."""
    names = {"\r": "enter", "!": "exclamation_mark"}
    pressed = [names.get(one, one) for one in keys]
    assert snap_compare(app(StubHandle(orders())), terminal_size=(80, 24), press=pressed)


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
@pytest.mark.parametrize("key", list("2356789"))
def test_every_pane(snap_compare, size, key) -> None:
    """The pane of that key has the keys; its rows are aligned under their heads."""
    handle = StubHandle(audit("paused"))
    handle.cannot = {"pause": "the job is paused"}
    assert snap_compare(app(handle), terminal_size=size, press=[key])


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
def test_the_timeline(snap_compare, size) -> None:
    """A lane a routine, as wide as there is room, with queue, rate and times below."""
    handle = StubHandle(audit("paused"))
    handle.cannot = {"pause": "the job is paused"}

    async def look(pilot) -> None:
        await pilot.press("4")
        pane = pilot.app.screen.panes["4"]
        while pane.shown is None or pane.shown.columns != pane.columns():
            await pilot.pause(0.02)

    assert snap_compare(app(handle), terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
@pytest.mark.parametrize("keys", ["1", "4zmm"])
def test_the_past(snap_compare, size, keys, tmp_path) -> None:
    """Its time in the header, a bar with what matters at the bottom; all panes stand there."""
    write_job(tmp_path / "a.json", "a1b2c3d4-0000-4000-8000-000000000000")

    async def look(pilot) -> None:
        screen = pilot.app.screen
        screen.go(to=f"#{GIVEN_UP + 3}")
        await until(pilot, lambda: screen.point is not None and screen.bar.marks)
        await pilot.press(*keys)
        if "m" in keys:
            await until(pilot, lambda: screen.timeline._path is not None)
        await settled(pilot)

    assert snap_compare(app(SavedHandle(tmp_path / "a.json")), terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
def test_two_jobs_compared(snap_compare, size, tmp_path) -> None:
    """What they differ in, part by part; what is more than noise; how that is judged."""
    ids_of = {name: f"{name}1b2c3d4-0000-4000-8000-000000000000" for name in "ab"}
    for name, job_id in ids_of.items():
        write_job(tmp_path / f"{name}.json", job_id)
    shutil.rmtree(tmp_path / "b.json.changes")
    saved = json.loads((tmp_path / "b.json").read_text())
    saved["shared_data"]["done"] = 39
    saved["execution_history"][17]["data"] = {"n": 71}
    (tmp_path / "b.json").write_text(json.dumps(saved))

    async def look(pilot) -> None:
        handles = [SavedHandle(tmp_path / f"{name}.json") for name in "ab"]
        await show_comparison(pilot.app.screen, *handles)
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await settled(pilot)

    assert snap_compare(app(StubHandle(audit())), terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
def test_the_last_runs_of_a_flow(snap_compare, size) -> None:
    """Curves of all, then the runs, the newest first; what is odd stands beside it."""
    runs = [run_entry(n, 60 + n % 3) for n in range(12)]
    runs += [run_entry(12, 150), run_entry(13, 61, errors=9), run_entry(14, 2, status="failed")]

    async def look(pilot) -> None:
        pilot.app.push_screen(RunsScreen("nightly", runs, FlowRuns(pilot.app)))
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await settled(pilot)

    assert snap_compare(app(StubHandle(audit())), terminal_size=size, run_before=look)


async def settled(pilot: Pilot) -> None:
    """Wait until what is painted stays as it is."""
    before, alike = "", 0
    while alike < 5:
        await pilot.pause(0.1)
        now = pilot.app.export_screenshot()
        alike = alike + 1 if now == before else 0
        before = now


@pytest.mark.parametrize("size", SIZES, ids=ids)
def test_a_pause_that_is_asked(snap_compare, size) -> None:
    """The header says "pausing, 2 running: lunch"; the status is still running."""
    handle = StubHandle(audit(), Control("pause", "lunch", 2))
    assert snap_compare(app(handle), terminal_size=size)


def test_a_link_that_is_broken(snap_compare) -> None:
    """The header says for how long nobody answered; all controls are grey."""
    handle = StubHandle(audit())
    handle.stale_since = NOON - 12
    handle.cannot = dict.fromkeys(("pause", "resume", "cancel", "wait"), "nobody answers")
    assert snap_compare(app(handle), terminal_size=(80, 24))


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
@pytest.mark.parametrize("keys", ["p", "c", "w", "exclamation_mark", "question_mark"])
def test_every_dialog(snap_compare, size, keys) -> None:
    """The dialog stands in the middle, over the panes; the help fills the screen."""
    assert snap_compare(app(StubHandle(audit())), terminal_size=size, press=[keys])


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
@pytest.mark.parametrize("keys", ["2R", "2jX", "3jjm", "W", "B", "A"])
def test_what_is_done_about_what_fails(snap_compare, size, keys) -> None:
    """Sent again, given up, a waiting task moved, more workers, a breakpoint, an alert."""

    async def asked(pilot: Pilot) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(pilot.app.screen, PacedDialog))
        await settled(pilot)

    assert snap_compare(app(StubHandle(orders())), terminal_size=size, run_before=asked)


def test_a_condition_that_names_the_unknown(snap_compare) -> None:
    """Under the line: what is not there, and what may have been meant."""

    async def typed(pilot: Pilot) -> None:
        await pilot.press("w", *"recrds")
        await pilot.pause(0.4)

    assert snap_compare(app(StubHandle(audit())), terminal_size=(80, 24), run_before=typed)


def test_the_whole_value_behind_a_row(snap_compare) -> None:
    """A record as indented JSON, with its place in the title."""

    async def opened(pilot: Pilot) -> None:
        await pilot.press("5", "g", "j", "enter")
        await pilot.pause(0.1)

    assert snap_compare(app(StubHandle(audit())), terminal_size=(80, 24), run_before=opened)


@pytest.mark.parametrize(
    "settings", [{"ascii": True}, {"colour": False}, {"theme": "light"}], ids=str
)
def test_any_terminal(snap_compare, settings) -> None:
    """ASCII alone; no colour; dark letters on light ground. Nothing else differs."""
    assert snap_compare(app(StubHandle(audit()), **settings), terminal_size=(80, 24))


@pytest.mark.parametrize("size", ALL_SIZES, ids=ids)
def test_the_list_of_jobs(snap_compare, size) -> None:
    """The live job on top, then the saved ones by age, the torn file with its reason last."""
    dashboard = Dashboard(Settings(), source=StubSource(listed()))
    assert snap_compare(dashboard, terminal_size=size)


def test_the_list_when_there_is_nothing(snap_compare) -> None:
    """One quiet line says what to do next."""
    assert snap_compare(Dashboard(Settings(), source=StubSource([])), terminal_size=(80, 24))
