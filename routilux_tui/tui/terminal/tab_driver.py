"""The dashboard's driver in a tab of a browser: it draws into a pipe, and ends when that is cut."""

from __future__ import annotations

import contextlib
import os

from textual.drivers.web_driver import WebDriver
from textual.events import AppFocus


class TabDriver(WebDriver):
    """Textual's own driver for browsers, which would wait for ever for a server that was killed."""

    def start_application_mode(self) -> None:
        """Begin to draw, and to read what is typed."""
        self._write = self._write_all  # type: ignore[assignment] # all that is drawn goes through it
        super().start_application_mode()
        # It says that nobody looks; whoever types does, and what a dialog asks has the focus.
        self._app.call_later(self._app.post_message, AppFocus())

    def _write_all(self, content: bytes) -> int:
        left = content
        try:
            while left:
                left = left[os.write(self.fileno, left) :]
        except OSError:
            self._lost()
        return len(content)

    def run_input_thread(self) -> None:
        """Read keys until told to stop, or until nobody can type any more."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._lost()

    def _lost(self) -> None:
        lost = getattr(self._app, "terminal_lost", self._app.exit)
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(lost)
