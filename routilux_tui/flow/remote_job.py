"""The job as a handler sees it that runs in another process than the job does.

It reads a copy of the shared data, as it was when the handler was called; what it does to the job
is sent back as changes.
"""

from __future__ import annotations

import inspect
import pickle
import threading
import traceback
from typing import TYPE_CHECKING, Any, Literal

from routilux_tui.errors import JobCancelled, NotPossible
from routilux_tui.flow.calls import (
    Ask,
    Change,
    Emit,
    Message,
    Steer,
    pack_message,
    sendable_end,
    unpack_call,
)
from routilux_tui.flow.context import INVOCATION, Invocation
from routilux_tui.flow.stacks import stack_of_coroutine, stack_of_thread
from routilux_tui.state.job_state import JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from routilux_tui.flow.calls import Call
    from routilux_tui.flow.context import LiveJob
    from routilux_tui.job.tasks import Task


class RemoteJob:
    """The job of a handler that runs here, as far as it is known here.

    Args:
        call: what the handler is given.
        send: takes a message to the process that runs the job.
    """

    ending = False

    def __init__(self, call: Call, send: Callable[[Message], None]) -> None:
        self.live = True
        #: Whether the job has been cancelled, as far as has been told here.
        self.cancelled = False
        self.merging = threading.RLock()
        self._send = send
        self._coroutine: Coroutine[Any, Any, Any] | None = None
        self.job_state = state = JobState(call.flow_id)
        state._job_id = call.job_id
        state._status = "running"
        dict.update(state.shared_data, call.shared_data)
        routine_id = call.task.routine_id
        if call.routine_state is not None:
            dict.__setitem__(state.routine_states, routine_id, call.routine_state)
        if call.slot_data is not None:
            state.slot_data[routine_id, call.slot] = call.slot_data
        state.subscribe(lambda change: send(Change(change[1], change[2:])), isolated=False)
        state.execution = self

    def set_cancelled(self) -> None:
        """The job has been cancelled: no change of ours."""
        self.cancelled = True
        self.job_state._status = "cancelled"

    def emit(
        self, invocation: Invocation | None, routine: object, event: str, data: dict[str, Any]
    ) -> None:
        """Have the job record an event, and queue a task for every slot that it goes to.

        Raises:
            JobCancelled: when the job has been cancelled.
        """
        del invocation, routine
        if self.cancelled:
            raise JobCancelled(f"Job {self.job_state.job_id} has been cancelled.")
        self._send(Emit(event, data))

    def ask(self, invocation: Invocation | None, routine: object, question: dict[str, Any]) -> None:
        """Have the job ask a person.

        Raises:
            JobCancelled: when the job has been cancelled.
        """
        del invocation, routine
        if self.cancelled:
            raise JobCancelled(f"Job {self.job_state.job_id} has been cancelled.")
        self._send(Ask(question))

    def pause(self, reason: str = "", checkpoint: dict[str, Any] | None = None) -> None:
        """Ask for the job to be paused, when this handler has returned."""
        self._send(Steer("pause", reason, checkpoint))

    def cancel(self, reason: str = "") -> int:
        """Ask for the job to be cancelled; how much is dropped is not known here."""
        self._send(Steer("cancel", reason, None))
        self.set_cancelled()
        return 0

    def wait(self, timeout: float | None = None) -> bool:
        """A handler can't wait for its own job.

        Raises:
            NotPossible: always.
        """
        del timeout
        raise NotPossible("A handler can't wait for the end of its own job.")

    def run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end."""
        import asyncio

        self._coroutine = coroutine
        try:
            return asyncio.run(coroutine)
        finally:
            self._coroutine = None

    def stack(self) -> str:
        """Where the handler is at this moment, which runs in this process's main thread."""
        main, coroutine = threading.main_thread().ident, self._coroutine
        if coroutine is None:
            return stack_of_thread(main)
        return stack_of_coroutine(coroutine, main) or stack_of_thread(main)

    def delay(self, task: Task, seconds: float) -> None:
        """Not asked of a job that is run elsewhere."""
        raise NotImplementedError

    def fail_job(self, why: str) -> None:
        """Not asked of a job that is run elsewhere."""
        raise NotImplementedError


class RemoteFlow:
    """The flow of a handler that runs here, as far as it is known here."""

    def __init__(self, call: Call, job: RemoteJob) -> None:
        self.flow_id = call.flow_id
        self.routines = {call.task.routine_id: call.routine}
        self._job = job

    def id_of(self, routine: object) -> str | None:
        """The id of the routine whose handler runs; others are not known here."""
        return next((name for name, one in self.routines.items() if one is routine), None)

    def delivered(self, task: Task) -> Any:
        """A task's data."""
        return task.data

    def job_to_emit_into(self, event: object) -> LiveJob | None:
        """The job that threads of the handler's own emit into."""
        del event
        return self._job

    def pause(
        self,
        job_state: JobState,
        reason: str = "",
        checkpoint: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Ask for the job to be paused, when this handler has returned."""
        del job_state, timeout
        self._job.pause(reason, checkpoint)
        return False

    def resume(self, job_state: JobState) -> JobState | Literal[False]:
        """Not from here.

        Raises:
            NotPossible: always.
        """
        raise NotPossible(f"Job {job_state.job_id} runs: there is nothing to resume.")

    def cancel(self, job_state: JobState, reason: str = "") -> None:
        """Ask for the job to be cancelled."""
        del job_state
        self._job.cancel(reason)

    def get_routine_retry_count(
        self, routine_id: str, job_state: JobState | None = None
    ) -> int | None:
        """How often the routine whose handler runs was retried; None of any other."""
        state = (job_state or self._job.job_state).routine_states.get(routine_id)
        return int(state.get("retries", 0)) if isinstance(state, dict) else None

    def connect(self, *_: Any, **__: Any) -> Any:
        """Not from here.

        Raises:
            NotPossible: always.
        """
        raise NotPossible("A flow is connected where it runs, not in a handler elsewhere.")

    disconnect = add_connection = serialize = connect


def run_call(call: Call, job: RemoteJob) -> tuple[BaseException | None, str]:
    """Call the handler; returns what it raised, and its traceback."""
    flow = RemoteFlow(call, job)
    call.routine._current_flow = flow
    token = INVOCATION.set(Invocation(job, flow, call.routine, call.task))
    try:
        result = call.routine._slots[call.slot].call(call.data)
        if inspect.iscoroutine(result):
            job.run_coroutine(result)
        elif inspect.isgenerator(result):
            result.close()
            return TypeError("the handler returned a generator, and so did nothing"), ""
    except BaseException as error:
        return error, _formatted(error)
    finally:
        INVOCATION.reset(token)
    return None, ""


def run_packed(content: bytes) -> bytes:
    """Call the handler of what `pack_call` gave; returns all its messages, each packed by itself.

    The last one is the `End`.
    """
    messages: list[bytes] = []
    try:
        call = unpack_call(content)
        error, text = run_call(
            call, RemoteJob(call, lambda one: messages.append(pack_message(one)))
        )
    except Exception as problem:
        error, text = problem, ""
    return pickle.dumps([*messages, pickle.dumps(sendable_end(error, text))])


def _formatted(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))
