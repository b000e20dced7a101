"""Sending failed inputs again, or giving them up, on a job's screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import NotPossible, RoutiluxTuiError, UsageError
from routilux_tui.job.error_kinds import FAILURES
from routilux_tui.job.jsonable import shortened
from routilux_tui.job.queue_actions import DROP, EDIT, FIRST, HOLD, RELEASE
from routilux_tui.job.status import has_ended
from routilux_tui.tui.screens.dialogs import ChoiceDialog, ConfirmDialog, LineDialog
from routilux_tui.tui.screens.job_acting import ActingLayer
from routilux_tui.tui.widgets.values import flattened, named_by
from routilux_tui.views import shapes
from routilux_tui.views.choosing import TaskSelection
from routilux_tui.views.editing import Edited, difference, input_text, parse_input, patch_between
from routilux_tui.views.formatting import counted
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from routilux_tui.views.choosing import Sent
    from routilux_tui.views.insight import FailingInput, ProblemRow

_LONGEST_DIFFERENCE = 12
"""Lines of a difference that are shown before an edited input is sent."""
_NAME = 40
_REASON = "from the dashboard"
_TASK, _EDIT_TASK, _KIND, _EDIT_KIND, _ALL = "task", "edit task", "kind", "edit kind", "all"


class CursorTarget(NamedTuple):
    """What stands at the cursor: a failed input, or a kind of error, or neither."""

    task: int | None = None
    name: str = ""
    problem: ProblemRow | None = None

    @property
    def one(self) -> TaskSelection:
        """The input at the cursor."""
        return TaskSelection(task=self.task)

    @property
    def kind(self) -> TaskSelection:
        """All inputs with the error at the cursor."""
        return TaskSelection(kind="" if self.problem is None else str(self.problem.number))


class RetryLayer(ActingLayer):
    """A job's screen on which what failed is sent again."""

    def action_retry(self) -> None:
        """Send failed inputs again; have a job that nobody runs go on."""
        if self.is_refused("retry"):
            return
        if self.handle.is_gone or self._is_held_by_nobody():
            self._ask_to_take_up()
            return
        target = self._cursor_target()
        title = f"Send again: {target.name}" if target.name else "Send again"

        def chosen(choice: str | None) -> None:
            if choice is not None:
                self.run_worker(self._guarded(self._do(choice, target)))

        ended = has_ended(self.handle.header.status)
        self.app.push_screen(ChoiceDialog(title, _choices(target, ended=ended)), chosen)

    def action_giveup(self) -> None:
        """Have failed inputs not tried again."""
        if self.is_refused("giveup"):
            return
        target = self._cursor_target()
        if target.task is None and target.problem is None:
            self.notify("Put the cursor on a failed input, in 2 Problems or 5 History.", timeout=4)
            return
        name = target.name if target.task is not None else f"{_open_inputs(target)} with this error"

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._guarded(self._give_up(target)))

        self.app.push_screen(
            ConfirmDialog(
                f"Give up {name}?", "Not tried again; the job goes on without it.", "give it up"
            ),
            on_confirmed,
        )

    def action_workers(self) -> None:
        """Have more or fewer handlers run at once."""
        if self.is_refused("workers"):
            return

        def answered(text: str | None) -> None:
            if text is not None and text.strip().isdecimal():
                self.run_worker(self._guarded(self.handle.set_workers(int(text))))
            elif text is not None:
                self.notify("It is a whole number, from 1 up.", severity="warning")

        hint = "How many; from the next task on."
        self.app.push_screen(LineDialog("Handlers at once", hint, yes="do it"), answered)

    def action_queue(self) -> None:
        """Do something with the waiting task at the cursor."""
        if self.is_refused("queue"):
            return
        pane = self.focused_pane()
        task = pane.target(pane.cursor).coming
        if task is None:
            self.notify("Put the cursor on a task that waits, in 3 Now.", timeout=4)
            return
        number, title = task.task, f"Task {task.task} of {printable(task.routine_id)}"

        def chosen(action: str | None) -> None:
            if action == DROP:
                asked = ConfirmDialog(f"Drop task {number}?", "It never runs.", "drop it")
                self.app.push_screen(asked, on_confirmed)
            elif action is not None:
                self.run_worker(self._guarded(self._change_queue(action, number)))

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._guarded(self._change_queue(DROP, number)))

        held = [(RELEASE, "let it go")] if task.on_hold else [(HOLD, "hold it back")]
        rest = [(FIRST, "run it next"), (EDIT, "edit its input"), (DROP, "drop it, for good")]
        self.app.push_screen(ChoiceDialog(title, [*held, *rest]), chosen)

    async def _change_queue(self, action: str, task: int) -> None:
        if action != EDIT:
            await self.handle.change_queue(action, task)
            return
        given = await self.handle.item(shapes.INPUT, task)
        await self._edit(given, input_text(given), CursorTarget(task), queued=True)

    async def _guarded(self, doing: Awaitable[None]) -> None:
        try:
            await doing
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)

    def _cursor_target(self) -> CursorTarget:
        pane = self.focused_pane()
        at_cursor = pane.target(pane.cursor)
        failing, problem, row = at_cursor.failing, at_cursor.problem, at_cursor.record
        if problem is not None:
            if failing is None and problem.inputs == len(problem.samples) == 1:
                failing = problem.samples[0]  # the error's only input
            if failing is None:
                return CursorTarget(problem=problem)
            return CursorTarget(failing.task, _name_of(failing), problem)
        if row is not None and row.name in FAILURES and row.task is not None:
            return CursorTarget(row.task, f"task {row.task} of {printable(row.routine)}")
        return CursorTarget()

    async def _do(self, choice: str, target: CursorTarget) -> None:
        """Send again what was chosen, or have it edited first."""
        if choice == _ALL:
            await self._send(TaskSelection(every=True))
        elif choice == _TASK:
            await self._send(target.one)
        elif choice == _KIND:
            await self._send(target.kind)
        elif choice == _EDIT_TASK and target.task is not None:
            given = await self.handle.item(shapes.INPUT, target.task)
            await self._edit(given, input_text(given), target)
        elif target.problem is not None:
            given = target.problem.common
            await self._edit(given, input_text(given), target._replace(task=None))

    async def _edit(
        self, given: Any, text: str, target: CursorTarget, *, queued: bool = False
    ) -> None:
        """Have an input edited; what comes of it is shown before it is sent."""
        from routilux_tui.tui.terminal.editor import edited

        written = await edited(self.app, text, "input.json")
        if written is None:
            return
        try:
            after = parse_input(written)
        except UsageError as error:

            def again(yes: bool | None) -> None:
                if yes:
                    self.run_worker(
                        self._guarded(self._edit(given, written, target, queued=queued))
                    )

            wrong = ConfirmDialog("It can't be sent so", printable(str(error)), "edit it again")
            self.app.push_screen(wrong, again)
            return
        if after == given:
            raise NotPossible("Nothing was changed, and nothing is sent.")
        edit, wanted = Edited(input=after), target.one
        if target.task is None:
            edit, wanted = Edited(patch=patch_between(given, after)), target.kind

        async def send() -> None:
            if queued and target.task is not None:
                await self.handle.change_queue(EDIT, target.task, edit)
            else:
                await self._send(wanted, edit)

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._guarded(send()))

        shown = "\n".join(_shown_difference(given, after))
        self.app.push_screen(
            ConfirmDialog("Send it with this changed?", shown, "send it"), on_confirmed
        )

    async def _send(self, wanted: TaskSelection, edit: Edited | None = None) -> None:
        sent = await self.handle.retry(wanted, edit, _REASON)
        self.notify(printable(f"{sent.told} sent again."), markup=False, timeout=4)
        self._follow_to(sent)

    async def _give_up(self, target: CursorTarget) -> None:
        wanted = target.one if target.task is not None else target.kind
        sent = await self.handle.give_up(wanted, _REASON)
        self.notify(printable(f"{sent.told} given up."), markup=False, timeout=4)

    def _follow_to(self, sent: Sent) -> None:
        """Look at the job where it is run now, if this handle does not do so by itself."""
        if not sent.socket or self.handle.is_live or self.handle.place.startswith("ssh://"):
            return
        from routilux_tui.sources.live import socket_handle

        app: Any = self.app
        place, fps = Path(sent.socket), app.settings.fps
        # by the application: what this screen does ends with it
        app.run_worker(app.replace_job(socket_handle(place, fps=fps, read_only=app.read_only)))

    def _is_held_by_nobody(self) -> bool:
        status = self.handle.header.status
        return not self.handle.is_live and status in {"paused", "pending", "running"}

    def _ask_to_take_up(self) -> None:
        held = self.handle.header.counts.get(shapes.PENDING, 0)
        why = "The process that ran it was killed" if self.handle.is_gone else "Nobody runs it"
        kept = f"; {counted(held, 'task')} of it wait" if held else ""

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._guarded(self._take_up()))

        self.app.push_screen(
            ConfirmDialog(
                f"Take up {self.steered()[0]}?",
                f"{why}{kept}. It goes on with the flow that it was started with.",
                "take it up",
            ),
            on_confirmed,
        )

    async def _take_up(self) -> None:
        self._follow_to(await self.handle.take_up())


def _choices(target: CursorTarget, *, ended: bool) -> list[tuple[str, str]]:
    choices = []
    if target.task is not None:
        choices += [(_TASK, "this input, as it was"), (_EDIT_TASK, "this input, edited first")]
    problem = target.problem
    if problem is not None and (target.task is None or problem.failing > 1):
        inputs = f"{_open_inputs(target)} with this error"
        choices.append((_KIND, f"{inputs}, as they were"))
        if problem.common:
            choices.append((_EDIT_KIND, f"{inputs}, edited first"))
    choices.append((_ALL, f"all that failed{', and what was dropped' if ended else ''}"))
    return choices


def _open_inputs(target: CursorTarget) -> str:
    problem = target.problem
    return counted(0 if problem is None else problem.failing, "input")


def _name_of(failing: FailingInput) -> str:
    """What a failed input is called: by its id, or by all of it."""
    named = named_by(flattened(failing.input)) if isinstance(failing.input, dict) else ""
    return shortened(printable(named or failing.text), _NAME)


def _shown_difference(before: Any, after: Any) -> list[str]:
    lines = [printable(line) for line in difference(before, after)]
    if len(lines) > _LONGEST_DIFFERENCE:
        lines = [line for line in lines if not line.startswith("  ")]
    more = len(lines) - _LONGEST_DIFFERENCE
    if more > 0:
        lines[_LONGEST_DIFFERENCE:] = [f"… and {counted(more, 'line')} more"]
    return lines
