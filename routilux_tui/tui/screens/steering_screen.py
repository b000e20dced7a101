"""Pausing, resuming and cancelling: a key asks the same on a job's screen and on the list."""

from __future__ import annotations

import asyncio
import contextlib
from abc import abstractmethod
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.breakpoints import is_breakpoint
from routilux_tui.tui.screens.paced import PacedScreen
from routilux_tui.views.control_kinds import CONTROLS
from routilux_tui.views.formatting import clock
from routilux_tui.views.insight import NOW
from routilux_tui.views.shapes import PAUSES
from routilux_tui.views.still_running import still_running_now, way_out
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.sources.base import Handle

FORCE = "force"
"""The control that ends a job's process."""
_RETURN_WITHIN = 2.0
"""Seconds that handlers are given to return before it is said that they have not."""
_NAMED = 4
"""Jobs that a question names; of the others it says how many there are."""


class SteeringScreen(PacedScreen[None]):
    """A screen with jobs on it that can be steered: one, or those that are selected."""

    @property
    @abstractmethod
    def cannot(self) -> Mapping[str, str]:
        """Action -> why it can't be done now."""

    @abstractmethod
    def steered(self) -> list[str]:
        """The names of the jobs that a key means now."""

    @abstractmethod
    async def steer(self, action: str, reason: str = "") -> None:
        """Ask these jobs for a control."""

    @abstractmethod
    def are_cancelled(self) -> bool:
        """Whether each of these jobs has ended, but for handlers that have not returned."""

    @abstractmethod
    async def still_running(self) -> str:
        """Which handlers of these jobs have not returned."""

    @abstractmethod
    async def question(self) -> str:
        """What one of these jobs waits for a person to answer; empty where none does."""

    def is_refused(self, action: str) -> bool:
        """Say why an action can't be done; whether it can't."""
        why = self.cannot.get(action)
        if why is not None:
            self.say_refused(action, why)
        return why is not None

    def say_refused(self, action: str, why: str) -> None:
        """Say why an action can't be done, in the same words wherever it is asked for."""
        label = CONTROLS[action].label if action in CONTROLS else action
        self.notify(f"Can't {label}: {printable(why)}.", severity="warning", markup=False)

    def _named(self) -> str:
        names = self.steered()
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return printable(", ".join(names[:_NAMED]) + more)

    def action_pause(self) -> None:
        """Pause, with a reason if one is given."""
        if self.is_refused("pause") or not self.steered():
            return
        from routilux_tui.tui.screens.dialogs import LineDialog

        def answered(reason: str | None) -> None:
            if reason is not None:
                self.run_worker(self.steer("pause", reason))

        names = self.steered()
        title = "Pause the job" if len(names) == 1 else f"Pause {len(names)} jobs"
        self.app.push_screen(LineDialog(title, "A reason, if you like.", yes="pause"), answered)

    def action_resume(self) -> None:
        """Go on; where a job waits for a person, that is a yes, and it is asked for."""
        if not self.is_refused("resume") and self.steered():
            self.run_worker(self._resume())

    async def _resume(self) -> None:
        question = await self.question()
        if not question:
            await self.steer("resume")
            return
        from routilux_tui.tui.screens.dialogs import ConfirmDialog

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(self.steer("resume"))

        self.app.push_screen(
            ConfirmDialog(
                f"Go on with {self._named()}?",
                f"It waits for you: {question}. Going on is a yes.",
                "yes, go on",
            ),
            on_confirmed,
        )

    def action_cancel(self) -> None:
        """Cancel, if the reader is sure; once more, end by force what has not returned."""
        if self.is_refused("cancel") or not self.steered():
            return
        if self.are_cancelled():
            self.run_worker(self._end_by_force())
            return
        from routilux_tui.tui.screens.dialogs import ConfirmDialog

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(self.steer("cancel", "cancelled from the dashboard"))

        self.app.push_screen(
            ConfirmDialog(
                f"Cancel {self._named()}?",
                "What has not started never will. Running handlers are told to stop.",
                "cancel it" if len(self.steered()) == 1 else "cancel them",
            ),
            on_confirmed,
        )

    async def _end_by_force(self) -> None:
        """End the processes of jobs whose handlers do not return, if the reader is sure."""
        still = await self.still_running()
        if not still:
            return
        from routilux_tui.tui.screens.dialogs import ConfirmDialog

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(self.steer(FORCE))

        one = len(self.steered()) == 1
        self.app.push_screen(
            ConfirmDialog(
                f"End {self._named()} by force?",
                f"{still}. {'Its process is' if one else 'Their processes are'} ended at once, "
                "whatever it does (cancel --force).",
                "end it" if one else "end them",
            ),
            on_confirmed,
        )

    async def ask(self, handle: Handle, action: str, reason: str) -> None:
        """Ask one job for a control; what becomes of it is shown by its state alone."""
        why = handle.cannot.get(action)
        if why is not None:
            self.say_refused(action, why)
            return
        try:
            if action == "resume":
                await handle.resume()
            elif action == "pause":
                await handle.pause(reason)
            elif action == FORCE:
                await handle.cancel(reason, force=True, grace=0.0)
            else:
                header = await handle.cancel(reason)
                if header.still_running or header.control is not None:
                    await self._tell_what_runs(handle)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)

    async def _tell_what_runs(self, handle: Handle) -> None:
        """Say which handlers have not returned a moment after a cancel, and the way out."""
        with contextlib.suppress(RoutiluxTuiError, asyncio.TimeoutError):
            ended = handle.wait("", timeout=_RETURN_WITHIN)
            if (await asyncio.wait_for(ended, 2 * _RETURN_WITHIN)).outcome != "timeout":
                return
            still = await still_running_in(handle)
            if still:
                way = f"c once more ends its process: {way_out(handle.header.job_id)}"
                if "cancel" in handle.cannot:
                    way = f"It can't be ended from here: {handle.cannot['cancel']}"
                told = printable(f"{still}. {way}")
                self.notify(told, title="Cancelling", severity="warning", timeout=20, markup=False)


async def still_running_in(handle: Handle) -> str:
    """Which handlers of a job that was cancelled have not returned; empty where all have."""
    now = (await handle.insight(NOW)).now
    if now is None or not now.handlers:
        return ""
    return printable(still_running_now(now, lambda at: clock(at, exact=False)))


async def question_of(handle: Handle) -> str:
    """What a job waits for a person to answer: why its own handler paused it; else empty."""
    header = handle.header
    if header.status != "paused":
        return ""
    held = header.questions
    checkpoint = None
    if header.counts.get(PAUSES):
        point = await handle.item(PAUSES, header.counts[PAUSES] - 1)
        if isinstance(point, dict) and not is_breakpoint(point):
            checkpoint = point.get("checkpoint")
    if not held and not checkpoint:
        return ""
    return printable(header.note) or "an answer"
