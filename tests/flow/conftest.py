"""What holds for every test of the engine."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Every worker ends with its job, or when it is paused."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        deadline = time.monotonic() + 5
        while thread in threading.enumerate():  # it may be at its very start: no join then
            assert time.monotonic() < deadline, f"{thread.name} was left running"
            time.sleep(0.001)
