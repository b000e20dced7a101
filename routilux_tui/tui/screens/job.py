"""The job screen: one job, live or saved, in panes.

State comes in as frames and goes to the panes; what the reader wants goes out to the handle.
Between asking for a control and the job's own word, the header says that it is asked.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job import timestamps
from routilux_tui.tui.actions import JOB_ACTIONS, ROW_ACTIONS, bindings
from routilux_tui.tui.panes.data import DataPane
from routilux_tui.tui.panes.deferred import DeferredPane
from routilux_tui.tui.panes.history import HistoryPane
from routilux_tui.tui.panes.layout import PaneLayout
from routilux_tui.tui.panes.log import LogPane
from routilux_tui.tui.panes.output import OutputPane
from routilux_tui.tui.panes.pane import Pane, SectionPane, row_text
from routilux_tui.tui.panes.pauses import PausesPane
from routilux_tui.tui.panes.pending import PendingPane
from routilux_tui.tui.panes.routines import RoutinesPane
from routilux_tui.tui.screens.job_search import JobSearch
from routilux_tui.tui.screens.job_waits import JobWaits
from routilux_tui.tui.screens.steering import SteeringScreen, question_of
from routilux_tui.tui.widgets.footer import KeyBar
from routilux_tui.tui.widgets.header import JobHeader
from routilux_tui.views import shapes as views
from routilux_tui.views.shapes import Filter
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from routilux_tui.sources.base import Handle
    from routilux_tui.tui.widgets.rows import Rows
    from routilux_tui.views.shapes import Frame, Window


class JobScreen(SteeringScreen):
    """One job.

    Args:
        handle: the job, open.
    """

    ACTIONS: ClassVar = JOB_ACTIONS
    BINDINGS: ClassVar = bindings(JOB_ACTIONS)

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self.handle = handle
        self.head = JobHeader()
        self.routines = RoutinesPane()
        self.sections: list[SectionPane] = [
            HistoryPane(),
            PausesPane(),
            DataPane(),
            OutputPane(),
            PendingPane(),
            DeferredPane(),
            LogPane(),
        ]
        self.panes: dict[str, Pane] = {
            pane.key_shown: pane for pane in (self.routines, *self.sections)
        }
        self.keys = KeyBar(JOB_ACTIONS, lambda: self.cannot)
        self.search = JobSearch(self, handle)
        self.waits = JobWaits(self, handle)

    @property
    def _read_only(self) -> bool:
        return bool(self.app.read_only)  # type: ignore[attr-defined] # our own app

    @property
    def cannot(self) -> dict[str, str]:
        """Action -> why it can't be done now."""
        reasons = dict(self.handle.cannot)
        if self._read_only:
            reasons.update(
                dict.fromkeys(("pause", "resume", "cancel", "force"), "read-only (ctrl+o)")
            )
        return reasons

    def compose(self) -> ComposeResult:
        """Header, panes, keys."""
        self.arrangement = PaneLayout(self.panes, self.app.size)
        yield self.head
        yield self.arrangement
        yield self.keys

    async def on_mount(self) -> None:
        """Show what is known, then follow."""
        for pane in self.sections:
            pane.set_fetch(self._fetch)
        self.set_focus(self.routines)
        self._show(None)
        self.run_worker(self._follow(), exclusive=False, exit_on_error=True)
        self.set_interval(1.0, self._tick)

    async def _fetch(self, section: str, start: int, stop: int, where: Filter) -> Window:
        return await self.handle.window(section, start, stop, where)

    async def _follow(self) -> None:
        """Take frame after frame for as long as the job can change."""
        try:
            async for frame in self.handle.changes():
                self._show(frame)
                await asyncio.sleep(self.app.settings.frame_pause)  # type: ignore[attr-defined] # our own app
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)
        self._show(None)

    def _show(self, frame: Frame | None) -> None:
        """Hand the state to the panes."""
        header = self.handle.header
        stale = set(frame.stale) if frame is not None else set()
        was = self.head.job
        self.head.job = header
        self.head.place = self.handle.place
        self.head.stale_since = self.handle.stale_since
        self.head.waits = self.waits.under_way
        self.head.read_only = self._read_only
        self.head.rate.sample(self.head.now(), header.counts.get(views.HISTORY, 0))
        self.routines.show(self.handle.routines)
        for pane in self.sections:
            pane.show(header.counts.get(pane.section, 0), stale=pane.section in stale)
        self._refresh_tabs()
        if was is not None and was.status != header.status:
            self.arrangement.arrange_routines()
        self.head.refresh_lines()
        self.keys.refresh_keys()

    def _refresh_tabs(self) -> None:
        """Counts in the title lines of panes that share a place."""
        texts = tuple(pane.tab_text() for pane in self.panes.values())
        if texts != getattr(self, "_tab_texts", ()):
            self._tab_texts = texts
            for pane in self.panes.values():
                if pane.is_shown:
                    pane.refresh_title()

    def _tick(self) -> None:
        """The age of a job that runs, or of a broken link; nothing else changes by itself."""
        header = self.handle.header
        if (
            self.handle.stale_since is not None
            or header.status == "running"
            or self.waits.under_way
        ):
            self.head.waits = self.waits.under_way
            self.head.refresh_lines()

    # Layout

    def action_pane(self, key: int) -> None:
        """Bring a pane to the screen and put the keys in it."""
        self.set_focus(self.arrangement.bring(str(key)))

    def _focused(self) -> Pane:
        focused = self.focused
        return focused if isinstance(focused, Pane) else self.routines

    def _step(self, step: int) -> None:
        key = self._focused().key_shown
        self.action_pane(int(self.arrangement.beside(key, step)))

    def action_next_pane(self) -> None:
        """The next pane."""
        self._step(1)

    def action_previous_pane(self) -> None:
        """The pane before."""
        self._step(-1)

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or back."""
        pane = self._focused()
        self.arrangement.zoom(pane.key_shown)
        self.set_focus(pane)

    def on_rows_tab_chosen(self, event: Rows.TabChosen) -> None:
        """A tab was clicked."""
        self.action_pane(int(event.key))

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
            await self.handle.set_read_only(self._read_only)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)

    # Looking

    def action_filter(self) -> None:
        """Show the rows of one routine."""
        from routilux_tui.tui.screens.dialogs import ChoiceDialog

        pane = self._focused()
        if not isinstance(pane, SectionPane):
            pane = next(one for one in self.sections if one.display)
        choices = [("", "all routines")]
        choices.extend((name, name) for name in self.handle.routines)

        def chosen(routine: str | None) -> None:
            if routine is not None:
                pane.set_filter(Filter(routine=routine))
                pane.focus()

        self.app.push_screen(ChoiceDialog(f"{pane.name_shown} of", choices), chosen)

    def action_find(self) -> None:
        """Ask for a text and go to it."""
        self.search.ask(self._focused())

    def action_find_next(self) -> None:
        """The next match."""
        self.run_worker(self.search.go_on(self._focused(), back=False))

    def action_find_previous(self) -> None:
        """The match before."""
        self.run_worker(self.search.go_on(self._focused(), back=True))

    def action_open(self) -> None:
        """The whole value behind the row."""
        pane = self._focused()
        if pane.total:
            self.run_worker(self._open(pane, pane.cursor))

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """A row was chosen with the mouse."""
        if isinstance(event.rows, Pane):
            self.run_worker(self._open(event.rows, event.n))

    async def _open(self, pane: Pane, at: int) -> None:
        from routilux_tui.tui.screens.detail import TextScreen, json_lines

        where: int | str = at
        title = pane.name_shown
        if isinstance(pane, SectionPane):
            row = pane.row_at(at)
            if row is None:
                return
            where = row.n
            title = f"{pane.name_shown} {row.n + 1:,}  {row.routine}  {row.name}"
        elif isinstance(pane, RoutinesPane):
            where = pane.routine_at(at)
            title = f"Routine {where}"
        try:
            value = await self.handle.item(pane.section, where)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        self.app.push_screen(TextScreen(title, json_lines(value)))

    def action_copy(self) -> None:
        """Copy the row."""
        pane = self._focused()
        if isinstance(pane, SectionPane):
            row = pane.row_at(pane.cursor)
            text = row_text(row) if row is not None else ""
        else:
            text = "\t".join(
                part for part, _ in (pane.parts(pane.cursor, 200) or ()) if part.strip()
            )
        if text:
            self.app.copy_to_clipboard(text)

    def action_times(self) -> None:
        """The time of day, or the time since the job began."""
        began = timestamps.to_epoch(self.handle.header.created_at)
        for pane in self.sections:
            pane.began = began if pane.began is None else None
            pane.refresh()

    def action_back(self) -> None:
        """Out of a filter, a zoom, or the job."""
        pane = self._focused()
        if isinstance(pane, SectionPane) and pane.where:
            pane.set_filter(Filter())
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
        self.app.push_screen(HelpScreen((*JOB_ACTIONS, *ROW_ACTIONS), keymap, self.size.width))

    def action_leave(self) -> None:
        """Leave the dashboard; the job goes on."""
        job = self.handle.header if self.handle.is_live else None
        self.app.leave(job, silent=self.handle.stale_since is not None)  # type: ignore[attr-defined] # our own app

    async def on_unmount(self) -> None:
        """Let go of the job."""
        await self.handle.close()
