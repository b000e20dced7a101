"""The signals that end a program, each of which must leave the terminal as it was found."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from typing import Any

from routilux_tui.tui.terminal import driver

_NAMES = (
    "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM",
    "SIGVTALRM", "SIGPROF", "SIGPOLL", "SIGPWR", "SIGSTKFLT", "SIGTRAP", "SIGSYS", "SIGXCPU",
)  # fmt: skip
ENDING = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""All that end a process that does not handle them, but for those of a broken program."""


def end_at_once(fileno: int) -> None:
    """From now on, until a loop handles them, these signals restore the terminal and end us.

    Args:
        fileno: the terminal's input.
    """
    modes: list[Any] | None = None
    with contextlib.suppress(termios.error, OSError):
        modes = termios.tcgetattr(fileno)

    def end(number: int, _frame: Any) -> None:
        driver.restore(fileno, modes, at_once=True)
        os._exit(128 + number)

    for number in ENDING:
        with contextlib.suppress(ValueError, OSError):  # not in the main thread, or not ours
            signal.signal(number, end)
