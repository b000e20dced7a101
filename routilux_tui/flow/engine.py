"""The engine: one `Execution` runs one job.

Everything is counted under the job's one lock and nothing is polled: a task is queued, running
or done, the gate is open or closing, and whoever waits is woken by the change that he waits for.
Worker threads belong to one job. They end with it, and while it is paused there are none, so a
program can end whatever becomes of its jobs.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Protocol

from routilux_tui.errors import NotPossible
from routilux_tui.flow.context import Invocation
from routilux_tui.flow.error_policy import apply_error_policy
from routilux_tui.flow.invocation import (
    Refused,
    ask_error_handler,
    error_detail,
    invoke,
    invoke_async,
    one_line,
)
from routilux_tui.flow.job_end import end_of_job
from routilux_tui.flow.question_controls import QuestionControls
from routilux_tui.flow.routine import Routine
from routilux_tui.flow.stacks import stack_of_thread
from routilux_tui.job.forking import end_child

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.tasks import Task
    from routilux_tui.state.job_state import JobState
    from routilux_tui.views.shapes import Control

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

    def places(self) -> dict[int, str]:
        """Where the handler of each task runs, in words: its thread, or a process elsewhere."""

    def stack(self, task_id: int) -> str:
        """Where the handler of a task is at this moment; empty when it runs no more."""

    def on_control(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called whenever `control` changes."""

    def emit_of(self, routine_id: str, event: str, data: dict[str, Any]) -> None:
        """Emit an event of a routine from outside."""

    def set_shared(self, key: str, value: Any) -> None:
        """Set a key of the shared data, where the job runs."""


class Execution(QuestionControls):
    """What runs one job on a flow: it emits events, and calls the handlers of queued tasks."""

    def emit(
        self, invocation: Invocation | None, routine: object, event: str, data: dict[str, Any]
    ) -> None:
        """Record an event and queue a task for every slot that it goes to.

        A slot of a routine that stands elsewhere is called directly: it can have no task here.
        In a job that is paused meanwhile the tasks are held with the others; in one that has
        failed they are dropped with the others.

        Raises:
            JobCancelled: when the job has been cancelled.
            NotPossible: when the job has ended, or was never started.
        """
        parent: Task | None = None
        parent_id: int | None = None
        if invocation is not None:
            parent = invocation.task
            parent_id = parent.id
            its_own = routine is invocation.routine
            routine_id = parent.routine_id if its_own else invocation.id_of(routine)
        else:
            routine_id = self.flow.id_of(routine) or ""
        self._emit(routine_id, event, data, parent, parent_id)
        emitted = routine.get_event(event) if isinstance(routine, Routine) else None
        if emitted is not None and emitted.has_own_connections:
            emitted.call_slots_outside(self.flow.id_of, data)

    def emit_of(self, routine_id: str, event: str, data: dict[str, Any]) -> None:
        """Emit an event of a routine from outside, as `emit` does.

        Raises:
            NotPossible: when there is no such routine, or it has no such event.
        """
        routine = self.flow.routines.get(routine_id)
        if routine is None:
            there = ", ".join(self.flow.routines)
            raise NotPossible(f"The flow has no routine {routine_id!r}.", f"It has: {there}.")
        if routine.get_event(event) is None:
            events = ", ".join(routine._events) or "none"
            raise NotPossible(
                f"Routine {routine_id!r} has no event {event!r}.", f"It has: {events}."
            )
        self._emit(routine_id, event, data, None, None)

    def set_shared(self, key: str, value: Any) -> None:
        """Set a key of the shared data."""
        self.job_state.update_shared_data(key, value)

    def _emit(
        self,
        routine_id: str,
        event: str,
        data: dict[str, Any],
        parent: Task | None,
        parent_id: int | None,
    ) -> None:
        state = self.job_state
        with self._lock:
            if self.cancelled or (not self.live and state.status != "paused"):
                raise self._closed_error("it emits nothing")
            if parent is not None and parent.skip:
                parent.skip -= 1  # it was emitted before the crash that this run makes good
                return
            tasks = self._new_tasks(routine_id, event)
            state.make_locked("emit", routine_id, event, data, time.time(), parent_id, tasks)
            if not tasks:
                return
            if self._closing == "end":  # dropped as what was queued is, and kept as that is
                state.make("drop", [task_id for task_id, _, _ in tasks], time.time())
                return
            if not self.live:
                state.make("hold", list(state.outstanding), time.time())
                return
            outstanding = state.outstanding
            for task_id, _, _ in tasks:
                self._queue.append(outstanding[task_id])
            if self._idle or self._threads < self.workers:
                self._wake_workers()

    def _emit_deferred(self, now: float) -> None:
        state = self.job_state
        for event in list(state.deferred_events):
            routine_id, name = event["routine_id"], event["event_name"]
            data = event.get("data")
            data = data if isinstance(data, dict) else {}
            state.make("deferred_sent")
            state.make("emit", routine_id, name, data, now, None, self._new_tasks(routine_id, name))

    def _new_tasks(self, routine_id: str, event: str) -> list[tuple[int, str, str]]:
        """New tasks for the slots that an event goes to."""
        targets = self.flow.targets(routine_id, event)
        if not targets:
            return []
        number = self.job_state.next_task_id
        if len(targets) == 1:
            return [(number, *targets[0])]
        return [(number + i, target, slot) for i, (target, slot) in enumerate(targets)]

    def _on_task_start(self, task: Task) -> None:
        now = time.time()
        self._clock_offsets[task.id] = now - time.monotonic()
        self.job_state.make_locked("run", task.id, task.routine_id, now)

    def _end_time(self, task: Task) -> float:
        """When a handler that has just ended did so, reckoned from its start.

        So that it has run for as long as it has, though the clock was set meanwhile.
        """
        offset = self._clock_offsets.pop(task.id, None)
        return time.time() if offset is None else time.monotonic() + offset

    def _invoke(self, task: Task) -> BaseException | None:
        routine = self.flow.routines[task.routine_id]
        run = None if self._executors is None else self._executors.runner_of(routine)
        error = invoke(self, self.jobs.flow, routine, task, run)
        if error is None and not self.is_fork:
            return None
        try:
            return self._judge(task, routine, error)
        finally:
            del error  # its traceback leads to this frame: what it holds would not be freed

    async def _invoke_async(self, task: Task) -> BaseException | None:
        routine = self.flow.routines[task.routine_id]
        return self._judge(task, routine, await invoke_async(self, self.jobs.flow, routine, task))

    def _judge(
        self, task: Task, routine: Routine, error: BaseException | None
    ) -> BaseException | None:
        """Ask the user's own error handler about an error, where there is one."""
        try:
            if self.is_fork:
                end_child(error)
            handler = None if error is None else self.flow.error_handler_of(task.routine_id)
            if error is None or isinstance(error, Refused) or handler is None:
                return error
            if handler.decides:
                invocation = Invocation(self, self.jobs.flow, routine, task)
                error, self._decisions[task.id] = ask_error_handler(handler, invocation, error)
            return error
        finally:
            del error  # as above

    def places(self) -> dict[int, str]:
        """Where the handler of each task runs, in words: its thread, or a process elsewhere."""
        places = {task: thread.name for task, thread in self.threads().items()}
        if self._executors is not None:
            with self._lock:
                active = [
                    (one.id, self.flow.routines[one.routine_id]) for one in self._active.values()
                ]
            for task, routine in active:
                executor = self._executors.name_of(routine)
                if executor:  # its thread here only waits for it
                    places[task] = f"{executor}, no worker known yet"
        return places | self.job_state.workers

    def stack(self, task_id: int) -> str:
        """Where the handler of a task is at this moment; empty when it runs no more."""
        with self._lock:
            task, thread = self._active.get(task_id), self._threads_of.get(task_id)
            loop = self._event_loop
        if task is None:
            return ""
        routine = self.flow.routines[task.routine_id]
        if self._executors is not None and self._executors.of(routine) is not None:
            return self._executors.stack(routine, task_id)
        if thread is not None:
            return stack_of_thread(thread.ident)
        return "" if loop is None else loop.stack(task_id)

    def kill_workers(self) -> None:
        """This process is about to end: end the worker processes that run handlers with it."""
        if self._executors is not None:
            self._executors.kill()

    def _is_async(self, task: Task) -> bool:
        routine = self.flow.routines.get(task.routine_id)
        slot = None if routine is None else routine._slots.get(task.slot)
        if slot is None or routine is None or not slot.is_async:
            return False
        return self._executors is None or self._executors.of(routine) is None

    def _on_task_end(self, task: Task, error: BaseException | None) -> None:
        now = self._end_time(task)
        if task.id not in self.job_state.running:  # its process is just being ended by force
            return
        if error is None:
            if task.retry_count and task.source_id is None:
                # As routilux does: an entry that succeeded at last says so.
                record = {"retried": True, "retries": task.retry_count}
                self.job_state.make("record", task.routine_id, "completed", record, now, task.id)
            self.job_state.make_locked("ran", task.id, task.routine_id, "completed", now, None)
        else:
            handler = self.flow.error_handler_of(task.routine_id)
            decision = self._decisions.pop(task.id, None)
            apply_error_policy(self, handler, task, error, now, decision)
        if self._control is not None:
            self._notify_control()

    def _engine_failed(self, task: Task | None, error: BaseException) -> None:
        """The engine itself raised: even so the job ends, and says why."""
        logger.error("The engine failed on job %s", self.job_state.job_id, exc_info=error)
        if task is not None and task.id in self.job_state.running:
            detail = error_detail(error)
            now = self._end_time(task)
            self.job_state.make("ran", task.id, task.routine_id, "failed", now, detail)
        self.fail_job(f"the engine itself: {one_line(error)}")
        self._check_finished()

    def _check_finished(self) -> None:
        """See whether the job is paused or at its end, now that no handler runs."""
        if self._active or not self.live:
            return
        if self._closing == "pause":
            self._suspend(self._control.reason if self._control is not None else "")
        elif self._closing:
            self._set_stopped()
        elif (
            not self._queue
            and not self._delayed
            and not self._suspend_for_answers()
            and not self._suspend_for_held()
        ):
            end, why = end_of_job(self.job_state)
            if why:
                account = {"reason": why, "dropped": len(self.job_state.dropped_tasks)}
                self.job_state.make("routine", "_failure", account, time.time())
            elif end == "failed":
                logger.warning(
                    "Job %s has run out of tasks, but a routine of it has failed: so has the job",
                    self.job_state.job_id,
                )
            self.job_state.make("status", end, time.time())
            self._set_stopped()
