"""What tests ask of processes that they have started."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def until(holds: Callable[[], object], within: float = 30.0) -> None:
    """Wait until something holds; the test fails when it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail("it did not come about in time")
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, with all of its threads."""
    try:
        # a dead process whose threads are still going may hold its socket and its lock
        dead = Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
        return dead and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    except OSError:
        return True


def assert_gone(pid: int, within: float = 30.0) -> None:
    """Wait until a process has ended."""
    until(lambda: is_gone(pid), within)
