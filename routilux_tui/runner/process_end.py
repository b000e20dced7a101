"""How a runner's process ends: when told to, or when its job has, whatever handlers left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("routilux_tui.runner")

LEFT_BEHIND = 10.0
"""Seconds that threads have which handlers have left behind when all else is over."""
HEAR_WITHIN = 2.0
"""Seconds that the main thread may wait at a time: a signal that comes just before a wait is
handled by Python only after it."""


class Shutdown:
    """Whether this process was told to end by a signal, and whether it was told so once more.

    A signal's handler runs amid whatever the main thread does, which may hold the lock of the
    very event that is to be set: it puts into a queue, which may be entered again at any point
    (as `queue.SimpleQueue` says of itself), and a thread sets the events.

    Args:
        wake: called each time that it was told.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self.asked = threading.Event()
        self.at_once = threading.Event()
        self._wake = wake
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        threading.Thread(target=self._take, name="signals", daemon=True).start()

    def handle(self, number: int, _frame: Any) -> None:
        """The signal's handler."""
        self._signals.put(number)

    def _take(self) -> None:
        while True:
            self._signals.get()
            if self.asked.is_set():
                self.at_once.set()
            self.asked.set()
            self._wake()


def do_not_outlive_the_job() -> None:
    """Let Python end by itself, but not wait for ever for threads that handlers left behind."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def give_up() -> None:
        time.sleep(LEFT_BEHIND)
        names = [one.name for one in threading.enumerate() if not one.daemon]
        logger.warning("Ended with threads that handlers had left behind: %s", ", ".join(names))
        exit_now()

    threading.Thread(target=give_up, name="last", daemon=True).start()


def exit_now(code: int = 0) -> NoReturn:
    """End this process at once; what was printed is written first."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)
