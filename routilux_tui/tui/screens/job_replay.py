"""A job's past on its screen: the same panes at any moment, stepped through, sought, or played."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible, RoutiluxTuiError
from routilux_tui.job.jsonable import shortened
from routilux_tui.tui.panes.layout import HISTORY as HISTORY_PANE
from routilux_tui.tui.panes.pane import SectionPane
from routilux_tui.tui.screens.job_retry import RetryLayer
from routilux_tui.tui.widgets.replay_bar import ReplayBar, speed_text
from routilux_tui.views.replay_shapes import Seek
from routilux_tui.views.shapes import HISTORY, SECTIONS, Filter, Frame
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle
    from routilux_tui.sources.far_past import FarPastHandle
    from routilux_tui.sources.past_handle import PastHandle
    from routilux_tui.tui.panes.timeline import TimelinePane
    from routilux_tui.views.critical_path import Link
    from routilux_tui.views.replay_shapes import Point
    from routilux_tui.views.timeline import Cell, Timeline

#: Times the job's own pace; a negative one: as fast as it goes.
SPEEDS = (0.0, 1.0, 10.0, 100.0, -1.0)
_FASTEST = 1000.0
"""Times the job's own pace, at least, that the last of them is."""
_FRAMES = 40.0
"""Frames at the most in which all of a job is played as fast as it goes."""
_FRAME = 0.25
"""Seconds between two frames of what is played, at least."""
_REST = 3.0
"""Times as long as a frame has cost that the next one waits: a core is held for a quarter."""
_SLOW = 0.3
"""Seconds after which a search says that it is one."""
_MARKS_EVERY = 5.0
"""Seconds for which the marks of a job that goes on are good."""


class ReplayLayer(RetryLayer):
    """A job's screen that can show its past.

    Attributes:
        present: the job itself; `handle` is its past while that is shown.
        point: the moment of the past that is shown; None for now.
    """

    present: Handle
    bar: ReplayBar
    point: Point | None = None
    _past: PastHandle | FarPastHandle | None = None
    _speed = 0
    _wanted: dict[str, Any] | None = None
    _is_going = False
    _condition = ""
    #: How often the reader has gone back to now.
    _left = 0
    _marked_at = 0.0

    @abstractmethod
    def use(self, handle: Handle) -> None:
        """Have all that reads read from the job, or from its past."""

    @abstractmethod
    def show_moment(self, frame: Frame) -> None:
        """Have the panes show what `handle` is now."""

    # Going

    def go(self, **where: Any) -> None:
        """Go to a moment (see `Seek`); what is asked meanwhile is merged, or done instead."""
        wanted = self._wanted
        if wanted is not None and wanted.keys() == where.keys() == {"steps"}:
            where = {"steps": wanted["steps"] + where["steps"]}
        self._wanted = where
        if self._is_going and self._past is not None:  # what it searches for is wanted no more
            self.run_worker(self._stop_search(self._past))
        if not self._is_going:
            self._is_going = True
            self.run_worker(self._go_on())

    async def _stop_search(self, past: PastHandle | FarPastHandle) -> None:
        with contextlib.suppress(RoutiluxTuiError):
            await past.stop()

    async def _go_on(self) -> None:
        try:
            while self._wanted is not None:
                where, self._wanted = self._wanted, None
                await self._seek(where)
        finally:
            self._is_going = False
            self._say()

    async def _seek(self, where: dict[str, Any]) -> None:
        left = self._left
        slow = self.set_timer(_SLOW, lambda: self._say("searching …  Esc ends it"))
        try:
            past = await self._opened_past()
            origin = self.point.seq if self.point is not None else -1
            point = await past.seek(Seek(origin=origin, **where))
        except RoutiluxTuiError as error:
            is_end = self.point is not None and self.point.is_last
            if isinstance(error, NotPossible) and is_end and where.get("steps", 0) > 0:
                self.back_to_now()
                return
            self._speed = 0
            self.notify(printable(str(error)), severity="warning", timeout=5, markup=False)
            return
        finally:
            slow.stop()
        if "to" in where:  # { and } go by what was found
            self._condition = _condition_of(where["to"])
        if left == self._left:  # else the reader has gone back to now meanwhile
            await self._show_past(past, point)

    async def _opened_past(self) -> PastHandle | FarPastHandle:
        if self._past is None:
            from routilux_tui.sources.far_past import past_of

            past = past_of(self.present)
            await past.open()
            self._past = past
        return self._past

    async def _show_past(self, past: PastHandle | FarPastHandle, point: Point) -> None:
        if not self.is_mounted:
            return
        self.point = point
        self.use(past)
        self.bar.show(point)
        columns = self.bar.columns()
        now = time.monotonic()
        if len(self.bar.marks) != columns or now - self._marked_at > _MARKS_EVERY:
            self._marked_at = now
            self.bar.marks = await past.marks(columns)
            self.bar.refresh()
        self._say()
        self.show_moment(self._whole())

    def _whole(self) -> Frame:
        handle = self.handle
        routines = list(handle.routines.values())
        return Frame(seq=0, header=handle.header, routines=routines, stale=list(SECTIONS))

    def _say(self, word: str = "") -> None:
        """What goes on, at the end of the bar."""
        if not word and self._speed:
            word = speed_text(SPEEDS[self._speed])
        elif not word and self._condition:
            word = f"{{ }}: {shortened(printable(self._condition), 30)}"
        if word != self.bar.word:
            self.bar.word = word
            self.bar.refresh()

    def back_to_now(self) -> None:
        """Show the job as it is."""
        self._speed, self._condition, self._wanted = 0, "", None
        self._left += 1
        self.point = None
        self.use(self.present)
        self.bar.show(None)
        self.show_moment(self._whole())

    def leave_past(self) -> bool:
        """One step out of the past, if it is shown: of a search, of playing, then to now."""
        if self.point is None and not self._is_going:
            return False
        if self._is_going and self._past is not None and not self._speed:
            self._wanted = None
            self.run_worker(self._stop_search(self._past))
            if self.bar.word.startswith("searching"):
                return True
        self.back_to_now()
        return True

    async def close_past(self) -> None:
        """Let go of it."""
        self._speed = 0
        if self._past is not None:
            await self._past.close()

    async def detail(self, shown: Timeline, columns: int, expanded: list[str]) -> Timeline:
        """A stretch of the timeline drawn from the changes; as it is where these are not kept."""
        try:
            past = await self._opened_past()
            return await past.detail(shown.begin, shown.end, columns, fold=True, expanded=expanded)
        except RoutiluxTuiError:
            if expanded:
                raise
            return shown

    def on_timeline_pane_path_wanted(self) -> None:
        """The critical path is to be marked."""
        self.run_worker(self._mark_path())

    async def _mark_path(self) -> None:
        try:
            past = await self._opened_past()
            self.timeline.show_path(await past.chain())
        except RoutiluxTuiError as error:
            self.timeline.show_path(None)
            self.notify(printable(str(error)), severity="warning", timeout=5, markup=False)

    async def links_to(self, record: int) -> list[Link]:
        """The tasks that led to a record; none where that would need another connection."""
        if self._past is None and self.present.place.startswith("ssh://"):
            return []
        try:
            return (await (await self._opened_past()).chain(record)).links
        except RoutiluxTuiError:
            return []

    # Actions

    def action_zoom_time(self, factor: float) -> None:
        """Show less or more time in the timeline."""
        self.timeline.zoom(factor)

    def _stop_playing(self) -> None:
        self._speed = 0
        self._say()

    def action_step_change(self, step: int) -> None:
        """A change on, or back."""
        self._stop_playing()
        if step > 0 and self.point is None:
            self.notify("This is now; [ leads back.", timeout=3)
            return
        self.go(steps=step)

    def action_step_mark(self, step: int) -> None:
        """To the next moment that matters, or the one before; by the condition, if one is given."""
        self._stop_playing()
        if step > 0 and self.point is None:
            self.notify("This is now; { leads back.", timeout=3, markup=False)
        elif self._condition:
            self.go(marks=step, condition=self._condition)
        else:
            self.go(marks=step)

    def action_go_to_moment(self) -> None:
        """Ask for a time, a change, a record or a condition, and go there."""
        from routilux_tui.tui.screens.dialogs import LineDialog

        self._stop_playing()
        hint = (
            "A time (03:07:21, +1h30m, -5m), a change's number, a record's (#12), or a condition: "
            "the next moment at which its value changes; { and } then go by it."
        )

        def answered(text: str | None) -> None:
            if text and text.strip():
                self.go(to=text)

        dialog = LineDialog("Go to", hint, self._condition, check=self._check_moment)
        self.app.push_screen(dialog, answered)

    async def _check_moment(self, text: str) -> None:
        condition = _condition_of(text)
        if condition:
            await self.present.check(condition)

    def action_play(self) -> None:
        """Play at the next speed; from now: from the beginning."""
        was = self._speed
        self._speed = (self._speed + 1) % len(SPEEDS)
        self._say()
        if not was:
            self.run_worker(self._play(), group="play", exclusive=True)

    async def _play(self) -> None:
        past = None
        try:
            past = await self._opened_past()
            if self.point is None or self.point.is_last:
                start = await past.seek(Seek())
                await self._show_past(past, await past.seek(Seek(at=start.begin)))
        except RoutiluxTuiError as error:
            self._speed = 0
            self.notify(printable(str(error)), severity="warning", timeout=5, markup=False)
            return
        last = time.monotonic()
        while self._speed and self.point is not None:
            now = time.monotonic()
            passed, last = now - last, now
            await self._seek({"at": _later(self.point, passed, SPEEDS[self._speed])})
            if self.point is None or self.point.at >= self.point.end:
                self._stop_playing()
                return
            await asyncio.sleep(max(_FRAME, (time.monotonic() - now) * _REST))

    def on_timeline_pane_sought(self, event: TimelinePane.Sought) -> None:
        """The timeline's cursor was put elsewhere: that is the moment of all panes."""
        self._stop_playing()
        self.go(at=event.at)

    def action_open(self) -> None:
        """The whole value behind the row; of the timeline the record that is under its cursor."""
        pane = self.focused_pane()
        routine = self.timeline.routine_at(pane.cursor) if pane is self.timeline else ""
        if routine:
            self.run_worker(self._open_record(routine, self.timeline.cell_at(pane.cursor)))
        else:
            super().action_open()

    async def _open_record(self, routine: str, cell: Cell | None) -> None:
        """Go to a routine's last record until then; in a cell with a failure, to that."""
        failures = cell is not None and cell.mark in {"gave_up", "retry"}
        where = Filter(routine=routine, failures=failures)
        try:
            window = await self.handle.window(HISTORY, -1, 1 << 52, where)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), severity="warning", markup=False)
            return
        if not window.rows:
            self.notify(f"{printable(routine)} has no record until then.", timeout=3, markup=False)
            return
        pane = self.arrangement.show_pane(HISTORY_PANE)
        if isinstance(pane, SectionPane):
            self.set_focus(pane)
            if pane.where:
                pane.set_filter(Filter())
            pane.go_to(window.rows[-1].n)

    def action_runs(self) -> None:
        """The last runs of the job's flow beside each other."""
        from routilux_tui.tui.screens.flow_runs import show_runs

        self.run_worker(show_runs(self, self.present.header.flow_id, self.present.place))

    def action_compare(self) -> None:
        """What differs from the run before; where the past is shown, from now."""
        self.run_worker(self._compare())

    async def _compare(self) -> None:
        from routilux_tui.tui.screens.compare import show_comparison
        from routilux_tui.tui.screens.flow_runs import FlowRuns, run_before

        if self.point is not None:
            await show_comparison(self, self.handle, self.present, self.handle, self.present)
            return
        runs = FlowRuns(self.app)
        try:
            header = self.present.header
            known = await runs.of(header.flow_id, self.present.place)
            entry = run_before(header.job_id, header.created_at, known)
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), severity="warning", markup=False)
            return
        await show_comparison(self, runs.handle(entry), self.present, self.present)

    def on_replay_bar_chosen(self, event: ReplayBar.Chosen) -> None:
        """A moment of the bar was clicked."""
        self._stop_playing()
        self.go(at=event.at)


def _later(point: Point, passed: float, speed: float) -> float:
    """The moment that is shown next, so many seconds after one was."""
    if speed < 0:
        speed = max(_FASTEST, (point.end - point.begin) / _FRAMES / max(passed, _FRAME))
    return min(point.end, point.at + passed * speed)


def _condition_of(text: str) -> str:
    """The condition that a text is; empty where it is another kind of moment.

    Raises:
        UsageError, ConditionError: when it is none.
    """
    from routilux_tui.views.time_spec import target_of

    return target_of(text, 0.0, 0.0).condition
