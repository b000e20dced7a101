"""Telling a list how a job is: its line when it changes, and now and then that it is there."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from routilux_tui.runner import protocol

if TYPE_CHECKING:
    from routilux_tui.runner.backend import Backend
    from routilux_tui.runner.frames import FrameSender
    from routilux_tui.runner.viewer import Viewer
    from routilux_tui.views.shapes import Header

NOTICE = "listed"
"""The message that has a job's line; without one it says only that the runner is there."""
SIGN_EVERY = 5.0
"""Seconds after which a runner says that it is there, though nothing has changed."""
_ANEW_EVERY = 15.0
"""Seconds after which a line is made anew though nothing has changed: why a job waits may."""
_LOOK_EVERY = 0.05


class ListWatch:
    """Sends one viewer the line of a job.

    Args:
        backend: the job.
        frames: what knows of changes.
        viewer: who is told; it does not count as somebody who looks at the job.
        every: seconds between two lines at least; another status is told at once.
    """

    def __init__(self, backend: Backend, frames: FrameSender, viewer: Viewer, every: float) -> None:
        self._backend = backend
        self._frames = frames
        self._viewer = viewer
        self._every = max(0.05, every)
        self._sent_at = 0.0
        self._sent: Header | None = None

    def begin(self) -> Header:
        """The first line; all others follow by themselves until the viewer has gone."""
        self._viewer.is_list = True
        line = self._sent = self._backend.listed()
        self._sent_at = time.monotonic()
        task = asyncio.ensure_future(self._run())
        self._viewer.waits.add(task)
        task.add_done_callback(self._viewer.waits.discard)
        return line

    async def _run(self) -> None:
        with self._frames.changes() as changed:
            self._backend.rearm()
            while True:
                with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                    await asyncio.wait_for(changed.wait(), SIGN_EVERY)
                if changed.is_set():
                    await self._pause()
                    changed.clear()
                    self._backend.rearm()
                    self._send()
                elif time.monotonic() - self._sent_at >= _ANEW_EVERY:
                    self._send()
                else:
                    self._give_sign()

    async def _pause(self) -> None:
        """Wait until the next line may be sent."""
        while time.monotonic() - self._sent_at < self._every:
            if self._sent is None or self._backend.state.status != self._sent.status:
                return
            await asyncio.sleep(_LOOK_EVERY)

    def _send(self) -> None:
        if self._viewer.is_busy():
            return  # it is told with the next change, or in a while
        line = self._backend.listed()
        self._sent_at = time.monotonic()
        if line == self._sent:
            self._give_sign()
            return
        self._sent = line
        self._viewer.writer.write(protocol.notice(NOTICE, line))

    def _give_sign(self) -> None:
        if not self._viewer.is_busy():
            self._viewer.writer.write(protocol.notice(NOTICE, None))
