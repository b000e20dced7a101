"""The engine: one `Execution` runs one job.

Everything is counted under the job's one lock and nothing is polled: a task is queued, running
or done, the gate is open or closing, and whoever waits is woken by the change that he waits for.
Worker threads belong to one job. They end with it, and while it is paused there are none, so a
program can end whatever becomes of its jobs.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import FlowDefinitionError, JobCancelled, NotPossible
from routilux_tui.flow.context import RUNNING
from routilux_tui.flow.error_policy import settle
from routilux_tui.flow.interrupt import remember
from routilux_tui.flow.invocation import Running, handle, told, words
from routilux_tui.flow.resume_check import check_held
from routilux_tui.flow.workers import Workers
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.views.shapes import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.flow import Flow
    from routilux_tui.flow.routine import Routine
    from routilux_tui.job.tasks import Task
    from routilux_tui.state.job_state import JobState

logger = logging.getLogger("routilux_tui.flow")


class Engine(Protocol):
    """What a runner needs of whatever runs a job."""

    job_state: JobState

    @property
    def control(self) -> Control | None:
        """A control that was asked and is not confirmed yet."""

    def start(self, entry: str, params: dict[str, Any]) -> None:
        """Start the job at a routine's ``trigger`` slot."""

    def pause(self, reason: str = "", checkpoint: dict[str, Any] | None = None) -> int:
        """Close the gate at once; returns how many handlers still run. Never blocks."""

    def resume(self) -> None:
        """Go on with what is held."""

    def cancel(self, reason: str = "") -> int:
        """Drop what has not started; returns how much. Never blocks."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended or is paused, and no handler runs."""

    def handlers(self) -> list[str]:
        """The ids of the routines whose handlers run now, one for each handler."""

    def on_control(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called whenever `control` changes."""


class Execution(Workers):
    """What runs one job on a flow.

    Args:
        flow: the flow; only its structure is used.
        job_state: the job, not started, or held by a file or a pause.
        workers: how many handlers may run at once.
    """

    def __init__(self, flow: Flow, job_state: JobState, workers: int) -> None:
        name = f"{flow.flow_id[:20]}-{job_state.job_id[:8]}"
        super().__init__(job_state.lock, workers, name)
        self.flow = flow
        self.job_state = job_state
        self.cancelled = False
        #: Held while a slot's data is merged, so that no two merges start from the same.
        self.merging = threading.RLock()
        job_state.flow_routines = list(flow.routines)
        job_state.execution = self
        self._settled = threading.Condition(self._lock)
        self._checkpoint: dict[str, Any] | None = None
        self._control: Control | None = None
        self._control_listeners: tuple[Callable[[], None], ...] = ()

    # Asking

    @property
    def ending(self) -> bool:
        """Whether the job has failed or is cancelled, while handlers still run."""
        return self._closing == "end"

    @property
    def control(self) -> Control | None:
        """A control that was asked and is not confirmed yet."""
        with self._lock:
            control = self._control
            if control is None:
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
        running = RUNNING.get()
        if timeout is None and running is not None and running.execution is self:
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
            self._queue.append(state.outstanding[first[0]])
            self._go()

    def _go(self) -> None:
        self.live = True
        self._closing = ""
        self.flow.went_live(self)
        remember(self)
        if self._queue:
            self._wake()
        else:
            self._look()

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
                    raise NotPossible(self._says("paused"))
                self._closing = "pause"
                self._checkpoint = checkpoint
                self._ask("pause", reason)
                self._work.notify_all()
                self._look()
            return len(self._active)

    def _says(self, asked: str) -> str:
        status = self.job_state.status
        if status == "running":
            return f"Job {self.job_state.job_id} is not run by this flow: it can't be {asked}."
        return f"Job {self.job_state.job_id} is {status}: it can't be {asked}."

    def _close(self) -> None:
        """The last handler has returned: hold what has not run, and say so."""
        state = self.job_state
        reason = self._control.reason if self._control is not None else ""
        now = time.time()
        queued = len(self._queue) + len(self._delayed)
        state.make("hold", self._order(), now)
        state.make(
            "pause_point",
            {
                "timestamp": timestamps.to_iso(now),
                "reason": reason,
                "current_routine_id": state.current_routine_id,
                "checkpoint": self._checkpoint or {},
                "pending_tasks_count": queued,
                "active_tasks_count": 0,
                "queue_size": 0,
            },
            now,
        )
        state.make("status", "paused", now)
        self._stop()

    def _stop(self) -> None:
        """Nothing more will start: let the workers and the waiters go."""
        self.live = False
        self._clear()
        self._closing = ""
        self._checkpoint = None
        self._ask(None)
        self.flow.went_quiet(self)
        self._settled.notify_all()

    def _ask(self, action: str | None, reason: str = "") -> None:
        if action is None and self._control is None:
            return
        self._control = Control(action, reason, since=timestamps.now_iso()) if action else None
        self._tell_control()

    def _tell_control(self) -> None:
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
                self._ask(None)
                self._wake()
                return
            self.check_resume()
            held = list(state.outstanding.values())
            now = time.time()
            state.make("take_up", now)
            if state.status != "running":
                state.make("status", "running", now)
            for task in held:
                task.skip = task.emitted
                task.due = 0.0
            self._emit_deferred(now)
            self._queue.extend(list(state.outstanding.values())[len(held) :])
            self._queue.extend(held)
            self._go()

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
                raise NotPossible(self._says("resumed"))
            if not state.outstanding and state.pending_tasks:
                state.adopt_pending()
            check_held(self.flow, state, state.outstanding.values())

    def _emit_deferred(self, now: float) -> None:
        state = self.job_state
        for event in list(state.deferred_events):
            routine_id, name = event["routine_id"], event["event_name"]
            data = event.get("data")
            data = data if isinstance(data, dict) else {}
            state.make("deferred_sent")
            state.make("emit", routine_id, name, data, now, None, self._number(routine_id, name))

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
                raise NotPossible(self._says("cancelled"))
            self.cancelled = True
            now = time.time()
            held = 0 if state.outstanding else len(state.pending_tasks)
            dropped = self._drop(now) or held
            account: dict[str, Any] = {"dropped": dropped, "running": self.handlers()}
            if reason:
                account["reason"] = reason
            state.make("routine", "_cancellation", account, now)
            state.make("status", "cancelled", now)
            self._end_with("cancel", reason)
            return dropped

    def fail(self, why: str) -> None:
        """The job has failed: drop what is queued, and let running handlers finish."""
        state = self.job_state
        if statuses.has_ended(state.status):
            return
        now = time.time()
        dropped = self._drop(now)
        state.make("routine", "_failure", {"reason": why, "dropped": dropped}, now)
        state.make("status", "failed", now)
        self._end_with(None)

    def _drop(self, now: float) -> int:
        """Drop what has not started; returns how much."""
        dropped = [task_id for task_id in self.job_state.outstanding if task_id not in self._active]
        self.job_state.make("drop", dropped, now)
        return len(dropped)

    def _end_with(self, action: str | None, reason: str = "") -> None:
        """The job's last status is set: nothing starts any more, running handlers finish."""
        self._closing = "end"
        self._clear()
        if self._active:
            self._ask(action, reason)
        else:
            self._stop()

    # Running

    def emit(
        self, running: Running | None, routine: Routine | None, event: str, data: dict[str, Any]
    ) -> None:
        """Record an event and queue a task for every slot that it goes to.

        In a job that is paused meanwhile the tasks are held with the others; in one that has
        failed, the event is recorded and goes nowhere.

        Raises:
            JobCancelled: when the job has been cancelled.
            NotPossible: when the job has ended, or was never started.
        """
        state = self.job_state
        parent: Task | None = None
        parent_id: int | None = None
        if running is not None:
            parent, parent_id = running.task, running.task.id
            routine_id = running.id_of(routine)
        else:
            routine_id = self.flow.id_of(routine) or ""
        with self._lock:
            if self.cancelled:
                raise JobCancelled(f"Job {state.job_id} has been cancelled.")
            if not self.live and state.status != "paused":
                raise NotPossible(f"Job {state.job_id} is {state.status}: it emits nothing.")
            if parent is not None and parent.skip:
                parent.skip -= 1  # it was emitted before the crash that this run makes good
                return
            tasks = self._number(routine_id, event)
            state.make("emit", routine_id, event, data, time.time(), parent_id, tasks)
            if not tasks:
                return
            if not self.live:
                state.make("hold", list(state.outstanding), time.time())
                return
            outstanding = state.outstanding
            for task_id, _, _ in tasks:
                self._queue.append(outstanding[task_id])
            if self._idle or self._threads < self.workers:
                self._wake()

    def _number(self, routine_id: str, event: str) -> list[tuple[int, str, str]]:
        """New tasks for the slots that an event goes to; none where the job takes no more."""
        targets = self.flow.targets(routine_id, event)
        if not targets or self.ending:
            return []
        number = self.job_state.next_task_id
        return [(number + i, target, slot) for i, (target, slot) in enumerate(targets)]

    def _begin(self, task: Task) -> None:
        self.job_state.make("run", task.id, task.routine_id, time.time())

    def _handle(self, task: Task) -> BaseException | None:
        return handle(self, self.flow.routines[task.routine_id], task)

    def _end(self, task: Task, error: BaseException | None) -> None:
        if error is None:
            now = time.time()
            if task.retry_count and task.source_id is None:
                # As routilux does: an entry that succeeded at last says so.
                record = {"retried": True, "retries": task.retry_count}
                self.job_state.make("record", task.routine_id, "completed", record, now)
            self.job_state.make("ran", task.id, task.routine_id, "completed", now, None)
        else:
            settle(self, task, error)
        if self._control is not None:
            self._tell_control()

    def _broken(self, task: Task | None, error: BaseException) -> None:
        """The engine itself raised: even so the job ends, and says why."""
        logger.error("The engine failed on job %s", self.job_state.job_id, exc_info=error)
        if task is not None and task.id in self.job_state.running:
            detail = told(error)
            self.job_state.make("ran", task.id, task.routine_id, "failed", time.time(), detail)
        self.fail(f"the engine itself: {words(error)}")
        self._look()

    def _look(self) -> None:
        """See whether the job is paused or at its end, now that no handler runs."""
        if self._active or not self.live:
            return
        if self._closing == "pause":
            self._close()
        elif self._closing:
            self._stop()
        elif not self._queue and not self._delayed:
            states = self.job_state.routine_states.values()
            said = [str(one.get("status")) for one in states if isinstance(one, dict)]
            self.job_state.make("status", statuses.end_of(said), time.time())
            self._stop()
