"""Acting on a job beyond pause, go on and cancel: answers to what it asks, breakpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.screens.answering import answer_question
from routilux_tui.tui.screens.dialogs import ChoiceDialog, WaitDialog
from routilux_tui.tui.screens.job_looking import LookingScreen
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.views.breakpoints import Breakpoint
    from routilux_tui.views.questions import AskedQuestion


_NEW = "new"
_TITLE = "Pause before the next task for which …"


def _named(one: Breakpoint) -> str:
    by = f"  by {one.by}" if one.by else ""
    return f"{one.number}  {one.condition}{by}"


class ActingScreen(LookingScreen):
    """A screen with a job on it that can be acted on."""

    _reminders = 0

    def action_answer(self) -> None:
        """Answer what the job asks."""
        if not self.is_refused("answer"):
            self.run_worker(answer_question(self, self.handle))

    def action_breakpoint(self) -> None:
        """Set a breakpoint, or take one off."""
        if not self.is_refused("breakpoint"):
            self.run_worker(self._breakpoint())

    async def _breakpoint(self) -> None:
        try:
            found = await self.handle.breakpoints()
            chosen: str | None = _NEW
            if found:
                listed = [(_NEW, "set another"), *((str(one.number), _named(one)) for one in found)]
                dialog = ChoiceDialog("Breakpoints: Enter takes one off", listed)
                chosen = await self.app.push_screen_wait(dialog)
            if chosen == _NEW:
                await self._set_breakpoint()
            elif chosen is not None:
                await self.handle.take_off_breakpoint(int(chosen))
                self.notify(f"Breakpoint {chosen} is taken off.", timeout=4)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)

    async def _set_breakpoint(self) -> None:
        from routilux_tui.views.conditions import breakpoint_examples

        examples = breakpoint_examples(list(self.handle.routines))
        dialog = WaitDialog(self.handle.check_breakpoint, examples, _TITLE)
        condition = await self.app.push_screen_wait(dialog)
        if condition:
            number = await self.handle.set_breakpoint(condition)
            self.notify(
                printable(f"Breakpoint {number}: {condition}\nB takes it off."), markup=False
            )

    def remind(self, reminders: int, questions: list[AskedQuestion]) -> None:
        """A question that nobody has answered says so once more."""
        if reminders > self._reminders and questions:
            self.app.bell()
            text = printable(f"{questions[0].text}\na answers.")
            self.notify(text, title="Still open", markup=False)
        self._reminders = reminders
