"""Searching a job's past for a condition, in a process of its own.

A condition may ask for more time or memory than there is, and the library that judges it lets no
other thread run meanwhile: the dashboard that asks must not be the one that stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.errors import NotPossible, RoutiluxTuiError, TooCostly
from routilux_tui.job.jsonable import decode, dumps
from routilux_tui.runner import protocol
from routilux_tui.runner.interpreter import python_of
from routilux_tui.runner.judge import CPU_SECONDS, is_harmless
from routilux_tui.store.large_file import open_job, wait_counted
from routilux_tui.views.condition_search import MOST_SECONDS
from routilux_tui.views.replay import Replay
from routilux_tui.views.replay_shapes import Point, Seek
from routilux_tui.views.time_spec import target_of

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.job.model import Job

_MEMORY = 1 << 30
_MORE_SECONDS = 5.0
"""Seconds of a processor that a search may take beyond those after which it ends by itself."""
_ENDED_WITHIN = 1.0
"""Seconds in which a search that is ended says how far it came."""
_LARGEST = 16 << 20


def is_costly(seek: Seek) -> bool:
    """Whether going to a moment means to judge a condition that may cost anything."""
    text = _condition_of(seek)
    return bool(text) and not is_harmless(text)


def _condition_of(seek: Seek) -> str:
    if seek.to:
        with contextlib.suppress(RoutiluxTuiError):  # whoever goes there will say so
            return target_of(seek.to, 0.0, 0.0).condition
    return seek.condition


class SearchProcess:
    """Searches, one after another, each in a process that is ended when it takes too much.

    Args:
        path: the job's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ended = False

    async def find(self, seek: Seek) -> Point:
        """The moment that is sought.

        Raises:
            TooCostly: when judging the condition takes too much time or memory.
            UsageError, ConditionError: when no moment is meant.
            NotPossible: when there is no such moment, or the search was ended.
        """
        return await self._ask(seek, first=False)

    async def find_first(self, moment: str) -> Point:
        """The moment that a text means, as `Replay.first_held`; errors as `find`."""
        return await self._ask(Seek(to=moment), first=True)

    async def _ask(self, seek: Seek, *, first: bool) -> Point:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = process = subprocess.Popen(  # noqa: ASYNC220 - returns when it is started
                python_of(__name__),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                start_new_session=True,
            )
        self._is_ended = False
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_LARGEST)
        try:
            writer.write(dumps([str(self._path), msgspec.to_builtins(seek), first]) + b"\n")
            line = await reader.readline()
        except OSError:  # it was ended before it had read all
            line = b""
        finally:
            self._process = None
            writer.close()
            process.kill()
            process.wait()
        if not line:
            raise NotPossible("The search was ended.") if self._is_ended else TooCostly
        answer = protocol.parse(line)
        if "error" in answer:
            raise protocol.raised(answer["error"])
        return protocol.understood(str(self._path), answer.get("result"), Point)

    def stop(self) -> None:
        """End a search that is under way where it is."""
        process = self._process
        if process is not None:
            self._is_ended = True
            process.send_signal(signal.SIGTERM)
            loop = asyncio.get_running_loop()
            loop.call_later(_ENDED_WITHIN, process.kill)


def main() -> int:
    """Search for what standard input asks for."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process, whatever it does
    path, seek, first = decode(sys.stdin.buffer.readline())
    try:
        line = protocol.answer(0, _searched(path, msgspec.convert(seek, Seek), first=first))
    except RoutiluxTuiError as error:
        line = protocol.refusal(0, error)
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    return 0


def _searched(path: str, seek: Seek, *, first: bool) -> Point:
    def read() -> Job:
        job = open_job(path)
        wait_counted(job)
        return job

    replay = Replay(path, read)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    replay.check(_condition_of(seek))
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS + _MORE_SECONDS)
    signal.signal(signal.SIGTERM, lambda *_: replay.stop())
    return replay.first_held(seek.to) if first else replay.seek(seek)
