"""A job whose runner was killed, on its screen: time stands where it was last heard of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.tui.app import Dashboard
from routilux_tui.tui.settings import Settings
from routilux_tui.tui.widgets.header import JobHeader
from routilux_tui.views.formatting import span, time_of_day
from tests.killed import killed_job
from tests.tui.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_nothing_moves_of_a_killed_job(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = SavedHandle(killed_job(world))
    await handle.open()
    began = timestamps.to_epoch(handle.header.created_at)
    ended = timestamps.to_epoch(handle.header.updated_at)
    assert began is not None
    assert ended is not None
    from routilux_tui.views import formatting

    app = Dashboard(Settings(), handle)
    monkeypatch.setattr(formatting, "now", lambda: ended + 4000.0)
    monkeypatch.setattr(JobHeader, "now", staticmethod(lambda: ended + 4000.0))
    async with app.run_test(size=(150, 40)) as pilot:
        screen: Any = app.screen
        await until(pilot, lambda: screen.now.now.handlers and screen.problems.problems)
        first, second = (_line(screen.head, y) for y in (0, 1))
        assert "gone: its process was killed" in first
        assert f"  {span(ended - began)} " in f"{first} "
        assert "/s" not in first
        assert "workers" not in first
        assert f"R takes it up; last change {time_of_day(ended)}, 1h06m ago" in second
        assert "4 held" in second
        title = "".join(text for text, _ in screen.now.title_parts())
        assert title == f"killed after {time_of_day(ended)}"
        assert "ran" in screen.now.head(60).split()
        ran, *coming = (_text(screen.now.parts(n, 60)) for n in range(screen.now.total))
        assert re.match(r"\? price +≥\d+\.?\d*m?s ", ran), ran
        assert any("due " in line for line in coming)
        assert not any("in 0" in line for line in coming)
        tried = [_text(screen.problems.parts(n, 70)) for n in range(screen.problems.total)]
        assert any("waits" in line for line in tried)
        assert not any("in 0s" in line for line in tried)


def _line(head: JobHeader, y: int) -> str:
    return head.render_line(y).text


def _text(parts: Any) -> str:
    return "".join(text for text, _ in parts or ())
