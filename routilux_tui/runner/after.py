"""A job that begins when others have ended: waiting for their files to say so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import JobFileError, JobFileMissing
from routilux_tui.job import status as statuses
from routilux_tui.store.large_file import open_job
from routilux_tui.store.locks import is_locked

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from routilux_tui.runner.launch_spec import Predecessor

LOOK_EVERY = 0.5
"""Seconds between two looks at a file."""
_GONE = "is gone"


def wait_for_predecessors(
    after: list[Predecessor],
    ending: threading.Event,
    called_off: Callable[[], bool],
    note: Callable[[str], None],
) -> str:
    """Wait until all of them have ended.

    Args:
        after: the jobs.
        ending: set when this process is to end.
        called_off: whether the job that waits is not to begin any more.
        note: told what it waits for.

    Returns:
        Why the job can't begin: one that had to complete has not. Empty where it may.
    """
    try:
        for one in after:
            name = one.job_id[:8]
            note(f"waits for the end of job {name}")
            while not (end := _end_of(Path(one.path))):
                if ending.wait(LOOK_EVERY) or called_off():
                    return ""
            if one.must_complete and end != "completed":
                return f"job {name}, which had to complete first, {end}"
        return ""
    finally:
        note("")


def _end_of(path: Path) -> str:
    """How the job of a file has ended; empty while it may still go on."""
    if is_locked(path):
        return ""  # its runner lets go of the file when all is over
    try:
        status = open_job(path).status
    except JobFileMissing:
        return _GONE
    except JobFileError:
        return ""  # it may be being written
    return status if statuses.has_ended(status) else ""
