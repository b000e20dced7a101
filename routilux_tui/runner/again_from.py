"""Running a job again from a routine on: every input that had entered it, in a new job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import NotPossible
from routilux_tui.job import status as statuses
from routilux_tui.job.jsonable import to_plain
from routilux_tui.job.queue_actions import QUEUED_BY_HAND
from routilux_tui.views.flow_shape import flow_shape_of
from routilux_tui.views.replay import Replay
from routilux_tui.views.replay_shapes import Seek

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.views.flow_shape import FlowShape


class Restart(NamedTuple):
    """What a job that is run again from a routine on is started with.

    ``tasks`` are the inputs, as ``pending_tasks`` of a file has them; ``states`` those of the
    routines that are not run again, ``shared`` the shared data as they were when the first of the
    inputs came.
    """

    tasks: list[dict[str, Any]]
    states: dict[str, Any]
    shared: dict[str, Any]


def restart_from(job: Job, path: str, routine: str) -> Restart:
    """Every input that had entered a routine, and what of the job stands before it.

    Raises:
        NotPossible: when the job has not ended, has no such routine, or does not tell its inputs.
    """
    if not statuses.has_ended(job.status):
        raise NotPossible(f"{path}: its job is {job.status}, and has not ended.")
    shape = flow_shape_of(job)
    if routine not in shape.routines:
        there = ", ".join(shape.routines)
        raise NotPossible(f"{path}: its flow has no routine {routine!r}.", f"It has: {there}.")
    if not shape.is_whole:
        raise NotPossible(f"{path}: it does not tell how its routines are connected.")
    tasks, first = _inputs_of(job, routine)
    if not tasks:
        raise NotPossible(f"{path}: no input had entered {routine!r}.", "Run the whole again.")
    again = _reached(shape, routine)
    states = {
        name: to_plain(state)
        for name, state in job.routine_states.items()
        if statuses.is_routine(name) and name not in again
    }
    return Restart(list(tasks.values()), states, _shared_before(job, path, first))


def _inputs_of(job: Job, routine: str) -> tuple[dict[int, dict[str, Any]], int]:
    """The inputs by their tasks, and the position of the record that the first of them came with.

    An input that somebody sent again stands in the place of the one that had failed.
    """
    found: dict[int, dict[str, Any]] = {}
    first = -1
    ways: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one in job.flow_shape.get("connections") or ():
        ways.setdefault((one[0], one[1]), []).append((one[2], one[3]))
    for n, record in enumerate(job.execution_history):
        source, event = str(record.routine_id), str(record.event_name)
        targets = ways.get((source, event), [])
        number = record.first
        if number is None:
            continue
        if event == "start" and record.task is None:
            targets = [(source, "trigger")]
        elif not targets and event in QUEUED_BY_HAND and source == routine:
            slot = found.pop(record.task or -1, {}).get("slot_name")
            targets = [(routine, slot)] if isinstance(slot, str) else []
        for at, (target, slot) in enumerate(targets):
            if target == routine:
                first = n if first < 0 else first
                found[number + at] = _task(record, target, slot)
    return found, first


def _task(record: Any, routine: str, slot: str) -> dict[str, Any]:
    by_hand = record.event_name in QUEUED_BY_HAND
    connected = record.event_name != "start" and not by_hand
    return {
        "slot_routine_id": routine,
        "slot_name": slot,
        "data": to_plain(record.data),
        "connection_source_routine_id": record.routine_id if connected else None,
        "connection_source_event_name": record.event_name if connected else None,
        "connection_target_routine_id": routine if connected else None,
        "connection_target_slot_name": slot if connected else None,
        "edited": by_hand,
    }


def _reached(shape: FlowShape, routine: str) -> set[str]:
    """A routine, and all that its events lead to."""
    found, ahead = {routine}, [routine]
    while ahead:
        source = ahead.pop()
        for link in shape.links:
            if link.source == source and link.target not in found:
                found.add(link.target)
                ahead.append(link.target)
    return found


def _shared_before(job: Job, path: str, record: int) -> dict[str, Any]:
    """The shared data as they were when a record was made; none where that is not known."""
    replay = Replay(path, lambda: job)
    try:
        replay.seek(Seek(to=f"#{record + 1}"))
    except NotPossible:
        return {}
    shared: dict[str, Any] = to_plain(dict(replay.projection.job.shared_data))
    return shared if replay.projection.job is not job else {}
