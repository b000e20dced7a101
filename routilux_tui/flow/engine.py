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
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import FlowDefinitionError, JobCancelled, NotPossible
from routilux_tui.flow.handling import Refused, Running, handle, message, told, words
from routilux_tui.flow.routine import RUNNING
from routilux_tui.flow.strategy import ErrorStrategy
from routilux_tui.flow.taking_up import check_held
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.views import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.flow import Flow
    from routilux_tui.flow.routine import Routine
    from routilux_tui.job.state import JobState
    from routilux_tui.job.tasks import Task

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


class Execution:
    """What runs one job on a flow.

    Args:
        flow: the flow; only its structure is used.
        job_state: the job, not started, or held by a file or a pause.
        workers: how many handlers may run at once.
    """

    def __init__(self, flow: Flow, job_state: JobState, workers: int) -> None:
        self.flow = flow
        self.job_state = job_state
        self.workers = workers
        self.cancelled = False
        #: Whether tasks may start: from the start of the job (or its resumption) to its end.
        self.live = False
        #: Held while a slot's data is merged, so that no two merges start from the same.
        self.merging = threading.Lock()
        job_state.flow_routines = list(flow.routines)
        job_state.execution = self
        self._lock = job_state.lock
        self._work = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._queue: deque[Task] = deque()
        self._delayed: list[tuple[float, int, Task]] = []
        self._active: dict[int, Task] = {}
        self._threads = 0
        self._starting = 0
        self._idle = 0
        #: "" while the gate is open; "pause" or "end" while running handlers are let finish.
        self._closing = ""
        self._checkpoint: dict[str, Any] | None = None
        self._control: Control | None = None
        self._control_listeners: tuple[Callable[[], None], ...] = ()

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

        Raises:
            NotPossible: when one of the job's own handlers would wait for itself, for ever.
        """
        running = RUNNING.get()
        if timeout is None and running is not None and running.execution is self:
            raise NotPossible(
                "A handler can't wait for the end of its own job.", "Return, or give a timeout."
            )
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

    def _order(self) -> list[int]:
        """The ids of the tasks that have not started, in the order in which they would."""
        return [task.id for task in self._queue] + [one[1] for one in sorted(self._delayed)]

    def _stop(self) -> None:
        """Nothing more will start: let the workers and the waiters go."""
        self.live = False
        self._queue.clear()
        self._delayed.clear()
        self._closing = ""
        self._checkpoint = None
        self._ask(None)
        self.flow.went_quiet(self)
        self._work.notify_all()
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
            dropped = len(state.outstanding) - len(self._active)
            if not state.outstanding:
                dropped = len(state.pending_tasks)
            now = time.time()
            state.make("drop", dropped, now)
            account: dict[str, Any] = {"dropped": dropped, "running": self.handlers()}
            if reason:
                account["reason"] = reason
            state.make("routine", "_cancellation", account, now)
            state.make("status", "cancelled", now)
            self._end_with("cancel", reason)
            return dropped

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
        self._end_with(None)

    def _end_with(self, action: str | None, reason: str = "") -> None:
        """The job's last status is set: nothing starts any more, running handlers finish."""
        self._closing = "end"
        self._queue.clear()
        self._delayed.clear()
        if self._active:
            self._ask(action, reason)
            self._work.notify_all()
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
        if not targets or self._closing == "end":
            return []
        number = self.job_state.next_task_id
        return [(number + i, target, slot) for i, (target, slot) in enumerate(targets)]

    def _wake(self) -> None:
        """Have enough workers for what is queued: idle ones first, then new ones."""
        queued = len(self._queue)
        if self._idle:
            self._work.notify(queued)
        missing = queued - self._idle - self._starting
        while missing > 0 and self._threads < self.workers:
            missing -= 1
            self._threads += 1
            self._starting += 1
            name = f"{self.flow.flow_id[:20]}-{self.job_state.job_id[:8]}-{self._threads}"
            try:
                threading.Thread(target=self._worker, name=name, daemon=False).start()
            except RuntimeError as error:  # the system has no thread left, or Python is ending
                self._threads -= 1
                self._starting -= 1
                if not self._threads:
                    self._fail(f"no worker could be started: {error}")
                return

    def _worker(self) -> None:
        """Take task after task until nothing more can come."""
        task: Task | None = None
        active, queue = self._active, self._queue
        make = self.job_state.make
        self._lock.acquire()
        self._starting -= 1
        try:
            while True:
                task = self._next()
                if task is None:
                    return
                routine = self.flow.routines[task.routine_id]
                active[task.id] = task
                make("run", task.id, task.routine_id, time.time())
                self._lock.release()
                try:
                    error = handle(self, routine, task)
                finally:
                    self._lock.acquire()
                del active[task.id]
                if error is None:
                    make("ran", task.id, task.routine_id, "completed", time.time(), None)
                else:
                    self._failed(task, error)
                if self._control is not None:
                    self._tell_control()
                if not active and (self._closing or not queue):
                    self._look()
        except BaseException as error:
            self._broken(task, error)
        finally:
            self._threads -= 1
            self._lock.release()

    def _broken(self, task: Task | None, error: BaseException) -> None:
        """The engine itself raised: even so the job ends, and says why."""
        logger.error("The engine failed on job %s", self.job_state.job_id, exc_info=error)
        if task is not None:
            self._active.pop(task.id, None)
            if task.id in self.job_state.running:
                detail = told(error)
                now = time.time()
                self.job_state.make("ran", task.id, task.routine_id, "failed", now, detail)
        self._fail(f"the engine itself: {words(error)}")
        self._look()

    def _next(self) -> Task | None:
        """The next task to run; None when this worker is needed no more. Waits if it must."""
        queue, delayed = self._queue, self._delayed
        while self.live and not self._closing:
            left = None
            while delayed:
                left = delayed[0][0] - time.monotonic()
                if left > 0:
                    break
                queue.append(heapq.heappop(delayed)[2])
            if queue:
                return queue.popleft()
            self._idle += 1
            self._work.wait(left if delayed else None)
            self._idle -= 1
        return None

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

    def _failed(self, task: Task, error: BaseException) -> None:
        """A handler raised: do as its error handler says."""
        state, routine_id = self.job_state, task.routine_id
        now = time.time()
        if isinstance(error, JobCancelled) and self.cancelled:
            stopped = {"error": "stopped: the job was cancelled"}
            state.make("ran", task.id, routine_id, "failed", now, stopped)
            return
        if isinstance(error, Refused):
            self._refused(task, error.__cause__ or error, now)
            return
        detail = told(error)
        handler = self.flow.error_handler_of(routine_id)
        strategy = handler.strategy if handler is not None else ErrorStrategy.STOP
        record = {
            "slot": task.slot,
            "error": message(error),
            "error_type": type(error).__name__,
        }
        if (
            handler is not None
            and self._closing != "end"
            and handler.retries(error, task.retry_count)
        ):
            delay = handler.delay(task.retry_count)
            record["retry"] = f"{task.retry_count + 1} of {handler.max_retries}"
            state.make("record", routine_id, "error", record, now)
            state.make("retry", task.id, routine_id, now, detail, handler.max_retries, now + delay)
            heapq.heappush(self._delayed, (time.monotonic() + delay, task.id, task))
            if self._idle:
                self._work.notify()
        elif strategy is ErrorStrategy.CONTINUE:
            state.make("record", routine_id, "error_continued", record, now)
            state.make("ran", task.id, routine_id, "error_continued", now, detail)
        elif strategy is ErrorStrategy.SKIP:
            state.make("record", routine_id, "skipped", record, now)
            state.make("ran", task.id, routine_id, "skipped", now, detail)
        else:
            state.make("record", routine_id, "error", record, now)
            state.make("ran", task.id, routine_id, "failed", now, detail)
            self._fail(f"routine {routine_id}: {detail['error']}")

    def _refused(self, task: Task, why: BaseException, now: float) -> None:
        """The slot's validator refused the data: its handler was not called, the job goes on."""
        logger.warning("Slot %s of routine %s: %s", task.slot, task.routine_id, words(why))
        record = {"slot": task.slot, "error": message(why)}
        self.job_state.make("record", task.routine_id, "validation_failed", record, now)
        detail = {"error": f"its data was refused: {message(why)}"}
        self.job_state.make("ran", task.id, task.routine_id, "error_continued", now, detail)
