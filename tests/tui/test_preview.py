"""The preview of the job at the list's cursor."""

from __future__ import annotations

import msgspec

from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from tests.tui.orders import orders
from tests.tui.stub import StubHandle, StubSource, listed
from tests.tui.waiting import until


def text(app: Dashboard) -> str:
    lines = app.screen.preview.lines
    return "\n".join("".join(part for part, _ in line) for line in lines)


async def test_it_says_why_how_it_was_started_and_how_the_last_runs_went() -> None:
    state = orders()
    state.extra["launch"] = {"flow": "o.py", "params": {"total": 9}, "user": "ana\x1b[31m"}
    good, failed = (
        msgspec.structs.replace(
            listed()[n], flow_id="nightly_orders", created_at=f"2026-11-2{n}T10:00:00+00:00"
        )
        for n in (1, 2)
    )
    app = Dashboard(Settings(), source=StubSource([good, failed], StubHandle(state)))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 2)
        assert not app.screen.preview.display
        await pilot.press("v")
        await until(pilot, lambda: "started as" in text(app))
        said = text(app)
        assert "LookupError" in said
        assert "all with currency = " in said
        assert "run o.py -p total=9" in said
        assert "\x1b" not in said
        assert "2 runs      ✓ ✗" in said
        assert app.screen.preview.title == "nightly_orders 1f00ba12"
        await pilot.press("j")
        await until(pilot, lambda: app.screen.preview.title == "nightly_orders 0f00ba12")
        await pilot.press("v")
        assert not app.screen.preview.display


async def test_of_what_cant_be_read_it_says_why() -> None:
    torn = listed()[-1]
    app = Dashboard(Settings(), source=StubSource([torn]))
    async with app.run_test(size=(60, 15)) as pilot:
        await until(pilot, lambda: len(app.screen.rows.shown) == 1)
        await pilot.press("v")
        await until(pilot, lambda: "it is cut short." in text(app))
