"""A handler's call as bytes: what goes to another process, and what comes back of it.

A routine goes by value, without what belongs to this process: its flow, its neighbours, its hooks.
What its handler does to the job comes back as messages, in order: `Emit`, `Ask`, `Change`, `Steer`,
`Print` and `Log`, and `End` at last; a `Stack` when it is asked for.
"""

from __future__ import annotations

import functools
import io
import logging
import os
import pickle
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import ExecutionError, JobCancelled, SerializationError
from routilux_tui.flow.event import Event
from routilux_tui.flow.routine import Routine
from routilux_tui.flow.slot import Slot
from routilux_tui.flow.structure import FlowStructure

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.flow.context import Invocation
    from routilux_tui.job.tasks import Task

#: Attributes that stay here, and what stands in their place there.
_STAYS: dict[type, dict[str, Any]] = {
    Routine: {
        "_current_flow": None,
        "_before_hooks": [],
        "_after_hooks": [],
        "_error_handler": None,
        "_executor": None,
    },
    Event: {"connected_slots": [], "_connections": {}},
    Slot: {"connected_events": [], "validator": None},
}


CANCELLED, ASK_STACK = b"c", b"s"
"""What a worker process is told beside its calls: its job is cancelled; where is the handler?"""


class Call(NamedTuple):
    """All that a handler is given: the rest of the job stays where the job runs."""

    routine: Routine
    slot: str
    data: dict[str, Any]
    task: Task
    flow_id: str
    job_id: str
    shared_data: dict[Any, Any]
    routine_state: Any
    slot_data: Any


class Emit(NamedTuple):
    """The handler has emitted an event."""

    event: str
    data: dict[str, Any]


class Ask(NamedTuple):
    """The handler asks a person; the question as a job keeps it."""

    question: dict[str, Any]


class Change(NamedTuple):
    """The handler has changed the job's state; see `routilux_tui.job.changes`."""

    kind: str
    arguments: tuple[Any, ...]


class Steer(NamedTuple):
    """The handler asks for its job to be paused or cancelled."""

    action: str
    reason: str
    checkpoint: dict[str, Any] | None


class Print(NamedTuple):
    """The handler has written to ``stdout`` or ``stderr``."""

    stream: str
    text: str


class Log(NamedTuple):
    """The handler has logged something: the fields of the record."""

    fields: dict[str, Any]


class Stack(NamedTuple):
    """Where the handler is at this moment, for whoever asked; it does nothing to the job."""

    text: str


class End(NamedTuple):
    """The handler has returned, or raised this error; ``worker`` is the process where it did."""

    error: BaseException | None
    traceback: str
    worker: str = ""


Message = Emit | Ask | Change | Steer | Print | Log | Stack | End


class _Pickler(pickle.Pickler):
    """Takes routines, slots and events without what belongs to this process."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, FlowStructure):
            return type(None), ()
        kind: Any = type(value)
        stays = _stays(kind)
        if stays is None:
            return NotImplemented
        state = {**value.__dict__, **stays}
        if isinstance(value, Slot) and callable(value.merge_strategy):
            state["merge_strategy"] = "append"  # it is merged already
        return _new, (kind,), state


@functools.lru_cache(maxsize=256)
def _stays(kind: type) -> dict[str, Any] | None:
    """What stays here of an object of a class; None where pickle takes it as any other."""
    found = next((stays for one, stays in _STAYS.items() if issubclass(kind, one)), None)
    own = ("__getstate__", "__reduce__", "__reduce_ex__")
    is_plain = all(getattr(kind, one, None) is getattr(object, one, None) for one in own)
    return found if is_plain else None


def _new(kind: Any) -> Any:
    """An object of a class, without what its ``__init__`` would do."""
    return kind.__new__(kind)


def pack_call(invocation: Invocation, slot: Slot, data: dict[str, Any]) -> bytes:
    """A call, with the place where the routine's module is found.

    Raises:
        SerializationError: when something in it can't be taken to another process.
    """
    routine, task, state = invocation.routine, invocation.task, invocation.job.job_state
    assert isinstance(routine, Routine)  # noqa: S101 - for the type checker
    with state.lock:
        call = Call(
            routine,
            slot.name,
            data,
            task,
            state.flow_id,
            state.job_id,
            dict(state.shared_data),
            state.routine_states.get(task.routine_id),
            state.slot_data.get((task.routine_id, slot.name)) if slot.collects else None,
        )
        try:
            buffer = io.BytesIO()
            kind: Any = type(routine)
            buffer.write(_module_of(kind))
            _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(tuple(call))
        except Exception as error:
            raise SerializationError(
                f"The handler of routine {task.routine_id!r} can't be taken to another process: "
                f"{error}. Locks, open files, lambdas and classes inside of functions can't: make "
                'them in the handler, or keep the routine here: routine.set_executor("threads").',
                type(routine).__name__,
            ) from error
    return buffer.getvalue()


@functools.lru_cache(maxsize=256)
def _module_of(kind: type) -> bytes:
    """The name and the file of the module that a routine's class is of, pickled."""
    name = kind.__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    return pickle.dumps((name, str(Path(file).resolve()) if file else ""))


def unpack_call(content: bytes) -> Call:
    """The call in what `pack_call` gave; modules that it needs are imported.

    Raises:
        Exception: whatever an import or a class raises.
    """
    buffer = io.BytesIO(content)
    name, file = pickle.load(buffer)  # noqa: S301 - our own runner's bytes
    if file and name not in _imported:
        _import_module(name, file)
        _imported.add(name)
    return Call(*pickle.load(buffer))  # noqa: S301 - our own runner's bytes


_imported: set[str] = set()


def _import_module(name: str, file: str) -> None:
    """Have a module in `sys.modules`, also one that was loaded from a path, or was the program."""
    import importlib.util
    import runpy

    if name == "__main__":
        module = types.ModuleType("__mp_main__")
        module.__dict__.update(runpy.run_path(file, run_name="__mp_main__"))
        sys.modules["__main__"] = sys.modules["__mp_main__"] = module
        return
    if name in sys.modules:
        return
    found = importlib.util.find_spec(name) if name.isidentifier() or "." in name else None
    if found is None or found.origin is None or Path(found.origin).resolve() != Path(file):
        found = importlib.util.spec_from_file_location(name, file)
        if found is not None and found.loader is not None:
            module = sys.modules[name] = importlib.util.module_from_spec(found)
            found.loader.exec_module(module)


def pack_message(message: Message) -> bytes:
    """A message as bytes, for the job's own process.

    Raises:
        SerializationError: when something in it can't be taken there.
    """
    try:
        return pickle.dumps(message)
    except Exception as error:
        what = "What the handler tells its job"
        if isinstance(message, Emit):
            what = f"What the handler emits as {message.event!r}"
        elif isinstance(message, Change):
            what = f"What the handler changes of its job ({message.kind})"
        raise SerializationError(
            f"{what} can't be taken to another process: {error}. Locks, open files, lambdas and "
            "what is defined inside of functions can't: send their values, or keep the routine "
            'where its job is: routine.set_executor("threads").'
        ) from error


def sendable_end(error: BaseException | None, traceback: str) -> End:
    """How a handler ended; an error that can't be sent as itself is told by name and message."""
    if error is not None:
        try:
            same = type(pickle.loads(pickle.dumps(error))) is type(error)  # noqa: S301 - just made
        except Exception:
            same = False
        if not same:
            error = ExecutionError(f"{type(error).__name__}: {error}")
    return End(error, traceback, worker_name())


def raised_by(invocation: Invocation, end: End) -> BaseException | None:
    """What a handler raised elsewhere, with its traceback there; its job is told where that was."""
    error: Any = end.error
    if end.worker != worker_name():  # an executor may have threads of its own here
        invocation.runs_in(end.worker)
    if error is not None:
        error.remote_traceback = end.traceback
    return end.error


def not_begun() -> JobCancelled:
    """What a handler ends by that waited for a worker when its job was cancelled."""
    return JobCancelled("The job was cancelled before this handler began.")


def worker_name(pid: int | None = None) -> str:
    """What a worker process is called, of this machine; by default this one."""
    import socket

    return f"worker process {pid or os.getpid()} on {socket.gethostname()}"


def apply_message(invocation: Invocation, message: Message) -> None:
    """Do to the job what a handler elsewhere did.

    What the job refuses by now (it has been cancelled, or has failed) is left: the handler is told
    so by ``cancelled``.
    """
    job = invocation.job
    if isinstance(message, Emit):
        job.emit(invocation, invocation.routine, message.event, message.data)
    elif isinstance(message, Ask):
        job.ask(invocation, invocation.routine, message.question)
    elif isinstance(message, Change):
        if message.kind == "output":  # it goes to the output handler, too
            job.job_state.send_output(*message.arguments[:3])
        else:
            job.job_state.make(message.kind, *message.arguments)
    elif isinstance(message, Print):
        getattr(sys, message.stream).write(message.text)
    elif isinstance(message, Log):
        record = logging.makeLogRecord(message.fields)
        logging.getLogger(record.name).handle(record)
    elif isinstance(message, Steer):
        steer: Callable[..., Any] = getattr(job, message.action)
        if message.action == "pause":
            steer(message.reason, message.checkpoint)
        else:
            steer(message.reason)
