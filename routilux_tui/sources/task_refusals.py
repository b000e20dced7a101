"""Why nothing can be asked about the tasks of a job that nobody runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routilux_tui.errors import NotPossible
    from routilux_tui.views.choosing import Sent, TaskSelection
    from routilux_tui.views.editing import Edited


class TaskRefusals(ABC):
    """Refuses what `TaskRequests` asks of a job that runs."""

    @abstractmethod
    def _refusal(self, action: str) -> NotPossible:
        """Why something can't be asked."""

    async def give_up(self, wanted: TaskSelection, reason: str = "") -> Sent:
        """Refused."""
        del wanted, reason
        raise self._refusal("giveup")

    async def change_queue(self, action: str, task: int, edit: Edited | None = None) -> Sent:
        """Refused."""
        del action, task, edit
        raise self._refusal("queue")

    async def set_workers(self, workers: int) -> None:
        """Refused."""
        del workers
        raise self._refusal("workers")
