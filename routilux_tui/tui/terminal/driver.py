"""What stands between the dashboard and its terminal, and leaves the terminal as it was.

Textual's own driver trusts its terminal to stay. This one notices that it is gone (a killed
SSH, a closed window), never blocks behind it, and can put every mode back at any moment.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING, Any, cast

from textual._xterm_parser import XTermParser
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key

from routilux_tui.tui.terminal.answers import EIGHT_BIT, AnswerFilter

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

#: Whatever was switched on is switched off: paste in brackets, resize reports, the mouse in all
#: its kinds, focus reports, the keyboard protocol, the alternate screen; the cursor is shown,
#: lines wrap, and text has no style.
RESTORED = (
    "\x1b[?2004l\x1b[?2048l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    "\x1b[?1004l\x1b[?2026l\x1b[<u\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"
)
PATIENCE = 2.0
"""Seconds that leaving waits for a terminal which swallows nothing."""


class Writer(WriterThread):
    """Feeds the terminal in a thread of its own, and outlives it.

    Args:
        file: the terminal.
        lost: called once, in this thread, when the terminal is gone.
    """

    is_cut_off = False
    """Whether nothing may be written any more: the terminal is being given back."""

    def __init__(self, file: IO[str], lost: Callable[[], None]) -> None:
        super().__init__(file)
        self._lost = lost
        self._given = 0
        self._swallowed = 0

    @property
    def waiting(self) -> int:
        """Writes that the terminal's buffer has not taken yet."""
        return self._given - self._swallowed

    def write(self, text: str) -> None:
        """Have text written."""
        self._given += 1
        super().write(text)

    def run(self) -> None:
        """Write what comes until told to stop; what comes after the terminal is gone is dropped."""
        taken, gone = 0, False
        while (text := self._queue.get()) is not None:
            taken += 1
            try:
                if not gone and not Writer.is_cut_off:
                    self._file.write(text)
                    if self._queue.empty():
                        self._file.flush()
            except (OSError, ValueError):
                gone = True
                self._lost()
            if gone or self._queue.empty():
                self._swallowed = taken
        with contextlib.suppress(OSError, ValueError):
            if not gone:
                self._file.flush()

    def stop(self) -> None:
        """Stop when all is written, or when the terminal has taken nothing for a while."""
        with contextlib.suppress(Exception):
            self._queue.put(None, timeout=PATIENCE)
            self.join(PATIENCE)


class TerminalDriver(LinuxDriver):
    """The driver of the dashboard."""

    has_taken = False
    """Whether some driver has had the terminal."""

    is_lent = False
    """Whether another program has the terminal for a while: nothing is written to it."""

    _modes_found: list[Any] | None = None
    _in_application = False
    _writer: WriterThread | None = None

    @property
    def _writer_thread(self) -> WriterThread | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, thread: WriterThread | None) -> None:
        """Have ours in the place of Textual's, which dies with its terminal."""
        if thread is not None:
            thread = Writer(cast("IO[str]", self._file), self._terminal_lost)
        self._writer = thread

    def start_application_mode(self) -> None:
        """Take the terminal, and remember how it was found."""
        if self._in_application:
            return
        if self._modes_found is None:
            with contextlib.suppress(termios.error, OSError):
                self._modes_found = termios.tcgetattr(self.fileno)
        self._notify_app("terminal_taken")
        TerminalDriver.has_taken = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # It returns early where we were continued in the background.
        self._in_application = self._writer is not None and self._writer.is_alive()

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was found."""
        if not self._in_application:
            return
        self._in_application = False
        super().stop_application_mode()
        self.write(RESTORED)

    def write(self, data: str) -> None:
        """Have text written, while the terminal is ours."""
        if not self.is_lent:
            super().write(data)

    def close(self) -> None:
        """Let the last be written."""
        super().close()
        restore(self.fileno, self._modes_found)

    def _sigtstp_application(self, *args: Any) -> None:
        """Stop between two steps of the loop: amid a write, its lock would never be had."""
        try:
            self._loop.call_soon_threadsafe(super()._sigtstp_application, *args)
        except RuntimeError:  # the loop has ended, and with it the writing
            super()._sigtstp_application(*args)

    def _sigcont_application(self, *args: Any) -> None:
        """Go on after a stop; one that came without a warning left the screen to others."""
        if self._in_application:
            self._notify_app("terminal_taken")
            self._loop.call_soon_threadsafe(lambda: self._app.refresh(layout=True))
            return
        super()._sigcont_application(*args)

    @property
    def waiting(self) -> int:
        """Writes that the terminal's buffer has not taken yet."""
        return self._writer.waiting if isinstance(self._writer, Writer) else 0

    def run_input_thread(self) -> None:
        """Read keys until told to stop, or until the terminal is gone."""
        parser = XTermParser(self._debug)
        answers = AnswerFilter()
        decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        poller = select.poll()
        poller.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            if poller.poll(20 if answers.is_waiting else 100):
                try:
                    content = os.read(self.fileno, 4096)
                except OSError:
                    content = b""
                if not content:
                    self._terminal_lost()
                    return
                text = decode(content).translate(EIGHT_BIT)
                keys = answers.feed(text, time.monotonic())
                for event in parser.feed(keys) if keys else ():
                    self.process_message(event)
            if answers.escape_is_due(time.monotonic()):
                self.process_message(Key("escape", "\x1b"))
            for event in parser.tick():
                self.process_message(event)

    def _terminal_lost(self) -> None:
        """Nobody sits here any more: end, as a hang-up would."""
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self._notify_app("terminal_lost"):
            self._app.exit(return_code=1)

    def _notify_app(self, what: str) -> bool:
        """Tell the application, if it has a method for it."""
        method = getattr(self._app, what, None)
        if method is not None:
            method()
        return method is not None


def restore(fileno: int = 0, modes: list[Any] | None = None, *, at_once: bool = False) -> None:
    """Put the terminal back, by the shortest way there is. Twice does no harm.

    Args:
        fileno: the terminal's input.
        modes: as `termios.tcgetattr` found them; None leaves them.
        at_once: amid everything, when no driver has had its turn; nothing else is written.
    """
    codes = RESTORED
    if at_once:
        Writer.is_cut_off = True
    if not at_once or not TerminalDriver.has_taken:
        codes = codes.replace("\x1b[<u", "").replace("\x1b[?1049l", "")
    if modes is not None:
        with contextlib.suppress(termios.error, OSError):
            termios.tcsetattr(fileno, termios.TCSANOW, modes)
    out = sys.__stderr__
    if out is None or not out.isatty():
        return
    # A terminal that takes nothing must not hold us for ever.
    thread = threading.Thread(target=_write_all, args=(out.fileno(), codes.encode()), daemon=True)
    thread.start()
    thread.join(PATIENCE)


def _write_all(fileno: int, left: bytes) -> None:
    with contextlib.suppress(OSError):
        while left:
            left = left[os.write(fileno, left) :]
