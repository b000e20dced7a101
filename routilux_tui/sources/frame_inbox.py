"""Frames of a job that have come in, merged into one while nobody takes them."""

from __future__ import annotations

import asyncio

from routilux_tui.views.shapes import Frame


class FrameInbox:
    """Holds one frame: all that has changed since the last was taken."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._has_come = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        return self._frame is None

    def put(self, frame: Frame) -> None:
        """A frame has come."""
        before = self._frame
        if before is not None:
            rows = {row.routine_id: row for row in (*before.routines, *frame.routines)}
            frame = Frame(
                seq=max(before.seq, frame.seq),
                header=frame.header,
                routines=list(rows.values()),
                stale=sorted({*before.stale, *frame.stale}),
            )
        self._frame = frame
        self._has_come.set()

    def wake(self) -> None:
        """Have whoever waits look up, though nothing may have come."""
        self._has_come.set()

    async def wait(self) -> None:
        """Wait for a frame, or to be woken; what has come stays."""
        await self._has_come.wait()
        self._has_come.clear()

    async def take(self) -> Frame | None:
        """Wait, and take what has come; None for one that was only woken."""
        await self.wait()
        frame, self._frame = self._frame, None
        return frame
