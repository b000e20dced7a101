"""Cancelling jobs when Ctrl-C interrupts the program, so that it ends.

Workers are no daemons: a program that reaches its end waits for its jobs. One that is left by
Ctrl-C would wait for them as well, an endless one for ever; so its jobs are cancelled first, and
only the handlers that run are let finish.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from typing import TYPE_CHECKING

from routilux_tui.errors import NotPossible

if TYPE_CHECKING:
    from routilux_tui.flow.context import LiveJob

_live: weakref.WeakSet[LiveJob] = weakref.WeakSet()


def cancel_on_interrupt(job: LiveJob) -> None:
    """Have a job cancelled if the program is interrupted while it runs."""
    _live.add(job)


def _on_exit() -> None:
    """Called by Python when the main thread has ended and the others are to be waited for."""
    if getattr(sys, "last_type", None) is KeyboardInterrupt:
        for job in list(_live):
            if job.live:
                with contextlib.suppress(NotPossible):  # it has ended in this moment
                    job.cancel("the program was interrupted")


# There is no public way to be called before threads are waited for; `atexit` comes after.
_register = getattr(threading, "_register_atexit", None)
if _register is not None:
    _register(_on_exit)
