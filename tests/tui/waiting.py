"""Waiting in tests of a screen, while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


async def until(pilot: Any, holds: Callable[[], object]) -> None:
    """Go on when something is so; the test fails when it does not become so in time."""
    for _ in range(1000):
        if holds():
            return
        await pilot.pause(0.02)
    pytest.fail("it did not come about in time")
