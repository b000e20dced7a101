"""One tab's dashboard: a process of its own, between its pipes and the tab's socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENDS_WITHIN = 3.0
"""Seconds that a dashboard has to end when its tab is gone."""
_MOST_CELLS = 1000
_NOT_A_TABS = frozenset({"TMUX", "TMUX_PANE", "STY"})
_LONGEST_TEXT = 256 << 10


class Session:
    """The dashboard of one tab; it ends with the tab, and the tab's socket with it.

    Args:
        command: the program and its arguments.
        socket: the tab's, an `aiohttp.web.WebSocketResponse` that is open.

    Attributes:
        is_ending: whether its tab is gone, or its dashboard.
        ended: set when it takes no place any more.
    """

    def __init__(self, command: Sequence[str], socket: Any) -> None:
        self._command = command
        self._socket = socket
        self.is_ending = False
        self.ended = asyncio.Event()

    async def serve(self, width: int, height: int) -> None:
        """Run it until one of the two ends.

        Args:
            width: of the tab's terminal, in cells.
            height: as that.
        """
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(width, height),
            start_new_session=True,
        )
        work = []
        try:
            if process.stdin is not None and process.stdout is not None:
                typing = asyncio.ensure_future(self._type(process.stdin))
                work = [asyncio.ensure_future(self._show(process.stdout)), typing]
                await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.is_ending = True
            for one in work:
                one.cancel()
            await _end(process)
            await asyncio.gather(*work, return_exceptions=True)

    async def _show(self, output: asyncio.StreamReader) -> None:
        """Send the tab what its dashboard draws, until that ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await output.readuntil(b"__GANGLION__\n")  # from here on it speaks in packets
            while True:
                kind = await output.readexactly(1)
                size = int.from_bytes(await output.readexactly(4), "big")
                content = await output.readexactly(size)
                if kind == b"D":
                    await self._socket.send_bytes(content)

    async def _type(self, stdin: asyncio.StreamWriter) -> None:
        """Give the dashboard what is typed, until the tab is gone or talks nonsense."""
        with contextlib.suppress(ValueError, KeyError, IndexError, TypeError, ConnectionError):
            async for message in self._socket:
                kind, *rest = json.loads(message.data)
                if kind == "stdin":
                    await _send(stdin, b"D", rest[0].encode()[:_LONGEST_TEXT])
                elif kind == "resize":
                    size = {one: cells(rest[0][one]) for one in ("width", "height")}
                    await _send(stdin, b"M", json.dumps({"type": "resize", **size}).encode())
                elif kind == "ping":
                    await self._socket.send_json(["pong", str(rest[0])[:40]])


def cells(number: Any) -> int:
    """A number of cells, such that a dashboard can be drawn on them.

    Raises:
        ValueError, TypeError: when it is no number.
    """
    return min(max(int(number), 1), _MOST_CELLS)


def _environment(width: int, height: int) -> dict[str, str]:
    """A tab's: it is in no tmux, wherever the server was started."""
    around = {name: value for name, value in os.environ.items() if name not in _NOT_A_TABS}
    size = {"COLUMNS": str(width), "ROWS": str(height)}
    return around | size | {"TEXTUAL_COLOR_SYSTEM": "truecolor", "TERM": "xterm-256color"}


async def _send(stdin: asyncio.StreamWriter, kind: bytes, content: bytes) -> None:
    stdin.write(kind + len(content).to_bytes(4, "big") + content)
    await stdin.drain()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a dashboard, and whatever it has started."""
    if process.stdin is not None:
        process.stdin.close()  # it knows by this that its tab is gone
    try:
        await asyncio.wait_for(process.wait(), _ENDS_WITHIN)
    except (asyncio.TimeoutError, TimeoutError):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
