"""Sending viewers what has changed, each at its own pace.

A viewer that reads slowly costs the job nothing: there is no queue for it, only the newest state,
sent when its socket has swallowed the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from routilux_tui.runner import protocol
from routilux_tui.views.shapes import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.runner.backend import Backend
    from routilux_tui.runner.viewer import Viewer

MAX_FPS = 30.0
_STUCK_EVERY = 0.1
"""Seconds between two looks at a viewer whose socket is full."""


class FrameSender:
    """Sends frames to the viewers that have subscribed; made inside of the server's event loop.

    Args:
        backend: the job. Nothing is asked of it for a change while nobody watches.
        viewers: all that are connected; the server adds and removes them.
    """

    def __init__(self, backend: Backend, viewers: set[Viewer]) -> None:
        self._backend = backend
        self._viewers = viewers
        self._loop = asyncio.get_running_loop()
        self._dirty = asyncio.Event()
        self._listeners: set[asyncio.Event] = set()

    def subscribe(self, viewer: Viewer, fps: float) -> Frame:
        """Have a viewer sent a frame after changes, at most ``fps`` a second; returns the first."""
        viewer.interval = 1.0 / min(MAX_FPS, max(0.1, fps))
        self.watch_if_needed()
        frame, stale = self._backend.frame()
        for other in self._viewers:
            other.stale |= stale
        viewer.stale = set()
        viewer.sent_rows = {row.routine_id: row for row in frame.routines}
        viewer.next_frame = time.monotonic() + viewer.interval
        return frame

    @contextlib.contextmanager
    def changes(self) -> Iterator[asyncio.Event]:
        """An event that is set at every change while the ``with`` block lasts."""
        changed = asyncio.Event()
        self._listeners.add(changed)
        self.watch_if_needed()
        try:
            yield changed
        finally:
            self._listeners.discard(changed)
            self.watch_if_needed()

    def watch_if_needed(self) -> None:
        """Watch the job while somebody wants to know of its changes, and no longer."""
        if self._listeners or any(viewer.interval for viewer in self._viewers):
            self._backend.watch(self._wake)
        else:
            self._backend.unwatch()

    def _wake(self) -> None:
        """A change was made; called in the thread that made it."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._mark)

    def _mark(self) -> None:
        self._dirty.set()
        for changed in self._listeners:
            changed.set()

    async def run(self) -> None:
        """Send frames until this is cancelled."""
        pause: float | None = None
        while True:
            # one whose turn comes late holds up none whose turn comes soon
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(self._dirty.wait(), pause)
            if self._dirty.is_set():
                self._dirty.clear()
                for viewer in self._viewers:
                    viewer.due = viewer.interval is not None
            pause = self.send_due()

    def send_due(self, *, last: bool = False) -> float | None:
        """Send frames to the viewers whose turn it is; seconds until the next one's, if any."""
        now = time.monotonic()
        ready = [
            viewer
            for viewer in self._viewers
            if viewer.interval is not None
            and (last or (viewer.due and viewer.next_frame <= now and not viewer.is_busy()))
        ]
        if ready:
            self._send(ready, now)
        waiting = [viewer for viewer in self._viewers if viewer.due]
        if not waiting:
            return None
        now = time.monotonic()
        soonest = min(
            max(viewer.next_frame - now, _STUCK_EVERY if viewer.is_busy() else 0.0)
            for viewer in waiting
        )
        return max(0.01, min(soonest, 1.0))

    def _send(self, ready: list[Viewer], now: float) -> None:
        seq, header, routines, stale = self._backend.take()
        for viewer in self._viewers:
            viewer.stale |= stale
        for viewer in ready:
            changed = [row for row in routines if viewer.sent_rows.get(row.routine_id) != row]
            viewer.sent_rows.update((row.routine_id, row) for row in changed)
            frame = Frame(seq=seq, header=header, routines=changed, stale=sorted(viewer.stale))
            viewer.stale = set()
            viewer.due = False
            viewer.next_frame = now + (viewer.interval or 0.0)
            with contextlib.suppress(Exception):
                viewer.writer.write(protocol.notice("frame", frame))
