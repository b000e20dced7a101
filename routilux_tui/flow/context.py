"""What a handler may know of where it runs: its job, the job's flow, its routine's id.

It also says what routines and flows see of the engine above them: `LiveJob` and `FlowInterface`.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Coroutine, Iterator, Mapping
    from contextvars import Token

    from routilux_tui.job.tasks import Task
    from routilux_tui.state.job_state import JobState


class LiveJob(Protocol):
    """A job under way, as those see it who emit into it, call its handlers or end it."""

    job_state: JobState
    cancelled: bool
    #: Whether tasks may start: from the start of the job (or its resumption) to its end.
    live: bool
    #: Held while a slot's data is merged, so that no two merges start from the same.
    merging: threading.RLock

    @property
    def ending(self) -> bool:
        """Whether the job has failed or is cancelled, while handlers still run."""

    def emit(
        self, invocation: Invocation | None, routine: object, event: str, data: dict[str, Any]
    ) -> None:
        """Record an event, and queue a task for every slot that it goes to."""

    def ask(self, invocation: Invocation | None, routine: object, question: dict[str, Any]) -> None:
        """Ask a person; see `Routine.ask`."""

    def run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the job's event loop, and wait for it."""

    def delay(self, task: Task, seconds: float) -> None:
        """Queue a task when ``seconds`` are over."""

    def fail_job(self, why: str) -> None:
        """End the job as failed."""

    def cancel(self, reason: str = "") -> int:
        """Drop what has not started; returns how much."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended or is paused, and no handler runs."""


class FlowInterface(Protocol):
    """A flow, as its routines and the handlers of its jobs see it; `Flow` says what each does."""

    flow_id: str

    @property
    def routines(self) -> Mapping[str, Any]:
        """The routines by their ids."""

    def connect(
        self,
        source_routine_id: str,
        source_event: str,
        target_routine_id: str,
        target_slot: str,
        param_mapping: dict[str, str] | None = None,
    ) -> Any:
        """Have what one routine emits delivered to a slot of another."""

    def disconnect(
        self, source_routine_id: str, source_event: str, target_routine_id: str, target_slot: str
    ) -> None:
        """Take a connection away."""

    def add_connection(self, connection: Any) -> None:
        """Take in a connection between two routines of this flow."""

    def id_of(self, routine: object) -> str | None:
        """The id that a routine goes by here, or None."""

    def delivered(self, task: Task) -> Any:
        """A task's data, by the names that its slot knows it by."""

    def job_to_emit_into(self, event: object) -> LiveJob | None:
        """The job that an event goes to which no handler emits."""

    def pause(
        self,
        job_state: JobState,
        reason: str = "",
        checkpoint: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Pause a job."""

    def resume(self, job_state: JobState) -> JobState | Literal[False]:
        """Go on with a job."""

    def serialize(self) -> dict[str, Any]:
        """The flow's structure as a plain dict."""

    def cancel(self, job_state: JobState, reason: str = "") -> None:
        """Cancel a job."""

    def get_routine_retry_count(
        self, routine_id: str, job_state: JobState | None = None
    ) -> int | None:
        """How often a routine was retried in a job."""


class Invocation:
    """One call of a handler, for one task of a job."""

    __slots__ = ("flow", "job", "routine", "task", "worker")

    def __init__(self, job: LiveJob, flow: FlowInterface, routine: object, task: Task) -> None:
        self.job = job
        self.flow = flow
        self.routine = routine
        self.task = task
        self.worker = ""

    def runs_in(self, worker: str) -> None:
        """Note in which worker process the handler runs, as `calls.worker_name` gives it."""
        if worker and worker != self.worker:
            self.worker = worker
            self.job.job_state.make("worker", self.task.id, worker, time.time())

    def id_of(self, routine: object) -> str:
        """The id that a routine goes by in this flow."""
        if routine is self.routine:
            return self.task.routine_id
        return self.flow.id_of(routine) or self.task.routine_id


#: Whether this process runs handlers of jobs that are run by another.
IS_WORKER_PROCESS = False

#: The invocation that this thread is in, where it is in one.
INVOCATION: ContextVar[Invocation | None] = ContextVar("routilux_tui_invocation", default=None)


class CurrentJobState:
    """The job that this thread works for, as routilux's ``_current_job_state`` tells it.

    That is the job whose handler runs here, or else one that was set by hand, in a thread of the
    user's own.
    """

    def __init__(self) -> None:
        self._given: ContextVar[JobState | None] = ContextVar("routilux_tui_job", default=None)

    def get(self, default: JobState | None = None) -> JobState | None:
        """The job's state, or ``default``."""
        invocation = INVOCATION.get()
        if invocation is not None:
            return invocation.job.job_state
        return self._given.get() or default

    def set(self, job_state: JobState | None) -> Token[JobState | None]:
        """Have this thread work for a job, where no handler runs."""
        return self._given.set(job_state)

    def reset(self, token: Token[JobState | None]) -> None:
        """Undo a `set`."""
        self._given.reset(token)

    @contextmanager
    def given(self, job_state: JobState | None) -> Iterator[None]:
        """Have this thread work for a job for as long as the ``with`` block lasts."""
        if job_state is None:
            yield
            return
        token = self._given.set(job_state)
        try:
            yield
        finally:
            self._given.reset(token)


CURRENT_JOB_STATE = CurrentJobState()


class ExecutionContext(NamedTuple):
    """What a handler may ask for while it runs."""

    flow: FlowInterface
    job_state: JobState
    routine_id: str

    @property
    def cancelled(self) -> bool:
        """Whether the job has been cancelled, so that the handler had better return."""
        return self.job_state.status == "cancelled"
