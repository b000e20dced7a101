"""Acting on a job beyond pause, go on and cancel: answers, breakpoints, who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.screens.job_looking import LookingLayer
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.views.breakpoints import Breakpoint
    from routilux_tui.views.questions import AskedQuestion
    from routilux_tui.views.shapes import AlertState


_NEW = "new"
_TITLE = "Pause before the next task for which …"


def _named(one: Breakpoint) -> str:
    by = f"  by {one.by}" if one.by else ""
    return f"{one.number}  {one.condition}{by}"


def _rule(one: AlertState) -> str:
    told = f"  told {one.count} times" if one.holds else ""
    command = f"  {one.rule.command[0]}" if one.rule.command else ""
    return f"{one.rule.name}{told}{command}"


class ActingLayer(LookingLayer):
    """A screen with a job on it that can be acted on."""

    _reminders = 0

    def action_answer(self) -> None:
        """Answer what the job asks."""
        if not self.is_refused("answer"):
            from routilux_tui.tui.screens.answering import answer_question

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
                from routilux_tui.tui.screens.dialogs import ChoiceDialog

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
        from routilux_tui.tui.screens.dialogs import WaitDialog
        from routilux_tui.views.conditions import breakpoint_examples

        examples = breakpoint_examples(list(self.handle.routines))
        dialog = WaitDialog(self.handle.check_breakpoint, examples, _TITLE)
        condition = await self.app.push_screen_wait(dialog)
        if condition:
            number = await self.handle.set_breakpoint(condition)
            text = printable(f"Breakpoint {number}: {condition}")
            self.notify(f"{text}\nB takes it off.", markup=False)

    def action_alerts(self) -> None:
        """Be told of the job by a rule, or no more."""
        if not self.is_refused("alert"):
            self.run_worker(self._alert())

    async def _alert(self) -> None:
        from routilux_tui.tui.screens.dialogs import ChoiceDialog, WaitDialog
        from routilux_tui.views.alerts import OFFERED, rule_of
        from routilux_tui.views.conditions import examples

        try:
            found = await self.handle.alerts()
            known = {one.rule.name for one in found}
            listed = [(f"+{name}", f"tell me: {name}") for name in OFFERED if name not in known]
            listed.append((_NEW, "tell me when …"))
            listed += [(f"-{one.rule.name}", f"tell no more: {_rule(one)}") for one in found]
            dialog = ChoiceDialog("Who is told of this job, and when", listed)
            chosen = await self.app.push_screen_wait(dialog)
            if chosen == _NEW:
                conditions = examples(self.handle.header, list(self.handle.routines.values()))
                wait = WaitDialog(self.handle.check, conditions, "Tell me when …")
                condition = await self.app.push_screen_wait(wait)
                chosen = f"+{condition}" if condition else None
            if chosen is None:
                return
            if chosen[0] == "+":
                await self.handle.set_alert(rule_of({"when": chosen[1:]}))
            else:
                await self.handle.take_off_alert(chosen[1:])
            word = "told" if chosen[0] == "+" else "told no more"
            self.notify(printable(f"You are {word}: {chosen[1:]}"), timeout=6, markup=False)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)

    def remind(self, reminders: int, questions: list[AskedQuestion]) -> None:
        """A question that nobody has answered says so once more."""
        if reminders > self._reminders and questions:
            self.app.bell()
            text = printable(questions[0].text)
            self.notify(f"{text}\na answers.", title="Still open", markup=False)
        self._reminders = reminders
