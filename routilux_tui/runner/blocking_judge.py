"""A judge of conditions for threads: it answers in a second of work, or it is ended."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import ConditionError, TooCostly
from routilux_tui.job.jsonable import dumps
from routilux_tui.runner.interpreter import python_of
from routilux_tui.runner.judge import is_harmless

if TYPE_CHECKING:
    from routilux_tui.views.conditions import Condition

_PATIENCE = 10.0


class BlockingJudge:
    """Judges at once what can't cost anything, and all else in a process beside this one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def holds(self, condition: Condition, context: dict[str, Any]) -> bool:
        """Whether a condition is true.

        Raises:
            ConditionError: when it can't be judged.
            TooCostly: when it takes too much time or memory.
        """
        if is_harmless(condition.text):
            return condition.holds(context)
        return self._judged(condition, context)

    def check(self, condition: Condition, context: dict[str, Any]) -> None:
        """Raise ConditionError, as `holds` and `Condition.check` do, if it can't be judged."""
        condition.check_names(context)
        self.holds(condition, context)

    def _judged(self, condition: Condition, context: dict[str, Any]) -> bool:
        try:
            question = dumps([condition.text, context, False]) + b"\n"
            verdict = msgspec.json.decode(self._ask(question))
        except (OSError, ValueError):
            self.close()
            raise TooCostly from None
        if isinstance(verdict, list):
            raise ConditionError(*map(str, verdict))
        return bool(verdict)

    def _ask(self, question: bytes) -> bytes:
        if self._socket is None:
            self._socket, theirs = socket.socketpair()
            self._socket.settimeout(_PATIENCE)
            with theirs:
                self._process = subprocess.Popen(
                    python_of("routilux_tui.runner.judge"),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    start_new_session=True,
                )
        self._socket.sendall(question)
        answer = bytearray()
        while not answer.endswith(b"\n"):
            part = self._socket.recv(1 << 16)
            if not part:
                raise OSError("it has been ended")
            answer += part
        return bytes(answer)

    def close(self) -> None:
        """End the process."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
