"""Output handlers: where a job's outputs go beside its output log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class OutputHandler(ABC):
    """What `JobState.set_output_handler` takes; any object with a ``handle`` like this one does."""

    @abstractmethod
    def handle(
        self,
        job_id: str,
        routine_id: str,
        output_type: str,
        data: dict[str, Any],
        timestamp: datetime | None = None,
    ) -> None:
        """Take one output; what is raised is a warning in the log."""


class QueueOutputHandler(OutputHandler):
    """Puts every output into a queue, as a dict of the parameters, the timestamp in ISO 8601.

    Args:
        queue: anything with a ``put``.
    """

    def __init__(self, queue: Any) -> None:
        self.queue = queue

    def handle(
        self,
        job_id: str,
        routine_id: str,
        output_type: str,
        data: dict[str, Any],
        timestamp: datetime | None = None,
    ) -> None:
        """Put the output into the queue."""
        self.queue.put(
            {
                "job_id": job_id,
                "routine_id": routine_id,
                "output_type": output_type,
                "data": data,
                "timestamp": (timestamp or datetime.now(timezone.utc).astimezone()).isoformat(),
            }
        )


class CallbackOutputHandler(OutputHandler):
    """Calls ``callback(job_id, routine_id, output_type, data, timestamp)`` with every output."""

    def __init__(self, callback: Callable[..., Any]) -> None:
        self.callback = callback

    def handle(
        self,
        job_id: str,
        routine_id: str,
        output_type: str,
        data: dict[str, Any],
        timestamp: datetime | None = None,
    ) -> None:
        """Call the callback."""
        now = timestamp or datetime.now(timezone.utc).astimezone()
        self.callback(job_id, routine_id, output_type, data, now)


class NullOutputHandler(OutputHandler):
    """Lets every output go to the output log alone."""

    def handle(
        self,
        job_id: str,
        routine_id: str,
        output_type: str,
        data: dict[str, Any],
        timestamp: datetime | None = None,
    ) -> None:
        """Do nothing."""
