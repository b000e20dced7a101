"""The list of jobs: live ones on top, saved ones below, each line as true as its source."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.widgets import Input

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.status import has_ended
from routilux_tui.tui.actions import LIST_ACTIONS, ROW_ACTIONS, bindings
from routilux_tui.tui.screens.job_selection import silent_entry
from routilux_tui.tui.screens.list_looking import ListLooking
from routilux_tui.tui.screens.steering_screen import question_of, still_running_in
from routilux_tui.tui.widgets.footer import KeyBar
from routilux_tui.tui.widgets.job_rows import JobRows
from routilux_tui.tui.widgets.preview import Preview
from routilux_tui.views.control_kinds import CONTROLS, NOTHING_ASKED
from routilux_tui.views.orders import JOB_ORDERS
from routilux_tui.views.shapes import BADGES, SILENT, JobEntry
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from routilux_tui.sources.base import Handle, Source
    from routilux_tui.tui.widgets.rows import Rows
    from routilux_tui.views.list_condition import ListCondition


_PREVIEW_EVERY = 0.25
"""Seconds between two looks at where the cursor is, so that not each job passed is opened."""


_JUDGE_EVERY = 2.0
"""Seconds after which jobs that have changed are asked again whether the filter holds."""


class JobsScreen(ListLooking):
    """The list.

    Args:
        source: where the jobs come from.
    """

    SHARE = 0.03  # one of its lines is no news that can't wait for a tenth of a second
    ACTIONS: ClassVar = LIST_ACTIONS
    BINDINGS: ClassVar = bindings((*LIST_ACTIONS, *ROW_ACTIONS))

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.rows = JobRows()
        self.preview = Preview()
        self._previewed: tuple[object, ...] | None = None
        self.keys = KeyBar(LIST_ACTIONS, lambda: self.cannot)
        self.line = Input(placeholder="flow, id or file; or = and a condition", id="filter")

    @property
    def cannot(self) -> dict[str, str]:
        """Action -> why it can't be done now."""
        return self.app.kept_from((*CONTROLS, "delete"))  # type: ignore[attr-defined, no-any-return] # our own app

    def compose(self) -> ComposeResult:
        """The list, the filter, the keys."""
        yield self.rows
        yield self.preview
        yield self.line
        yield self.keys

    def on_mount(self) -> None:
        """Follow the source."""
        self.line.display = False
        self.preview.display = False
        self.rows.absolute = self.app.settings.times == "absolute"  # type: ignore[attr-defined] # our own app
        self.set_focus(self.rows)
        self.run_worker(self._follow())
        self.set_interval(10.0, self._grow_older)
        self.set_interval(_PREVIEW_EVERY, self._look_at_cursor)

    def on_resize(self) -> None:
        """The preview has room for more on a high screen."""
        self.preview.fit_height(self.app.size.height)

    async def _follow(self) -> None:
        try:
            async for batch in self.source.entries():
                known = self.rows.listing.entries
                if any(one.reminders > _reminders(known, one) for one in batch.changed):
                    self.app.bell()
                for one in batch.changed:
                    if one.place == "live" and one.job_id:
                        self.app.notify_alert(one.job_id, one.alerts, one.told)  # type: ignore[attr-defined] # our own app
                self.rows.apply(batch.changed, batch.gone, batch.loading)
        except RoutiluxTuiError as error:
            self.notify(
                printable(str(error)), title=error.title, severity="error", timeout=30, markup=False
            )

    def _grow_older(self) -> None:
        """Relative times change by themselves."""
        if not self.rows.absolute and self.rows.shown:
            self.rows.refresh_rows(self.rows.top, self.rows.top + self.rows.page)

    def action_open(self) -> None:
        """Open the job under the cursor."""
        one = self._readable()
        if one is not None:
            self.run_worker(self.app.show_job(self.source.handle(one.key)))  # type: ignore[attr-defined] # our own app

    def on_rows_opened(self, _event: Rows.Opened) -> None:
        """A line was chosen with the mouse."""
        self.action_open()

    def on_rows_head_chosen(self, event: Rows.HeadChosen) -> None:
        """Sort by the column that was clicked."""
        column = self.rows.column_at(event.x)
        if column in JOB_ORDERS:
            self.rows.sort_by(order=column, turn=column == self.rows.listing.order)

    def on_key_bar_chosen(self, event: KeyBar.Chosen) -> None:
        """A key of the footer was clicked."""
        self.run_worker(self.run_action(event.action))

    def action_sort(self) -> None:
        """Sort by the next column."""
        names = list(JOB_ORDERS)
        at = names.index(self.rows.listing.order)
        self.rows.sort_by(order=names[(at + 1) % len(names)])

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self.rows.sort_by(turn=True)

    def action_preview(self) -> None:
        """Show what there is to say of the job under the cursor, or not."""
        self._previewed = None
        self.preview.display = not self.preview.display
        self._look_at_cursor()

    def _look_at_cursor(self) -> None:
        """Preview the job that the cursor is on, if it is another, or another state of it."""
        one = self.rows.current
        if not self.preview.display or one is None:
            return
        shown = (one.key, one.status, one.badge, one.errors, one.error)
        if shown == self._previewed:
            return
        self._previewed = shown
        self.run_worker(self._preview(one), exclusive=True, group="preview")

    async def _preview(self, one: JobEntry) -> None:
        from routilux_tui.tui.screens.job_preview import preview_lines

        title = printable(f"{one.flow_id} {one.job_id[:8]}".strip() or one.host)
        if one.error:
            self.preview.show(title, [[(printable(f" {one.path} {one.error}"), "rows--warning")]])
            return
        if one.badge == SILENT:
            self.preview.show(title, [[(f" {printable(silent_entry(one))}", "rows--warning")]])
            return
        entries = self.rows.listing.entries.values()
        of_flow = [other for other in entries if other.flow_id == one.flow_id]

        async def show(handle: Handle) -> None:
            self.preview.show(title, await preview_lines(handle, one, of_flow))

        await self.with_job(one, show)

    def action_find(self) -> None:
        """Filter as one types."""
        self.line.display = True
        self.set_focus(self.line)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what stands there."""
        self.rows.sort_by(query=event.value)

    def on_input_submitted(self) -> None:
        """Back to the list, filtered."""
        self.line.display = bool(self.line.value)
        self.set_focus(self.rows)
        condition = self.rows.listing.condition
        if condition is not None:
            self.run_worker(self._judge(condition), exclusive=True, group="judge")

    async def _judge(self, condition: ListCondition) -> None:
        """Ask the jobs whether the filter's condition holds, and again those that change."""
        from routilux_tui.tui.screens.job_figures import judged_jobs

        rows, asked = self.rows, dict[str, JobEntry]()
        while rows.listing.condition is condition:
            due = [one for one in rows.listing.entries.values() if asked.get(one.key) != one]
            asked.update((one.key, one) for one in due)
            async for found in judged_jobs(self.source, condition, due):
                if rows.listing.condition is not condition:
                    return
                rows.judge(found)
            await asyncio.sleep(_JUDGE_EVERY)

    def action_back(self) -> None:
        """Take the filter away."""
        self.line.value = ""
        self.line.display = False
        self.set_focus(self.rows)

    async def steer(self, action: str, reason: str = "") -> None:
        """Ask each of them, all at once; the list shows what becomes of it."""

        async def ask(handle: Handle) -> None:
            await self.ask(handle, action, reason)

        chosen = [one for one in self.chosen() if not one.error]
        await asyncio.gather(*(self.with_job(one, ask) for one in chosen))

    async def still_running(self) -> str:
        """Which handlers of them have not returned, by each job."""
        found: list[str] = []

        async def ask(handle: Handle) -> None:
            still = await still_running_in(handle)
            found.append(f"{handle.header.job_id[:8]}: {still}" if len(chosen) > 1 else still)

        chosen = self.chosen()
        for one in chosen:
            await self.with_job(one, ask)
        return "; ".join(filter(None, found))

    async def question(self) -> str:
        """What the first of them that waits for a person asks."""
        for one in self.chosen():
            if one.status == "paused" and not one.error:
                found: list[str] = []

                async def ask(handle: Handle, found: list[str] = found) -> None:
                    found.append(await question_of(handle))

                await self.with_job(one, ask)
                if any(found):
                    return found[0]
        return ""

    def action_answer(self) -> None:
        """Answer what the job under the cursor asks."""
        one = self.rows.current
        if one is None or one.error or self.is_refused("answer"):
            return
        if one.questions:
            self.run_worker(self._answer(one))
        else:
            self.say_refused("answer", NOTHING_ASKED)

    async def _answer(self, one: JobEntry) -> None:
        from routilux_tui.tui.screens.answering import answer_question

        await self.with_job(one, lambda handle: answer_question(self, handle))

    def action_delete(self) -> None:
        """Delete the selected jobs, or the one that the cursor is on, if the reader is sure."""
        chosen = [one for one in self.chosen() if not self._is_kept(one)]
        if not chosen or self.is_refused("delete"):
            return
        from routilux_tui.tui.screens.dialogs import ConfirmDialog

        def on_confirmed(yes: bool | None) -> None:
            if yes:
                self.run_worker(asyncio.to_thread(remove_all), exclusive=False)

        def remove_all() -> None:
            from routilux_tui.runner.removing import remove_saved

            for one in chosen:
                try:
                    remove_saved(Path(one.path), one.job_id, one.status)
                except (OSError, RoutiluxTuiError) as error:
                    self.app.call_from_thread(
                        self.notify, printable(str(error)), severity="error", markup=False
                    )

        first = chosen[0]
        named = f"{first.flow_id} {first.job_id[:8]}" if len(chosen) == 1 else f"{len(chosen)} jobs"
        what = first.path if len(chosen) == 1 else "Their files"
        self.app.push_screen(
            ConfirmDialog(
                printable(f"Delete {named}?"),
                printable(f"{what}, journal, changes, output and log are removed for good."),
                "delete it" if len(chosen) == 1 else "delete them",
            ),
            on_confirmed,
        )

    def _is_kept(self, one: JobEntry) -> bool:
        """Whether a job can't be deleted from here; says why not."""
        name = one.job_id[:8] or one.path.rpartition("/")[2] or one.host
        if one.place == "live":
            why = f"it is {one.status}; cancel it first (c)"
            if one.badge == SILENT:
                why = silent_entry(one)
            elif one.still_running:
                why = "handlers of it still run; cancel it first (c)"
            elif has_ended(one.status):
                why = "somebody still looks at it"
        elif one.host:
            why = "it is on another machine"
        elif one.error:
            why = f"it can't be read: {one.error}"
        else:
            return False
        self.notify(printable(f"Can't delete {name}: {why}"), severity="warning", markup=False)
        return True

    def action_read_only(self) -> None:
        """Ask for no control any more, or ask again."""
        app: Any = self.app
        app.read_only = not app.read_only
        self.keys.refresh_keys()
        notice = "No control is asked for" if app.read_only else "Controls are asked for again"
        self.notify(f"{notice} from here.", timeout=3)

    def on_screen_resume(self, _event: events.ScreenResume) -> None:
        """What was switched on a job's screen counts here, too."""
        self.keys.refresh_keys()

    def action_times(self) -> None:
        """Relative or absolute times."""
        self.rows.absolute = not self.rows.absolute
        self.rows.refresh()

    def action_badge(self) -> None:
        """What the badge of the job means, and its whole path."""
        one = self.rows.current
        if one is not None:
            meaning = BADGES.get(one.badge, one.status)
            self.notify(f"{printable(one.path or one.key)}\n{printable(meaning)}", markup=False)

    def action_help(self) -> None:
        """What every key does."""
        from routilux_tui.tui.screens.help import HelpScreen

        keymap = self.app.settings.keymap  # type: ignore[attr-defined] # our own app
        self.app.push_screen(HelpScreen((*LIST_ACTIONS, *ROW_ACTIONS), keymap, self.size.width))

    def action_leave(self) -> None:
        """Leave."""
        self.app.leave()  # type: ignore[attr-defined] # our own app

    async def on_unmount(self) -> None:
        """Stop following."""
        await self.source.close()


def _reminders(known: dict[str, JobEntry], one: JobEntry) -> int:
    """How often a job has reminded of its questions, as far as the list knows."""
    before = known.get(one.key)
    return one.reminders if before is None else before.reminders
