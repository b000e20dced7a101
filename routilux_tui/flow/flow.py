"""`Flow`: routines by their ids, and which event goes to which slot."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import FlowDefinitionError, NotPossible
from routilux_tui.flow.connection import Connection
from routilux_tui.flow.context import RUNNING
from routilux_tui.flow.engine import Execution
from routilux_tui.flow.porting import FLOW_HAS_NOT
from routilux_tui.flow.routine import Routine
from routilux_tui.flow.strategy import ErrorHandler, ErrorStrategy
from routilux_tui.state.job_state import JobState
from routilux_tui.state.waiting import JUDGED

if TYPE_CHECKING:
    from types import TracebackType

    from routilux_tui.job.model import Job
    from routilux_tui.job.tasks import Task

STRATEGIES = ("sequential", "concurrent")


class Flow:
    """A workflow: it holds structure alone; all that a job does stands in its `JobState`.

    Args:
        flow_id: its name; a UUID by default.
        execution_strategy: ``sequential`` (one worker) or ``concurrent``.
        max_workers: handlers of one job that run at once when concurrent.
        execution_timeout: the timeout of `wait_for_completion` where it is given none, in
            seconds; None waits for ever.

    Raises:
        FlowDefinitionError: when there is no such strategy.
    """

    def __init__(
        self,
        flow_id: str | None = None,
        execution_strategy: str = "sequential",
        max_workers: int = 5,
        execution_timeout: float | None = None,
    ) -> None:
        self.flow_id = flow_id or str(uuid.uuid4())
        #: Whether the id was given by whoever made the flow, and so is the same next time.
        self.is_named = bool(flow_id)
        self.routines: dict[str, Routine] = {}
        self.connections: list[Connection] = []
        self.error_handler: ErrorHandler | None = None
        self.execution_timeout = execution_timeout
        self.set_execution_strategy(execution_strategy, max_workers)
        self._targets: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        #: The connections that rename what they deliver: (source, event, target, slot) -> names.
        self._mappings: dict[tuple[str | None, str | None, str, str], dict[str, str]] = {}
        self._live: list[Execution] = []
        self._paused: weakref.WeakSet[Execution] = weakref.WeakSet()
        self._live_lock = threading.Lock()
        self._latest: weakref.ref[JobState] | None = None

    def __repr__(self) -> str:
        return f"Flow[{self.flow_id}]"

    if not TYPE_CHECKING:  # for people; a type checker knows what is there

        def __getattr__(self, name: str) -> Any:
            why = f": {FLOW_HAS_NOT[name]}" if name in FLOW_HAS_NOT else ""
            msg = f"{type(self).__name__!r} object has no attribute {name!r}{why}"
            raise AttributeError(msg)

    def set_execution_strategy(self, strategy: str, max_workers: int | None = None) -> None:
        """Set how many handlers of a job may run at once; jobs under way keep theirs.

        Raises:
            FlowDefinitionError: when there is no such strategy.
        """
        if strategy not in STRATEGIES:
            raise FlowDefinitionError(
                f"There is no execution strategy {strategy!r}.",
                f"It is one of: {', '.join(STRATEGIES)}.",
            )
        self.execution_strategy = strategy
        self.max_workers = 1 if strategy == "sequential" else max(1, max_workers or 5)

    # Structure

    def add_routine(self, routine: Routine, routine_id: str | None = None) -> str:
        """Add a routine; returns the id it goes by.

        Raises:
            FlowDefinitionError: when it is no `Routine` of ours, or the flow has one of that id.
        """
        if not isinstance(routine, Routine):
            kind = routine if isinstance(routine, type) else type(routine)  # type: ignore[unreachable] # a ported flow may mix up two packages
            raise FlowDefinitionError(
                f"{kind.__name__} (of {kind.__module__}) is no routine that this flow can run.",
                "Give an instance of a class that derives from routilux_tui.Routine.",
            )
        name = routine_id or routine._id
        if name in self.routines:
            raise FlowDefinitionError(f"The flow already has a routine {name!r}.")
        self.routines[name] = routine
        routine._current_flow = self
        return name

    def connect(
        self,
        source_routine_id: str,
        source_event: str,
        target_routine_id: str,
        target_slot: str,
        param_mapping: dict[str, str] | None = None,
    ) -> Connection:
        """Have what one routine emits delivered to a slot of another.

        With a ``param_mapping`` (emitted name -> the slot's name) the slot gets the data by its
        own names as well. Connected again, the last mapping holds.

        Raises:
            FlowDefinitionError: when one of the four does not exist.
        """
        source = self.routine(source_routine_id)
        target = self.routine(target_routine_id)
        event = source.get_event(source_event)
        if event is None:
            raise FlowDefinitionError(
                f"Routine {source_routine_id!r} has no event {source_event!r}.",
                f"It has: {', '.join(source._events) or 'none'}.",
            )
        slot = target.get_slot(target_slot)
        if slot is None:
            raise FlowDefinitionError(
                f"Routine {target_routine_id!r} has no slot {target_slot!r}.",
                f"It has: {', '.join(target._slots) or 'none'}.",
            )
        connection = Connection(
            source_routine_id, event, target_routine_id, slot, dict(param_mapping or {}) or None
        )
        ends = (source_routine_id, source_event, target_routine_id, target_slot)
        self._mappings.pop(ends, None)
        if connection.param_mapping:
            self._mappings[ends] = connection.param_mapping
        for number, one in enumerate(self.connections):
            if one[:4] == connection[:4]:
                self.connections[number] = connection
                return connection
        self.connections.append(connection)
        event.connected_slots.append(slot)
        slot.connected_events.append(event)
        key = (source_routine_id, source_event)
        self._targets[key] = (*self._targets.get(key, ()), (target_routine_id, target_slot))
        return connection

    def disconnect(
        self, source_routine_id: str, source_event: str, target_routine_id: str, target_slot: str
    ) -> None:
        """Take a connection away; one that is not there is no error."""
        for one in self.connections:
            ends = (one.source_routine_id, one.target_routine_id)
            names = (one.source_event.name, one.target_slot.name)
            if ends == (source_routine_id, target_routine_id) and names == (
                source_event,
                target_slot,
            ):
                self.connections.remove(one)
                one.source_event.connected_slots.remove(one.target_slot)
                one.target_slot.connected_events.remove(one.source_event)
                key = (source_routine_id, source_event)
                gone = (target_routine_id, target_slot)
                self._targets[key] = tuple(to for to in self._targets[key] if to != gone)
                self._mappings.pop((*key, *gone), None)
                return

    def routine(self, routine_id: str) -> Routine:
        """The routine of that id.

        Raises:
            FlowDefinitionError: when there is none; the message lists those that there are.
        """
        routine = self.routines.get(routine_id)
        if routine is None:
            raise FlowDefinitionError(
                f"The flow has no routine {routine_id!r}.",
                f"It has: {', '.join(self.routines) or 'none'}.",
            )
        return routine

    def id_of(self, routine: Routine | None) -> str | None:
        """The id that a routine goes by here, or None."""
        return next((name for name, one in self.routines.items() if one is routine), None)

    def targets(self, routine_id: str, event: str) -> tuple[tuple[str, str], ...]:
        """The ``(routine id, slot)`` pairs that an event goes to."""
        return self._targets.get((routine_id, event), ())

    def delivered(self, task: Task) -> Any:
        """A task's data, by the names that its slot knows it by."""
        data = task.data
        if not self._mappings or not isinstance(data, dict):
            return data
        ends = (task.source_id, task.source_event, task.routine_id, task.slot)
        names = self._mappings.get(ends, {})
        return {**data, **{names[name]: data[name] for name in names if name in data}}

    def find_routines_by_type(self, routine_type: type) -> list[tuple[str, Routine]]:
        """All routines of a type, with their ids."""
        return [one for one in self.routines.items() if isinstance(one[1], routine_type)]

    def entry_routine(self) -> str:
        """The id of the only routine that can be an entry: one with a ``trigger`` slot.

        Raises:
            FlowDefinitionError: when there is none, or more than one.
        """
        entries = [name for name, one in self.routines.items() if one.get_slot("trigger")]
        if len(entries) == 1:
            return entries[0]
        if not entries:
            raise FlowDefinitionError(
                "No routine of the flow has a slot named 'trigger'.",
                "Define one: routine.define_slot('trigger', handler=...).",
            )
        raise FlowDefinitionError(
            "More than one routine of the flow can be the entry.",
            f"Name one of: {', '.join(entries)}.",
        )

    def set_error_handler(self, error_handler: ErrorHandler) -> None:
        """Have the errors of all routines without a handler of their own handled so."""
        self.error_handler = error_handler

    def error_handler_of(self, routine_id: str) -> ErrorHandler | None:
        """The routine's own error handler, else the flow's, else None (which means STOP)."""
        routine = self.routines.get(routine_id)
        own = routine.get_error_handler() if routine is not None else None
        return own or self.error_handler

    # Jobs

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
            raise FlowDefinitionError(f"There is no execution strategy {execution_strategy!r}.")
        del timeout
        workers = self.max_workers
        if execution_strategy == "sequential":
            workers = 1
        elif execution_strategy == "concurrent" and workers == 1:
            workers = 5
        job_state = JobState(self.flow_id)
        self.prepare(job_state, workers).start(entry_routine_id, entry_params or {})
        return job_state

    def prepare(self, job_state: JobState, workers: int | None = None) -> Execution:
        """An execution of ``job_state`` on this flow, not started.

        Raises:
            NotPossible: when the job runs already.
        """
        former = job_state.execution
        if former is not None and former.live:
            raise NotPossible(f"Job {job_state.job_id} runs already.")
        self._latest = weakref.ref(job_state)
        return Execution(self, job_state, workers or self.max_workers)

    def went_live(self, execution: Execution) -> None:
        """A job has started, or goes on; called by its execution."""
        with self._live_lock:
            self._live.append(execution)
            self._paused.discard(execution)

    def went_quiet(self, execution: Execution) -> None:
        """A job has ended, or is paused; called by its execution."""
        with self._live_lock:
            if execution in self._live:
                self._live.remove(execution)
            if execution.job_state.status == "paused":
                self._paused.add(execution)
            else:
                self._paused.discard(execution)

    def live_executions(self) -> list[Execution]:
        """The jobs that run on this flow now."""
        with self._live_lock:
            return list(self._live)

    def latest_is_cancelled(self) -> bool:
        """Whether the job that started last has been cancelled."""
        job_state = self._latest() if self._latest is not None else None
        return job_state is not None and bool(job_state.execution and job_state.execution.cancelled)

    def open_executions(self) -> list[Execution]:
        """The jobs of this flow that run or are paused."""
        with self._live_lock:
            # One that was loaded from its file and resumed runs here in place of the paused one.
            taken_up = {execution.job_state.job_id for execution in self._live}
            paused = [one for one in self._paused if one.job_state.job_id not in taken_up]
            return self._live + paused

    @property
    def had_a_job(self) -> bool:
        """Whether a job was ever run on this flow, in this process."""
        return self._latest is not None

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
                f"Job {job_state.job_id} is of flow {job_state.flow_id!r}, not {self.flow_id!r}."
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
            Whether the job is paused now.

        Raises:
            FlowDefinitionError: when the job is of another flow.
            NotPossible: when the job does not run.
        """
        execution = self._execution(job_state)
        execution.pause(reason, checkpoint)
        running = RUNNING.get()
        if running is None or running.execution is not execution:
            execution.wait(timeout)
        return job_state.status == "paused"

    def resume(self, job_state: JobState) -> JobState:
        """Go on with a paused job, or one whose process was killed: each task runs once.

        Raises:
            FlowDefinitionError: when the job is of another flow.
            NotPossible: when it has ended, or its tasks can't be told (the message says how).
        """
        self._execution(job_state, to_resume=True).resume()
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
            timeout = self.execution_timeout
        if job_state is not None:
            return JobState.wait_for_completion(self, job_state, timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        for execution in self.live_executions():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not execution.wait(left):
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
        running = RUNNING.get()
        if asked is None and running is not None:
            asked = running.execution.job_state
        if asked is None and self._latest is not None:
            asked = self._latest()
        state = asked.routine_states.get(routine_id) if asked is not None else None
        return int((state or {}).get("retries", 0))

    def shutdown(self, wait: bool = True, timeout: float | None = None) -> None:
        """Let the jobs under way end, and cancel those that have not after ``timeout`` seconds.

        With ``wait`` false they are cancelled at once. A paused job stays as it is.
        """
        if wait:
            self.wait_for_completion(timeout)
        for execution in self.live_executions():
            with contextlib.suppress(NotPossible):  # it has ended in this moment
                execution.cancel("the flow was shut down")

    def __enter__(self) -> Flow:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown(wait=error is None)
