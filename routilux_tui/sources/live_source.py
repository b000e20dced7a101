"""The list of the jobs that run on this machine.

Runners are asked once, and tell by themselves what changes: hundreds that do nothing cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui import __version__
from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.runner import protocol
from routilux_tui.runner.discover import all_jobs
from routilux_tui.runner.list_watch import NOTICE, SIGN_EVERY
from routilux_tui.sources.connection import Connection
from routilux_tui.sources.live import LiveHandle, socket_handle, socket_stream
from routilux_tui.sources.live_entries import entries_of, entry_of
from routilux_tui.views.shapes import EntryBatch, Header, JobEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from routilux_tui.runner.survey import Found, Survey

_QUIET = 2.5 * SIGN_EVERY
"""Seconds after which a runner that has said nothing is asked whether it answers at all."""


class LiveSource:
    """The jobs that run on this machine.

    Args:
        every: seconds between two lines of a job, and between two looks for new ones.
        fps: frames a second of a handle.
        read_only: give handles that ask for no control.
    """

    def __init__(self, *, every: float = 1.0, fps: float = 10.0, read_only: bool = False) -> None:
        self._every = every
        self._fps = fps
        self._read_only = read_only
        self._watched: dict[Path, _Watched] = {}
        self._files: dict[str, str] = {}
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = limit // 2 if limit > 0 else 1 << 20

    async def entries(self) -> AsyncIterator[EntryBatch]:
        """The jobs that run, then what changes."""
        known: dict[str, JobEntry] = {}
        first = True
        try:
            while True:
                now = await self._look()
                self._files = {key: one.path for key, one in now.items()}
                changed = [entry for key, entry in now.items() if known.get(key) != entry]
                gone = [key for key in known if key not in now]
                if changed or gone or first:
                    yield EntryBatch(changed, gone)
                known, first = now, False
                await asyncio.sleep(self._every)
        finally:
            self._let_go()

    async def _look(self) -> dict[str, JobEntry]:
        """Every job's line by its key; only those that nobody watches are asked."""
        for path in [path for path, one in self._watched.items() if not one.is_heard()]:
            self._watched.pop(path).close()
        asked: Survey = await asyncio.to_thread(all_jobs, without=self._watched)
        entries = [one.entry for one in self._watched.values()]
        entries += await asyncio.to_thread(entries_of, asked)
        for found in asked.answering[: self._most - len(self._watched)]:
            one = _Watched(found)
            if await one.open(self._every):
                self._watched[found.socket] = one
        return {entry.key: entry for entry in entries}

    def _let_go(self) -> None:
        for one in self._watched.values():
            one.close()
        self._watched.clear()

    def handle(self, key: str, file: str = "") -> LiveHandle:
        """A handle on the job of a socket; should its runner end just now, on its file."""
        file = file or self._files.get(key, "")
        return socket_handle(Path(key), file=file, fps=self._fps, read_only=self._read_only)

    async def close(self) -> None:
        """Hang up."""
        self._let_go()


class _Watched:
    """A runner that tells how its job is."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._heard = time.monotonic()
        self._connection = Connection(str(found.socket), self._on_notice)
        self.entry = entry_of(found)

    async def open(self, every: float) -> bool:
        """Have it tell; False where it does not, as an older one doesn't, or is gone."""
        try:
            await self._connection.open(lambda: socket_stream(self._found.socket))
            await self._connection.request("hello", protocol=protocol.VERSION, version=__version__)
            self._take(await self._connection.request("watch", every=every))
        except RoutiluxTuiError:
            self.close()
            return False
        return True

    def is_heard(self) -> bool:
        """Whether it is still to be heard."""
        return self._connection.is_open and time.monotonic() - self._heard < _QUIET

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _on_notice(self, message: dict[str, Any]) -> None:
        self._heard = time.monotonic()
        if message.get("method") == NOTICE and message.get("params"):
            self._take(message["params"])

    def _take(self, line: Any) -> None:
        with contextlib.suppress(msgspec.ValidationError):
            header = msgspec.convert(line, Header)
            self.entry = entry_of(self._found._replace(header=header))
