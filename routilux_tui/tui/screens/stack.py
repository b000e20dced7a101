"""Where a handler is at this moment: the stack of its thread, taken again each second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.screens.detail import TextScreen, json_lines
from routilux_tui.views.formatting import clock, duration
from routilux_tui.views.insight import NOW

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle
    from routilux_tui.views.insight import RunningHandler


class StackScreen(TextScreen):
    """A handler that runs: its input, and its stack as it moves.

    Args:
        handle: the job.
        handler: the handler, as it was when the screen was opened.
    """

    def __init__(self, handle: Handle, handler: RunningHandler) -> None:
        super().__init__(f"{handler.routine_id} at this moment", ["…"])
        self._handle = handle
        self._handler = handler

    def on_mount(self) -> None:
        """Take the stack now, then once a second."""
        self.run_worker(self._take())
        self.set_interval(1.0, lambda: self.run_worker(self._take(), exclusive=True))

    async def _take(self) -> None:
        one = self._handler
        try:
            stack = await self._handle.stack(one.task)
            if not stack:
                await self._follow_next()
                one = self._handler
                stack = await self._handle.stack(one.task)
        except RoutiluxTuiError as error:
            stack = str(error)
        usual = ""
        if one.median is not None and one.p95 is not None:
            usual = f" (its median is {duration(one.median)}, its p95 {duration(one.p95)})"
        lines = [
            f"task {one.task}, since {clock(one.since, exact=False)}{usual}",
            f"try {one.tries} of {one.most_tries}",
            "",
        ]
        lines += (stack or "It runs no more.").rstrip().split("\n")
        whole = one.input if one.input is not None else one.text
        self._rows.show([*lines, "", "its input", "", *json_lines(whole)])

    async def _follow_next(self) -> None:
        """When the handler has ended, the one of its routine that runs longest comes next."""
        moment = (await self._handle.insight(NOW)).now
        for one in moment.handlers if moment is not None else []:
            if one.routine_id == self._handler.routine_id:
                self._handler = one
                return
