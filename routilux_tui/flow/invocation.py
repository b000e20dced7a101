"""Calling one handler, and describing what it raised."""

from __future__ import annotations

import time
import traceback
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import FlowDefinitionError
from routilux_tui.flow.context import INVOCATION, Invocation
from routilux_tui.flow.slot import copy_collected

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from routilux_tui.flow.context import FlowInterface, LiveJob
    from routilux_tui.flow.routine import Routine
    from routilux_tui.flow.slot import Slot
    from routilux_tui.flow.strategy import ErrorHandler
    from routilux_tui.job.tasks import Task

TRACEBACK_LINES = 12
"""How many of a traceback's last lines a routine's state keeps."""

#: What a call of an async function or a generator gives, when nobody goes on with it.
_LAZY = (CoroutineType, GeneratorType)

DETAIL_CHARACTERS = 10_000
"""How many characters of an error, and of its traceback, a routine's state keeps."""

TRACE_CHARACTERS = 8_000
"""How many characters of a traceback a job keeps for its error records."""


class Refused(Exception):
    """A slot's validator does not take the data; the cause is what it raised."""


def invoke(
    job: LiveJob,
    flow: FlowInterface,
    routine: Routine,
    task: Task,
    run: Callable[[Invocation, Slot, Any], BaseException | None] | None = None,
) -> BaseException | None:
    """Call a task's handler; returns what it raised, or None.

    ``run`` calls it elsewhere, and returns what it raised there.
    """
    token = INVOCATION.set(invocation := Invocation(job, flow, routine, task))
    try:
        slot = routine._slots[task.slot]
        data = flow.delivered(task)
        if slot.merge_strategy != "override" or slot.validator is not None or routine._before_hooks:
            data = _prepare(job, routine, slot, task, data)
        if run is None:
            result = slot.call(data)
        else:
            error, result = run(invocation, slot, data), None
            if error is not None:
                return error
        if result is not None and isinstance(result, _LAZY):
            if isinstance(result, GeneratorType):
                return _not_run(result)
            job.run_coroutine(_within(invocation, result))
        for after in routine._after_hooks:
            after(job.job_state)
    except BaseException as error:
        return error
    finally:
        INVOCATION.reset(token)
    return None


async def invoke_async(
    job: LiveJob, flow: FlowInterface, routine: Routine, task: Task
) -> BaseException | None:
    """Call a task's asynchronous handler; returns what it raised, or None."""
    INVOCATION.set(Invocation(job, flow, routine, task))  # in the context of this asyncio task
    try:
        slot = routine._slots[task.slot]
        await slot.call(_prepare(job, routine, slot, task, flow.delivered(task)))
        for after in routine._after_hooks:
            after(job.job_state)
    except BaseException as error:
        return error
    return None


async def _within(invocation: Invocation, coroutine: Coroutine[Any, Any, Any]) -> None:
    """Wait for what a plain handler returned, as a part of its invocation."""
    INVOCATION.set(invocation)
    await coroutine


def _prepare(
    job: LiveJob, routine: Routine, slot: Slot, task: Task, data: dict[str, Any]
) -> dict[str, Any]:
    """What comes before a handler: merge, validator, hooks; returns the handler's data."""
    if slot.collects:
        data = _merge(job, slot, task, data)
    if slot.validator is not None:
        _validate(slot, data)
    for before in routine._before_hooks:
        before()
    return data


def ask_error_handler(
    handler: ErrorHandler, invocation: Invocation, error: BaseException
) -> tuple[BaseException, bool | None]:
    """What a user's own `ErrorHandler.handle_error` decides about an error.

    Returns:
        The error, and whether to go on; what ``handle_error`` itself raised, and None.
    """
    token = INVOCATION.set(invocation)
    task, job = invocation.task, invocation.job
    try:
        go_on = handler.handle_error(
            error, invocation.routine, task.routine_id, invocation.flow, job_state=job.job_state
        )
        return error, bool(go_on)
    except Exception as raised:
        return raised, None
    finally:
        INVOCATION.reset(token)


def _merge(job: LiveJob, slot: Slot, task: Task, new: Any) -> Any:
    """What a slot with a merge strategy has collected in this job, a task's ``new`` data with it.

    A task's data is merged once, however often its handler is run. The user's own merge runs
    outside of the job's lock, one at a time.
    """
    state = job.job_state
    key = (task.routine_id, task.slot)
    strategy = slot.merge_strategy
    how = "set" if callable(strategy) else "append"
    with job.merging:
        if not task.merged:
            data = new
            if callable(strategy):
                data = strategy(dict(state.slot_data.get(key, {})), dict(new))
                if not isinstance(data, dict):
                    raise FlowDefinitionError(
                        f"The merge strategy of {slot} returned a {type(data).__name__}.",
                        "It returns a dict: what the handler is to be given.",
                    )
            state.make("slot", task.id, task.routine_id, task.slot, how, data, time.time())
        with state.lock:
            kept = state.slot_data.get(key, new)
            if not isinstance(kept, dict):
                return kept
            # Of what was appended, as routilux does: all values of those keys that have just come.
            given = {name: kept[name] for name in new if name in kept} if how == "append" else kept
            return copy_collected(given)


def _not_run(result: Any) -> TypeError:
    result.close()  # else Python warns that it was never awaited
    return TypeError(f"the handler returned a {type(result).__name__}, and so did nothing")


def _validate(slot: Slot, data: dict[str, Any]) -> None:
    try:
        slot.validator.validate(data)
    except Exception as error:
        raise Refused from error


def one_line(error: BaseException, *, cut: bool = False) -> str:
    """An error in one line: its type and its message, whatever its ``__str__`` does.

    With ``cut`` a very long message is cut in the middle.
    """
    try:
        text = str(error)
    except Exception:
        text = "(its message can't be told)"
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return _cut(line) if cut else line


def error_message(error: BaseException) -> str:
    """An error's message as routilux records it; its type where it has none."""
    try:
        return str(error) or type(error).__name__
    except Exception:
        return type(error).__name__


def error_detail(error: BaseException) -> dict[str, Any]:
    """What a routine's state has of an error: message, type, and the traceback's last lines."""
    lines = _formatted(error).splitlines()
    return {
        "error": _cut(error_message(error)),
        "error_type": type(error).__name__,
        "traceback": _cut("\n".join(lines[-TRACEBACK_LINES:])),
    }


def error_trace(error: BaseException) -> str:
    """Where an error was raised: its traceback but for its own lines, which its record has.

    So the same place is the same text, whatever the message: a job keeps it once.
    """
    text = _formatted(error)
    try:
        own = "".join(traceback.format_exception_only(type(error), error))
    except Exception:
        own = ""
    return _cut(text.removesuffix(own), TRACE_CHARACTERS)


def _formatted(error: BaseException) -> str:
    """An error's traceback, also of another process, without the engine's own frames."""
    remote = getattr(error, "remote_traceback", "")
    if isinstance(remote, str) and remote:
        return remote
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
        trace = trace.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, trace))
    except Exception:
        return one_line(error)


def _cut(text: str, limit: int = DETAIL_CHARACTERS) -> str:
    """The beginning and the end of a text that is too long to be kept."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n... ({len(text):,} characters) ...\n{text[-half:]}"
