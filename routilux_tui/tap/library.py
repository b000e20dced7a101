"""What is done with the library's own objects: its flows, its pools of threads, its tasks.

None of it is called while a lock of ours is held.
"""

from __future__ import annotations

import sys
import time
import traceback
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from .errors import is_ours
from .thread_state import KEY, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_STACK = 20_000
_PATIENCE = 1.0
"""Seconds to wait for a lock of the library, which may be locked for ever by a fault of its own."""


def routine_ids(flow: Any) -> dict[int, str]:
    """The ids of a flow's routines by the address of the routine, as the library finds them."""
    ids: dict[int, str] = {}
    for routine_id, routine in list(flow.routines.items()):
        ids.setdefault(id(routine), str(routine_id))
    return ids


def shape(flow: Any, ids: dict[int, str]) -> dict[str, Any]:
    """What a flow is made of, as our jobs keep it: routines, connections, workers."""
    routines = [
        {
            "id": str(routine_id),
            "slots": _names(routine, "_slots"),
            "events": _names(routine, "_events"),
        }
        for routine_id, routine in list(flow.routines.items())
    ]
    connections: list[list[Any]] = []
    for one in list(flow.connections):
        event, slot = one.source_event, one.target_slot
        source, target = ids.get(id(event.routine)), ids.get(id(slot.routine))
        if source is not None and target is not None:
            mapping = getattr(one, "param_mapping", None)
            ends: list[Any] = [source, str(event.name), target, str(slot.name)]
            if mapping:
                ends.append({str(name): str(other) for name, other in mapping.items()})
            connections.append(ends)
    workers = int(getattr(flow, "max_workers", 1) or 1)
    return {"routines": routines, "connections": connections, "workers": workers}


def _names(routine: Any, attribute: str) -> list[str]:
    return [str(name) for name in getattr(routine, attribute, {})]


def stack_of(thread: int) -> str:
    """Where a thread is in the handler that the library has called on it, as a traceback has it."""
    frame = sys._current_frames().get(thread)
    if frame is None:
        return ""
    frames = [one for one in traceback.extract_stack(frame) if not is_ours(one.filename)]
    calls = sys.modules["routilux.slot"].__file__
    begin = max((n for n, one in enumerate(frames) if one.filename == calls), default=-1) + 1
    return "".join(traceback.format_list(frames[begin:] or frames))[-_LONGEST_STACK:]


def keep_busy(flow: Any) -> Any:
    """Have a flow believe that a task of it runs: it does not end, and who waits for it waits on.

    Returns:
        What `release_flow` takes.
    """
    busy: Any = Future()
    if flow._execution_lock.acquire(timeout=_PATIENCE):
        try:
            flow._active_tasks.add(busy)
        finally:
            flow._execution_lock.release()
    return busy


def release_flow(flow: Any, busy: Any) -> None:
    """The flow may end again."""
    busy.cancel()
    if flow._execution_lock.acquire(timeout=_PATIENCE):
        try:
            flow._active_tasks.discard(busy)
        finally:
            flow._execution_lock.release()


def submit(flow: Any, task: Any) -> bool:
    """Hand a task to a flow's pool, as its event loop does; False when the pool takes none."""
    event_loop = sys.modules["routilux.flow.event_loop"]
    try:
        future = flow._get_executor().submit(event_loop.execute_task, task, flow)
    except RuntimeError:
        return False
    if flow._execution_lock.acquire(timeout=_PATIENCE):
        try:
            flow._active_tasks.add(future)
        finally:
            flow._execution_lock.release()

    def done(_: Any) -> None:
        with flow._execution_lock:
            flow._active_tasks.discard(future)

    future.add_done_callback(done)
    return True


def queue(flow: Any, tasks: list[Any]) -> None:
    """Put tasks at the end of a flow's queue, and see to it that somebody works on it."""
    event_loop = sys.modules["routilux.flow.event_loop"]
    for task in tasks:
        flow._task_queue.put(task)
    thread = flow._execution_thread
    if not flow._running or thread is None or not thread.is_alive():
        event_loop.start_event_loop(flow)


def make_tasks(flow: Any, state: Any, entries: list[list[Any]]) -> list[Any]:
    """Tasks of a flow for a job, of what is told of them.

    Args:
        flow: the library's flow.
        state: the library's state of the job.
        entries: of each its routine, slot, data, and the routine and the event it came from.

    Raises:
        Refused: when the flow has no such slot.
    """
    kind = sys.modules["routilux.flow.task"].SlotActivationTask
    tasks = []
    for routine_id, slot_name, data, source, event in entries:
        routine = flow.routines.get(routine_id)
        slot = routine.get_slot(slot_name) if routine is not None else None
        if slot is None:
            raise Refused(
                f"The flow {flow.flow_id} has no slot {routine_id}.{slot_name} any more.",
                f"It has the routines {', '.join(map(str, flow.routines))}.",
            )
        connection = _connection(flow, flow.routines.get(source), event, slot)
        tasks.append(kind(slot=slot, data=data, connection=connection, job_state=state))
    return tasks


def _connection(flow: Any, source: Any, event: Any, slot: Any) -> Any:
    """The connection that a task came through; it renames the data in routilux 0.10."""
    for one in flow.connections:
        begin = one.source_event
        if one.target_slot is slot and begin.routine is source and begin.name == event:
            return one
    return None


def pending(flow: Any, job: Any) -> Iterator[Any]:
    """The tasks of a job that the script's own pause holds in a flow."""
    for task in list(flow._pending_tasks):
        state = task.job_state
        if getattr(state, KEY, None) is job:
            yield task


def source_of(task: Any, ids: dict[int, str]) -> list[Any]:
    """The routine and the event that a task comes from, where its connection tells them."""
    event = getattr(getattr(task, "connection", None), "source_event", None)
    if event is None or event.routine is None:
        return [None, None]
    return [ids.get(id(event.routine)), str(event.name)]


def end_status(state: Any) -> str:
    """How a job has ended that has run out of tasks, as the library judges it."""
    for routine in list(state.__dict__.get("routine_states", {}).values()):
        if isinstance(routine, dict) and routine.get("status") in {"failed", "error"}:
            return "failed"
    return "completed"


def seconds(moment: Any) -> float:
    """A moment of the library's in seconds since the epoch; now, where there is none."""
    try:
        return float(moment.timestamp())
    except Exception:
        return time.time()
