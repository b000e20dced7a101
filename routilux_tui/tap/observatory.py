"""All jobs of this process that are observed, and the orders that come for them."""

from __future__ import annotations

import _thread
import json
import os
import time
from typing import TYPE_CHECKING, Any

from . import library
from .clock import Clock
from .gate import ENDED
from .messages import Whole
from .observed import ObservedJob
from .pipes import Pipe, discard
from .thread_state import KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .messages import Messages

_POLL = 0.01
_QUIET = 2.0
"""Seconds without anything new after which a job that was held is waited for no longer."""


class Observatory:
    """The jobs of this process.

    Args:
        messages: who is told of them.
    """

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        self.clock = Clock()
        self.jobs: list[ObservedJob] = []
        #: Which ``job`` begins with which ``tasks`` in place of its entry's handler: each is a
        #: routine, a slot, the data, and the routine and the event that it came from.
        self.instead: dict[str, Any] = {}
        self._by_id: dict[str, ObservedJob] = {}
        lock = messages.lock
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=lock.acquire, after_in_parent=lock.release, after_in_child=self._forked
            )

    def _forked(self) -> None:
        """This is a copy of the process: it has nothing to say."""
        self.messages.gone = True
        self.messages.lock.release()

    def observe(self, flow: Any, state: Any) -> ObservedJob:
        """Observe a state from now on; one of a job that is known already goes on with that."""
        with self.messages.lock:
            job_id = str(state.job_id)
            job = self._by_id.get(job_id)
            if job is not None:
                job.moved_to(flow, state)
                return job
            number = len(self.jobs) + 1
            job = ObservedJob(number, self.messages, self.clock, flow, state)
            self.jobs.append(job)
            self._by_id[job_id] = job
            beginning = {
                "job_id": job_id,
                "flow_id": str(state.flow_id),
                "shape": library.shape(flow, job.ids),
                "created_at": library.seconds(state.created_at),
            }
            self.messages.send(number, "job", Whole(beginning))
            setattr(state, KEY, job)
            job.adopt(state)
            return job

    def instead_of_entry(self, job: ObservedJob) -> list[Any] | None:
        """The tasks that a job begins with in place of its entry's handler; None for its own."""
        if self.instead.get("job") != job.number:
            return None
        tasks: list[Any] = self.instead.pop("tasks", [])
        return tasks

    def forget(self, job: ObservedJob) -> None:
        """Observe a job no more; its number is not given again."""
        self._by_id.pop(str(job.state.job_id), None)

    # Orders

    def start_orders(self, orders: int, printed: Sequence[int] = ()) -> None:
        """Carry out orders as they come, in a thread of its own; at their end, let all go on.

        Args:
            orders: the reading end of a pipe: a JSON object a line, with ``do``, ``job`` (a
                number, or null for all), and what `ScriptEngine` of the runner sends with it.
            printed: the reading ends of the pipes that this process prints into. When nobody gives
                orders any more, nobody reads them either: then they are read here.
        """
        pipes = Pipe(orders), [Pipe(one) for one in printed]
        _thread.start_new_thread(
            self._run_orders, pipes
        )  # a script that counts threads counts its own

    def _run_orders(self, orders: Pipe, printed: list[Pipe]) -> None:
        for line in orders.lines():
            try:
                order = json.loads(line.decode())
                self._carry_out(order)
            except Exception as error:
                self.messages.send(0, "order_failed", str(line[:200]), repr(error))
        if not orders.is_ours():  # the script has closed it
            self.messages.send(0, "deaf")
            return
        self.messages.gone = True
        for job in list(self.jobs):
            job.reopen()
        discard(printed)

    def _carry_out(self, order: dict[str, Any]) -> None:
        number, reason = order.get("job"), str(order.get("reason") or "")
        for job in list(self.jobs):
            if number is not None and job.number != number:
                continue
            if order["do"] == "pause":
                job.pause(reason)
            elif order["do"] == "resume":
                job.resume()
            elif order["do"] == "cancel":
                job.cancel(reason)
            elif order["do"] == "stack":
                job.tell_stack(order["task"])
            elif order["do"] == "emit":
                job.emit_from_outside(order["routine"], order["event"], order["data"])
            elif order["do"] == "set":
                job.state.update_shared_data(order["key"], order["value"])

    # The end

    def wait_while_held(self, flow: Any = None) -> None:
        """Wait while a job is held from outside: of one flow, or any."""
        while any(job.busy is not None and (flow is None or job.flow is flow) for job in self.jobs):
            time.sleep(_POLL)

    def wait_for_held(self) -> None:
        """Wait until jobs that were held have ended: what they run is older than their hold.

        A job of which nothing runs, and nothing new is heard, is not waited for.
        """
        heard, since = -1, time.monotonic()
        while True:
            self.wait_while_held()
            left = [job for job in self.jobs if job.was_held and job.status not in ENDED]
            if not any(job.outstanding for job in left):
                return
            now = sum(job.next_task - len(job.outstanding) for job in left)
            if now != heard or any(job.active or job.retried for job in left):
                heard, since = now, time.monotonic()
            if time.monotonic() - since > _QUIET:
                return
            time.sleep(_POLL)

    def end(self, code: int) -> None:
        """The process is about to end: say what has become of its jobs."""
        for job in self.jobs:
            job.process_ends(code)
        self.messages.send(0, "end", code)
