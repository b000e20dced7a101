"""One viewer that is connected to a job's socket, as the server knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from routilux_tui.views.shapes import RoutineRow


class Viewer:
    """A connection, and what has been sent over it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.greeted = False
        self.read_only = False
        #: Whether it is a list, which looks at no job.
        self.is_list = False
        #: Who it is; see `JobData.controls`.
        self.who: dict[str, Any] = {}
        #: Seconds between two frames; None while it has not subscribed.
        self.interval: float | None = None
        self.next_frame = 0.0
        #: Whether something has changed since its last frame.
        self.due = False
        #: The rows that it was sent last, by routine.
        self.sent_rows: dict[str, RoutineRow] = {}
        #: The sections whose rows have gone stale since its last frame.
        self.stale: set[str] = set()
        self.waits: set[asyncio.Task[None]] = set()

    def is_busy(self) -> bool:
        """Whether the socket has not swallowed yet what was sent."""
        return self.writer.transport.get_write_buffer_size() > 0
