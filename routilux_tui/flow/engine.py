"""The engine: one `Execution` runs one job.

Everything is counted under the job's one lock and nothing is polled: a task is queued, running
or done, the gate is open or closing, and whoever waits is woken by the change that he waits for.
Worker threads belong to one job. They end with it, and while it is paused there are none, so a
program can end whatever becomes of its jobs.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import FlowDefinitionError, JobCancelled, NotPossible
from routilux_tui.flow.routine import RUNNING
from routilux_tui.flow.strategy import ErrorStrategy
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.tasks import Task
from routilux_tui.job.versions import is_address
from routilux_tui.job.views import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.flow import Flow
    from routilux_tui.flow.routine import Routine
    from routilux_tui.job.state import JobState

logger = logging.getLogger("routilux_tui.flow")

TRACEBACK_LINES = 12
"""How many of a traceback's last lines a routine's state keeps."""


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


class Running:
    """One handler that runs."""

    __slots__ = ("execution", "routine", "task")

    def __init__(self, execution: Execution, routine: Routine, task: Task) -> None:
        self.execution = execution
        self.routine = routine
        self.task = task

    def id_of(self, routine: Routine | None) -> str:
        """The id that a routine goes by in this flow."""
        if routine is self.routine:
            return self.task.routine_id
        for name, one in self.execution.flow.routines.items():
            if one is routine:
                return name
        return self.task.routine_id


class Execution:
    """What runs one job on a flow."""

    def __init__(self, flow: Flow, job_state: JobState, workers: int) -> None:
        self.flow = flow
        self.job_state = job_state
        self.workers = workers
        job_state.flow_routines = list(flow.routines)
        job_state._execution = self  # type: ignore[attr-defined] # how a flow finds it again
        self._lock = job_state.lock
        self._work = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._queue: deque[Task] = deque()
        self._delayed: list[tuple[float, int, Task]] = []
        self._active: dict[int, Task] = {}
        self._threads = 0
        self._idle = 0
        self._pausing: tuple[str, dict[str, Any] | None] | None = None
        self._control: Control | None = None
        self._control_listeners: tuple[Callable[[], None], ...] = ()
        self.cancelled = False

    # Asking

    def load(self) -> tuple[int, int]:
        """How many tasks are queued, and how many handlers run."""
        with self._lock:
            return len(self._queue) + len(self._delayed), len(self._active)

    def handlers(self) -> list[str]:
        """The ids of the routines whose handlers run now, one for each handler."""
        with self._lock:
            return [task.routine_id for task in self._active.values()]

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
        """
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
        routine = self.flow._routine(entry)
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
            state.make("status", "running", now)
            state.make("current", entry)
            state.make("emit", entry, "start", params, now, None, [self._entry_task(entry)])
            self._queue.extend(state.outstanding.values())
            self._go()

    def _entry_task(self, entry: str) -> tuple[int, str, str]:
        return (self.job_state.next_task_id, entry, "trigger")

    def _go(self) -> None:
        self.flow._went_live(self)
        self._spawn()

    def pause(self, reason: str = "", checkpoint: dict[str, Any] | None = None) -> int:
        """Close the gate at once; the job is paused when the last running handler has returned.

        Returns:
            How many handlers still run.

        Raises:
            NotPossible: when the job does not run.
        """
        with self._lock:
            status = self.job_state.status
            if status != "running" or not self._is_live():
                raise NotPossible(f"Job {self.job_state.job_id} is {status}: it can't be paused.")
            if self._pausing is None:
                self._pausing = (reason, checkpoint)
                self._ask("pause", reason)
                if not self._active:
                    self._close()
                self._work.notify_all()
            return len(self._active)

    def _is_live(self) -> bool:
        return self in self.flow._live

    def _close(self) -> None:
        """The last handler has returned: hold what has not run, and say so."""
        state = self.job_state
        reason, checkpoint = self._pausing or ("", None)
        now = time.time()
        state.make("hold", now)
        state.make(
            "pause_point",
            {
                "timestamp": timestamps.to_iso(now),
                "reason": reason,
                "current_routine_id": state.current_routine_id,
                "checkpoint": checkpoint or {},
                "pending_tasks_count": len(state.pending_tasks),
                "active_tasks_count": 0,
                "queue_size": 0,
            },
            now,
        )
        state.make("status", "paused", now)
        self._stop()

    def _stop(self) -> None:
        """Nothing more will start: let the workers and the waiters go."""
        self._queue.clear()
        self._delayed.clear()
        self._pausing = None
        self._ask(None)
        self.flow._went_quiet(self)
        self._work.notify_all()
        self._settled.notify_all()

    def _ask(self, action: str | None, reason: str = "") -> None:
        self._control = Control(action, reason, since=timestamps.now_iso()) if action else None
        for listener in self._control_listeners:
            listener()

    def resume(self) -> None:
        """Go on: deferred events are emitted first, then every held task runs, once, in order.

        A job that its file calls running, and that nobody runs, was killed: it goes on with
        the tasks that had not run. A handler that was interrupted is run again, and what it
        had emitted before is not delivered twice.

        Raises:
            NotPossible: when it has ended or runs, or names what this flow does not have.
        """
        state = self.job_state
        with self._lock:
            if self._is_live():
                raise NotPossible(f"Job {state.job_id} is running: there is nothing to resume.")
            if state.status != "running" and not statuses.may_follow(state.status, "running"):
                raise NotPossible(f"Job {state.job_id} is {state.status}: it can't be resumed.")
            if not state.outstanding and state.pending_tasks:
                state._adopt_pending()
            held = list(state.outstanding.values())
            self._check(held)
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

    def _emit_deferred(self, now: float) -> None:
        state = self.job_state
        for event in list(state.deferred_events):
            routine_id, name = event["routine_id"], event["event_name"]
            state.make("deferred_sent")
            data = event.get("data") or {}
            state.make("emit", routine_id, name, data, now, None, self._number(routine_id, name))

    def _check(self, held: list[Task]) -> None:
        """Refuse to take up what this flow can't run, before anything has changed."""
        routines = self.flow.routines
        for task in held:
            routine = routines.get(task.routine_id)
            if routine is not None and routine.get_slot(task.slot) is not None:
                continue
            if is_address(task.routine_id):
                raise NotPossible(
                    f"Job {self.job_state.job_id} was saved by an older routilux, which names "
                    f"the routines of its pending tasks by memory address ({task.routine_id}).",
                    "They can't be told apart any more: run the flow anew, with the job's "
                    "shared data as its parameters.",
                )
            raise NotPossible(
                f"A held task is for slot {task.slot!r} of routine {task.routine_id!r}, "
                "which this flow does not have.",
                f"Resume it with the flow it was made by; this one has: {', '.join(routines)}.",
            )
        for event in self.job_state.deferred_events:
            told = event if isinstance(event, dict) else {}
            routine_id, name = str(told.get("routine_id")), str(told.get("event_name"))
            routine = routines.get(routine_id)
            if routine is None or routine.get_event(name) is None:
                raise NotPossible(
                    f"A deferred event is {name!r} of routine {routine_id!r}, "
                    "which this flow does not have.",
                    "Resume the job with the flow it was made by.",
                )

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
                raise NotPossible(f"Job {state.job_id} is {state.status}: it can't be cancelled.")
            self.cancelled = True
            dropped = len(state.outstanding) - len(self._active)
            if not state.outstanding:
                dropped = len(state.pending_tasks)
            now = time.time()
            state.make("drop", dropped, now)
            told = {"reason": reason, "dropped": dropped, "running": self.handlers()}
            state.make("routine", "_cancellation", told, now)
            state.make("status", "cancelled", now)
            self._queue.clear()
            self._delayed.clear()
            if self._active:
                self._pausing = None
                self._ask("cancel", reason)
                self._work.notify_all()
            else:
                self._stop()
            return dropped

    # Running

    def emit(
        self, running: Running | None, routine: Routine | None, event: str, data: dict[str, Any]
    ) -> None:
        """Record an event and queue a task for every slot that it goes to.

        Raises:
            JobCancelled: when the job has been cancelled.
        """
        state = self.job_state
        parent = running.task if running is not None else None
        if running is not None:
            routine_id = running.id_of(routine)
        else:
            found = (name for name, one in self.flow.routines.items() if one is routine)
            routine_id = next(found, "")
        with self._lock:
            if self.cancelled:
                raise JobCancelled(f"Job {state.job_id} has been cancelled.")
            if parent is not None and parent.skip:
                parent.skip -= 1  # it was emitted before the crash that this run makes good
                return
            tasks = self._number(routine_id, event)
            parent_id = parent.id if parent is not None else None
            state.make("emit", routine_id, event, data, time.time(), parent_id, tasks)
            if not tasks or statuses.has_ended(state.status):
                return
            outstanding = state.outstanding
            for task_id, _, _ in tasks:
                self._queue.append(outstanding[task_id])
            if self._idle:
                self._work.notify(len(tasks))
            elif self._threads < self.workers:
                self._spawn()

    def _number(self, routine_id: str, event: str) -> list[tuple[int, str, str]]:
        """New tasks for the slots that an event goes to; none where the job takes no more."""
        targets = self.flow._targets.get((routine_id, event))
        if not targets or statuses.has_ended(self.job_state.status):
            return []
        number = self.job_state.next_task_id
        return [(number + i, target, slot) for i, (target, slot) in enumerate(targets)]

    def _spawn(self) -> None:
        self._threads += 1
        name = f"{self.flow.flow_id[:20]}-{self.job_state.job_id[:8]}-{self._threads}"
        threading.Thread(target=self._worker, name=name, daemon=False).start()

    def _worker(self) -> None:
        """Take task after task until nothing more can come."""
        self._lock.acquire()
        try:
            while True:
                task = self._next()
                if task is None:
                    return
                routine = self.flow.routines[task.routine_id]
                self._active[task.id] = task
                self.job_state.make("run", task.id, task.routine_id, time.time())
                self._lock.release()
                try:
                    error = self._handle(routine, task)
                finally:
                    self._lock.acquire()
                del self._active[task.id]
                if error is None:
                    self._end(task, "completed", None)
                else:
                    self._failed(task, error)
        except BaseException as error:
            logger.exception("The engine failed on job %s", self.job_state.job_id)
            self._fail(f"the engine itself: {_words(error)}")
        finally:
            self._threads -= 1
            self._lock.release()

    def _next(self) -> Task | None:
        """The next task to run; None when this worker is needed no more. Waits if it must."""
        queue = self._queue
        while True:
            if self._delayed:
                self._take_due()
            if self._pausing is not None:
                if not self._active:
                    self._close()
                return None
            if queue:
                return queue.popleft()
            if not self._active and not self._delayed:
                self._finish()
                return None
            if not self._is_live() or self.cancelled:
                return None
            self._idle += 1
            left = self._delayed[0][0] - time.time() if self._delayed else None
            self._work.wait(left)
            self._idle -= 1

    def _take_due(self) -> None:
        now = time.time()
        while self._delayed and self._delayed[0][0] <= now:
            self._queue.append(heapq.heappop(self._delayed)[2])

    def _finish(self) -> None:
        """Nothing is queued and nothing runs: the job has ended, and says so itself."""
        state = self.job_state
        if state.status == "running":
            said = [
                str(one.get("status"))
                for one in state.routine_states.values()
                if isinstance(one, dict)
            ]
            state.make("status", statuses.end_of(said), time.time())
        if self._is_live() or not self._active:
            self._stop()

    def _handle(self, routine: Routine, task: Task) -> BaseException | None:
        """Run a task's handler; what it raised, or None."""
        token = RUNNING.set(Running(self, routine, task))
        try:
            slot = routine._slots[task.slot]
            data = task.data
            if slot.keeps:
                if task.merged is None:
                    with self._lock:
                        kept = self.job_state.slot_data.get((task.routine_id, task.slot), {})
                        task.merged = slot.merge(kept, data)
                data = task.merged
            slot.call(data)
        except BaseException as error:
            return error
        finally:
            RUNNING.reset(token)
        return None

    def _end(self, task: Task, status: str, detail: dict[str, Any] | None) -> None:
        merged = None
        if task.merged is not None:
            slot = self.flow.routines[task.routine_id]._slots[task.slot]
            appends = slot.merge_strategy == "append"
            merged = ["append", task.data] if appends else ["set", task.merged]
        self.job_state.make("ran", task.id, task.routine_id, status, time.time(), detail, merged)
        if self._pausing is not None and not self._active:
            self._close()
        elif self.cancelled and not self._active:
            self._stop()
        elif self._idle and not self._queue and not self._active:
            self._work.notify_all()

    def _failed(self, task: Task, error: BaseException) -> None:
        """A handler raised: do as its error handler says."""
        state, routine_id = self.job_state, task.routine_id
        if isinstance(error, JobCancelled) and self.cancelled:
            self._end(task, "failed", {"error": "stopped: the job was cancelled"})
            return
        told = _told(error)
        handler = self.flow.error_handler_of(routine_id)
        strategy = handler.strategy if handler is not None else ErrorStrategy.STOP
        record = {"slot": task.slot, "error": str(error), "error_type": type(error).__name__}
        if isinstance(error, (SystemExit, KeyboardInterrupt, GeneratorExit)):
            record["error"] = told["error"]
        now = time.time()
        if handler is not None and not self.cancelled and handler.retries(error, task.retry_count):
            due = now + handler.delay(task.retry_count)
            record["retry"] = f"{task.retry_count + 1} of {handler.max_retries}"
            state.make("record", routine_id, "error", record, now)
            state.make("retry", task.id, routine_id, now, told, handler.max_retries, due)
            task.merged = None
            heapq.heappush(self._delayed, (due, task.id, task))
            if self._pausing is not None and not self._active:
                self._close()
            elif self._idle:
                self._work.notify()
        elif strategy is ErrorStrategy.CONTINUE:
            state.make("record", routine_id, "error_continued", record, now)
            self._end(task, "error_continued", told)
        elif strategy is ErrorStrategy.SKIP:
            state.make("record", routine_id, "skipped", record, now)
            self._end(task, "skipped", told)
        else:
            state.make("record", routine_id, "error", record, now)
            self._end(task, "failed", told)
            self._fail(f"routine {routine_id}: {told['error']}")

    def _fail(self, why: str) -> None:
        """The job has failed: drop what is queued, and let running handlers finish."""
        state = self.job_state
        if statuses.has_ended(state.status):
            return
        now = time.time()
        dropped = len(state.outstanding) - len(self._active)
        if dropped:
            state.make("drop", dropped, now)
        state.make("routine", "_failure", {"reason": why, "dropped": dropped}, now)
        state.make("status", "failed", now)
        self._queue.clear()
        self._delayed.clear()
        if not self._active:
            self._stop()
        else:
            self._work.notify_all()


def _words(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = "(its message can't be told)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _told(error: BaseException) -> dict[str, Any]:
    """What a routine's state tells of an error: one line, and the traceback's last lines."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
        trace = trace.tb_next
    try:
        lines = "".join(traceback.format_exception(type(error), error, trace)).splitlines()
    except Exception:
        lines = [_words(error)]
    return {"error": _words(error), "traceback": "\n".join(lines[-TRACEBACK_LINES:])}
