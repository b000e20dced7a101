"""Requests about a job's single tasks: to send them again, give them up, hold or move them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.runner import protocol
from routilux_tui.runner.client import SLOW
from routilux_tui.runner.launch_spec import RetrySpec
from routilux_tui.sources.job_requests import JobRequests
from routilux_tui.views.choosing import Sent
from routilux_tui.views.control_kinds import CONTROLS

if TYPE_CHECKING:
    from routilux_tui.views.choosing import TaskSelection
    from routilux_tui.views.editing import Edited


class TaskRequests(JobRequests):
    """Asks whoever speaks for a job about its tasks.

    Attributes:
        was_taken_up: whether another process was made to run the job, and is to be reached anew.
    """

    was_taken_up = False

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
        self._check_possible("workers", "given more or fewer handlers")
        await self._request("workers", workers=workers)

    async def take_up(self) -> Sent:
        """Have the process that speaks for the job's file see to it that it is run."""
        return await self._ask("take_up", "retry")

    async def _ask(self, method: str, needs: str, /, **params: Any) -> Sent:
        self._check_possible(needs, f"asked to {CONTROLS[needs].label}")
        answer = await self._request(method, patience=SLOW, **params)
        sent = protocol.understood(self.place, answer, Sent)
        if sent.socket:
            self.was_taken_up = True
            self._reach_anew()
        return sent
