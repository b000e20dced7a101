"""Waiting for a job that waits for its turn in a queue."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from routilux_tui.cli.config import effective_settings
from routilux_tui.cli.find_job import find_running
from routilux_tui.errors import NoSuchJob
from routilux_tui.runner.queues import JobQueue, start_waiting_jobs
from routilux_tui.store.large_file import open_job
from routilux_tui.store.locks import is_locked

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.views.shapes import JobEntry

_LOOKS_EVERY = 0.2
_LISTENS_WITHIN = 30.0
"""Seconds that a runner is given from taking its job's file to listening."""


def wait_for_turn(path: Path, deadline: float | None = None) -> bool:
    """Wait until a saved job waits in no queue any more: it runs, has ended, or was removed.

    Whoever should have started it may have been killed, so what may begin is started from here.

    Args:
        path: its file.
        deadline: when to wait no more, on the clock of `time.monotonic`.

    Returns:
        False where that came first.
    """
    limits = None
    while waits_for_turn(path):
        if limits is None:
            limits = effective_settings()["queues"].value
        start_waiting_jobs(limits)
        left = _LOOKS_EVERY if deadline is None else deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, _LOOKS_EVERY))
    return True


def waits_for_turn(path: Path) -> bool:
    """Whether a job waits in a queue, or its turn has come and its runner is on its way."""
    if is_locked(path) or not path.is_file():
        return False
    job = open_job(path)
    launch = job.extra.get("launch")
    queue = launch.get("queue") if isinstance(launch, dict) else None
    if job.status != "pending" or not isinstance(queue, str) or not queue:
        return False
    # its runner may have ended since the file was read: then that says more
    return JobQueue(queue).expects(job.job_id) or open_job(path).status != "pending"


def running_of(path: Path) -> JobEntry | None:
    """The job of a file, if a runner has it; it need not answer just now.

    Raises:
        NoSuchJob: when it is at no address, however long it has had for it.
    """
    deadline = time.monotonic() + _LISTENS_WITHIN
    while is_locked(path):
        try:
            return find_running(str(path), must_answer=False)
        except NoSuchJob:
            if time.monotonic() > deadline:
                raise
        time.sleep(_LOOKS_EVERY)
    return None
