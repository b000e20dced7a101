"""Judging conditions in a process beside the job's, so that none can hold up a handler.

A condition may ask for more time or memory than there is (``.all`` over lists, six deep), and the
library that judges it lets no other thread run meanwhile. What can't cost anything is judged at
once; all else in a process of its own, which is ended when it takes too long.
"""

from __future__ import annotations

import asyncio
import re
import resource
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import ConditionError, TooCostly
from routilux_tui.job.jsonable import decode, dumps
from routilux_tui.runner.interpreter import python_of
from routilux_tui.views.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable

CPU_SECONDS = 1.0
"""Seconds of a processor that one look at a condition may take."""
_MEMORY = 512 << 20
_PATIENCE = 30.0
_LARGEST = 16 << 20
_HARMLESS_CALLS = frozenset({"has", "size"})


def is_harmless(text: str) -> bool:
    """Whether judging a condition costs next to nothing, whatever the job's data is."""
    calls = re.findall(r"([A-Za-z_]\w*)\s*\(", text)
    return len(text) <= 500 and "+" not in text and _HARMLESS_CALLS.issuperset(calls)


class Judge:
    """Judges conditions for the server's event loop, one after another."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()

    async def check(self, text: str, make_context: Callable[[], dict[str, Any]]) -> None:
        """Raise ConditionError if a condition can't be judged on such a job.

        Args:
            text: the condition.
            make_context: gives what it sees of the job.
        """
        if is_harmless(text):
            Condition(text).check(make_context())
        else:
            await self._ask(text, make_context, check=True)

    async def holds(self, text: str, make_context: Callable[[], dict[str, Any]]) -> bool:
        """Whether a condition is true.

        Raises:
            ConditionError: when it can't be judged, or would take too much time or memory.
        """
        if is_harmless(text):
            return Condition(text).holds(make_context())
        return await self._ask(text, make_context, check=False)

    def close(self) -> None:
        """End the process."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def _ask(
        self, text: str, make_context: Callable[[], dict[str, Any]], *, check: bool
    ) -> bool:
        async with self._lock:
            question = dumps([text, make_context(), check]) + b"\n"
            try:
                answer = await asyncio.wait_for(self._answer(question), _PATIENCE)
                verdict = msgspec.json.decode(answer)
            except (OSError, ValueError, asyncio.TimeoutError, TimeoutError):
                self.close()
                raise TooCostly from None
            except BaseException:  # whoever asked is gone: the answer is nobody's
                self.close()
                raise
        if isinstance(verdict, list):
            raise ConditionError(*map(str, verdict))
        return bool(verdict)

    async def _answer(self, question: bytes) -> bytes:
        if self._streams is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: ASYNC220 - returns when it is started
                    python_of(__name__),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    start_new_session=True,
                )
            self._streams = await asyncio.open_unix_connection(sock=ours, limit=_LARGEST)
        reader, writer = self._streams
        writer.write(question)
        await writer.drain()
        line = await reader.readline()
        if not line:
            raise OSError
        return line


def main() -> int:
    """Answer the questions of standard input, until it ends."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process, whatever it does
    conditions: dict[str, Condition] = {}
    while question := sys.stdin.buffer.readline():
        text, context, check = decode(question)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        verdict: bool | list[str] = True
        try:
            condition = conditions.get(text) or Condition(text)
            conditions[text] = condition
            if check:
                condition.check(context)
            else:
                verdict = condition.holds(context)
        except ConditionError as error:
            verdict = [error.message, error.hint]
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(msgspec.json.encode(verdict) + b"\n")
        sys.stdout.buffer.flush()
    return 0
