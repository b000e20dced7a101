"""Keys that arrive together do what they would do one by one."""

from __future__ import annotations

import asyncio

from textual.events import Key
from textual.widgets import Input

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from tests.tui.stub import StubHandle, StubSource, audit, listed


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
