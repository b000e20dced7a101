"""Live jobs: a handle on a runner, over its socket or any other stream that reaches it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui import __version__
from routilux_tui.errors import RoutiluxTuiError, Unreachable
from routilux_tui.job import status as statuses
from routilux_tui.runner import protocol
from routilux_tui.runner.protocol import Hello
from routilux_tui.sources.base import ACTIONS
from routilux_tui.sources.connection import Connection
from routilux_tui.sources.frame_inbox import FrameInbox
from routilux_tui.sources.question_requests import QuestionRequests, only_asks
from routilux_tui.sources.task_requests import TaskRequests
from routilux_tui.sources.view_requests import ViewRequests
from routilux_tui.store.locks import is_locked
from routilux_tui.views.control_kinds import CONTROLS, NOTHING_ASKED, why_silent
from routilux_tui.views.shapes import (
    SECTIONS,
    Frame,
    Header,
    RoutineRow,
    WaitResult,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from routilux_tui.sources.connection import OpenStream

_FIRST_BACKOFF, _LAST_BACKOFF = 0.25, 15.0


_ENDING = 1.0
"""Seconds that a runner without a socket is given to let go of its job's file."""


class LiveHandle(ViewRequests, QuestionRequests, TaskRequests):
    """A job behind a stream that speaks the runner's protocol.

    Args:
        open_stream: makes a new connection.
        place: where the job is, for people.
        fps: frames a second at most.
        read_only: ask for no control, whatever the runner would take.
    """

    def __init__(
        self,
        open_stream: OpenStream,
        place: str,
        *,
        fps: float = 10.0,
        read_only: bool = False,
        via: str = "",
    ) -> None:
        self._open_stream = open_stream
        #: Connects to whoever reads the past of a job's file there; None where it is read here.
        self.open_past: Callable[[str], OpenStream] | None = None
        self._via = via
        self._place = place
        self._fps = fps
        self._read_only = read_only
        self._header = Header(job_id="", flow_id="", status="")
        self._routines: dict[str, RoutineRow] = {}
        self.hello = Hello(protocol=0, version="", job_id="")
        self._connection = Connection(place, self._on_notice)
        self._inbox = FrameInbox()
        self._stale_since: float | None = None
        self._linking: asyncio.Task[None] | None = None
        self._is_linked = asyncio.Event()
        self._over = False
        #: Whether the runner may have been ended by force, and nothing but its file is left.
        self._is_cut_short = False
        self._closed = False

    @property
    def header(self) -> Header:
        """The job in a line, as of the last frame."""
        return self._header

    @property
    def routines(self) -> Mapping[str, RoutineRow]:
        """Every routine, by its id."""
        return self._routines

    @property
    def place(self) -> str:
        """Where the job is, for people."""
        return self._place

    @property
    def file(self) -> str:
        """The job's file, there where its runner is."""
        return self.hello.path

    @property
    def is_gone(self) -> bool:
        """Whether its runner was killed: then its file speaks for it, here or over there."""
        return self._header.gone

    @property
    def is_live(self) -> bool:
        """Whether a process holds the job; a far file has none."""
        return self.hello.pid != 0

    @property
    def stale_since(self) -> float | None:
        """Since when nobody answers, or None while the link is good and the runner answers."""
        if self._stale_since is None:
            return self._connection.silent_since
        return self._stale_since

    @property
    def cannot(self) -> Mapping[str, str]:
        """Action -> why it can't be done now."""
        if self._read_only or self._header.read_only:
            why = "this dashboard is read-only" if self._read_only else "the job is read-only"
            return dict.fromkeys(CONTROLS, why)
        if self._stale_since is not None:
            return dict.fromkeys(ACTIONS, "nobody answers")
        if self._connection.silent_since is not None:
            name = "" if self._place.startswith("ssh://") else self._header.job_id[:8]
            return dict.fromkeys(ACTIONS, why_silent(name))
        reasons = dict(self.hello.cannot)
        status = self._header.status
        if statuses.has_ended(status):
            over = [name for name, control in CONTROLS.items() if not control.after_end]
            reasons.update(dict.fromkeys(over, f"the job is {status}"))
            if self._header.still_running:  # to be asked once more is to end them by force
                unforced = reasons.get("force")
                reasons["cancel"] = f"the job is {status}, and {unforced}"
                if unforced is None:
                    del reasons["cancel"]
        elif status == "paused":
            reasons.setdefault("pause", "the job is paused")
        elif status == "running" and not self._is_pausing():
            reasons.setdefault("resume", "the job is running")
        if not self._header.questions:
            reasons.setdefault("answer", NOTHING_ASKED)
        elif only_asks(self._header):
            reasons.setdefault("resume", "it waits for an answer (a)")
        return reasons

    def _is_pausing(self) -> bool:
        """Whether a pause is asked and can still be called off, by resuming."""
        control = self._header.control
        return control is not None and control.action == "pause"

    # The link

    async def open(self) -> None:
        """Reach the job and fill ``header`` and ``routines``."""
        await self._connect()
        self._linking = asyncio.ensure_future(self._keep_linked())

    async def close(self) -> None:
        """Let go."""
        self._closed = True
        if self._linking is not None:
            self._linking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._linking
        self._connection.close()
        self._inbox.wake()

    async def _connect(self) -> None:
        connection = Connection(self._place, self._on_notice)
        await connection.open(self._open_stream)
        self._connection = connection
        try:
            await self._send_hello()
            answer = await connection.request("subscribe", fps=self._fps)
            self._apply(protocol.understood(self._place, answer, Frame))
        except BaseException:
            connection.close()
            raise
        self._stale_since = None
        self._is_linked.set()

    async def _send_hello(self) -> None:
        answer = await self._request(
            "hello",
            protocol=protocol.VERSION,
            version=__version__,
            read_only=self._read_only,
            via=self._via,
        )
        self.hello = protocol.understood(self._place, answer, Hello)

    async def _keep_linked(self) -> None:
        """Read until the link breaks, make it anew, and so on until the job is over."""
        pause, linked = _FIRST_BACKOFF, True
        while True:
            if linked:
                await self._connection.wait_closed()
                self._is_linked.clear()
                linked = False
                ended = self._is_final() and not self.was_taken_up
                if self._is_cut_short and ended:  # its file tells the rest
                    self._over = self._is_cut_short = False
                elif self._over or ended:
                    self._over = True
                    self._inbox.wake()
                    return
                else:
                    self._stale_since = self._stale_since or time.time()
                    self._inbox.put(Frame(seq=0, header=self._header))
                pause = _FIRST_BACKOFF
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_BACKOFF)
            with contextlib.suppress(RoutiluxTuiError):
                await self._connect()
                linked = True
                self._inbox.put(Frame(seq=0, header=self._header, stale=list(SECTIONS)))

    def _on_notice(self, message: dict[str, Any]) -> None:
        if message.get("method") == "frame":
            self._apply(msgspec.convert(message.get("params"), Frame))
        elif message.get("method") == "bye":
            self._over = True

    async def _request(self, method: str, **params: Any) -> Any:
        return await self._connection.request(method, **params)

    def _reach_anew(self) -> None:
        self._connection.close()

    def _apply(self, frame: Frame) -> None:
        if self._header.still_running and statuses.has_ended(self._header.status):
            self._is_cut_short = bool(self.hello.path)  # should it hang up with its next word
        self._header = frame.header
        for row in frame.routines:
            self._routines[row.routine_id] = row
        self._inbox.put(frame)

    async def changes(self) -> AsyncIterator[Frame]:
        """Frames, merged while nobody takes them; ends when nothing can change any more."""
        while not self._closed:
            frame = await self._inbox.take()
            if frame is not None:
                yield frame
            if self._inbox.is_empty and (self._over or self._is_final()):
                return

    async def goes_on(self) -> bool:
        """Wait until a job that has ended goes on: its runner may be asked to, by anybody.

        It may have ended again before anything of it is seen.
        """
        while not self._closed:
            if not self._inbox.is_empty or not (self._over or self._is_final()):
                self._inbox.wake()
                return True
            if self._over:
                break
            await self._inbox.wait()
        return False

    def _is_final(self) -> bool:
        """Whether the job has ended, and none of its handlers runs any more."""
        return statuses.has_ended(self._header.status) and not self._header.still_running

    # Controls

    async def pause(self, reason: str = "") -> Header:
        """Ask for a pause."""
        return await self._control("pause", reason=reason)

    async def resume(self) -> Header:
        """Ask to go on."""
        return await self._control("resume")

    async def cancel(self, reason: str = "", *, force: bool = False, grace: float = 10.0) -> Header:
        """Ask to cancel."""
        return await self._control("cancel", reason=reason, force=force, grace=grace)

    async def _control(self, method: str, **params: Any) -> Header:
        self._check_possible(method, f"asked to {method}")
        return protocol.understood(self._place, await self._request(method, **params), Header)

    async def set_read_only(self, on: bool) -> None:
        """Greet anew, which any runner understands; a link that is made later says it, too."""
        if on != self._read_only:
            self._read_only = on
            if self._connection.is_open:
                await self._send_hello()

    async def wait(self, until: str = "", timeout: float | None = None) -> WaitResult:
        """Wait where the job lives; goes on over a broken link."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                answer = await self._request("wait", patience=None, until=until, timeout=left)
                return protocol.understood(self._place, answer, WaitResult)
            except Unreachable:
                if self._over or self._closed:
                    raise
                if not self._connection.is_open:
                    self._is_linked.clear()
                await self._is_linked.wait()

    async def check(self, condition: str) -> None:
        """Raise ConditionError if this job can't judge the condition."""
        await self._request("check", condition=condition)


async def socket_stream(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream to the runner behind a socket of this machine.

    Raises:
        OSError: when nobody listens there.
        PeerRefused: when it is another user's.
    """
    from routilux_tui.runner.client import check_peer

    reader, writer = await asyncio.open_unix_connection(str(path), limit=protocol.MAX_ANSWER)
    connection = writer.get_extra_info("socket")
    if hasattr(connection, "getsockopt"):
        check_peer(connection, str(path))
    return reader, writer


def socket_handle(
    path: Path, *, file: str = "", fps: float = 10.0, read_only: bool = False
) -> LiveHandle:
    """A handle on the runner behind a socket of this machine; when it is gone, on its file.

    Args:
        path: the socket.
        file: the job's file, for a runner that is gone before it has named it.
        fps: frames a second.
        read_only: ask for no control.
    """

    async def open_stream() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        deadline = time.monotonic() + (0.0 if handle.hello.path else _ENDING)
        while True:
            try:
                return await socket_stream(path)
            except (ConnectionRefusedError, FileNotFoundError):
                kept = handle.hello.path or file
                if not kept:
                    raise
                if not is_locked(Path(kept)):
                    break
                if time.monotonic() >= deadline:
                    raise
            await asyncio.sleep(_ENDING / 20)
        from routilux_tui.sources.left_behind import stream_of_file

        return await stream_of_file(Path(kept))

    handle = LiveHandle(open_stream, str(path), fps=fps, read_only=read_only)
    return handle
