"""The job screen: one job, live or saved, in panes.

State comes in as frames and goes to the panes; what the reader wants goes out to the handle.
Between asking for a control and the job's own word, the header says that it is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, ClassVar

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.status import has_ended
from routilux_tui.tui.actions import JOB_ACTIONS, ROW_ACTIONS, TIME_ACTIONS, bindings
from routilux_tui.tui.panes.layout import NOW
from routilux_tui.tui.panes.pane import Pane, SectionPane
from routilux_tui.tui.screens.job_reading import JobReading
from routilux_tui.tui.screens.job_replay import ReplayLayer
from routilux_tui.tui.screens.job_search import JobSearch
from routilux_tui.tui.screens.job_waits import JobWaits
from routilux_tui.tui.screens.steering_screen import question_of, still_running_in
from routilux_tui.tui.widgets.footer import KeyBar
from routilux_tui.tui.widgets.header import MANY_QUEUED, JobHeader
from routilux_tui.tui.widgets.replay_bar import ReplayBar
from routilux_tui.views import shapes
from routilux_tui.views.control_kinds import CONTROLS
from routilux_tui.views.shapes import Filter
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.worker import Worker

    from routilux_tui.sources.base import Handle
    from routilux_tui.views.insight import Insight
    from routilux_tui.views.shapes import Frame, Window


_AT_HAND = 0.15
"""Seconds within which a job that is near has answered everything."""


class JobScreen(ReplayLayer):
    """One job.

    Args:
        handle: the job, open.
    """

    ACTIONS: ClassVar = JOB_ACTIONS
    BINDINGS: ClassVar = bindings(JOB_ACTIONS)

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self.handle = self.present = handle
        self.head = JobHeader()
        self.bar = ReplayBar()
        self._is_reading = self._must_read = False
        self._has_changed = True
        self._was_read = asyncio.Event()
        self.reading = JobReading(handle)
        self.keys = KeyBar(JOB_ACTIONS, lambda: self.cannot)
        self.search = JobSearch(self, handle)
        self.waits = JobWaits(self, handle)

    @property
    def _read_only(self) -> bool:
        return bool(self.app.read_only)  # type: ignore[attr-defined] # our own app

    @property
    def _moves(self) -> bool:
        """Whether the job goes on by itself, as far as is known."""
        return _moves(self.handle) and self.handle.stale_since is None

    @property
    def cannot(self) -> dict[str, str]:
        """Action -> why it can't be done now."""
        kept: dict[str, str] = self.app.kept_from(CONTROLS)  # type: ignore[attr-defined] # our own app
        return {**self.handle.cannot, **kept}

    def compose(self) -> ComposeResult:
        """Header, panes, keys."""
        yield self.head
        yield self.arrangement
        yield self.bar
        yield self.keys

    async def on_mount(self) -> None:
        """Show what is known, then follow."""
        for pane in self.section_panes:
            pane.set_fetch(self._fetch)
        self.set_focus(self.routines)
        self._show(None)
        flow = self.run_worker(self._read_flow())
        self.read_soon()
        with contextlib.suppress(asyncio.TimeoutError):
            # a job at hand is shown whole at once; one that is far comes when it comes
            await asyncio.wait_for(asyncio.shield(self._first_reading(flow)), _AT_HAND)
        self.run_worker(self._follow(), exclusive=False, exit_on_error=True)
        self.set_interval(1.0, self._tick)

    async def _first_reading(self, flow: Worker[None]) -> None:
        await flow.wait()
        await self._was_read.wait()

    async def _fetch(self, section: str, start: int, stop: int, where: Filter) -> Window:
        return await self.handle.window(section, start, stop, where)

    async def _follow(self) -> None:
        """Take frame after frame for as long as the job can change."""
        try:
            while True:
                async for frame in self.present.changes():
                    if self.point is None:
                        self._show(frame)
                    await asyncio.sleep(self.pause())
                self._show(None)
                if not await self.present.goes_on():
                    break
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)
        self._show(None)

    def use(self, handle: Handle) -> None:
        """Have all that reads read from the job, or from its past."""
        if handle is not self.handle:
            self.handle = self.reading.handle = self.search.handle = handle
            self.reading.forget_question()
            self.question_box.ask([], None, 0)

    def show_moment(self, frame: Frame) -> None:
        """Have the panes show what `handle` is now."""
        self.head.past = self.point.at if self.point is not None else None
        for pane in self.panes.values():
            pane.moment = self.head.past
        self.timeline.refresh()
        self._show(frame)
        self.read_soon()

    def _show(self, frame: Frame | None) -> None:
        """Hand the state to the panes."""
        header = self.handle.header
        stale = set(frame.stale) if frame is not None else set()
        self.head.job = header
        self.head.place = self.handle.place
        self.head.stale_since = self.handle.stale_since
        self.head.waits = self.waits.under_way
        self.head.read_only = self._read_only
        self._has_changed |= self.handle.is_gone != self.head.is_gone
        self.head.is_gone = self.handle.is_gone
        self.head.may_be_taken_up = "retry" not in self.cannot
        self.head.question = self.reading.waits_for_person
        self._has_changed = self._has_changed or frame is not None
        self.remind(header.reminders, self.reading.questions)
        self.app.notify_alert(header.job_id, header.alerts, header.told)  # type: ignore[attr-defined] # our own app
        for timed in (self.problems, self.now):
            if timed.moves != self._moves:
                timed.moves = self._moves
                timed.refresh()
        for pane in self.section_panes:
            pane.show(header.counts.get(pane.section, 0), stale=pane.section in stale)
        self.arrangement.rows_changed()
        self._refresh_tabs()
        self.head.refresh_lines()
        self.keys.refresh_keys()

    async def _read_flow(self) -> None:
        await self.reading.read_flow()
        if self.reading.shape.routines:
            self.routines.set_shape(self.reading.shape)
        self._show(None)

    async def _read(self) -> None:
        """Ask for what the frames do not bring; what is wrong comes to the front by itself."""
        if self.point is None and await self.reading.read_question():
            held = self.handle.header.counts.get(shapes.PENDING, 0)
            self.question_box.ask(self.reading.questions, self.reading.question, held)
        insight = None
        if self._has_changed:
            self._has_changed = False  # a frame that comes meanwhile is not in the answer
            insight = await self.reading.read_insight()
            printed = await self.reading.read_printed()
            if printed is not None:
                self.printed.show_lines(*printed)
            moves = self.point is None and self._moves
            self._has_changed |= insight is None or moves
        if insight is not None:
            self._show_insight(insight)
        if self.present.stale_since is None:  # all of its time, with the moment that is shown
            await self.timeline.load(self.present, self.detail, moves=_moves(self.present))
        self._show(None)

    def _show_insight(self, insight: Insight) -> None:
        """Hand what is measured to the header and the panes."""
        self.head.outlook = insight.outlook
        workers = insight.outlook.workers if insight.outlook else 0
        to_front = [key for key, pane in self.panes.items() if pane.show_insight(insight)]
        if self.arrangement.is_chosen_by_reader or self.point is not None:
            return
        if to_front:
            self.arrangement.show_pane(to_front[0], by_reader=False)
        elif not insight.problems and self.now.now.queued >= MANY_QUEUED and workers:
            self.arrangement.show_pane(NOW, by_reader=False)

    def _refresh_tabs(self) -> None:
        """Counts in the title lines of panes that share a place."""
        texts = tuple(pane.tab() for pane in self.panes.values())
        if texts != getattr(self, "_tab_texts", ()):
            self._tab_texts = texts
            for pane in self.panes.values():
                if pane.is_shown:
                    pane.refresh_title()

    def _tick(self) -> None:
        """Once a second: ages and rates move, and what the frames do not bring is asked for."""
        is_old = self.handle.stale_since is not None
        lasts = self.handle.header.status in {"running", "paused"} or _moves(self.handle)
        if is_old or lasts or self.waits.under_way:
            self.head.waits = self.waits.under_way
            self.head.refresh_lines()
        for pane in self.panes.values():
            pane.tick(is_running=self._moves)
        self.read_soon()

    def read_soon(self) -> None:
        """Ask, if nothing is being asked for already."""
        self._must_read = True
        if not self._is_reading:
            self._is_reading = True
            self.run_worker(self._read_on())

    async def _read_on(self) -> None:
        try:
            while self._must_read:
                self._must_read = False
                await self._read()
        finally:
            self._is_reading = False
            self._was_read.set()

    def on_key_bar_chosen(self, event: KeyBar.Chosen) -> None:
        """A key of the footer was clicked."""
        self.run_worker(self.run_action(event.action))

    def on_pane_failed(self, event: Pane.Failed) -> None:
        """Rows could not be fetched: the header tells of a broken link, so only the rest here."""
        if self.handle.stale_since is None:
            self.notify(printable(str(event.error)), severity="warning", markup=False)

    # Steering

    def steered(self) -> list[str]:
        """The job, by its flow and short id."""
        header = self.handle.header
        return [f"{header.flow_id} {header.job_id[:8]}"]

    async def steer(self, action: str, reason: str = "") -> None:
        """Ask the job for a control."""
        await self.ask(self.handle, action, reason)

    def are_cancelled(self) -> bool:
        """Whether the job waits for nothing but handlers to return."""
        header = self.handle.header
        return has_ended(header.status) and header.still_running > 0

    async def still_running(self) -> str:
        """Which handlers of the job have not returned."""
        try:
            return await still_running_in(self.handle)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)
            return ""

    async def question(self) -> str:
        """What the job waits for a person to answer."""
        try:
            return await question_of(self.handle)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)
            return "an answer"

    def action_wait(self) -> None:
        """Wait until a condition holds."""
        if not self.is_refused("wait"):
            self.waits.ask()

    def waits_changed(self) -> None:
        """A wait has begun or ended."""
        self._show(None)

    def action_read_only(self) -> None:
        """Take no controls from here, or take them again."""
        self.app.read_only = not self._read_only  # type: ignore[attr-defined] # our own app
        self.run_worker(self._set_read_only())
        self._show(None)

    async def _set_read_only(self) -> None:
        try:
            await self.present.set_read_only(self._read_only)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)

    # Looking

    def action_find(self) -> None:
        """Ask for a text and go to it."""
        self.search.ask(self.focused_pane())

    def action_find_rows(self) -> None:
        """Ask for a text, and show the rows with it alone."""
        self.search.ask_filter(self.filtered_pane())

    def action_find_next(self) -> None:
        """The next match."""
        self.run_worker(self.search.go_on(self.focused_pane(), back=False))

    def action_find_previous(self) -> None:
        """The match before."""
        self.run_worker(self.search.go_on(self.focused_pane(), back=True))

    def action_back(self) -> None:
        """Out of the past, a filter, a zoom, or the job."""
        pane = self.focused_pane()
        if self.leave_past():
            return
        below = self.panes[self.arrangement.chosen]
        filtered = [one for one in (pane, below) if one.is_shown and one.where]
        if filtered and isinstance(filtered[0], SectionPane):
            filtered[0].set_filter(Filter())
        elif pane.query_text:
            pane.highlight("")
        elif self.arrangement.zoomed:
            self.action_zoom()
        else:
            self.app.show_list()  # type: ignore[attr-defined] # our own app

    def action_help(self) -> None:
        """What every key does."""
        from routilux_tui.tui.screens.help import HelpScreen

        keymap = self.app.settings.keymap  # type: ignore[attr-defined] # our own app
        self.app.push_screen(
            HelpScreen((*JOB_ACTIONS, *ROW_ACTIONS, *TIME_ACTIONS), keymap, self.size.width)
        )

    def action_leave(self) -> None:
        """Leave the dashboard; the job goes on."""
        self.app.leave(self.present)  # type: ignore[attr-defined] # our own app

    async def on_unmount(self) -> None:
        """Let go of the job."""
        await self.close_past()
        await self.present.close()


def _moves(handle: Handle) -> bool:
    """Whether a job goes on by itself: it runs, or handlers of it have not returned."""
    header = handle.header
    return header.still_running > 0 or (header.status == "running" and not handle.is_gone)
