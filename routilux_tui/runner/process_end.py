"""How a runner's process ends when its job has, whatever its handlers have left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from typing import NoReturn

logger = logging.getLogger("routilux_tui.runner")

LEFT_BEHIND = 10.0
"""Seconds that threads have which handlers have left behind when all else is over."""


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
