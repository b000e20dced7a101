"""Requests about a job's questions, breakpoints and alerts: to see, to answer, to set them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.runner import protocol
from routilux_tui.sources.job_requests import JobRequests
from routilux_tui.views.breakpoints import Breakpoint
from routilux_tui.views.questions import AskedQuestion
from routilux_tui.views.shapes import DEFERRED, PENDING, AlertState

if TYPE_CHECKING:
    from routilux_tui.views.shapes import AlertRule, Header


def only_asks(header: Header) -> bool:
    """Whether a job has nothing to go on with until somebody answers."""
    held = header.counts.get(PENDING, 0) + header.counts.get(DEFERRED, 0)
    return header.status == "paused" and header.questions > 0 and not held


class QuestionRequests(JobRequests):
    """Asks whoever holds a job about its questions, breakpoints and alerts."""

    @abstractmethod
    async def _control(self, method: str, **params: Any) -> Header:
        """Ask for a control."""

    async def questions(self) -> list[AskedQuestion]:
        """The open questions of the job, the oldest first."""
        answer = await self._request("questions")
        return protocol.understood(self.place, answer, list[AskedQuestion])

    async def answer(self, question: str, choice: str, data: Any = None) -> str:
        """Answer one of them."""
        await self._control("answer", question=question, choice=choice, data=data)
        return ""

    async def breakpoints(self) -> list[Breakpoint]:
        """The breakpoints that are set on the job."""
        answer = await self._request("breakpoints")
        return protocol.understood(self.place, answer, list[Breakpoint])

    async def set_breakpoint(self, condition: str) -> int:
        """Have the job paused before the next task that a condition holds for."""
        return int(await self._steer("breakpoint", "breakpoint", condition=condition))

    async def check_breakpoint(self, condition: str) -> None:
        """Raise ConditionError if this job and its tasks can't judge a condition."""
        await self._steer("breakpoint", "breakpoint", condition=condition, dry=True)

    async def take_off_breakpoint(self, number: int) -> None:
        """Take a breakpoint off, or with 0 all of them."""
        await self._steer("breakpoint", "breakpoint_off", number=number)

    async def context(self) -> dict[str, Any]:
        """What a condition sees of the job."""
        return protocol.understood(self.place, await self._request("context"), dict[str, Any])

    async def alerts(self) -> list[AlertState]:
        """The rules by which people are told of the job."""
        answer = await self._request("alerts")
        return protocol.understood(self.place, answer, list[AlertState])

    async def set_alert(self, rule: AlertRule) -> None:
        """Have people told of the job by a rule."""
        from routilux_tui.views.alerts import table_of

        await self._steer("alert", "alert", rule=table_of(rule))

    async def take_off_alert(self, name: str) -> None:
        """Take a rule off."""
        await self._steer("alert", "alert_off", name=name)

    async def _steer(self, action: str, method: str, **params: Any) -> Any:
        """Ask for what is no control of the job's status."""
        self._check_possible(action, f"asked for a {action}")
        return await self._request(method, **params)
