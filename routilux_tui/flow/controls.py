"""How a job is started, paused, resumed, cancelled, failed and waited for."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import FlowDefinitionError, NotPossible
from routilux_tui.flow.async_workers import AsyncWorkers
from routilux_tui.flow.context import INVOCATION
from routilux_tui.flow.error_policy import fail_fenced
from routilux_tui.flow.executors import Executors
from routilux_tui.flow.interrupt import cancel_on_interrupt
from routilux_tui.flow.resume_check import check_place, check_resumable
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.forking import release_in_children
from routilux_tui.views.shapes import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.context import Invocation
    from routilux_tui.flow.jobs import Jobs
    from routilux_tui.flow.structure import FlowStructure
    from routilux_tui.state.job_state import JobState


class Controls(AsyncWorkers):
    """The workers of one job, with what people ask of it: start, pause, resume, cancel, wait.

    Args:
        flow: what the job runs through.
        jobs: the jobs of that flow that are under way; told when this one starts and stops.
        job_state: the job, not started, or held by a file or a pause.
        workers: how many handlers may run at once.
        executor: where handlers run whose routines don't say; see `Flow.set_executor`.
    """

    def __init__(
        self,
        flow: FlowStructure,
        jobs: Jobs,
        job_state: JobState,
        workers: int,
        executor: Any = None,
    ) -> None:
        name = f"{flow.flow_id[:20]}-{job_state.job_id[:8]}"
        super().__init__(job_state.lock, workers, name)
        self.flow = flow
        self.jobs = jobs
        self.job_state = job_state
        self.cancelled = False
        #: What error handlers of the user's own said of a task's error: task id -> go on or not.
        self._decisions: dict[int, bool | None] = {}
        #: What is to be added to a clock that no one sets for the time, as each handler began.
        self._clock_offsets: dict[int, float] = {}
        executors = Executors(flow, executor)
        self._executors = executors if executors.are_used else None
        #: Held while a slot's data is merged, so that no two merges start from the same.
        self.merging = threading.RLock()
        job_state.flow_routines = list(flow.routines)
        self._shape = flow.shape(workers)
        job_state.execution = self
        self._settled = threading.Condition(self._lock)
        self._was_started = False
        self._checkpoint: dict[str, Any] | None = None
        #: The routine whose handler asked for the pause; empty where it was somebody else.
        self._paused_by = ""
        self._control: Control | None = None
        self._control_listeners: tuple[Callable[[], None], ...] = ()
        #: Whether this is a copy in a forked child: the job runs elsewhere.
        self.is_fork = False
        self.fork_lock: threading.RLock | None = self._lock
        release_in_children(self)

    @abstractmethod
    def emit(
        self, invocation: Invocation | None, routine: object, event: str, data: dict[str, Any]
    ) -> None:
        """Record an event, and queue a task for every slot that it goes to."""

    @abstractmethod
    def ask(self, invocation: Invocation | None, routine: object, question: dict[str, Any]) -> None:
        """Ask a person; the job goes on with everything else."""

    @abstractmethod
    def _emit_deferred(self, now: float) -> None:
        """Emit the events that were put off until the job is resumed."""

    # Asking

    @property
    def ending(self) -> bool:
        """Whether the job has failed or is cancelled, while handlers still run."""
        return self._closing == "end"

    @property
    def has_ended(self) -> bool:
        """Whether the job has run here to its end."""
        return self._was_started and statuses.has_ended(self.job_state.status)

    @property
    def control(self) -> Control | None:
        """A control that was asked and is not confirmed yet."""
        with self._lock:
            control = self._control
            is_over = self._closing == "end" and not self.job_state.running
            if control is None or is_over:  # nobody waits for what is just ended by force
                return None
            return Control(control.action, control.reason, len(self._active), control.since)

    def on_control(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called, under the job's lock, whenever `control` changes."""
        with self._lock:
            self._control_listeners = (*self._control_listeners, listener)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended or is paused, and no handler runs.

        Returns:
            False when ``timeout`` seconds were over first.

        Raises:
            NotPossible: when one of the job's own handlers would wait for itself, for ever.
        """
        invocation = INVOCATION.get()
        if timeout is None and invocation is not None and invocation.job is self:
            raise NotPossible(
                "A handler can't wait for the end of its own job.", "Return, or give a timeout."
            )
        if timeout is not None and timeout > threading.TIMEOUT_MAX:
            timeout = None
        with self._lock:
            return self._settled.wait_for(self._is_settled, timeout)

    def _is_settled(self) -> bool:
        return not self._active and statuses.is_settled(self.job_state.status)

    # Controls

    def start(self, entry: str, params: dict[str, Any]) -> None:
        """Start the job: its first record is ``start``, its first task the entry's ``trigger``.

        Raises:
            FlowDefinitionError: when there is no such routine, or it has no ``trigger`` slot.
            NotPossible: when the job has been started before.
        """
        routine = self.flow.routine(entry)
        if routine.get_slot("trigger") is None:
            raise FlowDefinitionError(
                f"Routine {entry!r} has no slot named 'trigger', so no job can start with it.",
                "Define one: routine.define_slot('trigger', handler=...).",
            )
        state = self.job_state
        with self._lock:
            if state.status != "pending":
                raise NotPossible(f"Job {state.job_id} has been started before.")
            now = time.time()
            first = (state.next_task_id, entry, "trigger")
            # In this order: a job that a kill leaves "running" has its first task.
            state.make("emit", entry, "start", dict(params), now, None, [first])
            state.make("current", entry)
            state.make("status", "running", now)
            self._record_shape()
            self._queue.append(state.outstanding[first[0]])
            self._start_workers()

    def current_task(self) -> int | None:
        """The id of the task whose handler this thread is in, if it is one of this job."""
        invocation = INVOCATION.get()
        return invocation.task.id if invocation is not None and invocation.job is self else None

    def _record_shape(self) -> None:
        """Have the job know what its flow is made of, where it does not know that yet."""
        if self.job_state.flow_shape != self._shape:
            self.job_state.make("shape", self._shape)

    def _has_async_handlers(self) -> bool:
        return self.flow.has_async_handlers()

    def _start_workers(self) -> None:
        self.live = self._was_started = True
        self._looks_first = self._before_task is not None or self._has_async_handlers()
        self._closing = ""
        self.jobs.on_started(self)
        cancel_on_interrupt(self)
        if self._queue:
            self._wake_workers()
        else:
            self._check_finished()

    def pause(self, reason: str = "", checkpoint: dict[str, Any] | None = None) -> int:
        """Close the gate at once; the job is paused when the last running handler has returned.

        Asked again while it closes, it changes nothing.

        Returns:
            How many handlers still run.

        Raises:
            NotPossible: when the job does not run.
        """
        with self._lock:
            if self._closing != "pause":
                if not self.live or self._closing:
                    raise NotPossible(self._refusal("paused"))
                self._closing = "pause"
                self._checkpoint = checkpoint
                asking = INVOCATION.get()
                is_own = asking is not None and asking.job is self
                self._paused_by = asking.task.routine_id if asking and is_own else ""
                self._set_control("pause", reason)
                self._work_available.notify_all()
                self._check_finished()
            return len(self._active)

    def _refusal(self, asked: str) -> str:
        status = self.job_state.status
        if status == "running":
            return f"Job {self.job_state.job_id} is not run by this flow: it can't be {asked}."
        return f"Job {self.job_state.job_id} is {status}: it can't be {asked}."

    def interrupt(self, reason: str) -> list[str]:
        """Hold all that is queued or running, though handlers run: their process is about to end.

        Whoever takes the job up runs those handlers again, from their beginning.

        Returns:
            The ids of the routines whose handlers are cut off.
        """
        with self._lock:
            names = self.handlers()
            if not statuses.has_ended(self.job_state.status):
                self._suspend(f"{reason}; interrupted: {', '.join(names)}")
            return names

    def release_in_child(self) -> None:
        """This is a forked child: the job is run by the process that it was forked from."""
        self.is_fork = self.live or bool(self._active)
        self.job_state.release_in_child(refuse=self.is_fork)

    def _suspend(self, reason: str, asked_by: str = "") -> None:
        """Hold what has not run to its end, and say so."""
        state = self.job_state
        now = time.time()
        queued = len(self._queue) + len(self._delayed)
        state.make("hold", self._waiting_ids(), now)
        state.make(
            "pause_point",
            {
                "timestamp": timestamps.to_iso(now),
                "reason": reason,
                "current_routine_id": asked_by or self._paused_by or state.current_routine_id,
                "checkpoint": self._checkpoint or {},
                "pending_tasks_count": queued,
                "active_tasks_count": len(self._active),
                "queue_size": 0,
            },
            now,
        )
        state.make("status", "paused", now)
        self._set_stopped()

    def _set_stopped(self) -> None:
        """Nothing more will start: let the workers and the waiters go."""
        self.live = False
        self._clear_queue()
        self._stop_loop()
        if self._executors is not None:
            self._executors.close()
        self._closing = ""
        self._checkpoint = None
        self._paused_by = ""
        self._set_control(None)
        self.jobs.on_stopped(self)
        self._settled.notify_all()

    def _set_control(self, action: str | None, reason: str = "") -> None:
        if action is None and self._control is None:
            return
        self._control = Control(action, reason, since=timestamps.now_iso()) if action else None
        self._notify_control()

    def _notify_control(self) -> None:
        for listener in self._control_listeners:
            listener()

    def resume(self) -> None:
        """Go on: deferred events are emitted first, then every held task runs, once, in order.

        A job that its file calls running, and that nobody runs, was killed: it goes on with
        the tasks that had not run. A handler that was interrupted is run again, and what it
        had emitted before is not delivered twice. A pause that is still being waited for is
        called off.

        Raises:
            NotPossible: when it has ended or runs, or names what this flow does not have.
        """
        state = self.job_state
        with self._lock:
            if self._closing == "pause":
                self._closing = ""
                self._set_control(None)
                self._wake_workers()
                return
            self.check_resume()
            now = time.time()
            fenced = [] if self._executors is None else self._executors.fenced(state.running)
            why = fail_fenced(state, self.flow, fenced, now)
            held = list(state.outstanding.values())
            state.make("take_up", now)
            self._record_shape()
            if state.status != "running":
                state.make("status", "running", now)
            for task in held:
                task.skip = task.emitted
                task.due = 0.0
            self._emit_deferred(now)
            self._queue.extend(list(state.outstanding.values())[len(held) :])
            self._queue.extend(task for task in held if not task.on_hold)
            self._start_workers()
            if why:
                self.fail_job(why)

    def check_resume(self) -> None:
        """Raise what `resume` would; nothing is changed.

        Raises:
            NotPossible: when the job has ended or runs, or names what this flow does not have.
        """
        state = self.job_state
        with self._lock:
            if self.live or state.execution is not self:
                raise NotPossible(f"Job {state.job_id} is running: there is nothing to resume.")
            if not statuses.may_be_resumed(state.status):
                if not statuses.has_ended(state.status):
                    check_place(self.flow, state)  # as routilux, which asks for that first
                raise NotPossible(self._refusal("resumed"))
            if not state.outstanding and state.pending_tasks:
                state.adopt_pending()
            check_resumable(self.flow, state, state.outstanding.values())

    def cancel(self, reason: str = "") -> int:
        """Drop what has not started, for good, and tell the running handlers.

        Returns:
            How many tasks were dropped.

        Raises:
            NotPossible: when the job has ended.
        """
        state = self.job_state
        with self._lock:
            if statuses.has_ended(state.status):
                raise NotPossible(self._refusal("cancelled"))
            self.cancelled = True
            now = time.time()
            held = 0 if state.outstanding else len(state.pending_tasks)
            dropped = self._drop_queued(now) or held
            account: dict[str, Any] = {"dropped": dropped, "running": self.handlers()}
            if reason:
                account["reason"] = reason
            state.make("routine", "_cancellation", account, now)
            state.make("status", "cancelled", now)
            self._end_job("cancel", reason)
            self._cancel_async()
            if self._executors is not None:
                self._executors.cancel()
            return dropped

    def fail_job(self, why: str) -> None:
        """The job has failed: drop what is queued, and let running handlers finish."""
        state = self.job_state
        if statuses.has_ended(state.status):
            return
        now = time.time()
        dropped = self._drop_queued(now)
        state.make("routine", "_failure", {"reason": why, "dropped": dropped}, now)
        state.make("status", "failed", now)
        self._end_job(None)

    def _drop_queued(self, now: float) -> int:
        """Drop what has not started; returns how much."""
        dropped = [task_id for task_id in self.job_state.outstanding if task_id not in self._active]
        self.job_state.make("drop", dropped, now)
        return len(dropped)

    def _end_job(self, action: str | None, reason: str = "") -> None:
        """The job's last status is set: nothing starts any more, running handlers finish."""
        self._closing = "end"
        self._clear_queue()
        if self._active:
            self._set_control(action, reason)
        else:
            self._set_stopped()
