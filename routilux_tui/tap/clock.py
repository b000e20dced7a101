"""Time as those see it who wait for a job: it stands still while one is held.

A script waits for its job with a limit ("give up after 30 seconds"). When the job is paused from
outside, that limit must not run out because of it.
"""

from __future__ import annotations

import threading
import time
from functools import wraps
from typing import Any

_POLL = 0.02


class Clock:
    """Counts how long any job of this process was held."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._since = 0.0
        self._total = 0.0

    def hold(self) -> None:
        """One more job is held."""
        with self._lock:
            if not self._holders:
                self._since = time.monotonic()
            self._holders += 1

    def release(self) -> None:
        """One job less is held."""
        with self._lock:
            self._holders -= 1
            if not self._holders:
                self._total += time.monotonic() - self._since

    def held(self) -> float:
        """Seconds in which a job was held, up to now."""
        with self._lock:
            now = time.monotonic() - self._since if self._holders else 0.0
            return self._total + now

    def is_held(self) -> bool:
        """Whether a job is held now."""
        return self._holders > 0


class HeldTime:
    """Stands for the module ``time`` where the library waits for its jobs.

    Args:
        clock: what counts the time in which jobs were held.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def time(self) -> float:
        """Seconds since the epoch, less those in which a job was held."""
        return time.time() - self._clock.held()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def make_sleep(clock: Clock, is_ours: Any) -> Any:
    """A ``time.sleep`` for the main thread, which goes on by as long as jobs were held meanwhile.

    Args:
        clock: what counts the time in which jobs were held.
        is_ours: tells whether the calling thread runs a handler: it sleeps as long as it says.
    """
    real = time.sleep
    main = threading.main_thread()

    @wraps(real)
    def sleep(seconds: Any, /) -> None:
        before = clock.held()
        began = time.monotonic()
        real(seconds)
        if threading.current_thread() is not main or is_ours():
            return
        while True:
            left = began + seconds + (clock.held() - before) - time.monotonic()
            if left <= 0:
                return
            real(min(left, _POLL) if clock.is_held() else left)

    return sleep
