"""One connection to a runner: requests out, answers and notices in.

It lives as long as its stream. `routilux_tui.sources.live` makes a new one when it breaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from routilux_tui.errors import NotConfirmed, Unreachable
from routilux_tui.runner import protocol
from routilux_tui.views.formatting import limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    OpenStream = Callable[[], Awaitable[tuple[asyncio.StreamReader, "Writer"]]]

PATIENCE = 10.0
"""Seconds to wait for an answer."""
_SILENT_AFTER = 5.0
"""Seconds in which a runner that is asked says something at least, unless it is stopped."""


class Writer(Protocol):
    """What a connection asks of a stream that it writes to; an `asyncio.StreamWriter` is one."""

    def write(self, data: bytes) -> None:
        """Send, when there is room."""

    async def drain(self) -> None:
        """Wait for room."""

    def close(self) -> None:
        """Hang up."""


class Connection:
    """A stream that speaks the runner's protocol.

    Args:
        place: where the job is, for people.
        on_notice: called with each message that answers no request.
    """

    def __init__(self, place: str, on_notice: Callable[[dict[str, Any]], None]) -> None:
        self._place = place
        self._on_notice = on_notice
        self._writer: Writer | None = None
        self._number = 0
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._reading: asyncio.Future[None] | None = None
        #: Since when something is asked and nothing was heard, by a clock that nobody sets.
        self._unheard_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests can be made."""
        return self._writer is not None

    @property
    def silent_since(self) -> float | None:
        """Since when (``time.time()``) nothing is heard though something is asked, or None."""
        if self._writer is None or self._unheard_since is None:
            return None
        silent = time.monotonic() - self._unheard_since
        return time.time() - silent if silent >= _SILENT_AFTER else None

    async def open(self, open_stream: OpenStream) -> None:
        """Make the stream and begin to read.

        Raises:
            Unreachable: when there is no stream within `PATIENCE`.
        """
        try:
            reader, writer = await asyncio.wait_for(open_stream(), PATIENCE)
        except (asyncio.TimeoutError, TimeoutError):
            raise Unreachable(f"{self._place}: no answer within {limit(PATIENCE)}.") from None
        except OSError as error:
            raise Unreachable(f"{self._place}: {error.strerror or error}.") from error
        self._writer = writer
        self._reading = asyncio.ensure_future(self._read(reader))

    async def wait_closed(self) -> None:
        """Wait until the other end hangs up, or the stream breaks."""
        if self._reading is not None:
            await self._reading

    def close(self, why: str = "the connection was closed") -> None:
        """Hang up; whoever waits for an answer gets `Unreachable`."""
        if self._writer is not None:
            with contextlib.suppress(Exception):
                self._writer.close()
            self._writer = None
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(Unreachable(f"{self._place}: {why}."))
        self._pending.clear()

    async def request(
        self, method: str, *, patience: float | None = PATIENCE, **params: Any
    ) -> Any:
        """Ask, and return the answer.

        Args:
            method: what is asked.
            patience: seconds to wait; None waits for ever.
            params: its parameters.

        Raises:
            RoutiluxTuiError: as the runner refuses.
            NotConfirmed: when it has not answered in time.
            Unreachable: when the connection is closed, or breaks.
        """
        if self._writer is None:
            raise Unreachable(f"{self._place}: nobody answers.", "It is tried again by itself.")
        self._number += 1
        number = self._number
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        if patience is not None and patience <= PATIENCE and self._unheard_since is None:
            self._unheard_since = time.monotonic()
        try:
            self._writer.write(protocol.request(number, method, params))
            await self._writer.drain()
            return await asyncio.wait_for(answer, patience)
        except (asyncio.TimeoutError, TimeoutError):
            raise NotConfirmed(f"{self._place}: {method!r} was not answered in time.") from None
        except OSError as error:
            raise Unreachable(f"{self._place}: {error.strerror or error}.") from error
        finally:
            self._pending.pop(number, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._unheard_since = None
                message = protocol.parse(line)
                if "method" in message:
                    self._on_notice(message)
                else:
                    self._resolve(message)
        except (OSError, ValueError, msgspec.MsgspecError, asyncio.LimitOverrunError):
            pass
        finally:
            self.close("the connection broke")

    def _resolve(self, message: dict[str, Any]) -> None:
        """Give an answer to whoever waits for it."""
        number = message.get("id")
        answer = self._pending.pop(number, None) if isinstance(number, int) else None
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(protocol.raised(message["error"]))
        else:
            answer.set_result(message.get("result"))
