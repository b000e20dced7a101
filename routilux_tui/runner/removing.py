"""Removing a saved job with all that is kept of it, the log of its runner among that."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from routilux_tui.errors import NotPossible
from routilux_tui.runner.paths import log_path
from routilux_tui.store.locks import is_locked
from routilux_tui.store.removal import remove_job

if TYPE_CHECKING:
    from pathlib import Path


def remove_saved(path: Path, job_id: str) -> None:
    """Remove a saved job: its file, journal, changes, what it printed, and its log.

    Raises:
        NotPossible: when it runs.
        OSError: when its file can't be removed.
    """
    if is_locked(path):
        raise NotPossible(
            f"Job {job_id[:8]} is running.", f"Cancel it first: routilux-tui cancel {job_id[:8]}"
        )
    remove_job(path)
    with contextlib.suppress(OSError):
        log_path(job_id).unlink()
