"""A program in a terminal of its own, with what it writes and when."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable


class Screen:
    """A program in a terminal, with what it writes and when.

    Args:
        words: the words after Python's own.
        size: its lines and columns.
        remote: say that it is at the other end of an SSH connection.
    """

    def __init__(
        self, words: list[str], size: tuple[int, int] = (40, 120), *, remote: bool = False
    ) -> None:
        self.begin = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            for name in ("COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE", "SSH_CONNECTION"):
                os.environ.pop(name, None)
            if remote:
                os.environ["SSH_CONNECTION"] = "192.0.2.1 50000 192.0.2.2 22"
            os.execv(sys.executable, [sys.executable, *words])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
        self.bytes = 0
        self._terminal = pyte.Screen(size[1], size[0])
        self._stream = pyte.ByteStream(self._terminal)

    def read(self, seconds: float) -> bytes:
        """What it writes within so many seconds, or until it writes something, if that is first."""
        ready, _, _ = select.select([self.fd], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            content = os.read(self.fd, 1 << 20)
        except OSError:
            return b""
        self.bytes += len(content)
        return content

    def trickle(self, seconds: float, rate: float) -> bytes:
        """All that a link of so many bytes a second brings in so many seconds."""
        end, parts, room = time.perf_counter() + seconds, [], 0.0
        last = time.perf_counter()
        while (now := time.perf_counter()) < end:
            room = min(room + (now - last) * rate, rate * 0.02)
            last = now
            if room >= 64 and select.select([self.fd], [], [], 0)[0]:
                content = os.read(self.fd, int(room))
                self.bytes += len(content)
                room -= len(content)
                parts.append(content)
            time.sleep(0.001)
        return b"".join(parts)

    def drain(self, seconds: float) -> bytes:
        """All that it writes in so many seconds."""
        end, parts = time.perf_counter() + seconds, []
        while (left := end - time.perf_counter()) > 0:
            parts.append(self.read(left))
        return b"".join(parts)

    def until(self, text: bytes, within: float = 20.0) -> float:
        """Seconds from the start until it has written a text."""
        seen, end = b"", time.perf_counter() + within
        while text not in seen:
            if time.perf_counter() > end:
                raise RuntimeError(f"{text!r} was never painted: {seen[-300:]!r}")
            seen += self.read(0.2)
        return time.perf_counter() - self.begin

    def sees(self, what: Callable[[list[str]], bool], within: float = 20.0) -> float:
        """The time (`time.perf_counter`) at which its lines first fulfil a condition.

        From the first call on, what it writes is read by a terminal emulator.
        """
        at, end = time.perf_counter(), time.perf_counter() + within
        while not what(self.lines()):
            if at > end:
                raise RuntimeError("never seen; this was:\n" + "\n".join(self.lines()))
            content = self.read(0.2)
            at = time.perf_counter()
            self._stream.feed(content)
        return at

    def lines(self) -> list[str]:
        """What stands in the terminal, as far as `sees` has read."""
        return list(self._terminal.display)

    def memory(self) -> int:
        """Bytes of memory that are its own."""
        told = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in told if line.startswith("Private"))

    def send(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def cpu(self) -> float:
        """Seconds of a core that it has used."""
        parts = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
