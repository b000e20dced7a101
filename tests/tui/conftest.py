"""A world that stands still: the clock, the place on earth, and no blinking cursor."""

from __future__ import annotations

import time

import pytest

from tests.tui.stub import NOON


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    from routilux_tui.job import timestamps

    monkeypatch.setattr(timestamps, "_second", -1, raising=False)
    from textual.widgets import Input

    monkeypatch.setattr(Input, "cursor_blink", False)
    from routilux_tui.tui.widgets import header
    from routilux_tui.views import formatting as figures

    monkeypatch.setattr(header.JobHeader, "now", staticmethod(lambda: NOON))
    monkeypatch.setattr(figures, "now", lambda: NOON)
    from types import SimpleNamespace

    from routilux_tui.views import moment

    still = SimpleNamespace(time=lambda: NOON)
    monkeypatch.setattr(moment, "time", still)
