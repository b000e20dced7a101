"""Refusing what only a process that runs the job could do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routilux_tui.errors import NotPossible
    from routilux_tui.views.choosing import Sent, TaskSelection
    from routilux_tui.views.editing import Edited
    from routilux_tui.views.shapes import AlertRule, Header


class Refusals(ABC):
    """Refuses the controls of a job that nobody runs, with the reason."""

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

    async def pause(self, reason: str = "") -> Header:
        """Refused."""
        del reason
        raise self._refusal("pause")

    async def resume(self) -> Header:
        """Refused."""
        raise self._refusal("resume")

    async def cancel(self, reason: str = "", *, force: bool = False, grace: float = 10.0) -> Header:
        """Refused."""
        del reason, force, grace
        raise self._refusal("cancel")

    async def set_alert(self, rule: AlertRule) -> None:
        """Refused."""
        del rule
        raise self._refusal("alert")

    async def take_off_alert(self, name: str) -> None:
        """Refused."""
        del name
        raise self._refusal("alert")

    async def set_breakpoint(self, condition: str) -> int:
        """Refused."""
        del condition
        raise self._refusal("breakpoint")

    async def check_breakpoint(self, condition: str) -> None:
        """Refused."""
        await self.set_breakpoint(condition)

    async def take_off_breakpoint(self, number: int) -> None:
        """Refused."""
        del number
        raise self._refusal("breakpoint")
