"""What a job asks people, and their answers, over the stream of a live handle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.runner import protocol
from routilux_tui.views.questions import AskedQuestion
from routilux_tui.views.shapes import DEFERRED, PENDING

if TYPE_CHECKING:
    from routilux_tui.views.shapes import Header

NOTHING_ASKED = "it asks nothing"
"""Why a job can't be answered that has no open question."""


def only_asks(header: Header) -> bool:
    """Whether a job has nothing to go on with until somebody answers."""
    held = header.counts.get(PENDING, 0) + header.counts.get(DEFERRED, 0)
    return header.status == "paused" and header.questions > 0 and not held


class Asking(ABC):
    """The questions of a job behind a stream that speaks the runner's protocol."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the job is, for people."""

    @abstractmethod
    async def _request(self, method: str, **params: Any) -> Any:
        """Ask, and return the answer."""

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
