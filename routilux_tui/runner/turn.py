"""A runner's turn in its job's queue: taken before it begins, given back when the job has ended."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.forking import blank, release_in_children
from routilux_tui.runner.queues import JobQueue
from routilux_tui.state.job_state import JobState
from routilux_tui.store.reading import load_job

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from routilux_tui.runner.launch_spec import LaunchSpec


class Turn:
    """The turn of one job; of one without a queue it is always.

    Args:
        spec: what the runner was told; ``place`` is the turn that it was given, if it was.
    """

    def __init__(self, spec: LaunchSpec) -> None:
        self._spec = spec
        self.fork_lock: threading.RLock | None = None
        self._queue = JobQueue(spec.queue, spec.queue_limit) if spec.queue else None
        self._place = spec.place if spec.place >= 0 else None
        if self._place is not None:
            os.set_inheritable(self._place, False)
        release_in_children(self)

    @property
    def is_given(self) -> bool:
        """Whether it is here because its turn came: nobody waits for what it says."""
        return self._spec.place >= 0

    def may_begin(self) -> bool:
        """Whether the job may begin now."""
        if self._queue is None or self._place is not None:
            return True
        self._place = self._queue.take(self._spec.job_id)
        return self._place is not None

    def enqueue(self, path: Path) -> str:
        """Have the job begin by itself when its turn comes; its file is kept by nobody by now.

        Returns:
            For what it waits, in words.
        """
        if self._queue is None:
            return ""
        self._queue.enqueue(self._spec, path)
        return self._queue.place_of(self._spec.job_id) or f"begins in queue {self._queue.name}"

    def end(self) -> None:
        """Let the next begin."""
        if self._queue is not None and self._place is not None:
            place, self._place = self._place, None
            with contextlib.suppress(OSError):
                self._queue.release(self._spec.job_id, place)

    def fail_before_start(self, why: str) -> None:
        """Have a job say why it could not begin, which nobody was told."""
        if self.is_given:
            path = self._spec.save
            with contextlib.suppress(OSError, RoutiluxTuiError):
                state = load_job(path, into=JobState)
                state.update_routine_state("_failure", {"reason": why})
                state.status = "failed"
                state.save(path)
        self.end()

    def release_in_child(self) -> None:
        """This is a forked child: the turn is its parent's."""
        if self._place is not None:
            blank(self._place)
            self._place = None
