"""The tasks of one job of the library, by number, and the gate that every handler passes.

Whatever is told of a job is told under the lock of the messages, so its order is that in which it
happened. While a job is held, a task that comes to the gate is put aside and its thread goes on
with other jobs of the same flow; when the job goes on, its tasks run in the order in which they
would have run.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import library
from .errors import detail
from .messages import quoted, rows
from .state_reporter import StateReporter
from .thread_state import KEY, Cancelled
from .values import exact_json

if TYPE_CHECKING:
    from .clock import Clock
    from .messages import Messages

OPEN, PAUSING, PAUSED, CANCELLED = "", "pausing", "paused", "cancelled"
ENDED = frozenset(("completed", "failed", "cancelled"))
_LOOK_EVERY = 0.25
"""Seconds between two looks for what was altered inside of a value."""


class Gate(StateReporter):
    """The tasks of one job, told as they come and go.

    Args:
        number: the job's number in this process.
        messages: who is told.
        clock: told when the job is held.
        flow: the library's flow.
        state: the library's state of the job.
    """

    def __init__(
        self, number: int, messages: Messages, clock: Clock, flow: Any, state: Any
    ) -> None:
        super().__init__(number, messages, state)
        self.lock = messages.lock
        self.clock = clock
        self.flow = flow
        self.ids = library.routine_ids(flow)
        self.next_task = 1
        #: Tasks queued or running, in the order in which they were queued.
        self.outstanding: dict[int, None] = {}
        #: Tasks whose handlers run, and their routines.
        self.active: dict[int, str] = {}
        #: The threads on which they run.
        self.threads: dict[int, int] = {}
        #: Whether `Flow.execute` has not returned yet.
        self.executing = False
        self.gate = OPEN
        #: Whether it was ever held: then the process waits for its end.
        self.was_held = False
        self.reason = ""
        #: Tasks that came to the gate while it was closed, with their flows, in the order in which
        #: they are to run.
        self.order: deque[tuple[Any, Any]] = deque()
        #: The numbers of tasks that were handed to the pool anew and have not come to the gate yet:
        #: each lets one task of `order` pass, the first of them.
        self.handed: set[int] = set()
        self.busy: Any = None
        #: Notified when the gate opens, or the job is cancelled.
        self.gate_moved = threading.Condition(self.lock)
        self._looked = time.monotonic()
        # Parts of messages that come with every event.
        self._run_head, self._done_head = f'[{number},"r",', f'[{number},"d",'
        self._targets: dict[int, tuple[Any, str]] = {}
        self._heads: dict[tuple[int, str], str] = {}
        self._quoted: dict[str, str] = {"": '""'}
        self._inexact: set[tuple[str, str]] = set()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Copies and pickles of a state hold nothing of ours."""
        return type(None), ()

    def id_of(self, routine: Any, flow: Any = None) -> str:
        """The id that a routine goes by in this job's flow."""
        found = self.ids.get(id(routine)) if flow is None or flow is self.flow else None
        if found is None:
            found = (flow or self.flow)._get_routine_id(routine) if routine is not None else None
            if found is None:
                return str(getattr(routine, "_id", ""))
            if flow is None or flow is self.flow:
                self.ids[id(routine)] = found = str(found)
        return str(found)

    def _target(self, slot: Any, flow: Any) -> str:
        """A slot as the messages have it: its routine, its name."""
        text = quoted(self.id_of(slot.routine, flow), slot.name)
        if flow is self.flow:
            self._targets[id(slot)] = slot, text
        return text

    def _head(self, routine: Any, event: str, flow: Any) -> str:
        """The beginning of a message of an event."""
        text = f'[{self.number},"e",{quoted(self.id_of(routine, flow), event)},'
        if flow is self.flow:
            self._heads[id(routine), event] = text
        return text

    # Tasks come

    def start(self, entry: Any, params: Any) -> None:
        """The library has recorded the start: the entry's handler is task 1."""
        with self.lock:
            self.next_task = 2
            self.outstanding[1] = None
            head = f'[{self.number},"e",{quoted(entry, "start")},'
            tasks = f"[1,{quoted(entry, 'trigger')}]"
            self._note_lost(entry, "start", self.messages.emitted(head, params, None, tasks))

    def _note_lost(self, routine_id: str, event: str, lost: str) -> None:
        """Tell once of an event whose data can't be read back."""
        if lost and (routine_id, event) not in self._inexact:
            self._inexact.add((routine_id, event))
            self.report("inexact", routine_id, event, lost)

    def emitted(
        self, routine: Any, event: str, slots: Any, data: Any, parent: int | None, flow: Any
    ) -> int:
        """An event is emitted; returns the number of its first task, the others follow it.

        Raises:
            Cancelled: when the job is cancelled.
        """
        with self.lock:
            if self.gate == CANCELLED:
                raise Cancelled
            first = number = self.next_task
            tasks = ""
            for slot in slots:
                known = self._targets.get(id(slot)) if flow is self.flow else None
                target = self._target(slot, flow) if known is None else known[1]
                tasks = f"{tasks},[{number},{target}]" if tasks else f"[{number},{target}]"
                self.outstanding[number] = None
                number += 1
            self.next_task = number
            head = self._heads.get((id(routine), event)) or self._head(routine, event, flow)
            lost = self.messages.emitted(head, data, parent, tasks)
            if lost:
                self._note_lost(self.id_of(routine, flow), event, lost)
            if tasks and self.status in ENDED:
                self.report_status("running")
        return first

    def queued(self, task: Any) -> int:
        """A task is queued that no event has told of; returns its number."""
        with self.lock:
            number = self.next_task
            self.next_task += 1
            self.outstanding[number] = None
            task_made = [number, self.id_of(task.slot.routine), str(task.slot.name)]
            source = library.source_of(task, self.ids)
            self.report("queue", [task_made], task.data, time.time(), *source)
            self._note_lost(str(source[0]), str(source[1]), exact_json(task.data)[1])
            setattr(task, KEY, number)
            return number

    # The gate

    def enter(self, task: Any, flow: Any) -> Any:
        """A task is about to run; returns the one that runs in its place, or None for none."""
        number = getattr(task, KEY) or self.queued(task)
        with self.lock:
            if self.gate or self.order:
                task = self._pass_by(task, flow, number)
                if task is None:
                    return None
                number = getattr(task, KEY)
            routine = task.slot.routine
            self._run(number, self.ids.get(id(routine)) or self.id_of(routine, flow))
        return task

    def _run(self, number: int, routine_id: str) -> None:
        """A handler starts."""
        self.active[number] = routine_id
        self.threads[number] = threading.get_ident()
        text = self._quoted.get(routine_id)
        if text is None:
            text = self._quoted[routine_id] = quoted(routine_id)
        self.messages.handler(self._run_head, number, text)

    def _pass_by(self, task: Any, flow: Any, number: int) -> Any:
        if self.gate == CANCELLED:
            self.outstanding.pop(number, None)
            return None
        if number in self.handed:
            self.handed.discard(number)
        else:
            self.order.append((task, flow))
        return None if self.gate else self.order.popleft()[0]

    def enter_entry(self, number: int, routine_id: str) -> None:
        """The entry's handler is about to run; waits while the job is held.

        Raises:
            Cancelled: when the job is cancelled.
        """
        with self.lock:
            while self.gate in {PAUSING, PAUSED}:
                self.gate_moved.wait()
            if self.gate == CANCELLED:
                raise Cancelled
            self._run(number, routine_id)

    def leave(self, number: int, error: BaseException | None) -> None:
        """A task's handler has ended, for good."""
        with self.lock:
            routine_id = self.active.pop(number, None) or self.retried.pop(number, "")
            self.threads.pop(number, None)
            self.outstanding.pop(number, None)
            if error is None:
                self.messages.handler(self._done_head, number, self._quoted[routine_id])
            else:
                self._report_failed_run(number, routine_id, error)
            if not self.active:
                self._moved()
        if self.digests:
            now = time.monotonic()
            if now - self._looked > _LOOK_EVERY:
                self._looked = now
                self.report_nested_changes()

    def leave_unobserved(self, number: int) -> None:
        """A handler has ended that ran before the job was observed."""
        with self.lock:
            self.active.pop(number, None)
            self.outstanding.pop(number, None)
            self._moved()

    def _report_failed_run(self, number: int, routine_id: str, error: BaseException) -> None:
        if isinstance(error, Cancelled):
            stopped = {"error": "stopped: the job was cancelled"}
            self.report("ran", number, routine_id, "cancelled", time.time(), stopped)
            return
        known = self.state.__dict__.get("routine_states", {}).get(routine_id)
        status = known.get("status") if isinstance(known, dict) else None
        if status not in {"failed", "skipped"}:
            status = "error_continued"  # the library goes on as if nothing had happened
        self.report("ran", number, routine_id, status, time.time(), detail(error))

    def retry(self, number: int, error: BaseException, tries: int, delay: float) -> None:
        """A task's handler has raised, and will be run again after ``delay`` seconds."""
        with self.lock:
            self.retried[number] = routine_id = self.active.pop(number, "")
            now = time.time()
            self.report("retry", number, routine_id, now, detail(error), tries, now + delay)
            self._moved()

    def drop(self, number: int) -> None:
        """A task will never run."""
        with self.lock:
            if number in self.outstanding:
                del self.outstanding[number]
                self.report("drop", rows([number]), time.time())
                self._moved()

    # What follows

    def _moved(self) -> None:
        """Something has ended: is the job closed, or at its end?"""
        if self.active:
            return
        if self.gate == PAUSING:
            self.close()
        elif not self.outstanding:
            self.check_end()

    def reopen(self) -> None:
        """Open the gate; what is put aside goes on."""
        raise NotImplementedError

    def close(self) -> None:
        """The last handler has returned in a job that is being paused."""
        if self.status != "running":  # it has failed, or the script has paused it, meanwhile
            threading.Thread(target=self.reopen, daemon=True).start()
            return
        self.gate = PAUSED
        self.report_unnoticed()
        now = time.time()
        self.report("hold", rows(self.outstanding), now)
        point = {
            "timestamp": datetime.fromtimestamp(now).astimezone().isoformat(),
            "reason": self.reason,
            "current_routine_id": self.state.__dict__.get("current_routine_id"),
            "checkpoint": {},
            "pending_tasks_count": len(self.outstanding),
            "active_tasks_count": 0,
            "queue_size": 0,
        }
        self.report("pause_point", point, now)
        self.report_status("paused")

    def check_end(self) -> None:
        """Tell the job's end when nothing of it is left to run."""
        with self.lock:
            idle = not (self.outstanding or self.active or self.executing or self.gate)
            if idle and self.status == "running":
                self.report_unnoticed()
                self.report_status(library.end_status(self.state))

    def status_set(self, status: str) -> None:
        """The library, or the script, has set the state's status."""
        with self.lock:
            if status == self.status or self.gate in {PAUSED, CANCELLED}:
                return
            if status == "completed" and (self.outstanding or self.active or self.executing):
                return  # it is told at the end
            if status in ENDED or status == "paused":
                self.report_unnoticed()
            self.report_status(str(status))

    def ended_well(self) -> bool:
        """Whether it was told completed."""
        return self.status == "completed"

    def process_ends(self, code: int) -> None:
        """The process is about to end, with the exit code ``code``."""
        with self.lock:
            self.report_unnoticed()
            if self.status in ENDED or self.status == "paused":
                return
            left = len(self.outstanding)
            if not left and not self.active and self.status == "running":
                self.report_status(library.end_status(self.state))
                return
            why = f"the script ended (exit code {code}) before the job"
            if left:
                why = f"{why}: {left} {'task' if left == 1 else 'tasks'} had not run"
            self.report("routine", "_failure", {"reason": why, "dropped": 0}, time.time())
            self.report_status("failed")
