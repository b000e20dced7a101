"""The dialogs: a line to fill in, a question, a choice, a condition."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.screens.paced import PacedDialog
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult


class LineDialog(PacedDialog[str | None]):
    """One line of text; Enter takes it, Escape does not; so do a click on the one or the other.

    Args:
        title: what is asked.
        hint: what it is for, dimmed.
        value: what stands there at first.
        yes: the word for taking it.
        check: raises when a line can't be taken; asked when the typing pauses, and at Enter.
    """

    BINDINGS: ClassVar = [("escape", "dismiss(None)", "away")]
    QUIET = 0.15

    def __init__(
        self,
        title: str,
        hint: str = "",
        value: str = "",
        yes: str = "go",
        check: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._hint, self._value, self._yes = title, hint, value, yes
        self._check = check
        self._judging: asyncio.Task[Any] | None = None

    def compose(self) -> ComposeResult:
        """A title, the line, a hint, and the two ways out for the mouse."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            yield Input(self._value, id="line")
            if self._hint:
                yield Static(self._hint, markup=False, classes="dialog-hint", id="verdict")
            yield _Buttons(
                Option(f"Enter  {self._yes}", id="yes"),
                Option("Esc    leave it", id="no"),
                markup=False,
            )

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge it when the typing pauses."""
        if self._judging is not None:
            self._judging.cancel()
        self._judging = asyncio.ensure_future(self._judge(event.value, self.QUIET))

    async def _judge(self, text: str, after: float) -> bool:
        if self._check is None:
            return True
        if not text.strip():
            self.show_verdict(None)
            return False
        await asyncio.sleep(after)
        try:
            await self._check(text)
        except RoutiluxTuiError as error:
            self.show_verdict(printable(str(error)))
            return False
        self.show_verdict("")
        return True

    def show_verdict(self, wrong: str | None) -> None:
        """Say what is wrong with the line, in the hint's place; None where it is empty."""
        verdict = self.query_one("#verdict", Static)
        verdict.set_classes("bad" if wrong else "dialog-hint")
        verdict.update(wrong or self._hint)

    async def _take(self, text: str) -> None:
        if self._judging is not None:
            self._judging.cancel()
        if await self._judge(text, 0.0):
            self.dismiss(text)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the line, if it is right."""
        await self._take(event.value)

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the line, or not."""
        if event.option.id == "yes":
            await self._take(self.query_one(Input).value)
        else:
            self.dismiss(None)


class _Buttons(OptionList, can_focus=False):
    """What can be clicked under a line; the keys stay in the line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = OptionList.COMPONENT_CLASSES

    def on_mount(self) -> None:
        """None of them is chosen before it is clicked."""
        self.highlighted = None


class ConfirmDialog(PacedDialog[bool]):
    """A question that wants a clear yes.

    Args:
        question: what is asked; it names what it is about.
        consequence: what will happen.
        yes: the word for doing it.
    """

    BINDINGS: ClassVar = [
        ("y", "answer(True)", "yes"),
        ("n,escape,q", "answer(False)", "no"),
    ]

    def __init__(self, question: str, consequence: str, yes: str = "yes") -> None:
        super().__init__()
        self._question, self._consequence, self._yes = question, consequence, yes

    def compose(self) -> ComposeResult:
        """The question and the two answers."""
        with Vertical(classes="dialog"):
            yield Static(self._question, markup=False, classes="dialog-title")
            yield Static(self._consequence, markup=False, classes="dialog-hint")
            yield OptionList(
                Option("n  no, leave it", id="no"),
                Option(f"y  {self._yes}", id="yes"),
                markup=False,
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the answer."""
        self.dismiss(event.option.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Take the answer that a key gives."""
        self.dismiss(answer)


class ChoiceDialog(PacedDialog[str | None]):
    """One of several.

    Args:
        title: what is chosen.
        choices: the value and the words of each.
        numbered: whether the values are numbers, by which they are chosen as well.
    """

    BINDINGS: ClassVar = [
        ("escape,q", "dismiss(None)", "away"),
        *((str(n), f"pick('{n}')", "") for n in range(1, 10)),
        ("j", "move(1)", "down"),
        ("k", "move(-1)", "up"),
    ]

    def __init__(
        self, title: str, choices: list[tuple[str, str]], *, numbered: bool = False
    ) -> None:
        super().__init__()
        self._numbered = numbered
        self._title, self._choices = title, choices

    def compose(self) -> ComposeResult:
        """The title and the choices."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            yield OptionList(*(printable(words) for _, words in self._choices), markup=False)

    def action_pick(self, number: str) -> None:
        """Take the choice of a number."""
        if self._numbered and any(value == number for value, _ in self._choices):
            self.dismiss(number)

    def action_move(self, step: int) -> None:
        """A choice down or up."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if step > 0 else options.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the choice."""
        self.dismiss(self._choices[event.option_index][0])


class WaitDialog(LineDialog):
    """A condition, checked against the job as it is typed.

    Args:
        check: raises when the job can't judge a condition.
        examples: conditions that make sense on this job.
        title: what they are for.
    """

    BINDINGS: ClassVar = [("escape", "dismiss(None)", "away"), ("down", "examples", "examples")]

    def __init__(
        self,
        check: Callable[[str], Awaitable[None]],
        examples: list[str],
        title: str = "Wait until …",
    ) -> None:
        super().__init__(title, check=check)
        self._examples = examples

    def compose(self) -> ComposeResult:
        """The line, what is wrong with it, and examples."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="dialog-title")
            yield Input(placeholder=self._examples[0] if self._examples else "", id="line")
            yield Static("", markup=False, id="verdict")
            yield Static("On this job, for example (↓):", markup=False, classes="dialog-hint")
            yield OptionList(*map(printable, self._examples), markup=False)

    def action_examples(self) -> None:
        """Go to the examples."""
        self.query_one(OptionList).focus()

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take an example over, to be changed."""
        line = self.query_one(Input)
        line.value = self._examples[event.option_index]
        line.focus()
        line.cursor_position = len(line.value)

    def show_verdict(self, wrong: str | None) -> None:
        """Say whether the job can judge it."""
        verdict = self.query_one("#verdict", Static)
        verdict.set_classes("bad" if wrong else "good")
        verdict.update(wrong or ("" if wrong is None else "✓ this job can judge it"))
