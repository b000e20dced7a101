"""Waiting for conditions on a job's screen: asking for one, and telling how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle

_SHOWN = 30.0
"""Seconds that the end of a wait is shown."""


class JobWaits:
    """The waits that a reader began.

    Args:
        screen: the screen that asks, and is told by ``waits_changed``.
        handle: the job.
    """

    def __init__(self, screen: Any, handle: Handle) -> None:
        self._screen = screen
        self._handle = handle
        self._waits: dict[int, tuple[str, float]] = {}

    @property
    def under_way(self) -> list[tuple[str, float]]:
        """The conditions waited for, each with the time since when, the newest last."""
        return list(self._waits.values())

    def ask(self) -> None:
        """Ask for a condition, and wait for it beside everything else."""
        from routilux_tui.tui.screens.dialogs import WaitDialog
        from routilux_tui.views.conditions import examples

        def begin(condition: str | None) -> None:
            if condition:
                self._screen.run_worker(self._wait(condition))

        conditions = examples(self._handle.header, list(self._handle.routines.values()))
        self._screen.app.push_screen(WaitDialog(self._handle.check, conditions), begin)

    async def _wait(self, condition: str) -> None:
        number = max(self._waits, default=0) + 1
        self._waits[number] = (condition, self._screen.head.now())
        self._screen.waits_changed()
        text = printable(condition)
        try:
            result = await self._handle.wait(condition)
        except RoutiluxTuiError as error:
            self._notify("The wait ended", f"{text}\n{printable(str(error))}", "error")
        else:
            self._screen.app.bell()
            if result.outcome == "met":
                self._notify("The condition holds", text)
            else:
                detail = f"{text}\n{printable(result.detail)}"
                self._notify("It can't hold any more", detail, "warning")
        finally:
            self._waits.pop(number, None)
            self._screen.waits_changed()

    def _notify(self, title: str, text: str, severity: str = "information") -> None:
        self._screen.notify(text, title=title, severity=severity, timeout=_SHOWN, markup=False)
