"""What a handle on a live job asks of its single tasks: sent again, given up, taken up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible
from routilux_tui.runner import protocol
from routilux_tui.runner.client import SLOW
from routilux_tui.runner.launch_spec import RetrySpec
from routilux_tui.views.choosing import Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.views.choosing import TaskSelection
    from routilux_tui.views.editing import Edited


class TaskAsking(ABC):
    """Asks whoever speaks for a job about its tasks.

    Attributes:
        was_taken_up: whether another process was made to run the job, and is to be reached anew.
    """

    was_taken_up = False

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the job is, for people."""

    @property
    @abstractmethod
    def cannot(self) -> Mapping[str, str]:
        """Action -> why it can't be done now."""

    @abstractmethod
    async def _request(self, method: str, **params: Any) -> Any:
        """Ask, and return the answer."""

    @abstractmethod
    def _reach_anew(self) -> None:
        """Hang up, and look for whoever runs the job now."""

    async def retry(
        self, wanted: TaskSelection, edit: Edited | None = None, reason: str = ""
    ) -> Sent:
        """Send failed inputs again."""
        asked = RetrySpec(wanted=wanted, edit=edit, reason=reason).as_request()
        return await self._ask("retry", "retry", **asked)

    async def give_up(self, wanted: TaskSelection, reason: str = "") -> Sent:
        """Have failed inputs not tried again."""
        asked = RetrySpec(wanted=wanted, reason=reason).as_request()
        return await self._ask("giveup", "giveup", **asked)

    async def change_queue(self, action: str, task: int, edit: Edited | None = None) -> Sent:
        """Hold, let go, drop, move first or edit a task that waits."""
        made = {} if edit is None else {"input": edit.input, "edit": edit.patch}
        return await self._ask("change_queue", "queue", action=action, tasks=[task], **made)

    async def set_workers(self, workers: int) -> None:
        """Have so many handlers run at once, from the next task on."""
        why = self.cannot.get("workers")
        if why is not None:
            raise NotPossible(f"It can't be given more or fewer handlers: {why}.")
        await self._request("workers", workers=workers)

    async def take_up(self) -> Sent:
        """Have the process that speaks for the job's file see to it that it is run."""
        return await self._ask("take_up", "retry")

    async def _ask(self, method: str, needs: str, /, **params: Any) -> Sent:
        why = self.cannot.get(needs)
        if why is not None:
            raise NotPossible(f"It can't be asked to {needs}: {why}.")
        answer = await self._request(method, patience=SLOW, **params)
        sent = protocol.understood(self.place, answer, Sent)
        if sent.socket:
            self.was_taken_up = True
            self._reach_anew()
        return sent
