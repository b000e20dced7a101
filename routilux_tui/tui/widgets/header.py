"""The header of a job: what it is, how it is, and what was asked of it, in two lines."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Region
from textual.widget import Widget

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.tui.theme import STATUS_STYLE
from routilux_tui.tui.widgets.lines import Part, fit, strip_of
from routilux_tui.views import shapes as views
from routilux_tui.views.formatting import count, counted, span, sparkline
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from routilux_tui.views.shapes import Header

BARS = 12
"""Seconds that the sparkline tells of."""


class Rate:
    """Events per second over the last seconds, from counts that come now and then."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=BARS + 1)

    def sample(self, now: float, records: int) -> None:
        """There are so many records now."""
        second = int(now)
        if self._seen and self._seen[-1][0] == second:
            self._seen.pop()
        self._seen.append((second, records))

    def bars(self, now: float) -> list[float]:
        """Events in each of the last seconds, the newest last."""
        last = int(now)
        at = dict(self._seen)
        bars = []
        known = self._seen[0][1] if self._seen else 0
        for second in range(last - BARS, last):
            before = known
            known = at.get(second, known)
            bars.append(float(max(0, known - before)))
        return bars

    def per_second(self, now: float) -> float:
        """Events per second over the last three whole seconds."""
        bars = self.bars(now)[-3:]
        return sum(bars) / len(bars) if bars else 0.0


class JobHeader(Widget):
    """Two lines; each is painted anew only when it says something else."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--dim",
        "rows--name",
        "rows--running",
        "rows--success",
        "rows--warning",
        "rows--error",
        "rows--cancelled",
        "header--spark",
    }

    def __init__(self) -> None:
        super().__init__(id="header")
        self.job: Header | None = None
        self.place = ""
        self.stale_since: float | None = None
        self.waits: list[tuple[str, float]] = []
        self.read_only = False
        self.rate = Rate()
        self._lines: list[list[Part]] = [[], []]
        self._styles_of: dict[str, Style] = {}

    @staticmethod
    def now() -> float:
        """The time by which ages are reckoned."""
        return time.time()

    def notify_style_update(self) -> None:
        """Styles are read anew after a change of theme."""
        self._styles_of = {}
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One of the two lines."""
        if not self._styles_of:
            self._styles_of = {
                name: self.get_component_rich_style(name, partial=True)
                for name in self.COMPONENT_CLASSES
            }
        if not self._lines[0]:
            self._lines = [self._first_line(), self._second_line()]
        parts = self._lines[y] if y < 2 else []
        return strip_of(parts, self.size.width, self._styles_of, self.rich_style)

    def on_resize(self) -> None:
        """Say it anew, to the new width."""
        self.refresh_lines()

    def refresh_lines(self) -> None:
        """Say how it is now; only what is said differently is painted."""
        for y, parts in enumerate((self._first_line(), self._second_line())):
            if parts != self._lines[y]:
                self._lines[y] = parts
                self.refresh(Region(0, y, self.size.width, 1))

    def _age(self, job: Header) -> str:
        """How long it has run, or ran."""
        start = timestamps.to_epoch(job.created_at)
        if start is None:
            return ""
        if job.status == "running" and self.stale_since is None:
            end: float | None = self.now()
        else:
            end = self.stale_since or timestamps.to_epoch(job.updated_at)
        age = max(0.0, (end or start) - start)
        return span(age if age < 10 and job.status != "running" else int(age) + 0.0)

    def _first_line(self) -> list[Part]:
        job = self.job
        if job is None:
            return [(" reaching the job …", "rows--dim")]
        width = self.size.width
        seen = statuses.look(job.status)
        style = STATUS_STYLE.get(job.status, "rows--dim")
        left: list[Part] = [
            (f" {seen.glyph} {printable(seen.word)}", style),
            ("  ", ""),
            (printable(job.flow_id)[:36], "rows--name"),
            (f"  {printable(job.job_id[:8])}", "rows--dim"),
            (f"  on {printable(host)}" if (host := _host(self.place)) else "", "rows--name"),
            (f"  {self._age(job)}", ""),
            (f"  routines {job.routines_done}/{job.routines_total}", "rows--dim"),
        ]
        if job.read_only or self.read_only:
            left.append(("  read-only", "rows--warning"))
        right: list[Part] = []
        now = self.now()
        if job.status == "running" and self.stale_since is None:
            rate = self.rate.per_second(now)
            rate_text = f"{count(round(rate)) if rate >= 10 else f'{rate:.1f}'} events/s "
            room = width - sum(len(text) for text, _ in left) - len(rate_text) - 3
            bars = self.rate.bars(now)[-max(1, min(BARS, room)) :]
            right = [(rate_text, "rows--dim"), (sparkline(bars), "header--spark"), (" ", "")]
        used = sum(len(text) for text, _ in left)
        taken = sum(len(text) for text, _ in right)
        if used + taken + 1 > width:
            return left
        return [*left, (" " * (width - used - taken), ""), *right]

    def _second_line(self) -> list[Part]:
        job = self.job
        if job is None:
            return []
        width = self.size.width
        now = self.now()
        counts = job.counts
        parts: list[Part] = [(f" {counted(counts.get(views.HISTORY, 0), 'record')}", "rows--dim")]
        if job.errors:
            parts.append((f"  {counted(job.errors, 'error')}", "rows--error"))
        if job.retries:
            parts.append((f"  {counted(job.retries, 'retry', 'retries')}", "rows--warning"))
        if self.stale_since is not None:
            ago = span(int(max(0.0, now - self.stale_since)) + 0.0)
            parts.append((f"  no answer for {ago}; this is the last state", "rows--error"))
        elif job.control is not None:
            parts.append((f"  {_control_text(job)}", "rows--warning"))
        elif job.note:
            style = "rows--error" if job.status == "failed" else "rows--dim"
            parts.append((f"  {printable(job.note)}", style))
        if self.waits:
            text, since = self.waits[-1]
            more = f" (+{len(self.waits) - 1})" if len(self.waits) > 1 else ""
            waiting = f"waiting {span(int(now - since) + 0.0)}: {printable(text)}{more} "
            used = sum(len(text) for text, _ in parts)
            room = width - used - 2
            if len(waiting) > room:
                waiting = fit(waiting, max(0, min(len(waiting), max(room, 24))))
                parts = parts[:1] if room < 24 else parts
                used = sum(len(text) for text, _ in parts)
            parts.append((" " * max(2, width - used - len(waiting)), ""))
            parts.append((waiting, "rows--running"))
        return parts


def _host(place: str) -> str:
    """The machine of a place that is not this one."""
    return place.removeprefix("ssh://") if place.startswith("ssh://") else ""


def _control_text(job: Header) -> str:
    control = job.control
    if control is None:
        return ""
    word = {"pause": "pausing", "cancel": "cancelling", "resume": "resuming"}.get(
        control.action, control.action
    )
    running = f", {control.running} running" if control.running else ""
    reason = f": {printable(control.reason)}" if control.reason else ""
    return f"{word}{running}{reason}"
