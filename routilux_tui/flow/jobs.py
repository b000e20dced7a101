"""Which jobs of a flow are under way, and which of them an event outside of a handler is for."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from routilux_tui.errors import JobCancelled, NotPossible

if TYPE_CHECKING:
    from routilux_tui.flow.context import FlowInterface, LiveJob
    from routilux_tui.state.job_state import JobState


class Jobs:
    """The jobs of one flow that run or are paused in this process.

    Args:
        flow: the flow whose jobs they are.
    """

    def __init__(self, flow: FlowInterface) -> None:
        self.flow = flow
        self._running: list[LiveJob] = []
        self._paused: weakref.WeakSet[LiveJob] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._latest: weakref.ref[JobState] | None = None

    def add(self, job_state: JobState) -> None:
        """Note a job that is about to run: it is the latest."""
        self._latest = weakref.ref(job_state)

    def latest(self) -> JobState | None:
        """The job that was added last, while anybody holds it."""
        return self._latest() if self._latest is not None else None

    def on_started(self, job: LiveJob) -> None:
        """A job has started, or goes on; called by the engine."""
        with self._lock:
            self._running.append(job)
            self._paused.discard(job)

    def on_stopped(self, job: LiveJob) -> None:
        """A job has ended, or is paused; called by the engine."""
        with self._lock:
            if job in self._running:
                self._running.remove(job)
            if job.job_state.status == "paused":
                self._paused.add(job)
            else:
                self._paused.discard(job)

    def running(self) -> list[LiveJob]:
        """The jobs that run now."""
        with self._lock:
            return list(self._running)

    def unfinished(self) -> list[LiveJob]:
        """The jobs that run or are paused."""
        with self._lock:
            # One that was loaded from its file and resumed runs here in place of the paused one.
            resumed = {job.job_state.job_id for job in self._running}
            paused = [job for job in self._paused if job.job_state.job_id not in resumed]
            return self._running + paused

    def to_emit_into(self, event: object) -> LiveJob | None:
        """The job that an event goes to which no handler emits: the only unfinished one.

        Returns:
            None where the flow never had a job: a routine is being tried by itself.

        Raises:
            JobCancelled: when none is left, and the latest was cancelled.
            NotPossible: when several jobs are unfinished, or all have ended.
        """
        found = self.unfinished()
        if len(found) > 1:
            raise NotPossible(
                f"{event} is emitted outside of a handler, and more than one job is under way.",
                "Emit from a handler, or run the thread in a copy of the handler's context "
                "(contextvars.copy_context().run).",
            )
        if found or self._latest is None:
            return found[0] if found else None
        latest = self.latest()
        if latest is not None and latest.execution and latest.execution.cancelled:
            raise JobCancelled(f"{event} is emitted by a thread of a job that has been cancelled.")
        raise NotPossible(
            f"{event} is emitted outside of a handler, and every job of {self.flow} has ended.",
            "Have the handler wait for the threads that it starts.",
        )
