"""What a job's screen asks for beside its frames: figures, its flow, a question."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.breakpoints import is_breakpoint
from routilux_tui.job.status import has_ended
from routilux_tui.views import shapes
from routilux_tui.views.flow_shape import FlowShape
from routilux_tui.views.insight import PARTS, Insight
from routilux_tui.views.shapes import Filter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from routilux_tui.sources.base import Handle
    from routilux_tui.views.questions import AskedQuestion
    from routilux_tui.views.shapes import Header


class JobReading:
    """Asks for each of them when it can have changed, once a second at most.

    Args:
        handle: the job, or its past while that is shown.

    Attributes:
        shape: what its flow is made of.
        question: the pause point at which it waits for a person, if it does.
        questions: what it asks people, the oldest first.
        last: what was measured of it when it was last asked.
    """

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self._asked_of: tuple[Any, ...] = ()
        self.shape = FlowShape(flow_id="", routines=[], is_whole=False)
        self.question: dict[str, Any] | None = None
        self.questions: list[AskedQuestion] = []
        self.last = Insight(at="")
        self._asked_early: dict[str, asyncio.Task[Any]] = {}

    def ask_early(self) -> None:
        """Ask for what the first frame has while its screen is still being made."""
        asked = {"flow": self.handle.flow(), "insight": self.handle.insight(*PARTS)}
        self._asked_early = {name: asyncio.ensure_future(one) for name, one in asked.items()}
        for task in self._asked_early.values():  # whoever reads the answer is told of an error
            task.add_done_callback(lambda one: one.cancelled() or one.exception())

    def _answer(self, name: str, ask: Callable[[], Awaitable[Any]]) -> Awaitable[Any]:
        """The answer to what was asked early, or asked for now."""
        early = self._asked_early.pop(name, None)
        return ask() if early is None else early

    async def read_insight(self) -> Insight | None:
        """All that is measured of the job; None where nobody answers."""
        asked = self.handle
        if asked.stale_since is not None:
            return None
        try:
            insight: Insight = await self._answer("insight", lambda: asked.insight(*PARTS))
        except RoutiluxTuiError:
            return None
        if asked is not self.handle:  # of another moment than the one that is shown by now
            return None
        self.last = insight
        return insight

    async def read_printed(self) -> tuple[int, int] | None:
        """The first line that was printed and is still there, and how many there ever were."""
        if self.handle.stale_since is not None:
            return None
        try:
            window = await self.handle.window(shapes.PRINTED, 0, 1, Filter())
        except RoutiluxTuiError:
            return None
        return window.start, window.total

    async def read_flow(self) -> None:
        """What the flow is made of; a job that can't say has none."""
        try:
            self.shape = await self._answer("flow", self.handle.flow)
        except RoutiluxTuiError:
            return

    @property
    def waits_for_person(self) -> bool:
        """Whether it stands still until a person answers; a breakpoint is no question."""
        return self.question is not None and not is_breakpoint(self.question)

    def forget_question(self) -> None:
        """Have it asked for anew."""
        self._asked_of, self.question, self.questions = (), None, []

    async def read_question(self) -> bool:
        """What the job waits for a person to answer; whether that has changed."""
        header = self.handle.header
        deferred = header.counts.get(shapes.DEFERRED, 0)
        state = (header.status, header.counts.get(shapes.PAUSES, 0), header.questions, deferred)
        if state == self._asked_of or self.handle.stale_since is not None:
            return False
        self._asked_of = state
        self.question, self.questions = None, []
        if not has_ended(header.status):
            await self._read_questions(header)
        return True

    async def _read_questions(self, header: Header) -> None:
        pauses = header.counts.get(shapes.PAUSES, 0)
        try:
            if header.questions:
                self.questions = await self.handle.questions()
            is_paused = header.status == "paused" and pauses
            point = await self.handle.item(shapes.PAUSES, pauses - 1) if is_paused else None
        except RoutiluxTuiError:
            self._asked_of = ()  # it is asked for again
            return
        if isinstance(point, dict) and (point.get("checkpoint") or self.questions):
            self.question = point
