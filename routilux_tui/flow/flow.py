"""`Flow`: the public face of a flow, by which its jobs are started and steered."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any, Literal

from routilux_tui.errors import FlowDefinitionError, NotPossible
from routilux_tui.flow import context
from routilux_tui.flow.context import INVOCATION
from routilux_tui.flow.engine import Execution
from routilux_tui.flow.executor_spec import check_executor, with_fence
from routilux_tui.flow.jobs import Jobs
from routilux_tui.flow.porting import FLOW_HAS_NOT
from routilux_tui.flow.serialization import fill_flow, flow_to_plain
from routilux_tui.flow.strategy import ErrorStrategy
from routilux_tui.flow.structure import FlowStructure
from routilux_tui.flow.tracker import ExecutionTracker
from routilux_tui.state.job_state import JobState
from routilux_tui.state.waiting import JUDGED

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    from routilux_tui.flow.context import LiveJob
    from routilux_tui.flow.routine import Routine
    from routilux_tui.job.model import Job

STRATEGIES = ("sequential", "concurrent")
DEFAULT_TIMEOUT = 300.0


class Flow(FlowStructure):
    """A workflow: it holds structure alone; all that a job does stands in its `JobState`.

    Args:
        flow_id: its name; a UUID by default.
        execution_strategy: ``sequential`` (one worker) or ``concurrent``.
        max_workers: handlers of one job that run at once when concurrent.
        execution_timeout: the timeout of `wait_for_completion` where it is given none, in
            seconds; None waits for ever.
        executor: where handlers run whose routines don't say: ``threads`` of this process (by
            default), ``processes`` or ``processes:N``, ``dask://HOST:PORT`` or ``dask:local``,
            ``MODULE:FACTORY`` (a function that returns a `concurrent.futures.Executor`), or such
            an executor.
        fence: whether no handler of a job is ever begun twice on a Dask cluster, be that named
            here, by one of the routines, or by whoever runs the flow.

    Raises:
        FlowDefinitionError: when there is no such strategy or executor.
    """

    def __init__(
        self,
        flow_id: str | None = None,
        execution_strategy: str = "sequential",
        max_workers: int = 5,
        execution_timeout: float | None = None,
        executor: Any = None,
        fence: bool = False,
    ) -> None:
        super().__init__(flow_id)
        self.fence = fence
        check_executor(executor)
        self.executor = with_fence(executor, fence and executor is not None)
        self._execution_timeout = execution_timeout
        self._execution_tracker: ExecutionTracker | None = None
        self.set_execution_strategy(execution_strategy, max_workers)
        self.jobs = Jobs(self)

    def __repr__(self) -> str:
        return f"Flow[{self.flow_id}]"

    if not TYPE_CHECKING:  # for people; a type checker knows what is there

        def __getattr__(self, name: str) -> Any:
            why = f": {FLOW_HAS_NOT[name]}" if name in FLOW_HAS_NOT else ""
            msg = f"{type(self).__name__!r} object has no attribute {name!r}{why}"
            raise AttributeError(msg)

    @property
    def execution_timeout(self) -> float:
        """The timeout that was given; else 300.0 as in routilux, by which no wait ends here."""
        return DEFAULT_TIMEOUT if self._execution_timeout is None else self._execution_timeout

    @execution_timeout.setter
    def execution_timeout(self, seconds: float | None) -> None:
        self._execution_timeout = seconds

    @property
    def execution_tracker(self) -> ExecutionTracker | None:
        """What the latest job did, in counts and times; None where there was none.

        One that is set stays.
        """
        latest = self.jobs.latest()
        if self._execution_tracker is not None or latest is None:
            return self._execution_tracker
        return ExecutionTracker.of_job(self, latest)

    @execution_tracker.setter
    def execution_tracker(self, tracker: ExecutionTracker | None) -> None:
        self._execution_tracker = tracker

    def _get_routine_id(self, routine: Routine) -> str | None:
        """What `id_of` tells; routilux's guide calls it so."""
        return self.id_of(routine)

    def set_execution_strategy(self, strategy: str, max_workers: int | None = None) -> None:
        """Set how many handlers of a job may run at once; jobs under way keep theirs.

        Raises:
            FlowDefinitionError: when there is no such strategy.
        """
        if strategy not in STRATEGIES:
            raise FlowDefinitionError(
                f"Invalid execution strategy {strategy!r}.",
                f"It is one of: {', '.join(STRATEGIES)}.",
            )
        self.execution_strategy = strategy
        self.max_workers = 1 if strategy == "sequential" else max(1, max_workers or 5)

    def add_routine(self, routine: Routine, routine_id: str | None = None) -> str:
        """Add a routine; returns the id it goes by.

        Raises:
            FlowDefinitionError: when it is no `Routine` of ours, or the flow has one of that id.
        """
        name = super().add_routine(routine, routine_id)
        routine._current_flow = self
        return name

    def execute(
        self,
        entry_routine_id: str,
        entry_params: dict[str, Any] | None = None,
        execution_strategy: str | None = None,
        timeout: float | None = None,
    ) -> JobState:
        """Start a job at the entry routine's ``trigger`` slot; returns its state at once.

        Args:
            entry_routine_id: the routine to start with.
            entry_params: the data of its ``trigger`` slot.
            execution_strategy: ``sequential`` or ``concurrent``, for this job alone.
            timeout: accepted as routilux does; a job is never ended by the clock.

        Raises:
            FlowDefinitionError: when there is no such routine, slot or strategy.
        """
        if execution_strategy not in {None, *STRATEGIES}:
            raise FlowDefinitionError(f"Invalid execution strategy {execution_strategy!r}.")
        del timeout
        workers = self.max_workers
        if execution_strategy == "sequential":
            workers = 1
        elif execution_strategy == "concurrent" and workers == 1:
            workers = 5
        job_state = JobState(self.flow_id)
        self.prepare(job_state, workers).start(entry_routine_id, entry_params or {})
        return job_state

    def set_executor(self, executor: Any, *, fence: bool = False) -> None:
        """Set where handlers run whose routines don't say; jobs under way keep theirs.

        With a fence none is ever begun twice, also where a worker of Dask dies.

        Raises:
            FlowDefinitionError: when there is no such executor, or it has no fence.
        """
        check_executor(executor)
        self.executor = with_fence(executor, fence)

    def prepare(
        self, job_state: JobState, workers: int | None = None, executor: Any = None
    ) -> Execution:
        """An execution of ``job_state`` on this flow, not started.

        Raises:
            FlowDefinitionError: when its executor can't be found.
            NotPossible: when the job runs already, or this is a worker process.
        """
        if context.IS_WORKER_PROCESS:
            raise NotPossible(
                "A worker process starts no jobs.",
                "Start them under `if __name__ == '__main__':`, which it does not run.",
            )
        former = job_state.execution
        if former is not None and former.live:
            raise NotPossible(f"Job {job_state.job_id} runs already.")
        self.jobs.add(job_state)
        return Execution(
            self, self.jobs, job_state, workers or self.max_workers, executor or self.executor
        )

    def job_to_emit_into(self, event: object) -> LiveJob | None:
        """The job that an event goes to which no handler emits; see `Jobs.to_emit_into`."""
        return self.jobs.to_emit_into(event)

    def execution_of(self, job_state: JobState) -> Execution | None:
        """What runs a job on this flow, or ran it; None where nothing here ever did."""
        execution: Execution | None = getattr(job_state, "execution", None)
        return execution if execution is not None and execution.flow is self else None

    def _execution(self, job_state: JobState, *, to_resume: bool = False) -> Execution:
        execution = self.execution_of(job_state)
        if execution is not None:
            return execution
        # A flow without a name of its own has another id in every process.
        nameless = to_resume and not self.is_named and job_state.status in {"paused", "running"}
        if job_state.flow_id != self.flow_id and (job_state.execution or not nameless):
            raise FlowDefinitionError(
                f"Job {job_state.job_id} is of flow {job_state.flow_id!r}, "
                f"which does not match {self.flow_id!r}."
            )
        return self.prepare(job_state)

    def pause(
        self,
        job_state: JobState,
        reason: str = "",
        checkpoint: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Pause a job: no task starts any more, running handlers finish, the rest is held.

        Returns when it is paused, or after ``timeout`` seconds. From inside one of the job's own
        handlers it returns at once; the job is paused when the last handler has returned.

        Returns:
            Whether the job is paused now; False also when it ended first.

        Raises:
            FlowDefinitionError: when the job is of another flow.
            NotPossible: when the job does not run.
        """
        execution = self._execution(job_state)
        try:
            execution.pause(reason, checkpoint)
        except NotPossible:
            if execution.has_ended:
                return False
            raise
        invocation = INVOCATION.get()
        if invocation is None or invocation.job is not execution:
            execution.wait(timeout)
        return job_state.status == "paused"

    def resume(self, job_state: JobState) -> JobState | Literal[False]:
        """Go on with a paused job, or one whose process was killed: each task runs once.

        Returns:
            The job; False when it ran on this flow and has ended meanwhile.

        Raises:
            FlowDefinitionError: when the job is of another flow, or at a routine that this one
                does not have.
            NotPossible: when it has ended, or its tasks can't be told (the message says how).
        """
        execution = self._execution(job_state, to_resume=True)
        try:
            execution.resume()
        except NotPossible:
            if execution.has_ended:
                return False
            raise
        return job_state

    def cancel(self, job_state: JobState, reason: str = "") -> None:
        """Cancel a job: what has not started never will; running handlers are told.

        Raises:
            FlowDefinitionError: when the job is of another flow.
            NotPossible: when it has ended.
        """
        self._execution(job_state).cancel(reason)

    def wait_for_completion(
        self, timeout: float | None = None, job_state: JobState | None = None
    ) -> bool:
        """Wait until a job has ended or is paused; without one, until all of this flow have.

        Returns:
            False when ``timeout`` seconds were over first.
        """
        if timeout is None:
            timeout = self._execution_timeout
        if job_state is not None:
            return JobState.wait_for_completion(self, job_state, timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        for job in self.jobs.running():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not job.wait(left):
                return False
        return True

    def get_routine_retry_count(
        self, routine_id: str, job_state: JobState | None = None
    ) -> int | None:
        """How often a routine was retried in a job.

        By default that is the job that a condition is being asked about, the one whose handler
        calls, or else the one that started last.

        Returns:
            None when the routine does not exist, or has no error handler that retries.
        """
        handler = self.error_handler_of(routine_id)
        if routine_id not in self.routines or handler is None:
            return None
        if handler.strategy is not ErrorStrategy.RETRY:
            return None
        asked: Job | None = job_state or JUDGED.get()
        invocation = INVOCATION.get()
        if asked is None and invocation is not None:
            asked = invocation.job.job_state
        if asked is None:
            asked = self.jobs.latest()
        state = asked.routine_states.get(routine_id) if asked is not None else None
        return int((state or {}).get("retries", 0))

    def serialize(self) -> dict[str, Any]:
        """The flow's structure as a plain dict: routines by class name and configuration.

        Raises:
            SerializationError: when a routine's class can't be made without arguments.
        """
        return {
            "_type": "Flow",
            "execution_strategy": self.execution_strategy,
            "max_workers": self.max_workers,
            **flow_to_plain(self),
        }

    def deserialize(self, data: dict[str, Any], module: ModuleType | None = None) -> None:
        """Make this flow what `serialize` gave.

        Args:
            data: what `serialize` gave, of any program.
            module: where the routines' classes are looked for; by default the module that calls.

        Raises:
            FlowDefinitionError: when a class is not there, or the data is not a flow's.
        """
        names = sys._getframe(1).f_globals if module is None else vars(module)
        fill_flow(self, data, names)
        if data.get("execution_strategy") in STRATEGIES:
            workers = data.get("max_workers")
            self.set_execution_strategy(
                data["execution_strategy"], workers if type(workers) is int else None
            )

    def shutdown(self, wait: bool = True, timeout: float | None = None) -> None:
        """Let the jobs under way end, and cancel those that have not after ``timeout`` seconds.

        With ``wait`` false they are cancelled at once. A paused job stays as it is.
        """
        if wait:
            self.wait_for_completion(timeout)
        for job in self.jobs.running():
            with contextlib.suppress(NotPossible):  # it has ended in this moment
                job.cancel("the flow was shut down")

    def __enter__(self) -> Flow:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown(wait=error is None)
