"""Saying which handlers have not returned that a cancel or a pause waits for, and the way out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.views.formatting import counted, span, zoned
from routilux_tui.views.naming import command
from routilux_tui.views.reason import verb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.views.insight import Now

_NAMED = 3
"""Handlers that are named; of the others it is said how many they are."""


def still_running(handlers: Sequence[tuple[str, float, str]]) -> str:
    """Which handlers still run, for how long and since when, the longest first.

    Args:
        handlers: of each its routine, for how many seconds it has run, and since when: in words.
    """
    ordered = sorted(handlers, key=lambda one: -one[1])
    named = [
        f"`{routine}` for {span(elapsed)}" + (f" (since {since})" if since else "")
        for routine, elapsed, since in ordered[:_NAMED]
    ]
    more = len(ordered) - len(named)
    text = f"{counted(len(ordered), 'handler')} still {verb(len(ordered), 'run')}"
    if not named:
        return text
    return f"{text}: {', '.join(named)}{f' and {more} more' if more else ''}"


def still_running_of(job: Job) -> str:
    """Which handlers of a job of this process still run; its lock is held."""
    now = time.time()
    return still_running(
        [
            (routine_id, max(0.0, now - began), zoned(timestamps.to_iso(began)))
            for routine_id, began in job.running.values()
        ]
    )


def still_running_now(now: Now, when: Callable[[str], str] = zoned) -> str:
    """Which handlers still run, by what is known of this moment; ``when`` tells a time."""
    return still_running([(one.routine_id, one.elapsed, when(one.since)) for one in now.handlers])


def way_out(job_id: str) -> str:
    """What ends the handlers that do not return, for people."""
    return command("cancel", "--force", job_id[:8])
