"""Deciding how a job ends that has run out of tasks: completed, failed or cancelled, and why.

What an error does at once, when it is raised, stands in `error_policy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.job import status as statuses
from routilux_tui.job.jsonable import as_text
from routilux_tui.views.formatting import counted

if TYPE_CHECKING:
    from routilux_tui.state.job_state import JobState


def end_of_job(state: JobState) -> tuple[str, str]:
    """The job's last status; and why, where single tasks of it tell that it failed."""
    if state.dropped_tasks and "_cancellation" in state.routine_states:
        return "cancelled", ""
    failed = [one for one in state.failed_tasks if one.status == "failed"]
    if failed:
        return "failed", f"routine {failed[0].task.routine_id}: {failed[0].error}"
    if state.dropped_tasks:
        left = counted(len(state.dropped_tasks), "task")
        return "failed", f"{left} that it dropped when it failed did not run"
    states = state.routine_states.values()
    found = [as_text(one.get("status")) for one in states if isinstance(one, dict)]
    return statuses.end_of(found), ""
