"""Looking at a job closer: the value behind a row, filters, why it is so, what led to it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job import timestamps
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.screens.detail import LEADS_ON, TextScreen, json_lines
from routilux_tui.tui.screens.job_panes import PanesLayer
from routilux_tui.tui.screens.stack import StackScreen
from routilux_tui.views.shapes import Filter
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.screens.job_reading import JobReading
    from routilux_tui.tui.widgets.rows import Rows
    from routilux_tui.views.critical_path import Link
    from routilux_tui.views.insight import FailingInput, ProblemRow
    from routilux_tui.views.shapes import Row


class LookingLayer(PanesLayer):
    """A job's screen on which one looks closer.

    Attributes:
        handle: the job.
        reading: what was read of the job beside its frames.
    """

    handle: Handle
    reading: JobReading

    @abstractmethod
    async def links_to(self, record: int) -> list[Link]:
        """The tasks that led to a record, with what each waited and ran, if that is at hand."""

    def action_filter(self) -> None:
        """Show the rows of the routine under the cursor alone, or of all again."""
        focused, pane = self.focused_pane(), self.filtered_pane()
        routine = focused.target(focused.cursor).routine_id
        if pane.where.routine:
            pane.set_filter(Filter(failures=pane.where.failures))
            return
        if routine:
            pane.set_filter(Filter(routine=routine, failures=pane.where.failures))

    def action_errors(self) -> None:
        """Show the failures of every kind alone, or all rows again."""
        pane = self.filtered_pane()
        pane.set_filter(Filter(routine=pane.where.routine, failures=not pane.where.failures))

    def action_times(self) -> None:
        """The time of day, or the time since the job began."""
        began = timestamps.to_epoch(self.handle.header.created_at)
        for pane in self.section_panes:
            pane.began = began if pane.began is None else None
            pane.refresh()

    def action_sort(self) -> None:
        """Sort the flow by the next order."""
        self.routines.sort_next()

    def action_open(self) -> None:
        """The whole value behind the row."""
        pane = self.focused_pane()
        if pane.total:
            self.run_worker(self._open(pane, pane.cursor))

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """A row was chosen with the mouse."""
        if isinstance(event.rows, Pane):
            self.run_worker(self._open(event.rows, event.n))

    async def _open(self, pane: Pane, at: int) -> None:
        """Show the whole of what stands in a row."""
        target = pane.target(at)
        if target.problem is not None:
            from routilux_tui.tui.screens.job_answers import problem_lines

            own = target.failing.error if target.failing is not None else ""
            title = f"{target.problem.routine_id}: {own or target.problem.error}"
            lines = problem_lines(self.handle, target.problem, target.failing)
            await self._answer(title, lines)
        elif target.handler is not None:
            self.app.push_screen(StackScreen(self.handle, target.handler))
        elif target.item is not None:
            await self._answer(target.title, self._item_lines(*target.item))

    async def _item_lines(self, section: str, where: int | str) -> list[str]:
        return json_lines(await self.handle.item(section, where))

    def action_why(self) -> None:
        """Why the job is as it is."""
        from routilux_tui.tui.screens.job_answers import why_lines

        asking = why_lines(self.handle, self.reading.last, self.routines.time_shown())
        self.run_worker(self._answer("Why?", asking, leads_on=LEADS_ON))

    def action_trace(self) -> None:
        """What led to the record under the cursor, and what came of it."""
        pane = self.focused_pane()
        target = pane.target(pane.cursor)
        if target.record is not None:
            self.run_worker(self._trace(target.record))
        elif target.problem is not None:
            self.run_worker(self._trace_problem(target.problem, target.failing))
        else:
            self.notify("Records have what led to them: in 2 Problems and 5 History.", timeout=4)

    async def _trace(self, row: Row) -> None:
        from routilux_tui.tui.screens.job_answers import trace_lines

        title = f"What led to {row.n + 1:,}  {row.routine}  {row.name}"
        await self._answer(title, trace_lines(self.handle, row.n, self.links_to))

    async def _trace_problem(self, problem: ProblemRow, failing: FailingInput | None) -> None:
        """What led to a failure: to its last record in the history."""
        from routilux_tui.tui.screens.job_answers import failure_record

        try:
            row = await failure_record(self.handle, problem, failing)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        if row is not None:
            await self._trace(row)

    async def _answer(self, title: str, asking: Awaitable[list[str]], leads_on: str = "") -> None:
        try:
            lines = await asking
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        self.app.push_screen(TextScreen(title, lines, leads_on))

    def action_copy(self) -> None:
        """Copy the row."""
        pane = self.focused_pane()
        text = pane.copied(pane.cursor) if pane.total else ""
        if text:
            self.app.copy_to_clipboard(text)
