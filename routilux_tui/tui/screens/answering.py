"""Answering what a job asks: the same dialog from the job's screen and from the list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from routilux_tui.errors import RoutiluxTuiError, UsageError
from routilux_tui.job.answers import emitted_by
from routilux_tui.job.jsonable import dumps, parse_json, preview, shortened
from routilux_tui.tui.screens.dialogs import ChoiceDialog
from routilux_tui.tui.screens.paced import PacedDialog
from routilux_tui.tui.widgets.values import flattened
from routilux_tui.views.formatting import clock
from routilux_tui.views.questions import DROP, YES, AskedQuestion
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen

    from routilux_tui.sources.base import Handle

_MOST, _FEW, _WIDEST = 8, 4, 60
_FREE = "data"


async def answer_question(screen: Screen[Any], handle: Handle) -> None:
    """Have the reader answer a question of a job: the only one, or the one that he chooses."""
    try:
        questions = await handle.questions()
    except RoutiluxTuiError as error:
        screen.notify(printable(str(error)), title=error.title, severity="error", markup=False)
        return
    chosen = questions[0].id if questions else ""
    if len(questions) > 1:
        listed = [(one.id, f"{one.id}  {one.text}  {_values(one.data)}") for one in questions]
        which = ChoiceDialog("Answer which?", listed, numbered=True)
        picked = await screen.app.push_screen_wait(which)
        chosen = picked or ""
    question = next((one for one in questions if one.id == chosen), None)
    if question is None:
        if not questions:
            screen.notify("It asks nothing any more.", timeout=4)
        return
    summary = await screen.app.push_screen_wait(AnswerDialog(handle, question))
    if summary:
        screen.notify(printable(summary), markup=False)


class AnswerDialog(PacedDialog[str | None]):
    """One question and its answers; what is no answer is said, and asked again.

    A choice is made by its number, or by the arrows and Enter: nothing is chosen before.

    Args:
        handle: the job.
        question: what it asks.
    """

    BINDINGS: ClassVar = [
        ("escape", "dismiss(None)", "away"),
        *((str(n), f"pick({n})", "") for n in range(1, 10)),
        ("j", "move(1)", "down"),
        ("k", "move(-1)", "up"),
    ]

    def __init__(self, handle: Handle, question: AskedQuestion) -> None:
        super().__init__()
        self._handle, self._question = handle, question
        self._is_asked = False
        choices = list(question.choices)
        if question.is_deferred:
            choices = [YES, _FREE, DROP]
        self._choices = choices

    def compose(self) -> ComposeResult:
        """The question, its data, what an answer does, and the answers."""
        one = self._question
        with Vertical(classes="dialog"):
            yield Static(printable(one.text), markup=False, classes="dialog-title")
            yield Static("\n".join(_facts(one)), markup=False, classes="dialog-hint")
            if self._choices:
                yield OptionList(
                    *(
                        Option(f"{n}  {self._choice_text(choice)}", id=str(n))
                        for n, choice in enumerate(self._choices, 1)
                    ),
                    markup=False,
                )
            line = Input(self._template(), id="line", select_on_focus=False)
            line.display = not self._choices
            yield line
            yield Static("", markup=False, id="verdict")

    def on_mount(self) -> None:
        """Nothing is chosen before the reader chooses."""
        if self._choices:
            options = self.query_one(OptionList)
            options.highlighted = None
            options.focus()
        else:
            self.query_one(Input).focus()

    def _choice_text(self, choice: str) -> str:
        """A choice as it is shown."""
        one = self._question
        if one.is_deferred:
            return {YES: "yes: emit it as it is", _FREE: "emit it with other data",
                    DROP: "drop it: it is never emitted"}[choice]  # fmt: skip
        return printable(f"{choice}  {_values(one.choices[choice])}".rstrip())

    def _template(self) -> str:
        """What stands in the line at first: data to be changed, or names to be filled in."""
        one = self._question
        if one.is_deferred:
            return dumps(one.data).decode()
        if len(one.types) == 1:
            return ""
        return "{" + ", ".join(f"{json.dumps(name)}: " for name in one.types) + "}"

    def action_pick(self, number: int) -> None:
        """Choose by number."""
        if self._choices and not self.query_one(Input).display and number <= len(self._choices):
            self._choose(self._choices[number - 1])

    def action_move(self, step: int) -> None:
        """A choice down or up."""
        if self._choices:
            options = self.query_one(OptionList)
            options.action_cursor_down() if step > 0 else options.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose."""
        self._choose(self._choices[event.option_index])

    def _choose(self, choice: str) -> None:
        if self._question.is_deferred and choice == _FREE:
            line = self.query_one(Input)
            self.query_one(OptionList).display = False
            line.display = True
            line.focus()
            return
        self._answer(choice, None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say whether what stands there is an answer."""
        if not event.input.display or not event.value.strip():
            self._say("")
            return
        try:
            choice, data = self._given(event.value)
            emitted = emitted_by(self._question, choice, data)
        except RoutiluxTuiError as error:
            self._refuse(error)
        else:
            self._say(f"✓ emits {self._question.event}: {_values(emitted)}", "good")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give it, if it is one."""
        try:
            choice, data = self._given(event.value)
            emitted_by(self._question, choice, data)
        except RoutiluxTuiError as error:
            self._refuse(error)
        else:
            self._answer(choice, data)

    def _given(self, text: str) -> tuple[str, Any]:
        """What was typed: one value, or data."""
        if len(self._question.types) == 1 and not text.lstrip().startswith("{"):
            return text.strip(), None
        try:
            return "", parse_json(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"It is no JSON: {error}.") from None

    def _answer(self, choice: str, data: Any) -> None:
        if not self._is_asked:
            self._is_asked = True
            self._say("sending …")
            self.run_worker(self._send(choice, data))

    async def _send(self, choice: str, data: Any) -> None:
        try:
            summary = await self._handle.answer(self._question.id, choice, data)
        except UsageError as error:
            self._refuse(error)
        except RoutiluxTuiError as error:
            self.dismiss(str(error))
        else:
            self.dismiss(summary)
        finally:
            self._is_asked = False

    def _refuse(self, error: RoutiluxTuiError) -> None:
        self._say(str(error), "bad")

    def _say(self, verdict: str, manner: str = "") -> None:
        """Say something under the line, where it is seen however low the terminal is."""
        line = self.query_one("#verdict", Static)
        line.set_classes(manner)
        line.update(printable(verdict))
        line.call_after_refresh(line.scroll_visible, animate=False)


def _facts(one: AskedQuestion) -> list[str]:
    """Who asks, with what data, and what becomes of an answer."""
    lines = [f"asked by {one.routine} at {clock(one.asked_at, exact=False)}"]
    values = flattened(one.data if isinstance(one.data, dict) else {})
    lines += [f"  {key}  {_shown(value, _WIDEST)}" for key, value in list(values.items())[:_MOST]]
    lines += [f"  … {len(values) - _MOST} more"] if len(values) > _MOST else []
    to = f" to {', '.join(one.targets)}" if one.targets else ""
    lines.append(f"the answer emits {one.routine}.{one.event}{to}; it can't be taken back")
    if one.types:
        wanted = ", ".join(f"{name} ({kind})" for name, kind in one.types.items())
        lines.append(f"it wants {wanted}")
    if one.due_at:
        lines.append(f"until {clock(one.due_at, exact=False)}, then: {one.default}")
    return [printable(line) for line in lines]


def _values(data: Any) -> str:
    values = flattened(data if isinstance(data, dict) else {})
    shown = [f"{key} {_shown(value, 30)}" for key, value in list(values.items())[:_FEW]]
    return "  ".join([*shown, "…"] if len(values) > _FEW else shown)


def _shown(value: Any, widest: int) -> str:
    return shortened(value, widest) if isinstance(value, str) else preview(value, widest)
