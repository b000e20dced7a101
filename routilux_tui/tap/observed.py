"""One job of the library, observed and steered.

Pause and cancel are not the library's own: those lose tasks, and wait for themselves for ever.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from . import library
from .gate import CANCELLED, ENDED, OPEN, PAUSED, PAUSING, Gate
from .messages import rows
from .thread_state import KEY, Cancelled


class ObservedJob(Gate):
    """A job that is observed and steered."""

    def pause(self, reason: str) -> None:
        """Close the gate; the job is paused when the last running handler has returned."""
        busy = library.keep_busy(self.flow)
        with self.lock:
            if self.gate or self.status != "running":
                refused = True
            else:
                refused, self.busy = False, busy
                self.gate, self.reason, self.was_held = PAUSING, reason, True
                self.clock.hold()
                self._moved()
        if refused:
            library.release_flow(self.flow, busy)

    def resume(self) -> None:
        """Go on with what is held, by us or by the script's own pause."""
        if self.gate in {PAUSING, PAUSED}:
            self.reopen()
        elif self.status == "paused":
            self._resume_own()

    def _resume_own(self) -> None:
        """Go on after a pause that the script made: its deferred events, then its own tasks.

        Not by the library's `Flow.resume`, which makes tasks anew of what was written of them, and
        loses those whose routine goes by a name.
        """
        state, flow = self.state, self.flow
        with self.lock:
            if self.status != "paused":
                return
            self.report("take_up", time.time())
            state.status = "running"
        flow._paused = False
        held = list(library.pending(flow, self))
        flow._pending_tasks[:] = [task for task in flow._pending_tasks if task not in held]
        state.__dict__["pending_tasks"] = []
        for event in list(state.deferred_events):
            routine = flow.routines.get(event.get("routine_id"))
            name = str(event.get("event_name"))
            if routine is not None and routine.get_event(name):
                routine.emit(name, flow=flow, job_state=state, **(event.get("data") or {}))
        state.deferred_events.clear()
        library.queue(flow, held)
        self.check_end()

    def emit_from_outside(self, routine_id: str, event: str, data: dict[str, Any]) -> None:
        """Emit an event as a handler of the routine would; its tasks run, or are held."""
        flow, state = self.flow, self.state
        routine = flow.routines[routine_id]
        with contextlib.suppress(Cancelled):
            routine.emit(event, flow=flow, job_state=state, **data)
        library.queue(flow, [])

    def tell_stack(self, number: int) -> None:
        """Tell where the handler of a task is at this moment; nothing where it runs no more."""
        with self.lock:
            thread = self.threads.get(number) if number in self.active else None
        self.report("stack", number, "" if thread is None else library.stack_of(thread))

    def cancel(self, reason: str) -> None:
        """Drop what has not started; a running handler ends at its next event."""
        with self.lock:
            if self.status in ENDED:
                return
            self.gate = CANCELLED
            dropped = [number for number in self.outstanding if number not in self.active]
            for number in dropped:
                del self.outstanding[number]
            account: dict[str, Any] = {
                "dropped": len(dropped),
                "running": list(self.active.values()),
            }
            if reason:
                account["reason"] = reason
            self.report("drop", rows(dropped), time.time())
            self.report("routine", "_cancellation", account, time.time())
            self.report_status("cancelled")
            # As the library's own cancel leaves a state; that one would wait for itself for ever.
            self.state.__dict__["status"] = "cancelled"
            states = self.state.__dict__.get("routine_states")
            if reason and isinstance(states, dict):
                dict.__setitem__(states, "_cancellation", {"reason": reason})
            self.order.clear()
            self.handed.clear()
            self.gate_moved.notify_all()
        self._end_hold()

    def reopen(self) -> None:
        """Open the gate: what was put aside goes to the pool, in order."""
        with self.lock:
            if self.gate not in {PAUSING, PAUSED}:
                return
            if self.gate == PAUSING:
                self.report("called_off")
            else:
                self.report("take_up", time.time())
                self.report_status("running")
            self.gate = OPEN
            missing = len(self.order) - len(self.handed)
            free = [one for one in self.order if getattr(one[0], KEY) not in self.handed]
            handed = free[:missing]
            self.handed.update(getattr(task, KEY) for task, _ in handed)
            self.gate_moved.notify_all()
        for task, flow in handed:
            if not library.submit(flow, task):  # the interpreter is about to end
                break
        self._end_hold()
        self.check_end()

    def _end_hold(self) -> None:
        with self.lock:
            busy, self.busy = self.busy, None
        if busy is not None:
            library.release_flow(self.flow, busy)
            self.clock.release()

    # The script's own pause

    def held_by_script(self) -> None:
        """The script has paused the job: the library has written down what it holds."""
        with self.lock:
            if self.status == "paused" and not self.gate:
                held = [getattr(task, KEY, 0) for task in library.pending(self.flow, self)]
                order = [number for number in held if number in self.outstanding]
                known = set(order)
                order += [number for number in self.outstanding if number not in known]
                self.report("hold", rows(order), time.time())

    def taken_up(self) -> None:
        """The script resumes the job, by the library's own `Flow.resume`."""
        with self.lock:
            if self.status == "paused":
                self.report("take_up", time.time())

    def restored(self, before: list[Any], after: list[Any]) -> None:
        """The library has made tasks anew of what it had written of them; some are lost."""
        with self.lock:
            ours = [task for task in before if getattr(task, KEY, 0) in self.outstanding]
            held = {getattr(task, KEY): task for task in ours if task.job_state is self.state}
            for task in after:
                if task.job_state is not self.state:
                    continue
                number = getattr(task, KEY, 0) or self._number_of(task, held)
                if number is None:
                    self.queued(task)
                else:
                    setattr(task, KEY, number)
                    held.pop(number, None)
            for number in held:
                self.drop(number)

    @staticmethod
    def _number_of(task: Any, held: dict[int, Any]) -> Any:
        for number, other in held.items():
            if other.slot is task.slot and other.data is task.data:
                return number
        return None

    def moved_to(self, flow: Any, state: Any) -> None:
        """The script goes on with the same job in another state, read from a file or copied."""
        with self.lock:
            setattr(self.state, KEY, None)
            for number in [one for one in self.outstanding if one not in self.active]:
                self.drop(number)
            self.mark_all_reported(state)
            self.flow, self.ids = flow, library.routine_ids(flow)
            setattr(state, KEY, self)
            self.adopt(state)
