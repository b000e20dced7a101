"""Removing a saved job with all that is kept of it, the log of its runner among that."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from routilux_tui.errors import NotPossible
from routilux_tui.job.status import has_ended
from routilux_tui.runner.paths import log_path
from routilux_tui.store.locks import is_locked
from routilux_tui.store.removal import remove_job
from routilux_tui.views.naming import command

if TYPE_CHECKING:
    from pathlib import Path


def refusal(name: str, status: str) -> NotPossible:
    """Why a job is not removed whose process is there, and the way out.

    Args:
        name: what the user calls it.
        status: the job's; one that has ended has a handler that has not returned.
    """
    if has_ended(status):
        return NotPossible(
            f"Job {name} is {status}, and its process has not ended: a handler has not returned.",
            f"Wait for it, or end it: {command('cancel', '--force', name)}",
        )
    return NotPossible(f"Job {name} is running.", f"Cancel it first: {command('cancel', name)}")


def remove_saved(path: Path, job_id: str, status: str) -> None:
    """Remove a saved job: its file, journal, changes, what it printed, and its log.

    Raises:
        NotPossible: when it runs.
        OSError: when its file can't be removed.
    """
    if is_locked(path):
        raise refusal(job_id[:8], status)
    remove_job(path)
    with contextlib.suppress(OSError):
        log_path(job_id).unlink()
