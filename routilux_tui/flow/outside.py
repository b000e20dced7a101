"""Emitting outside of a handler: from a thread that one started, or from the program itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import JobCancelled, NotPossible

if TYPE_CHECKING:
    from routilux_tui.flow.engine import Execution
    from routilux_tui.flow.flow import Flow
    from routilux_tui.flow.routine import Event


def job_for(event: Event, flow: Flow | None) -> Execution | None:
    """The job that an event goes to which no handler emits: the only one that has not ended.

    Returns:
        None where the flow never had a job: a routine is being tried by itself.

    Raises:
        JobCancelled: when none is left, and the latest was cancelled.
        NotPossible: when several jobs are under way or paused, or all have ended.
    """
    found = flow.open_executions() if flow is not None else []
    if len(found) > 1:
        raise NotPossible(
            f"{event} is emitted outside of a handler, and more than one job is under way.",
            "Emit from a handler, or run the thread in a copy of the handler's context "
            "(contextvars.copy_context().run).",
        )
    if not found and flow is not None and flow.latest_is_cancelled():
        raise JobCancelled(f"{event} is emitted by a thread of a job that has been cancelled.")
    if not found and flow is not None and flow.had_a_job:
        raise NotPossible(
            f"{event} is emitted outside of a handler, and every job of {flow} has ended.",
            "Have the handler wait for the threads that it starts.",
        )
    return found[0] if found else None
