"""The server of one job's socket.

It lives in a thread of its own with its own event loop, so that any program may have one. A
viewer that talks nonsense is told so and dropped; none can hold more memory than one line each
way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.forking import blank, release_in_children
from routilux_tui.runner import protocol
from routilux_tui.runner.announce import Announcement, announce, withdraw
from routilux_tui.runner.client import peer_of
from routilux_tui.runner.frames import FrameSender
from routilux_tui.runner.paths import socket_path
from routilux_tui.runner.requests import Requests
from routilux_tui.runner.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from routilux_tui.runner.backend import Backend

logger = logging.getLogger("routilux_tui.runner")

MAX_CLIENTS = 64
HELLO_WITHIN = 10.0
_LOOK_EVERY = 3.0
"""Seconds between two looks whether the socket is still there."""


class Server:
    """Serves one job on a Unix socket.

    Args:
        backend: the job.
        path: the socket; made with mode 0600.
        force: called for a forced cancel, with the reason and the grace in seconds.
        on_open: called, in the server's thread, with where the job answers, whenever that is new.
    """

    def __init__(
        self,
        backend: Backend,
        path: Path,
        force: Callable[[str, float], None] | None = None,
        on_open: Callable[[Announcement], None] | None = None,
    ) -> None:
        self.backend = backend
        self._on_open = on_open
        self._announcement: Announcement | None = None
        self.path = path
        self._force = force
        self.fork_lock: threading.RLock | None = None
        self._viewers: set[Viewer] = set()
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="server", daemon=True)

    @property
    def clients(self) -> int:
        """How many viewers look at the job."""
        return sum(not viewer.is_list for viewer in self._viewers)

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
        if self._announcement is not None:
            withdraw(self._announcement)

    def release_in_child(self) -> None:
        """This is a forked child: who connects is answered by its parent."""
        blank(self._listener.fileno())
        for viewer in self._viewers:
            blank(viewer.writer.get_extra_info("socket").fileno())

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
        self._frames = FrameSender(self.backend, self._viewers)
        self._requests = Requests(self.backend, self._frames, self._force)
        release_in_children(self)
        await self._open(self.path)
        watching = asyncio.ensure_future(self._keep_reachable())
        sending = asyncio.ensure_future(self._frames.run())
        self._ready.set()
        await self._stopping.wait()
        watching.cancel()
        self._accepting.close()
        self._frames.send_due(last=True)
        sending.cancel()
        for viewer in list(self._viewers):
            with contextlib.suppress(Exception):
                viewer.writer.write(protocol.notice("bye", {}))
                await asyncio.wait_for(viewer.writer.drain(), 0.2)
            viewer.writer.close()
        self._requests.close()
        self.backend.unwatch()

    async def _open(self, path: Path) -> None:
        """Listen at a path, and write down that the job answers there."""
        self._listener = _listen(path)
        self.path = path
        self._accepting = await asyncio.start_unix_server(
            self._meet, sock=self._listener, limit=protocol.MAX_REQUEST, backlog=128
        )
        self._announcement = Announcement(
            job_id=self.backend.state.job_id,
            socket=str(path),
            pid=os.getpid(),
            path=self.backend.path,
        )
        announce(self._announcement)
        if self._on_open is not None:
            self._on_open(self._announcement)

    def _is_there(self) -> bool:
        return os.path.lexists(self.path)

    async def _keep_reachable(self) -> None:
        """Make the socket anew when somebody has removed it, as the last logout does."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if self._is_there():
                continue
            former = self._accepting
            try:
                await self._open(socket_path(self.backend.state.job_id))
            except (OSError, RoutiluxTuiError) as error:
                logger.warning("No socket can be made anew: %s", error)
                continue
            former.close()
            logger.info("The socket was gone, and is made anew: %s", self.path)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        viewer = Viewer(reader, writer)
        if len(self._viewers) >= MAX_CLIENTS or not _is_ours(writer):
            writer.close()
            return
        self._viewers.add(viewer)
        try:
            await self._read_requests(viewer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        except Exception:
            logger.exception("A viewer was dropped")
        finally:
            for wait in viewer.waits:
                wait.cancel()
            self._viewers.discard(viewer)
            self._frames.watch_if_needed()
            with contextlib.suppress(Exception):
                writer.close()

    async def _read_requests(self, viewer: Viewer) -> None:
        while True:
            try:
                pending = viewer.reader.readline()
                line = await (
                    pending if viewer.greeted else asyncio.wait_for(pending, HELLO_WITHIN)
                )
            except (ValueError, asyncio.LimitOverrunError):
                viewer.writer.write(
                    protocol.refusal(None, (protocol.INVALID_REQUEST, "the line is too long"))
                )
                return
            except (asyncio.TimeoutError, TimeoutError):
                return
            if not line.endswith(b"\n"):
                return
            if not line.strip():
                continue
            if not await self._requests.answer(viewer, line):
                return
            await viewer.writer.drain()


def _listen(path: Path) -> socket.socket:
    """A new socket at a path, in place of whatever was there; only its user may connect."""
    with contextlib.suppress(OSError):
        path.unlink()
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        one.bind(str(path))
    except BaseException:
        one.close()
        raise
    finally:
        os.umask(before)
    return one


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is a process of the same user (or of root)."""
    connection = writer.get_extra_info("socket")
    try:
        _, uid = peer_of(connection)
    except (OSError, AttributeError):
        return False
    return uid in {os.getuid(), 0}
