"""How much of what was written the terminal has not swallowed yet."""

from __future__ import annotations

import array
import fcntl
import sys
import termios
from typing import Any


def unread_output(driver: Any) -> int:
    """Writes that wait in the driver, and bytes that wait in the terminal's."""
    waiting = int(getattr(driver, "waiting", 0))
    if waiting:
        return waiting
    pending = array.array("i", [0])
    try:
        fcntl.ioctl(sys.__stderr__.fileno() if sys.__stderr__ else 2, termios.TIOCOUTQ, pending)
    except (OSError, ValueError):
        return 0
    return pending[0]
