"""The server of one job's socket.

It lives in a thread of its own with its own event loop, so that any program may have one. A
viewer that reads slowly costs the job nothing: there is no queue for it, only the newest state,
sent when the socket has swallowed the last one. A viewer that talks nonsense is told so and
dropped; none can hold more memory than one line each way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

from routilux_tui import __version__
from routilux_tui.errors import ReadOnly, RoutiluxTuiError, UsageError
from routilux_tui.runner import protocol
from routilux_tui.views.shapes import Frame, RoutineRow, WaitResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from routilux_tui.runner.backend import Backend

logger = logging.getLogger("routilux_tui.runner")

MAX_CLIENTS = 64
MAX_WAITS = 16
MAX_FPS = 30.0
HELLO_WITHIN = 10.0
_JUDGE_EVERY = 0.005
_STUCK_EVERY = 0.1
"""Seconds between two looks at a viewer whose socket is full."""


class _Client:
    """One viewer that is connected."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.greeted = False
        self.read_only = False
        self.interval: float | None = None
        self.next_frame = 0.0
        self.due = False
        self.known: dict[str, RoutineRow] = {}
        self.stale: set[str] = set()
        self.waits: set[asyncio.Task[None]] = set()

    def busy(self) -> bool:
        """Whether the socket has not swallowed yet what was sent."""
        return self.writer.transport.get_write_buffer_size() > 0


class Server:
    """Serves one job on a Unix socket.

    Args:
        backend: the job.
        path: the socket; made with mode 0600.
        force: called for a forced cancel, with the reason and the grace in seconds.
    """

    def __init__(
        self,
        backend: Backend,
        path: Path,
        force: Callable[[str, float], None] | None = None,
    ) -> None:
        self.backend = backend
        self.path = path
        self._force = force
        self._clients: set[_Client] = set()
        self._judges: set[asyncio.Event] = set()
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="server", daemon=True)

    @property
    def clients(self) -> int:
        """How many viewers are connected."""
        return len(self._clients)

    def start(self) -> None:
        """Open the socket; returns when it answers.

        Raises:
            OSError: when the socket can't be made.
        """
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed

    def stop(self) -> None:
        """Say good-bye to the viewers and remove the socket."""
        if self._thread.is_alive() and self._failed is None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(2.0)
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failed = error
            logger.exception("The server of %s ended", self.path)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._dirty = asyncio.Event()
        with contextlib.suppress(OSError):
            self.path.unlink()
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(
                self._meet, str(self.path), limit=protocol.MAX_REQUEST, backlog=128
            )
        finally:
            os.umask(before)
        frames = asyncio.ensure_future(self._send_frames())
        self._ready.set()
        await self._stopping.wait()
        server.close()
        await self._send_due(last=True)
        frames.cancel()
        for client in list(self._clients):
            with contextlib.suppress(Exception):
                client.writer.write(protocol.notice("bye", {}))
                await asyncio.wait_for(client.writer.drain(), 0.2)
            client.writer.close()
        self.backend.unwatch()

    # Viewers

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(reader, writer)
        if len(self._clients) >= MAX_CLIENTS or not _is_ours(writer):
            writer.close()
            return
        self._clients.add(client)
        try:
            await self._talk(client)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        except Exception:
            logger.exception("A viewer was dropped")
        finally:
            for wait in client.waits:
                wait.cancel()
            self._clients.discard(client)
            self._watch()
            with contextlib.suppress(Exception):
                writer.close()

    async def _talk(self, client: _Client) -> None:
        while True:
            try:
                pending = client.reader.readline()
                line = await (
                    pending if client.greeted else asyncio.wait_for(pending, HELLO_WITHIN)
                )
            except (ValueError, asyncio.LimitOverrunError):
                client.writer.write(
                    protocol.refusal(None, (protocol.INVALID_REQUEST, "the line is too long"))
                )
                return
            except (asyncio.TimeoutError, TimeoutError):
                return
            if not line.endswith(b"\n"):
                return
            if not line.strip():
                continue
            if not await self._answer(client, line):
                return
            await client.writer.drain()

    async def _answer(self, client: _Client, line: bytes) -> bool:
        """Answer one request; False when the viewer is to be dropped."""
        number: Any = None
        try:
            message = protocol.parse(line)
            number = message.get("id")
            method, params = message.get("method"), message.get("params") or {}
            if not isinstance(method, str) or not isinstance(params, dict):
                raise ValueError("not a request")
        except ValueError as error:
            client.writer.write(protocol.refusal(None, (protocol.PARSE_ERROR, str(error)[:200])))
            return False
        try:
            if method == "hello":
                client.writer.write(protocol.answer(number, self._hello(client, params)))
                return True
            if not client.greeted:
                client.writer.write(
                    protocol.refusal(number, (protocol.INVALID_REQUEST, "say hello first"))
                )
                return False
            if method == "wait":
                self._begin_wait(client, number, params)
                return True
            if client.read_only and method in _CONTROLS:
                raise ReadOnly(f"It can't be asked to {method}: this viewer is read-only.")
            does = _METHODS.get(method)
            if does is None:
                client.writer.write(
                    protocol.refusal(number, (protocol.NO_METHOD, f"no method {method[:40]!r}"))
                )
                return True
            result = does(self, client, params)
            if asyncio.iscoroutine(result):
                result = await result
            client.writer.write(protocol.answer(number, result))
        except (TypeError, ValueError, KeyError) as error:
            if isinstance(error, RoutiluxTuiError):
                client.writer.write(protocol.refusal(number, error))
            else:
                told = (protocol.INVALID_PARAMS, f"{type(error).__name__}: {error}"[:300])
                client.writer.write(protocol.refusal(number, told))
        except Exception as error:
            if not isinstance(error, RoutiluxTuiError):
                logger.exception("A request failed")
            client.writer.write(protocol.refusal(number, error))
        return True

    def _hello(self, client: _Client, params: dict[str, Any]) -> protocol.Hello:
        theirs = params.get("protocol")
        if theirs != protocol.VERSION:
            raise protocol.mismatch(theirs, str(params.get("version", "")))
        client.greeted = True
        client.read_only = bool(params.get("read_only"))
        state = self.backend.state
        return protocol.Hello(
            protocol=protocol.VERSION,
            version=__version__,
            job_id=state.job_id,
            flow_id=state.flow_id,
            pid=os.getpid(),
            path=self.backend.path,
            log=self.backend.log,
            read_only=self.backend.read_only,
            cannot=self.backend.cannot(),
        )

    # Frames

    def _subscribe(self, client: _Client, params: dict[str, Any]) -> Frame:
        fps = min(MAX_FPS, max(0.1, float(params.get("fps", 10))))
        client.interval = 1.0 / fps
        self._watch()
        frame, stale = self.backend.frame()
        for other in self._clients:
            other.stale |= stale
        client.stale = set()
        client.known = {row.routine_id: row for row in frame.routines}
        client.next_frame = time.monotonic() + client.interval
        return frame

    def _watch(self) -> None:
        if any(client.interval for client in self._clients) or self._judges:
            self.backend.watch(self._wake)
        else:
            self.backend.unwatch()

    def _wake(self) -> None:
        """A change was made; called in the thread that made it."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._mark)

    def _mark(self) -> None:
        self._dirty.set()
        for judge in self._judges:
            judge.set()

    async def _send_frames(self) -> None:
        pause: float | None = None
        while True:
            # one whose turn comes late holds up none whose turn comes soon
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(self._dirty.wait(), pause)
            if self._dirty.is_set():
                self._dirty.clear()
                for client in self._clients:
                    client.due = client.interval is not None
            pause = await self._send_due()

    async def _send_due(self, *, last: bool = False) -> float | None:
        """Send frames to the viewers whose turn it is; seconds until the next one's, if any."""
        now = time.monotonic()
        ready = [
            client
            for client in self._clients
            if client.interval is not None
            and (last or (client.due and client.next_frame <= now and not client.busy()))
        ]
        if ready:
            seq, header, routines, stale = self.backend.take()
            for client in self._clients:
                client.stale |= stale
            for client in ready:
                changed = [row for row in routines if client.known.get(row.routine_id) != row]
                client.known.update((row.routine_id, row) for row in changed)
                frame = Frame(seq=seq, header=header, routines=changed, stale=sorted(client.stale))
                client.stale = set()
                client.due = False
                client.next_frame = now + (client.interval or 0.0)
                with contextlib.suppress(Exception):
                    client.writer.write(protocol.notice("frame", frame))
        waiting = [client for client in self._clients if client.due]
        if not waiting:
            return None
        now = time.monotonic()
        soonest = min(
            max(client.next_frame - now, _STUCK_EVERY if client.busy() else 0.0)
            for client in waiting
        )
        return max(0.01, min(soonest, 1.0))

    # Waits

    def _begin_wait(self, client: _Client, number: Any, params: dict[str, Any]) -> None:
        if len(client.waits) >= MAX_WAITS:
            raise UsageError(f"There are {MAX_WAITS} waits already on this connection.")
        text = str(params.get("until") or "")
        timeout = params.get("timeout")
        condition = self.backend.check(text) if text else None
        task = asyncio.ensure_future(
            self._wait(client, number, condition, None if timeout is None else float(timeout))
        )
        client.waits.add(task)
        task.add_done_callback(client.waits.discard)

    async def _wait(
        self, client: _Client, number: Any, condition: Any, timeout: float | None
    ) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        changed = asyncio.Event()
        self._judges.add(changed)
        self._watch()
        result: WaitResult | None = None
        try:
            while result is None:
                changed.clear()
                self.backend._marked = False
                result = self.backend.judge(condition)
                left = None if deadline is None else deadline - time.monotonic()
                if result is None and left is not None and left <= 0:
                    status = self.backend.state.status
                    result = WaitResult("timeout", status, f"not within {timeout:g} s")
                if result is None:
                    # the age of a job changes by itself
                    at_most = 1.0 if left is None else min(1.0, left)
                    with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                        await asyncio.wait_for(changed.wait(), at_most)
                    await asyncio.sleep(_JUDGE_EVERY)
        finally:
            self._judges.discard(changed)
            self._watch()
        client.writer.write(protocol.answer(number, result))

    # The other methods

    async def _window(self, _client: _Client, params: dict[str, Any]) -> Any:
        section, where = protocol.section_of(params), params.get("where") or {}
        start, stop = int(params["start"]), int(params["stop"])
        if where:
            return await asyncio.to_thread(self.backend.window, section, start, stop, where)
        return self.backend.window(section, start, stop, where)

    def _item(self, _client: _Client, params: dict[str, Any]) -> Any:
        return protocol.sendable(
            self.backend.projection.item(protocol.section_of(params), params["n"])
        )

    async def _find(self, _client: _Client, params: dict[str, Any]) -> Any:
        return await asyncio.to_thread(
            self.backend.find,
            protocol.section_of(params),
            str(params["text"]),
            int(params["start"]),
            bool(params.get("back")),
            params.get("where") or {},
        )

    def _header(self, _client: _Client, _params: dict[str, Any]) -> Any:
        return self.backend.header()

    def _routines(self, _client: _Client, _params: dict[str, Any]) -> Any:
        return self.backend.projection.routines()

    def _pause(self, _client: _Client, params: dict[str, Any]) -> Any:
        return self.backend.pause(str(params.get("reason", "")))

    def _resume(self, _client: _Client, _params: dict[str, Any]) -> Any:
        return self.backend.resume()

    def _cancel(self, _client: _Client, params: dict[str, Any]) -> Any:
        reason = str(params.get("reason", ""))
        if params.get("force") and self._force is not None:
            header = self.backend.cancel(reason, force=True)
            self._force(reason, float(params.get("grace", 10.0)))
            return header
        return self.backend.cancel(reason)

    def _check(self, _client: _Client, params: dict[str, Any]) -> Any:
        self.backend.check(str(params.get("condition", "")))
        return True


_METHODS: dict[str, Callable[[Server, _Client, dict[str, Any]], Any]] = {
    "subscribe": Server._subscribe,
    "window": Server._window,
    "item": Server._item,
    "find": Server._find,
    "header": Server._header,
    "routines": Server._routines,
    "pause": Server._pause,
    "resume": Server._resume,
    "cancel": Server._cancel,
    "check": Server._check,
}

_CONTROLS = frozenset({"pause", "resume", "cancel"})


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is a process of the same user (or of root)."""
    connection = writer.get_extra_info("socket")
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", told)[1]
    except (OSError, AttributeError):
        return False
    return uid in {os.getuid(), 0}
