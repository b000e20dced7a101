"""Keys that arrive together do what they would do one by one."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.screens.dialogs import ConfirmDialog
from routilux_tui.tui.settings import Settings
from tests.tui.stub import StubHandle, StubSource, audit, listed
from tests.tui.waiting import until


def at_once(app: Dashboard, *keys: str) -> None:
    """Have keys arrive in one piece, as a slow link brings them."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


async def test_what_is_typed_after_the_key_of_the_filter_is_the_filter() -> None:
    app = Dashboard(Settings(), source=StubSource(listed()))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        at_once(app, "slash", *"etl", "enter", "s")
        await asyncio.sleep(0.5)
        await pilot.pause()
        assert app.screen.query_one("#filter", Input).value == "etl"
        assert app.screen.rows.has_focus
        assert app.screen.rows.listing.order == "created"


async def test_what_is_typed_after_the_key_of_a_dialog_goes_to_the_dialog() -> None:
    handle = StubHandle(audit())
    app = Dashboard(Settings(), handle=handle)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        at_once(app, "p", *"lunch", "enter", "9")
        await asyncio.sleep(0.8)
        await pilot.pause()
        assert handle.asked == [("pause", "lunch")]
        assert app.focused.id == "pauses"


async def test_keys_go_on_on_a_screen_that_has_nothing_to_focus() -> None:
    app = Dashboard(Settings(), handle=StubHandle(audit()))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        at_once(app, "question_mark", "escape", "5")
        await asyncio.sleep(1.2)
        await pilot.pause()
        assert app.focused.id == "history"


async def test_a_focus_that_does_not_come_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Dashboard(Settings(), handle=StubHandle(audit()))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(App, "set_focus", lambda *_, **__: None)
        monkeypatch.setattr(Screen, "set_focus", lambda *_, **__: None)
        app.screen.focused = None
        waits = 0
        must_wait = app._must_wait

        def counted() -> bool:
            nonlocal waits
            waited = must_wait()
            waits += waited and app._under_way is None
            return waited

        monkeypatch.setattr(app, "_must_wait", counted)
        at_once(app, "T")
        await until(pilot, lambda: waits and not app._typed)
        before, came = waits, app.key_at
        at_once(app, *"TTTTT")
        await until(pilot, lambda: app.key_at > came and not app._typed)
        assert waits == before


async def test_a_dialog_that_is_left_twice_takes_no_other_screen_with_it() -> None:
    app = Dashboard(Settings(), source=StubSource(listed()))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        before = list(app.screen_stack)
        answers: list[object] = []
        first, second = ConfirmDialog("?", ""), ConfirmDialog("?", "")
        await app.push_screen(first, answers.append)
        await app.push_screen(second, answers.append)
        first.dismiss(True)
        first.dismiss(False)
        second.dismiss(False)
        await pilot.pause()
        assert app.screen_stack == before
        assert answers == [None, True]


@pytest.mark.parametrize("size", [(4, 3), (8, 4), (80, 24)])
async def test_the_palette_is_opened_again_at_once_and_moved_in(size: tuple[int, int]) -> None:
    app = Dashboard(Settings(), source=StubSource(listed()))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.action_command_palette()
        await pilot.pause()
        app.screen.dismiss(None)
        app.action_command_palette()
        app.action_command_palette()
        await pilot.pause()
        await pilot.press("pagedown", "s", "pageup", "end", "home", "down", "up", "escape")
        await pilot.pause()
        assert len(app.screen_stack) == 2
