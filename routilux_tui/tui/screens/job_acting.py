"""Acting on a job beyond pause, go on and cancel: answering what it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.tui.screens.answering import answer_question
from routilux_tui.tui.screens.job_looking import LookingScreen
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.views.questions import AskedQuestion


class ActingScreen(LookingScreen):
    """A screen with a job on it that can be acted on."""

    _reminders = 0

    def action_answer(self) -> None:
        """Answer what the job asks."""
        if not self.is_refused("answer"):
            self.run_worker(answer_question(self, self.handle))

    def remind(self, reminders: int, questions: list[AskedQuestion]) -> None:
        """A question that nobody has answered says so once more."""
        if reminders > self._reminders and questions:
            self.app.bell()
            text = printable(f"{questions[0].text}\na answers.")
            self.notify(text, title="Still open", markup=False)
        self._reminders = reminders
