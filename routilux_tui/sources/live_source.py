"""The list of the jobs that run on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.sources.live import LiveHandle, socket_handle
from routilux_tui.sources.live_entries import running_entries
from routilux_tui.views.shapes import EntryBatch, JobEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class LiveSource:
    """The jobs that run on this machine.

    Args:
        every: seconds between two looks at each job.
        fps: frames a second of a handle.
        read_only: give handles that ask for no control.
    """

    def __init__(self, *, every: float = 1.0, fps: float = 10.0, read_only: bool = False) -> None:
        self._every = every
        self._fps = fps
        self._read_only = read_only

    async def entries(self) -> AsyncIterator[EntryBatch]:
        """The jobs that run, then what changes."""
        known: dict[str, JobEntry] = {}
        first = True
        while True:
            found = await asyncio.to_thread(running_entries)
            now = {entry.key: entry for entry in found}
            changed = [entry for key, entry in now.items() if known.get(key) != entry]
            gone = [key for key in known if key not in now]
            if changed or gone or first:
                yield EntryBatch(changed, gone)
            known, first = now, False
            await asyncio.sleep(self._every)

    def handle(self, key: str) -> LiveHandle:
        """A handle on the job of a socket."""
        return socket_handle(Path(key), fps=self._fps, read_only=self._read_only)

    async def close(self) -> None:
        """Nothing is held open between two looks."""
