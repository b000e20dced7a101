"""Whether a flow can go on with a job, asked before anything has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import FlowDefinitionError, NotPossible
from routilux_tui.job.jsonable import as_text
from routilux_tui.store.versions import is_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from routilux_tui.flow.structure import FlowStructure
    from routilux_tui.job.tasks import Task
    from routilux_tui.state.job_state import JobState


def check_resumable(flow: FlowStructure, state: JobState, held: Iterable[Task]) -> None:
    """Refuse held tasks and deferred events that this flow has no slot or event for.

    Raises:
        FlowDefinitionError: when the job is at a routine that this flow does not have.
        NotPossible: naming the first of them, and what to do.
    """
    routines, held = flow.routines, list(held)
    for task in held:
        if task.routine_id not in routines and is_address(task.routine_id):
            raise NotPossible(
                f"Job {state.job_id} was saved by an older routilux, which names "
                f"the routines of its pending tasks by memory address ({task.routine_id}).",
                "They can't be told apart any more: run the flow anew, with the job's "
                "shared data as its parameters.",
            )
    check_place(flow, state)
    check_tasks(flow, held)
    for event in state.deferred_events:
        fields = event if isinstance(event, dict) else {}
        routine_id, name = as_text(fields.get("routine_id")), as_text(fields.get("event_name"))
        routine = routines.get(routine_id)
        if routine is None or routine.get_event(name) is None:
            raise NotPossible(
                f"A deferred event is {name!r} of routine {routine_id!r}, "
                "which this flow does not have.",
                "Resume the job with the flow it was made by.",
            )


def check_place(flow: FlowStructure, state: JobState) -> None:
    """Refuse a job that is at a routine which this flow does not have.

    Raises:
        FlowDefinitionError: naming it, and what to do.
    """
    routines, current = flow.routines, state.current_routine_id
    if current and current not in routines and not is_address(current):
        raise FlowDefinitionError(
            f"Job {state.job_id} is at routine {current!r}, which this flow does not have.",
            f"Resume it with the flow it was made by; this one has: {', '.join(routines)}.",
        )


def check_tasks(flow: FlowStructure, tasks: Iterable[Task]) -> None:
    """Refuse tasks that this flow has no slot for.

    Raises:
        NotPossible: naming the first of them, and what to do.
    """
    routines = flow.routines
    for task in tasks:
        routine = routines.get(task.routine_id)
        if routine is not None and routine.get_slot(task.slot) is not None:
            continue
        raise NotPossible(
            f"A held task is for slot {task.slot!r} of routine {task.routine_id!r}, "
            "which this flow does not have.",
            f"Resume it with the flow it was made by; this one has: {', '.join(routines)}.",
        )
