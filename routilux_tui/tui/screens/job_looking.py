"""Looking at a job closer: the value behind a row, filters, why it is so, what led to it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job import timestamps
from routilux_tui.tui.panes.flow import FlowPane
from routilux_tui.tui.panes.history import HistoryPane
from routilux_tui.tui.panes.now import NowPane
from routilux_tui.tui.panes.pane import Pane, SectionPane, row_text
from routilux_tui.tui.panes.problems import ProblemsPane
from routilux_tui.tui.panes.timeline import TimelinePane
from routilux_tui.tui.screens.detail import TextScreen, json_lines
from routilux_tui.tui.screens.job_panes import PanesLayer
from routilux_tui.tui.screens.stack import StackScreen
from routilux_tui.views import shapes
from routilux_tui.views.shapes import Filter
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.screens.job_reading import JobReading
    from routilux_tui.tui.widgets.rows import Rows
    from routilux_tui.views.critical_path import Link


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
        if pane.where.routine:
            pane.set_filter(Filter(failures=pane.where.failures))
            return
        routine = ""
        if isinstance(focused, FlowPane):
            routine = focused.routine_at(focused.cursor)
        elif isinstance(focused, ProblemsPane):
            line = focused.line_at(focused.cursor)
            routine = line.problem.routine_id if line else ""
        elif isinstance(focused, (NowPane, TimelinePane)):
            routine = focused.routine_at(focused.cursor)
        elif (row := pane.row_at(pane.cursor)) is not None:
            routine = row.routine
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
        if isinstance(pane, ProblemsPane):
            from routilux_tui.tui.screens.job_answers import problem_lines

            line = pane.line_at(at)
            if line is not None:
                own = line.failing.error if line.failing is not None else ""
                title = f"{line.problem.routine_id}: {own or line.problem.error}"
                await self._answer(title, problem_lines(self.handle, line.problem, line.failing))
            return
        if isinstance(pane, NowPane) and (handler := pane.handler_at(at)) is not None:
            self.app.push_screen(StackScreen(self.handle, handler))
            return
        section, title, row = pane.section, pane.name_shown, None
        where: int | str = at
        if isinstance(pane, SectionPane):
            row = pane.row_at(at)
            if row is None:
                return
            where = row.n
            title = f"{title} {row.n + 1:,}  {row.routine}  {row.name}"
        elif isinstance(pane, (FlowPane, NowPane, TimelinePane)):
            where = pane.routine_at(at)
            if not where:
                return
            section, title = shapes.ROUTINES, f"Routine {where}"
        await self._answer(title, self._item_lines(section, where))

    async def _item_lines(self, section: str, where: int | str) -> list[str]:
        return json_lines(await self.handle.item(section, where))

    def action_why(self) -> None:
        """Why the job is as it is."""
        from routilux_tui.tui.screens.job_answers import why_lines

        asking = why_lines(self.handle, self.reading.last, self.routines.time_shown())
        self.run_worker(self._answer("Why?", asking, leads_on="0123456789arD"))

    def action_trace(self) -> None:
        """What led to the record under the cursor, and what came of it."""
        from routilux_tui.tui.screens.job_answers import trace_lines

        pane = self.focused_pane()
        row = None
        if isinstance(pane, HistoryPane):
            row = pane.row_at(pane.cursor)
        elif isinstance(pane, ProblemsPane):
            self.run_worker(self._trace_problem(pane))
            return
        if row is None:
            self.notify("Records have what led to them: in 2 Problems and 5 History.", timeout=4)
            return
        title = f"What led to {row.n + 1:,}  {row.routine}  {row.name}"
        self.run_worker(self._answer(title, trace_lines(self.handle, row.n, self.links_to)))

    async def _trace_problem(self, pane: ProblemsPane) -> None:
        """What led to the failure at the cursor: to its last record in the history."""
        from routilux_tui.tui.screens.job_answers import failure_record, trace_lines

        line = pane.line_at(pane.cursor)
        if line is None:
            return
        try:
            row = await failure_record(self.handle, line.problem, line.failing)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        if row is not None:
            title = f"What led to {row.n + 1:,}  {row.routine}  {row.name}"
            await self._answer(title, trace_lines(self.handle, row.n, self.links_to))

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
        if not pane.total:
            return
        if isinstance(pane, SectionPane):
            row = pane.row_at(pane.cursor)
            text = row_text(row) if row is not None else ""
        elif not pane.total:
            return
        else:
            text = "\t".join(
                part for part, _ in (pane.parts(pane.cursor, 200) or ()) if part.strip()
            )
        if text:
            self.app.copy_to_clipboard(text)
