"""What is put around the library's tasks, handlers and events."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from . import library
from .errors import step_out
from .flow_call import Starting
from .thread_state import KEY, Cancelled, here, job_of

if TYPE_CHECKING:
    from .observatory import Observatory
    from .thread_state import Place


def wrap_emit(module: Any) -> None:
    """Have every event told, with the tasks that the library makes for it."""
    routines = module.Routine
    emit = routines.emit
    current = module._current_job_state

    @wraps(emit)
    def emit_and_report(self: Any, event_name: Any, flow: Any = None, **kwargs: Any) -> None:
        state = kwargs.get("job_state")
        if state is None:
            state = current.get(None)
        job = getattr(state, KEY, None)
        if job is None or event_name not in self._events:
            try:
                emit(self, event_name, flow, **kwargs)
            except BaseException as error:
                step_out(error)
                raise
            return
        into = flow if flow is not None else getattr(self, "_current_flow", None)
        place = here()
        try:
            if into is not None:
                data = kwargs
                if "job_state" in kwargs:
                    data = {key: kwargs[key] for key in kwargs if key != "job_state"}
                slots = self._events[event_name].connected_slots
                parent = place.task if place.job is job else None
                place.next_number = job.emitted(self, event_name, slots, data, parent, into)
                place.numbers_left = len(slots)
                place.emitting = event_name
            emit(self, event_name, flow, **kwargs)
        except BaseException as error:
            step_out(error)
            raise
        finally:
            place.numbers_left = 0
            place.emitting = None

    routines.emit = emit_and_report


def wrap_queue(module: Any) -> None:
    """Have every task numbered when it is queued, and every handler pass the gate."""
    enqueue, execute = module.enqueue_task, module.execute_task

    @wraps(enqueue)
    def enqueue_task(task: Any, flow: Any) -> None:
        job = getattr(task.job_state, KEY, None)
        if job is not None:
            place = here()
            if place.numbers_left:
                place.numbers_left -= 1
                setattr(task, KEY, place.next_number)
                place.next_number += 1
            elif place.retried:
                setattr(task, KEY, place.retried)
                place.retried = 0
            else:
                job.queued(task)
        enqueue(task, flow)

    @wraps(execute)
    def execute_task(task: Any, flow: Any) -> None:
        job = getattr(task.job_state, KEY, None)
        if job is None:
            execute(task, flow)
            return
        task = job.enter(task, flow)
        if task is None:
            return
        place, number = here(), getattr(task, KEY)
        outer = place.job, place.task, place.error
        place.job, place.task, place.error = job, number, None
        try:
            execute(task, flow)
        except BaseException as error:
            place.error = error
            if not isinstance(error, Cancelled):
                raise
        finally:
            raised = place.error
            place.job, place.task, place.error = outer
            if place.is_retry:
                _end_of_try(job, number, place)
            else:
                job.leave(number, raised)

    module.enqueue_task = enqueue_task
    module.execute_task = execute_task


def _end_of_try(job: Any, number: int, place: Place) -> None:
    """A task's handler has ended, and that is told already, as a retry."""
    place.is_retry = False
    if place.retried:  # the library has thought better of it
        place.retried = 0
        job.drop(number)


def wrap_errors(module: Any) -> None:
    """Have a retry told when it is decided on, before the library waits for its time."""
    handlers = module.ErrorHandler
    handle = handlers.handle_error

    @wraps(handle)
    def handle_error(
        self: Any, error: Any, routine: Any, routine_id: Any, flow: Any, *args: Any, **more: Any
    ) -> Any:
        place = here()
        starting = place.starting
        of_entry = starting is not None and starting.error is error
        job = starting.job if starting is not None and of_entry else place.job
        again = (
            job is not None
            and self.strategy.value == "retry"
            and self.retry_count < self.max_retries
            and isinstance(error, self.retryable_exceptions)
        )
        if again:
            number = Starting.ENTRY_TASK if of_entry else place.task
            delay = self.retry_delay * self.retry_backoff**self.retry_count
            job.retry(number, error, self.max_retries, delay)
            if starting is not None and of_entry:
                starting.error = None
            else:
                place.is_retry, place.retried = True, number
        elif job is not None and not of_entry:
            place.error = error
        return handle(self, error, routine, routine_id, flow, *args, **more)

    handlers.handle_error = handle_error


def wrap_entry(module: Any, observatory: Observatory) -> None:
    """Have the entry's handler told: the library calls it itself, on the caller's thread."""
    slots = module.Slot
    call = slots.call_handler

    @wraps(call)
    def call_handler(self: Any, data: Any, *args: Any, **more: Any) -> Any:
        starting = here().starting
        try:
            if starting is None or starting.job is None or not starting.is_entry(self):
                return call(self, data, *args, **more)
            tasks = observatory.instead_of_entry(starting.job)
            if tasks is not None:
                return _begin_with(tasks, starting)
            return _call_entry(starting, call, self, data, *args, **more)
        except BaseException as error:
            step_out(error)
            raise

    slots.call_handler = call_handler


def _begin_with(entries: list[Any], starting: Starting) -> None:
    """Have a job begin with these tasks; its entry's handler is not called."""
    job, flow = starting.job, starting.flow
    tasks = library.make_tasks(flow, job.state, entries)
    job.drop(Starting.ENTRY_TASK)
    event_loop = sys.modules["routilux.flow.event_loop"]
    for task in tasks:
        event_loop.enqueue_task(task, flow)


def _call_entry(starting: Starting, call: Any, *args: Any, **more: Any) -> Any:
    job, place = starting.job, here()
    job.enter_entry(Starting.ENTRY_TASK, str(starting.entry))
    outer = place.job, place.task, place.error, place.starting
    place.job, place.task, place.error, place.starting = job, Starting.ENTRY_TASK, None, None
    starting.error = None
    try:
        result = call(*args, **more)
    except BaseException as error:
        starting.error = error
        step_out(error)
        raise
    finally:
        place.job, place.task, place.error, place.starting = outer
    job.leave(Starting.ENTRY_TASK, None)
    return result


def wrap_flow(module: Any, observatory: Observatory) -> None:
    """Have each execution and each resume of a flow known as a job's."""
    flows = module.Flow
    execute, resume, shutdown = flows.execute, flows.resume, flows.shutdown

    @wraps(execute)
    def execute_flow(self: Any, *args: Any, **more: Any) -> Any:
        entry = args[0] if args else more.get("entry_routine_id")
        place = here()
        outer, starting = place.starting, Starting(self, entry)
        place.starting = starting
        try:
            return execute(self, *args, **more)
        except Cancelled:
            return starting.job.state if starting.job is not None else None
        except BaseException as error:
            step_out(error)
            raise
        finally:
            place.starting = outer
            job = starting.job
            if job is not None:
                if starting.error is not None:
                    job.leave(Starting.ENTRY_TASK, starting.error)
                job.executing = False
                job.check_end()

    @wraps(resume)
    def resume_job(self: Any, job_state: Any, *args: Any, **more: Any) -> Any:
        try:
            if job_of(job_state) is None and job_state.flow_id == self.flow_id:
                observatory.observe(self, job_state)
            job = job_of(job_state)
            if job is not None:
                job.taken_up()
                job.executing = True  # it is not at its end before its tasks are there
            try:
                return resume(self, job_state, *args, **more)
            finally:
                if job is not None:
                    job.executing = False
                    job.check_end()
        except BaseException as error:
            step_out(error)
            raise

    @wraps(shutdown)
    def shutdown_flow(self: Any, *args: Any, **more: Any) -> Any:
        if args[0] if args else more.get("wait", True):
            observatory.wait_while_held(self)
        try:
            return shutdown(self, *args, **more)
        except BaseException as error:
            step_out(error)
            raise

    flows.execute, flows.resume, flows.shutdown = execute_flow, resume_job, shutdown_flow


def wrap_pending(module: Any) -> None:
    """Have it told which of the tasks that a script's own pause held the library loses."""
    restore = module.deserialize_pending_tasks

    @wraps(restore)
    def deserialize_pending_tasks(flow: Any, job_state: Any) -> Any:
        job = job_of(job_state)
        before = list(flow._pending_tasks)
        result = restore(flow, job_state)
        if job is not None:
            job.restored(before, flow._pending_tasks)
        return result

    module.deserialize_pending_tasks = deserialize_pending_tasks
