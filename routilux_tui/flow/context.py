"""What a handler that runs may know of where it runs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from routilux_tui.flow.flow import Flow
    from routilux_tui.flow.invocation import Running
    from routilux_tui.state.job_state import JobState

#: The handler that runs in this thread, where one does.
RUNNING: ContextVar[Running | None] = ContextVar("routilux_tui_running", default=None)


class ExecutionContext(NamedTuple):
    """What a handler may ask for while it runs."""

    flow: Flow
    job_state: JobState
    routine_id: str

    @property
    def cancelled(self) -> bool:
        """Whether the job has been cancelled, so that the handler had better return."""
        return self.job_state.status == "cancelled"
