"""The now pane: every handler that runs, for how long and with what; below, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.tui.panes.pane import Pane
from routilux_tui.tui.panes.row_target import routine_target
from routilux_tui.tui.widgets.lines import cell_width, fit, fit_parts, right, shifted
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.tui.widgets.values import value_parts
from routilux_tui.views import shapes
from routilux_tui.views.formatting import count, counted, duration, span, time_of_day
from routilux_tui.views.insight import AWAITED, PAUSING, Now

if TYPE_CHECKING:
    from routilux_tui.tui.panes.row_target import RowTarget
    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.insight import Insight, NextTask, RunningHandler

_NAME = 20
_FOR = 7
_LEAST = 10
"""Cells of an input that are seen, whatever else is to be said."""
_LONG = 3.0
"""A handler that runs for so many times its median wants a look."""
_TIMES = "\N{MULTIPLICATION SIGN}"


class NowPane(Pane):
    """The handlers that run, the longest first, then the tasks that are next in line."""

    section = shapes.PENDING
    name_shown = "Now"
    key_shown = "3"

    def __init__(self) -> None:
        super().__init__()
        self.now = Now()
        #: Cells of the times: no number among them is cut.
        self._for = _FOR

    def show(self, moment: Now) -> None:
        """Take over what runs."""
        before, self.now = self.now, moment
        total = len(moment.handlers) + len(moment.coming)
        width, self._for = (
            self._for,
            max(
                [
                    _FOR,
                    *(len(self._ran_text(one)) for one in moment.handlers),
                    *(len(self._due_text(one)) for one in moment.coming),
                ]
            ),
        )
        if total != self.total or width != self._for:
            self.set_total(total)
            self.refresh()
        elif before != moment:
            self.refresh_rows(0, total)
        said = (moment.queued, moment.killed_after, moment.awaited)
        if (before.queued, before.killed_after, before.awaited) != said:
            self.refresh_title()

    def tick(self, *, is_running: bool) -> None:
        """Until a task that is tried again is due, it is a second less, while the job moves."""
        for n, coming in enumerate(self.now.coming if self.is_shown and is_running else ()):
            if coming.due and not coming.on_hold:
                at = n + len(self.now.handlers)
                self.refresh_rows(at, at + 1)

    def tab(self, *, is_front: bool = False) -> Tab:
        """The name, with the number of handlers that run."""
        return Tab(self.key_shown, self.name_shown, len(self.now.handlers), is_front)

    def title_parts(self) -> list[Part]:
        """How many wait, and what for; of a job whose process was killed, when that was."""
        now = self.now
        killed, asked = map(timestamps.to_epoch, (now.killed_after, now.awaited_since))
        if killed is not None:  # what is shown ran until then
            return [(f"killed after {time_of_day(killed)}", "rows--error")]
        parts: list[Part] = []
        if now.awaited and asked is not None:
            word = "asked to pause" if now.awaited == PAUSING else now.awaited
            parts.append((f"{word} at {time_of_day(asked)} ", "rows--warning"))
        if now.queued:
            parts.append((f"{counted(now.queued, 'task')} in line", "rows--dim"))
        return parts

    def handler_at(self, n: int) -> RunningHandler | None:
        """The handler in a line."""
        return self.now.handlers[n] if n < len(self.now.handlers) else None

    def coming_at(self, n: int) -> NextTask | None:
        """The task in a line that is next in line."""
        at = n - len(self.now.handlers)
        return self.now.coming[at] if 0 <= at < len(self.now.coming) else None

    def routine_at(self, n: int) -> str:
        """The routine of a line."""
        one = self.handler_at(n) or self.coming_at(n)
        return one.routine_id if one else ""

    def target(self, n: int) -> RowTarget:
        """The handler that runs, or the task that waits."""
        routine = routine_target(self.routine_at(n))
        return routine._replace(handler=self.handler_at(n), coming=self.coming_at(n))

    def show_insight(self, insight: Insight) -> bool:
        """Take over what runs, where that was asked for."""
        if insight.now is not None:
            self.show(insight.now)
        return False

    def _name_width(self) -> int:
        names = [one.routine_id for one in self.now.handlers]
        names += [one.routine_id for one in self.now.coming]
        return max(7, min(_NAME, max(map(cell_width, names), default=7)))

    def _ran_text(self, handler: RunningHandler) -> str:
        """For how long a handler runs; where its process was killed, ran at least."""
        at_least = "≥" if self.now.killed_after else ""
        return f"{at_least}{duration(handler.elapsed)}"

    def _due_text(self, coming: NextTask) -> str:
        """When a task is to run, as far as that is known."""
        if coming.on_hold:
            return "on hold"
        due = timestamps.to_epoch(coming.due)
        if due is not None:
            if not self.moves:
                return f"due {time_of_day(due)}"
            return f"in {span(max(0.0, due - self.time_shown()))}"
        return f"after {count(coming.behind)}" if coming.behind else "next"

    def head(self, width: int) -> str:
        """The heads of the columns."""
        del width
        span_head = "ran" if self.now.killed_after else "for"
        return f"  {fit('routine', self._name_width())} {right(span_head, self._for)}  input"

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A line."""
        name = self._name_width()
        handler, coming = self.handler_at(n), self.coming_at(n)
        if handler is not None:
            is_cut_off = bool(self.now.killed_after)
            slow = handler.elapsed / handler.median if handler.median else 0.0
            awaited = self.now.awaited
            end = f" {AWAITED.get(awaited, awaited)} " if awaited else ""
            if not end and slow >= _LONG and handler.elapsed > 1:
                end = f" {slow:.0f}{_TIMES} its median "
            style = "rows--warning" if end else ""
            shade = "rows--warning" if self.now.awaited else "rows--running"
            room = max(0, width - name - 5 - self._for)
            if room - len(end) < _LEAST and not self.now.awaited:
                end = f" {slow:.0f}{_TIMES} " if end and room > _LEAST else ""
            room = max(0, room - len(end))
            values = fit_parts(value_parts(shifted(handler.text, self.indent)), room)
            return [
                ("? ", "rows--error") if is_cut_off else ("▶ ", shade),
                (fit(handler.routine_id, name), "rows--name"),
                (f" {right(self._ran_text(handler), self._for)}  ", style),
                *values,
                (end, "rows--warning"),
            ]
        if coming is None:
            return None
        behind = self._due_text(coming)
        return [
            ("  ", ""),
            (fit(coming.routine_id, name), "rows--dim"),
            (
                f" {right(behind, self._for)}  ",
                "rows--warning" if coming.on_hold else "rows--dim",
            ),
            *value_parts(shifted(coming.text, self.indent)),
        ]

    def empty_text(self) -> str:
        """Nothing runs."""
        if self.now.killed_after:
            return "No handler ran when the process was killed, and no task waited."
        return "No handler runs, and no task waits."
