"""Requests to see a job: windows of its lists, whole values, its flow, figures and timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.runner import protocol
from routilux_tui.sources.job_requests import JobRequests
from routilux_tui.views.flow_shape import FlowShape
from routilux_tui.views.insight import FailingInput, Insight
from routilux_tui.views.shapes import Filter, Window
from routilux_tui.views.timeline import Timeline

if TYPE_CHECKING:
    from routilux_tui.job.jsonable import Plain


class ViewRequests(JobRequests):
    """Asks whoever holds a job for what is to be shown of it."""

    async def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows ``start`` to ``stop`` of those that ``where`` leaves."""
        answer = await self._request(
            "window", section=section, start=start, stop=stop, where=_where(where)
        )
        return protocol.understood(self.place, answer, Window)

    async def item(self, section: str, n: int | str) -> Plain:
        """The whole value behind a row."""
        return await self._request("item", section=section, n=n)

    async def flow(self) -> FlowShape:
        """What the job's flow is made of."""
        return protocol.understood(self.place, await self._request("flow"), FlowShape)

    async def timeline(
        self, begin: float, end: float, columns: int, *, fold: bool = True
    ) -> Timeline:
        """A stretch of the job's time, drawn on so many columns; 0 is its first or last moment."""
        answer = await self._request("timeline", begin=begin, end=end, columns=columns, fold=fold)
        return protocol.understood(self.place, answer, Timeline)

    async def insight(self, *parts: str) -> Insight:
        """What is measured of the job: the parts that are asked for."""
        answer = await self._request("insight", parts=list(parts))
        return protocol.understood(self.place, answer, Insight)

    async def failing(self, number: int, start: int, stop: int) -> list[FailingInput]:
        """Some of the inputs that have one kind of error."""
        answer = await self._request("failing", number=number, start=start, stop=stop)
        return msgspec.convert(answer, list[FailingInput])

    async def stack(self, task: int) -> str:
        """Where the handler of a task is at this moment; empty when it runs no more."""
        return str(await self._request("stack", task=task))

    async def find(
        self, section: str, text: str, start: int, *, back: bool, where: Filter
    ) -> int | None:
        """Position of the next row that holds ``text``."""
        found: int | None = await self._request(
            "find", section=section, text=text, start=start, back=back, where=_where(where)
        )
        return found


def _where(where: Filter) -> dict[str, Any]:
    return msgspec.structs.asdict(where) if where else {}
