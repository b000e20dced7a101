"""A plain connection to a runner, for commands: one question, one answer, no event loop."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui import __version__
from routilux_tui.errors import NotConfirmed, PeerRefused, Unreachable
from routilux_tui.runner import protocol
from routilux_tui.runner.protocol import Answer, Hello
from routilux_tui.views.formatting import limit
from routilux_tui.views.naming import command
from routilux_tui.views.shapes import AlertState, Header, RoutineRow, WaitResult, Window

if TYPE_CHECKING:
    from types import TracebackType

    from routilux_tui.views.breakpoints import Breakpoint
    from routilux_tui.views.choosing import Sent
    from routilux_tui.views.flow_shape import FlowShape
    from routilux_tui.views.insight import FailingInput, Insight, NextTask
    from routilux_tui.views.questions import AskedQuestion
    from routilux_tui.views.shapes import Filter
    from routilux_tui.views.timeline import Timeline

SLOW = 30.0
"""Seconds to wait for what takes a runner its time: a job that has ended is taken up again."""


class Client:
    """A connection to the runner behind a socket.

    Args:
        path: the socket.
        patience: seconds to wait for an answer.

    Raises:
        Unreachable: when nobody answers; its kinds say why.
    """

    def __init__(self, path: str | os.PathLike[str], patience: float = 5.0) -> None:
        self.path = os.fspath(path)
        #: What its job is called in a command.
        self.job = Path(self.path).stem
        self.patience = patience
        self._number = 0
        self._received = bytearray()
        #: How much of what was received has no end of a line in it.
        self._searched = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(patience)
        try:
            connect(self._socket, self.path, patience)
            check_peer(self._socket, self.path)
        except OSError as error:
            self._socket.close()
            raise Unreachable(
                f"{self.path}: nobody answers: {error.strerror or error}.",
                "The job may have ended: routilux-tui ps",
            ) from error
        try:
            hello = self.call("hello", protocol=protocol.VERSION, version=__version__)
            self.hello = self._as(Hello, hello)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Client:  # noqa: PYI034 - nobody derives from it
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def call(self, method: str, *, patience: float | None = -1, **params: Any) -> Any:
        """Ask, and return the answer.

        Args:
            method: what is asked.
            patience: seconds to wait; None waits for ever; by default the connection's.
            params: its parameters.

        Raises:
            RoutiluxTuiError: as the runner refuses.
            NotConfirmed: when it has not answered in time.
            Unreachable: when it hung up.
        """
        self._number += 1
        patience = self.patience if patience == -1 else patience
        deadline = None if patience is None else time.monotonic() + patience
        try:
            self._socket.settimeout(patience)
            self._socket.sendall(protocol.request(self._number, method, params))
            while True:
                message = protocol.parse(self._read_line(deadline))
                if message.get("id") != self._number:
                    if "error" in message and message.get("id") is None:
                        raise protocol.raised(message["error"])
                    continue
                if "error" in message:
                    raise protocol.raised(message["error"])
                return message.get("result")
        except TimeoutError:
            raise NotConfirmed(
                f"The runner has not answered {method!r} in time.",
                f"Try again, look at its log, or end it: {command('cancel', '--force', self.job)}",
            ) from None
        except OSError as error:
            raise Unreachable(f"{self.path}: {error.strerror or error}.") from error
        except ValueError as error:
            if isinstance(error, Unreachable):
                raise
            raise Unreachable(f"{self.path}: the answer can't be understood.") from error

    def _read_line(self, deadline: float | None) -> bytes:
        """The next line; one that does not end in time, or never, is no answer."""
        while (end := self._received.find(b"\n", self._searched)) < 0:
            self._searched = len(self._received)
            if self._searched > protocol.MAX_ANSWER:
                raise Unreachable(f"{self.path}: the answer does not end.")
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
            part = self._socket.recv(1 << 16)
            if not part:
                raise Unreachable(f"{self.path}: the runner hung up.")
            self._received += part
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        self._searched = 0
        return line

    def _as(self, kind: type[Answer], answer: Any) -> Answer:
        return protocol.understood(self.path, answer, kind)

    def header(self) -> Header:
        """The job in a line."""
        return self.header_of(self.call("header"))

    def header_of(self, answer: Any) -> Header:
        """The header that an answer holds."""
        return self._as(Header, answer)

    def sent(self, method: str, **params: Any) -> Sent:
        """Ask for something about tasks; what has become of it."""
        from routilux_tui.views.choosing import Sent

        return self._as(Sent, self.call(method, patience=SLOW, **params))

    def routines(self) -> list[RoutineRow]:
        """Every routine of the job."""
        return self._as(list[RoutineRow], self.call("routines"))

    def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows of a section."""
        answer = self.call(
            "window", section=section, start=start, stop=stop, where=msgspec.to_builtins(where)
        )
        return self._as(Window, answer)

    def item(self, section: str, n: int | str) -> Any:
        """The whole value behind a row."""
        return self.call("item", section=section, n=n)

    def flow(self) -> FlowShape:
        """What the job's flow is made of."""
        from routilux_tui.views.flow_shape import FlowShape

        return msgspec.convert(self.call("flow"), FlowShape)

    def timeline(self, begin: float, end: float, columns: int, *, fold: bool = True) -> Timeline:
        """A stretch of the job's time, drawn on so many columns; 0 is its first or last moment."""
        answer = self.call("timeline", begin=begin, end=end, columns=columns, fold=fold)
        from routilux_tui.views.timeline import Timeline

        return msgspec.convert(answer, Timeline)

    def insight(self, *parts: str) -> Insight:
        """What is measured of the job: the parts that are asked for."""
        from routilux_tui.views.insight import Insight

        return self._as(Insight, self.call("insight", parts=list(parts)))

    def failing(self, number: int, start: int, stop: int) -> list[FailingInput]:
        """Some of the inputs that have one kind of error."""
        answer = self.call("failing", number=number, start=start, stop=stop)
        from routilux_tui.views.insight import FailingInput

        return msgspec.convert(answer, list[FailingInput])

    def waiting_tasks(self, start: int, stop: int) -> list[NextTask]:
        """Some of the tasks that wait, in the order in which they come."""
        from routilux_tui.views.insight import NextTask

        return self._as(list[NextTask], self.call("queue", start=start, stop=stop))

    def stack(self, task: int) -> str:
        """Where the handler of a task is at this moment; empty when it runs no more."""
        return str(self.call("stack", task=task))

    def questions(self, *, answered: bool = False) -> list[AskedQuestion]:
        """What the job asks people; with the answered ones, if they are wanted."""
        from routilux_tui.views.questions import AskedQuestion

        return self._as(list[AskedQuestion], self.call("questions", answered=answered))

    def alerts(self) -> list[AlertState]:
        """The rules by which people are told of the job."""
        return self._as(list[AlertState], self.call("alerts"))

    def breakpoints(self) -> list[Breakpoint]:
        """The breakpoints that are set on the job."""
        from routilux_tui.views.breakpoints import Breakpoint

        return self._as(list[Breakpoint], self.call("breakpoints"))

    def wait(self, until: str, timeout: float | None) -> WaitResult:
        """Wait where the job lives.

        Raises:
            NotConfirmed: when the timeout is over, and the runner does not say so.
        """
        patience = None if timeout is None else timeout + self.patience
        answer = self.call("wait", patience=patience, until=until, timeout=timeout)
        return self._as(WaitResult, answer)

    def wait_for_status(
        self, statuses: set[str], within: float, paused_before: int | None = None
    ) -> Header:
        """Wait until the job says that it has one of these statuses.

        Or, where ``paused_before`` says how often it had been paused, that it went on meanwhile
        and is paused once more.

        Raises:
            NotConfirmed: when it has not within so many seconds.
        """
        deadline = time.monotonic() + within
        while True:
            header = self.header()
            if header.status in statuses:
                return header
            if paused_before is not None and header.counts.get("pauses", 0) > paused_before:
                return header
            if time.monotonic() >= deadline:
                running = header.control.running if header.control else 0
                job = header.job_id[:8]
                until = " || ".join(f'status == "{one}"' for one in sorted(statuses))
                raise NotConfirmed(
                    f"Asked, but job {header.job_id} is still {header.status} after {limit(within)}"
                    f" ({self._what_runs()}).",
                    f"It will be done when they return: {command('wait', job, '--until', until)}"
                    if running
                    else f"Why: {command('why', job)}",
                )
            time.sleep(0.02)

    def _what_runs(self) -> str:
        """Which handlers run, for how long and since when."""
        from routilux_tui.views.insight import NOW, Now
        from routilux_tui.views.still_running import still_running_now

        return still_running_now(self.insight(NOW).now or Now())


def connect(one: socket.socket, path: str, patience: float) -> None:
    """Connect to a Unix socket; waits where too many others are at its door.

    Raises:
        OSError: when nobody listens, or the door stays full for ``patience`` seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            one.connect(path)
        except BlockingIOError:  # a Unix socket's queue is full: it does not wait by itself
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        else:
            return


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """The process and the user at the other end: for a listening socket, who listens."""
    credentials = connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
    )
    pid, uid, _ = struct.unpack("3i", credentials)
    return pid, uid


def person(uid: int, via: str = "") -> dict[str, Any]:
    """A user as a job keeps whoever steered it: number and name here, and what he is called there.

    Args:
        uid: the user's number on this machine.
        via: ``user@host``, for somebody on another machine.
    """
    import pwd

    who: dict[str, Any] = {"uid": uid}
    with contextlib.suppress(KeyError):
        who["name"] = pwd.getpwuid(uid).pw_name
    return who | ({"via": via[:100]} if via else {})


def check_peer(connection: socket.socket, path: str) -> None:
    """Refuse a socket that another user's process answers.

    Raises:
        PeerRefused: when it is another user's.
    """
    _, uid = peer_of(connection)
    if uid not in {os.getuid(), 0}:
        connection.close()
        raise PeerRefused(f"{path}: it is answered by a process of another user (uid {uid}).")
