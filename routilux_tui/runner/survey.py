"""Asking many runners at once who they are and how their jobs are.

However many of them don't answer, all together cost the patience of one.
"""

from __future__ import annotations

import contextlib
import errno
import resource
import selectors
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from routilux_tui import __version__
from routilux_tui.errors import PeerRefused
from routilux_tui.runner import protocol
from routilux_tui.runner.client import check_peer, peer_of
from routilux_tui.runner.protocol import Hello
from routilux_tui.views.shapes import Header

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 2.0
"""Seconds that the runners are given to answer."""
_LARGEST = 1 << 20
"""Bytes of an answer at most."""
_RETRY_EVERY = 0.02
_HELLO = protocol.request(1, "hello", {"protocol": protocol.VERSION, "version": __version__})


def _questions(also: str) -> bytes:
    asked = _HELLO + protocol.request(2, "header", {})
    return asked + protocol.request(3, also, {}) if also else asked


class Found(NamedTuple):
    """A job that answers; ``more`` is its answer to what else was asked, or None."""

    socket: Path
    hello: Hello
    header: Header
    more: Any = None

    @property
    def job_id(self) -> str:
        """Its id."""
        return self.hello.job_id

    @property
    def flow_id(self) -> str:
        """Its flow's name."""
        return self.hello.flow_id

    @property
    def name(self) -> str:
        """The name that it was given when it was started."""
        return self.header.name


class Silent(NamedTuple):
    """A runner that holds its socket open and does not answer; ``pid`` is 0 where not known."""

    socket: Path
    pid: int


class Survey(NamedTuple):
    """What is behind the sockets: jobs that answer, runners that don't, and what is left of dead.

    ``dead`` are sockets at which nobody listens any more.
    """

    answering: list[Found]
    silent: list[Silent]
    dead: list[Path]


def survey(sockets: list[Path], patience: float = PATIENCE, also: str = "") -> Survey:
    """Ask the runners behind sockets, all at once; the order is kept.

    Args:
        sockets: where they listen.
        patience: seconds that all of them together are given.
        also: a method that is asked of each beside ``header``.
    """
    asked = [_Asked(path, _questions(also)) for path in sockets]
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    at_once = max(1, limit // 4 if limit > 0 else len(asked))
    for first in range(0, len(asked), at_once):
        _ask_all(asked[first : first + at_once], patience)
    return Survey(
        [one.found for one in asked if one.found is not None],
        [Silent(one.path, one.pid) for one in asked if one.state in {"waiting", "asked"}],
        [one.path for one in asked if one.state == "dead"],
    )


class _Asked:
    """A runner that is asked.

    ``state`` is ``waiting`` while others are at its door, ``asked`` while its answer is to come,
    ``answered``, ``dead`` where nobody listens, ``refused`` where it is no runner of ours.
    """

    def __init__(self, path: Path, questions: bytes) -> None:
        self.path = path
        self._questions = questions
        self.pid = 0
        self.state = "waiting"
        self.found: Found | None = None
        self._received = b""

    def ask(self, connection: socket.socket) -> None:
        """Send it the questions, if it can be reached by now."""
        try:
            connection.connect(str(self.path))
            check_peer(connection, str(self.path))
            self.pid, _ = peer_of(connection)
            connection.sendall(self._questions)
            self.state = "asked"
        except BlockingIOError:  # its queue is full: a Unix socket does not wait by itself
            return
        except (OSError, PeerRefused) as error:
            is_dead = isinstance(error, OSError) and error.errno == errno.ECONNREFUSED
            self.state = "dead" if is_dead else "refused"

    def receive(self, connection: socket.socket) -> None:
        """Take what has come of its answers."""
        part = b""
        with contextlib.suppress(OSError):
            part = connection.recv(_LARGEST)
        self._received += part
        answers = self._questions.count(b"\n")
        lines = self._received.split(b"\n", answers)
        if part and len(lines) <= answers and len(self._received) < _LARGEST:
            return
        self.state = "refused"  # it hung up, or talks without end, or of something else
        with contextlib.suppress(ValueError, IndexError, msgspec.MsgspecError):
            hello = msgspec.convert(protocol.parse(lines[0]).get("result"), Hello)
            header = msgspec.convert(protocol.parse(lines[1]).get("result"), Header)
            more = protocol.parse(lines[2]).get("result") if answers > 2 else None
            self.found = Found(self.path, hello, header, more)
            self.state = "answered"


def _ask_all(asked: list[_Asked], patience: float) -> None:
    """Ask, and read the answers until all have come, or the time is over."""
    deadline = time.monotonic() + patience
    with contextlib.ExitStack() as opened:
        selector = opened.enter_context(selectors.DefaultSelector())
        connections = {
            one.path: opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            for one in asked
        }
        while True:
            for one in asked:
                if one.state == "waiting":
                    connections[one.path].settimeout(0.0)
                    one.ask(connections[one.path])
                    if one.state == "asked":
                        selector.register(connections[one.path], selectors.EVENT_READ, one)
            left = deadline - time.monotonic()
            is_waiting = any(one.state == "waiting" for one in asked)
            if left <= 0 or not (is_waiting or selector.get_map()):
                return
            for key, _ in selector.select(min(left, _RETRY_EVERY) if is_waiting else left):
                key.data.receive(connections[key.data.path])
                if key.data.state != "asked":
                    selector.unregister(key.fileobj)
