"""The header of a job: what it is, how it is, and what was asked of it, in two lines."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.geometry import Region

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import shortened
from routilux_tui.tui.theme import STATUS_STYLE
from routilux_tui.tui.widgets.lines import Part, cell_width, fit
from routilux_tui.tui.widgets.painted import PaintedWidget
from routilux_tui.views import shapes
from routilux_tui.views.estimate import ending
from routilux_tui.views.formatting import (
    count,
    counted,
    minutes,
    rate,
    span,
    sparkline,
    time_of_day,
    zone,
)
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from textual.strip import Strip

    from routilux_tui.views.insight import Outlook
    from routilux_tui.views.shapes import Header

_FLOW = 36
_BARS = 16
_RATE = 11
"""Cells that the rate and a bar of it take at least."""
"""Seconds that the sparkline has at the most."""
MANY_QUEUED = 100
"""Tasks in a queue from which on it wants a look."""
_LEAST_NAME, _LEAST_STATUS = 8, 12
"""Cells of a flow's name and of a status that stay where there is little room."""
_GAP = 1
"""Cells between what stands at the two ends of a line."""
#: What is cut where there is no room for it: names and sentences.
_CUT = frozenset({"rows--name", "rows--warning", "rows--error", "rows--running", "rows--success"})
_SAME_PART = 0.01
"""How far the part that is done may be from that of the known tasks, to be told by these."""
#: Statuses behind which there is a reason.
#: What was asked and is not confirmed yet, in a word.
_ASKED = {"pause": "pausing", "cancel": "cancelling", "resume": "resuming"}
_EXPLAINED = frozenset({"paused", "cancelled", "failed"})


class JobHeader(PaintedWidget):
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
        "header--past",
    }

    def __init__(self) -> None:
        super().__init__(id="header")
        self.job: Header | None = None
        self.place = ""
        self.stale_since: float | None = None
        self.waits: list[tuple[str, float]] = []
        self.read_only = False
        self.is_gone = False
        self.question = False
        self.may_be_taken_up = False
        self.outlook: Outlook | None = None
        #: The moment that is shown, in seconds since the epoch; None for now.
        self.past: float | None = None
        #: Whether the first line has room to say why the job is as it is.
        self._is_explained = False
        self._lines: list[list[Part]] = [[], []]

    @staticmethod
    def now() -> float:
        """The time by which ages are reckoned."""
        return time.time()

    def render_line(self, y: int) -> Strip:
        """One of the two lines."""
        if not self._lines[0]:
            self._lines = [self._first_line(), self._second_line()]
        parts = self._lines[y] if y < 2 else []
        return self.strip(parts, self.size.width)

    def on_resize(self) -> None:
        """Say it anew, to the new width."""
        self.refresh_lines()

    def refresh_lines(self) -> None:
        """Say how it is now; only what is said differently is painted."""
        for y, parts in enumerate((self._first_line(), self._second_line())):
            if parts != self._lines[y]:
                self._lines[y] = parts
                self.refresh(Region(0, y, self.size.width, 1))

    def _then(self) -> float:
        """The moment that is shown."""
        return self.now() if self.past is None else self.past

    def _past_mark(self) -> list[Part]:
        """Which moment of the past is shown."""
        if self.past is None:
            return []
        day = "" if self.now() - self.past < 72_000 else timestamps.to_iso(self.past)[5:10] + " "
        ago = minutes(self.now() - self.past) or "<1m"
        return [(f" at {day}{time_of_day(self.past)}, {ago} ago", "header--past"), (" ", "")]

    def _age(self, job: Header) -> str:
        """How long it has run, or ran; of a job that is paused, since when it is."""
        start = timestamps.to_epoch(job.created_at)
        updated = timestamps.to_epoch(job.updated_at)
        if start is None:
            return ""
        if self.stale_since is not None:
            return span(int(max(0.0, self.stale_since - start)) + 0.0)
        if (job.status == "running" and not self.is_gone) or job.still_running:
            ran = max(0.0, self._then() - start)
            return span(int(ran) + 0.0 if self.past is None else ran)  # now, it moves by itself
        ran = max(0.0, (updated or start) - start)
        if job.status == "paused" and updated is not None:
            # by the minute: a job that stands still costs its terminal nothing
            since = minutes(self._then() - updated)
            if self.size.width < 76:
                return f"for {since or '<1m'}"
            return f"for {since or 'less than 1m'}, ran {span(ran)}"
        return span(ran)

    def _status(self, job: Header) -> Part:
        """The status in one word that is true, with its glyph."""
        if self.is_gone:
            return " ? gone: its process was killed", "rows--error"
        if self.stale_since is not None:
            ago = span(int(max(0.0, self.now() - self.stale_since)) + 0.0)
            return f" ? no answer for {ago}", "rows--error"
        if job.control is not None:
            return (
                f" {statuses.appearance_of(job.status).glyph} {_control_text(job)}",
                "rows--warning",
            )
        if job.still_running:
            word = statuses.word_of(job.status, job.still_running)
            return f" {statuses.appearance_of(job.status).glyph} {word}", "rows--warning"
        if self.question:
            return " ‖ waits for you", "rows--warning"
        seen = statuses.appearance_of(job.status)
        word = "done" if job.status == "completed" else seen.word
        if job.by and job.status in {"paused", "cancelled"}:
            word = f"{word} by {shortened(printable(job.by), 24)}"
        return f" {seen.glyph} {word}", STATUS_STYLE.get(job.status, "rows--dim")

    def _first_line(self) -> list[Part]:
        job = self.job
        if job is None:
            return [(" reaching the job …", "rows--dim")]
        width = self.size.width
        began = timestamps.to_epoch(job.created_at)
        status = [*self._past_mark(), self._status(job)]
        left: list[Part] = [
            ("  ", ""),
            (fit(job.flow_id, min(_FLOW, cell_width(job.flow_id))), "rows--name"),
            (f"  {printable(job.job_id[:8])}", "rows--dim"),
        ]
        if host := _host(self.place):
            left += [("  on ", "rows--dim"), (printable(host), "rows--name")]
        if width >= 100 and began is not None:
            elsewhere = _other_zone(job.created_at, began)
            left += [("  since ", "rows--dim"), (time_of_day(began), "")]
            left.append((f" {zone(began)}{elsewhere}", "rows--dim"))
        left.append((f"  {self._age(job)}", ""))
        if job.read_only or self.read_only:
            left.append(("  read-only", "rows--warning"))
        right: list[Part] = []
        outlook = self.outlook
        workers = outlook.workers if outlook is not None else 0
        moves = job.status == "running" and not self.is_gone
        has_rate = outlook is not None and moves and self.stale_since is None
        status, left = _told_apart(status, left, width - (_RATE + _GAP if has_rate else 0))
        used = sum(cell_len(text) for text, _ in (*status, *left))
        if outlook is not None and workers and moves and width >= 70:
            shown = min(workers, 8)
            busy = min(outlook.busy, workers)
            full = round(busy / workers * shown)
            right += [
                ("workers ", "rows--dim"),
                ("■" * full, "rows--warning" if busy == workers else "rows--running"),
                ("□" * (shown - full) + " ", "rows--dim"),
            ]
            if width >= 100:
                right += [(f"{busy}", "rows--name"), (f"/{workers} ", "rows--dim")]
            if used + sum(cell_len(text) for text, _ in right) + _RATE > width:
                right = []  # a word of the state counts for more
        if outlook is not None and has_rate:
            right += [("  ", ""), (rate(outlook.rate), "rows--name"), ("/s ", "rows--dim")]
            used = sum(cell_len(text) for text, _ in (*left, *right))
            used += sum(cell_len(text) for text, _ in status)
            bars = outlook.spark[-max(1, min(_BARS, width - used - 3)) :]
            right += [(sparkline([float(one) for one in bars]), "header--spark"), (" ", "")]
        used = sum(cell_len(text) for text, _ in (*status, *left, *right))
        why = self._explanation(job)
        self._is_explained = bool(why) and used + cell_len(why) <= width
        if self._is_explained:
            status.append((why, status[-1][1]))
        return _spread([*status, *left], right, width)

    def _explanation(self, job: Header) -> str:
        """Why the job is as its status says, as far as that is its own last word."""
        is_asked = job.control is not None or job.still_running > 0
        is_own = not is_asked and self.stale_since is None and not self.is_gone
        if job.status not in _EXPLAINED or not job.note or not is_own or self.question:
            return ""
        return f": {printable(job.note.removeprefix('routine '))}"

    def _second_line(self) -> list[Part]:
        job = self.job
        if job is None:
            return []
        width = self.size.width
        left = self._progress(job, width)
        right = self._troubles(job, width, is_short=width < 76)
        if sum(cell_len(text) for text, _ in (*left, *right)) + _GAP > width:
            right = self._troubles(job, width, is_short=True)
        return _spread(left, right, width)

    def _troubles(self, job: Header, width: int, *, is_short: bool) -> list[Part]:
        """What is wrong, and what is waited for."""
        right: list[Part] = []
        if self.waits:
            text, since = self.waits[-1]
            more = f" (+{len(self.waits) - 1})" if len(self.waits) > 1 else ""
            waiting = f"waiting {span(int(self.now() - since) + 0.0)}: {printable(text)}{more}"
            right.append((fit(waiting, min(cell_len(waiting), width // 2)) + "  ", "rows--running"))
        outlook = self.outlook
        errors = outlook.errors if outlook is not None else job.errors
        queued = outlook.queued if outlook is not None else job.counts.get(shapes.PENDING, 0)
        retrying = outlook.retrying if outlook is not None else 0
        if errors:
            text = count(errors) if is_short else counted(errors, "error")
            right.append((f"✗ {text}  ", "rows--error"))
        if retrying:
            text = count(retrying) if is_short else f"{count(retrying)} retrying"
            right.append((f"↻ {text}  ", "rows--warning"))
        if queued:
            stands = job.status == "paused" or self.is_gone
            held = "held" if stands else "queued"
            many = queued >= MANY_QUEUED or stands
            right.append((f"{count(queued)} {held} ", "rows--warning" if many else "rows--dim"))
        return right

    def _last_sign(self, job: Header) -> str:
        """How a job goes on whose process was killed, and when it has last changed, if known."""
        last = timestamps.to_epoch(job.updated_at)
        way = ["R takes it up"] if self.may_be_taken_up else []
        if last is not None:
            ago = minutes(self.now() - last) or "<1m"  # by the minute: it stands still
            way.append(f"last change {time_of_day(last)}, {ago} ago")
        return "; ".join(way)

    def _progress(self, job: Header, width: int) -> list[Part]:
        """How far the job is and when it ends; or what it says of itself."""
        style = "rows--error" if job.status == "failed" or self.is_gone else "rows--warning"
        is_told = self._is_explained or (job.control is not None and job.control.reason == job.note)
        note = "" if is_told else printable(job.note)
        if self.is_gone and self.past is None:
            note = self._last_sign(job) or note
        if self.stale_since is not None:
            note = "this is the last state" + (f": {note}" if note else "")
        outlook = self.outlook
        parts: list[Part] = [(" ", "")]
        if outlook is not None and outlook.total:
            part, done, total = outlook.progress, outlook.done, outlook.total
            said = (int(outlook.said_done), int(outlook.said_total))
            if said[1] and part is not None and abs(part - said[0] / said[1]) < _SAME_PART:
                done, total = said  # the flow's own numbers, where they are all of it
            if part is not None:
                cells = 20 if width >= 76 else 10
                full = round(max(0.0, min(1.0, part)) * cells)
                shade = "rows--error" if job.status == "failed" else "header--spark"
                parts += [("█" * full, shade), ("░" * (cells - full), "rows--dim")]
                parts.append((f" {part:.0%}  ", "rows--name"))
            counts = [count(one, is_estimate=outlook.done_is_estimate) for one in (done, total)]
            if part is not None and abs(part - done / total) < _SAME_PART:
                parts += [(counts[0], ""), ("/" if width < 100 else " of ", "rows--dim")]
                parts += [(f"{counts[1]}  ", "")]
            else:  # by time, or by the flow's own word: what is known of tasks is no part of that
                parts += [(counts[0], ""), (" done  ", "rows--dim")]
        if note:
            return [*parts, (note, style)]
        if outlook is not None and job.status == "running" and outlook.eta:
            end = ending(
                *(outlook.low, outlook.high, self._then()),
                is_short=width < 100,
                is_overdue=outlook.is_overdue,
            )
            return [*parts, (end, "" if outlook.high is not None else "rows--dim")]
        if outlook is None or not outlook.total:
            records = job.counts.get(shapes.HISTORY, 0)
            parts.append((counted(records, "record"), "rows--dim"))
        return parts


def _host(place: str) -> str:
    """The machine of a place that is not this one."""
    return place.removeprefix("ssh://") if place.startswith("ssh://") else ""


def _control_text(job: Header) -> str:
    control = job.control
    if control is None:
        return ""
    word = _ASKED.get(control.action, control.action)
    running = f", {control.running} running" if control.running else ""
    reason = f": {printable(control.reason)}" if control.reason else ""
    return f"{word}{running}{reason}"


def _other_zone(at: str, moment: float) -> str:
    """The time of day where the job is, if that is in another zone."""
    there = timestamps.parse(at)
    if there is None or there.tzinfo is None:
        return ""
    here = datetime.fromtimestamp(moment).astimezone()
    if there.utcoffset() == here.utcoffset():
        return ""
    return f" (there {there.strftime('%H:%M:%S %z')})"


def _told_apart(status: list[Part], left: list[Part], room: int) -> tuple[list[Part], list[Part]]:
    """The status and what stands behind it, with id and age: what is too long of names is cut.

    The flow's name is the second part of what stands behind; then the last of the status is cut.
    """
    over = sum(cell_len(text) for text, _ in (*status, *left)) - room
    for parts, at, least in ((left, 1, _LEAST_NAME), (status, -1, _LEAST_STATUS)):
        text, style = parts[at]
        length = cell_len(text)
        if over > 0 and length > least:
            parts[at] = (fit(text, max(least, length - over)), style)
            over -= length - cell_len(parts[at][0])
    return status, left


def _spread(left: list[Part], right: list[Part], width: int) -> list[Part]:
    """Parts at both ends of a line; where there is no room, the right ones stay."""
    taken = sum(cell_len(text) for text, _ in right)
    used = sum(cell_len(text) for text, _ in left)
    while right and used + taken + 1 > width and len(right) > 1 and taken > width // 2:
        taken -= cell_len(right.pop(0)[0])
    room = width - taken
    gap = _GAP if right else 0
    if used + gap > room:
        room, used = room - gap, 0
        cut: list[Part] = []
        for text, name in left:
            part = text
            if cell_len(text) > room:  # half a number is none
                part = fit(text, room) if name in _CUT else ""
            cut.append((part, name))
            used += cell_len(part)
            room = room - cell_len(part) if part == text else 0
        return [*cut, (" " * (width - taken - used), ""), *right]
    return [*left, (" " * (room - used), ""), *right]
