"""A job whose file finds no room, on its disk or in memory, is paused until there is room again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from routilux_tui.errors import NotPossible

if TYPE_CHECKING:
    from routilux_tui.flow.engine import Engine
    from routilux_tui.runner.backend import Backend

_PAUSED_WITHIN = 30.0


class FullDisk:
    """What a journal calls when there is no room, and when there is some again.

    Args:
        engine: runs the job.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reason = ""
        #: Shows the note; set as soon as there is one.
        self.backend: Backend | None = None

    def _set_note(self, note: str) -> None:
        if self.backend is not None:
            self.backend.note = note

    def is_full(self, reason: str) -> None:
        """There is no room: hold the job."""
        self._reason = reason
        self._set_note(reason)
        with contextlib.suppress(NotPossible):
            self._engine.pause(reason)

    def is_free(self) -> None:
        """There is room again: go on, if nobody else has paused the job."""
        self._set_note("")
        self._engine.wait(_PAUSED_WITHIN)
        state = self._engine.job_state
        points = state.pause_points
        why = points[-1].get("reason", "") if points and isinstance(points[-1], dict) else ""
        waited = state.status == "paused" and why == self._reason
        if waited and not (self.backend is not None and self.backend.pause_asked):
            with contextlib.suppress(NotPossible):
                self._engine.resume()
