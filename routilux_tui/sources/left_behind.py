"""A job whose runner is gone, spoken for by its file until somebody runs it again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from routilux_tui.runner import protocol
from routilux_tui.sources.relay import Relay
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.store.locks import is_locked

if TYPE_CHECKING:
    from pathlib import Path

_EVERY = 0.5
"""Seconds between two looks at whether somebody runs the job again."""

#: A task that nobody refers to may be collected in the middle of its work.
_serving: set[asyncio.Task[None]] = set()


async def stream_of_file(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that speaks for the job of a file as its runner did.

    It ends when somebody runs the job again, who then speaks for himself.

    Raises:
        JobFileError: when the file can't be read.
    """
    handle = SavedHandle(path)
    await handle.open()
    ours, theirs = socket.socketpair()
    streams = await asyncio.open_unix_connection(sock=ours, limit=protocol.MAX_ANSWER)
    far = await asyncio.open_unix_connection(sock=theirs, limit=protocol.MAX_REQUEST)
    task = asyncio.ensure_future(serve_file(handle, *far))
    _serving.add(task)
    task.add_done_callback(_serving.discard)
    return streams


async def serve_file(
    handle: SavedHandle, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Speak for the job of a file that is open, until the viewer hangs up or somebody runs it."""
    relay = asyncio.ensure_future(Relay(handle, reader, writer).run())
    try:
        while not relay.done() and not is_locked(handle.path):
            await asyncio.wait({relay}, timeout=_EVERY)
    finally:
        relay.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relay
        with contextlib.suppress(OSError):
            writer.close()
        await handle.close()
