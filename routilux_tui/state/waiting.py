"""Waiting for a job in the process that runs it: for its end, or until a condition holds.

With our own engine nothing is polled: the engine wakes the waiter. A flow of another engine is
asked every ``check_interval`` seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from routilux_tui.job import status as statuses
from routilux_tui.job.jsonable import as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.listeners import Change
    from routilux_tui.job.model import Job

logger = logging.getLogger("routilux_tui.job")

#: The job that a condition is being asked about, in the thread that asks.
JUDGED: ContextVar[Job | None] = ContextVar("routilux_tui_judged", default=None)

PROGRESS_EVERY = 5.0
"""Seconds between two calls of a progress callback."""
MOST_CHANGES = 100_000
"""Changes that may wait for a slow condition; past them it is asked of the job as it is then."""


def wait_for_completion(
    flow: Any,
    job_state: Job,
    timeout: float | None = None,
    stability_checks: int = 5,
    check_interval: float = 0.1,
    stability_delay: float = 0.05,
    progress_callback: Callable[[int, int, str], None] | None = None,
) -> bool:
    """Wait until the execution has ended or is paused.

    Args:
        flow: the flow that runs the job.
        job_state: the job.
        timeout: seconds to wait at most; 0 asks without waiting, None waits for ever.
        stability_checks: for a flow of another engine: how often in a row it must be idle.
        check_interval: for a flow of another engine: seconds between two looks.
        stability_delay: for a flow of another engine: seconds between two of those checks.
        progress_callback: called as ``(queue_size, active_count, status)`` at once, if there is
            anything to wait for, and then about every 5 s.

    Returns:
        True when it has ended or is paused; False at the timeout, with a warning in the log. A
        job that never started, or has a status of nobody's, is waited for.
    """
    execution = _execution_of(flow, job_state)
    deadline = None if timeout is None else time.monotonic() + timeout
    idle = 0
    progress = _Progress(flow, job_state, progress_callback)
    if execution is not None and execution.wait(0):
        return True
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if execution is not None:
            progress.report()
            pause = PROGRESS_EVERY if progress_callback else left
            if execution.wait(pause if left is None else min(left, pause or 0.0)):
                return True
        else:
            queued, active = _load_of(flow, job_state)
            if statuses.is_settled(job_state.status) and not active:
                return True
            idle = idle + 1 if not queued and not active else 0
            if idle > stability_checks and job_state.status == "running":
                job_state.status = statuses.end_of(_routine_statuses(job_state))
                return True
            progress.report()
            if left != 0.0:
                pause = stability_delay if idle else check_interval
                time.sleep(pause if left is None else min(left, pause))
        if deadline is not None and time.monotonic() >= deadline:
            queued, active = _load_of(flow, job_state)
            logger.warning(
                "Job %s has not ended within %s s: %d tasks queued, %d running, status %s",
                job_state.job_id,
                timeout,
                queued,
                active,
                job_state.status,
            )
            return False


def wait_until_condition(
    flow: Any,
    job_state: Job,
    condition: Callable[[Any, Job], bool],
    timeout: float | None = None,
    check_interval: float = 0.1,
    progress_callback: Callable[[int, int, str], None] | None = None,
) -> bool:
    """Wait until ``condition(flow, job_state)`` is true.

    It is asked in this thread, and under no lock of ours, so it may take one that a handler holds:
    of the job as it was after each of its changes (a copy follows them, so that what holds for a
    moment only is not missed), and every ``check_interval`` seconds of the job itself. One that
    raises is logged, once for each distinct error, and the wait goes on.

    Returns:
        True as soon as it is true; False at the timeout, or when the job has ended and one last
        look says no.
    """
    watched = _Watched(condition, flow, job_state)
    if watched.check() or timeout == 0:
        return watched.met
    unsubscribe = watched.follow()
    deadline = None if timeout is None else time.monotonic() + timeout
    progress = _Progress(flow, job_state, progress_callback)
    try:
        while True:
            ended = statuses.has_ended(job_state.status)
            if watched.check_changes(deadline) or watched.check():
                return True
            now = time.monotonic()
            if ended:
                return False
            if deadline is not None and now >= deadline:
                logger.warning(
                    "The condition on job %s was not true within %s s: status %s",
                    job_state.job_id,
                    timeout,
                    job_state.status,
                )
                return False
            progress.report()
            next_check = now + check_interval
            while not watched.met and not statuses.has_ended(job_state.status):
                left = next_check - time.monotonic()
                if deadline is not None:
                    left = min(left, deadline - time.monotonic())
                if left <= 0 or not watched.changed.wait(left):
                    break
                watched.check_changes(deadline)
    finally:
        unsubscribe()


class _Progress:
    """Calls of a progress callback: at once, then every `PROGRESS_EVERY` seconds."""

    def __init__(
        self, flow: Any, job_state: Job, callback: Callable[[int, int, str], None] | None
    ) -> None:
        self._flow = flow
        self._job_state = job_state
        self._callback = callback
        self._next = 0.0

    def report(self) -> None:
        """Call the callback, if it is time to."""
        now = time.monotonic()
        if self._callback is not None and now >= self._next:
            self._next = now + PROGRESS_EVERY
            self._callback(*_load_of(self._flow, self._job_state), self._job_state.status)


class _Watched:
    """A condition about a job, asked until it has been true once."""

    def __init__(self, condition: Callable[[Any, Job], bool], flow: Any, job_state: Job) -> None:
        self._condition = condition
        self._flow = flow
        self._job_state = job_state
        self._errors: set[str] = set()
        self._copy: Job | None = None
        self._changes: deque[tuple[Change, bool]] = deque()
        self._thread = threading.get_ident()
        #: Whether it has been true.
        self.met = False
        #: Set at every change of the job.
        self.changed = threading.Event()

    def follow(self) -> Callable[[], None]:
        """Note the job's changes from now on; returns what ends it."""
        with self._job_state.lock:
            self._copy = _copy_of(self._job_state)
            return self._job_state.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        """Keep a change for the waiting thread; a handler waits meanwhile."""
        self._changes.append((change, threading.get_ident() == self._thread))
        if len(self._changes) > MOST_CHANGES:
            self._changes.clear()
            self._copy = None
        self.changed.set()

    def check_changes(self, deadline: float | None) -> bool:
        """Whether the condition was true after one of the changes since the last call."""
        self.changed.clear()
        if self._copy is None:  # there were more than can be looked at
            with self._job_state.lock:
                self._changes.clear()
                self._copy = _copy_of(self._job_state)
        while self._changes and not self.met and self._copy is not None:
            if deadline is not None and time.monotonic() >= deadline:
                break
            change, own = self._changes.popleft()
            self._copy.apply(change)
            if not own:  # what the condition itself changes is no reason to ask once more
                self._check(self._copy)
        return self.met

    def check(self) -> bool:
        """Whether the condition is true now, or was before."""
        if not self.met:
            self._check(self._job_state)
        return self.met

    def _check(self, job_state: Job) -> None:
        token = JUDGED.set(job_state)
        try:
            if self._condition(self._flow, job_state):
                self.met = True
        except Exception as error:
            described = repr(error)
            if described not in self._errors:
                self._errors.add(described)
                logger.warning("The condition raised %s; still waiting", described)
        finally:
            JUDGED.reset(token)


def _copy_of(job_state: Job) -> Job:
    """A copy that the job's later changes can be applied to."""
    copy = type(job_state).from_plain(job_state.to_plain())
    if not job_state.pending_tasks:
        copy._pending_tasks = []  # noqa: SLF001 - what it holds is waiting for its turn, as there
    copy.running = dict(job_state.running)
    copy.flow_routines = list(job_state.flow_routines)
    return copy


def _routine_statuses(job_state: Job) -> list[str]:
    states = list(job_state.routine_states.values())
    found = [as_text(one.get("status")) for one in states if isinstance(one, dict)]
    if statuses.end_of(found) == "failed":
        logger.warning(
            "Job %s has run out of tasks, but a routine of it has failed: so has the job",
            job_state.job_id,
        )
    return found


def _execution_of(flow: Any, job_state: Job) -> Any:
    find = getattr(flow, "execution_of", None)
    return find(job_state) if find is not None else None


def _load_of(flow: Any, job_state: Job) -> tuple[int, int]:
    """Tasks queued and running, as well as another engine tells them."""
    execution = _execution_of(flow, job_state)
    if execution is not None:
        return execution.load()  # type: ignore[no-any-return] # (int, int) by the engine's protocol
    queue = getattr(flow, "_task_queue", None)
    active = [task for task in getattr(flow, "_active_tasks", ()) if not task.done()]
    return (queue.qsize() if queue is not None else 0), len(active)
