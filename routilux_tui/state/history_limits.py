"""Limits of a job's history, as routilux 0.11 has them: so many records, so many seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from routilux_tui.job.numbers import as_number

if TYPE_CHECKING:
    from routilux_tui.job.model import Job

SIZE, TTL = "max_history_size", "history_ttl_seconds"
"""The keys of a file, which are those of the attributes; missing or None is no limit."""


def drop_old_records(job: Job, history: list[Any]) -> None:
    """Have a history no longer than the job's limits let it be, under the job's lock.

    Args:
        job: the job.
        history: its records, by time.
    """
    most, ttl = job.extra.get(SIZE), as_number(job.extra.get(TTL))
    excess = 0
    if isinstance(most, int) and most >= 0:
        excess = max(0, len(history) - most)
    if ttl:
        oldest = time.time() - ttl
        while excess < len(history) and (history[excess].at or 0.0) <= oldest:
            excess += 1
    if not excess:
        return
    drop_first = getattr(history, "drop_first", None)
    if drop_first is not None:
        drop_first(excess)  # what lies in segments is only shown no more
    else:
        del history[:excess]
