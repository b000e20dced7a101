"""The list of jobs: its columns, and a line for each job or machine that does not answer."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.geometry import Region

from routilux_tui.tui.listing import Listing
from routilux_tui.tui.theme import STATUS_STYLE
from routilux_tui.tui.widgets.columns import GAP, Column, cells, fitting, heads
from routilux_tui.tui.widgets.rows import Rows
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.views.formatting import ago, count, date_time, short_count, size
from routilux_tui.views.list_line import STATES, progress_of, state_of, summary_of
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.shapes import JobEntry

#: The component class that paints each state.
_STYLES = {
    **STATUS_STYLE,
    "killed": "rows--warning",
    "silent": "rows--warning",
    "down": "rows--warning",
    "unreadable": "rows--error",
}

FRESH = 1.5
"""Seconds that a line which changed is marked."""


class JobRows(Rows):
    """The lines of the list."""

    def __init__(self) -> None:
        super().__init__(id="jobs")
        self.listing = Listing()
        self.absolute = False
        self.loading_left = 0
        self.selected: set[str] = set()
        self._fresh: dict[str, float] = {}

    @property
    def shown(self) -> list[JobEntry]:
        """The jobs that the filter leaves, in order."""
        return self.listing.shown

    @property
    def current(self) -> JobEntry | None:
        """The job that the cursor is on."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    def apply(self, changed: list[JobEntry], gone: list[str], loading: int) -> None:
        """Put changes into the list; the cursor stays on its job.

        While the list is still read, a cursor that nobody has moved stays on top.
        """
        now = time.monotonic()
        reading = bool(loading or self.loading_left)
        known = self.listing.entries
        self._fresh.update((one.key, now) for one in changed if one.key in known)
        self.selected.difference_update(gone)
        self.loading_left = loading
        with self._cursor_kept(keep=bool(self.cursor) or not reading):
            self.listing.apply(changed, gone, holds_still=True)
        if self._fresh:
            self.set_timer(FRESH + 0.05, self._fade_marks)

    def sort_by(self, *, order: str = "", query: str | None = None, turn: bool = False) -> None:
        """Sort by another column or the other way, or filter; the cursor stays on its job."""
        with self._cursor_kept():
            self.listing.arrange(order=order, query=query, turn=turn)
        self.refresh()

    def _fade_marks(self) -> None:
        now = time.monotonic()
        old = [key for key, since in self._fresh.items() if now - since >= FRESH]
        for key in old:
            del self._fresh[key]
        for n, (one, _) in enumerate(self._seen(), self.top):
            if one.key in old:
                self.refresh_rows(n, n + 1)

    def _seen(self) -> list[tuple[JobEntry, bool]]:
        """The jobs on the screen, and whether each is named by its file's name."""
        seen = self.shown[self.top : self.top + self.page]
        return [(one, self.listing.is_repeated(one)) for one in seen]

    @contextlib.contextmanager
    def _cursor_kept(self, *, keep: bool = True) -> Iterator[None]:
        """Change the list; keep the cursor on its job, and repaint the lines that changed."""
        current, at, before = self.current if keep else None, self.top, self._seen()
        far = self.listing.is_far
        yield
        total = len(self.shown)
        if current is not None:
            place = self.listing.position(current.key)
            cursor = self.cursor if place is None else place
            self.top += cursor - self.cursor if self.top else 0
            self.cursor = cursor
        self.total = total
        self.cursor = max(0, min(self.cursor, total - 1))
        self.top = max(0, min(self.top, total - self.page))
        if not self.top <= self.cursor < self.top + self.page:
            self.top = max(0, min(self.cursor - self.page // 2, total - self.page))
        now = self._seen()
        if self.top != at or far != self.listing.is_far or not total:
            self.refresh()
            return
        for n in range(max(len(now), len(before))):
            if now[n : n + 1] != before[n : n + 1]:
                self.refresh(Region(0, n + self._top_lines, self.size.width, 1))
        self.refresh_title()
        self._refresh_bar()

    def tabs(self) -> list[Tab]:
        """How many there are, and how many the filter leaves."""
        listing = self.listing
        shown, known = len(self.shown), len(listing.entries)
        filtered = f"{count(shown)} of {count(known)}" if shown != known else ""
        return [Tab("", "Jobs", known, True, filtered=filtered)]

    def title_parts(self) -> list[Part]:
        """How many there are of each kind, what is selected, which order and which filter."""
        listing = self.listing
        parts: list[Part] = []
        if listing.problem:
            parts.append((f"{listing.problem}  ", "rows--error"))
        elif listing.query:
            parts.append((f"{listing.query}  ", "rows--warning"))
        if self.selected:
            parts.append((f"{len(self.selected)} selected  ", "rows--warning"))
        if self.loading_left:
            parts.append((f"reading {count(self.loading_left)} more  ", "rows--dim"))
        way = "↑" if listing.is_reversed else "↓"
        sorts = [("s", "rows--key"), (f" sorts: {listing.order} {way}", "rows--dim")]
        room = self.size.width - 16 - _cells(parts)
        for counts in (self._counts(), self._counts(is_short=True)):
            if _cells([*counts, *sorts]) <= room:
                return [*counts, *parts, *sorts]
        counts = self._counts(is_short=True)
        while counts and _cells(counts) > room:
            counts.pop()
        return [*counts, *parts]

    def _counts(self, *, is_short: bool = False) -> list[Part]:
        """How many jobs there are of each kind, those that need somebody first."""
        parts: list[Part] = []
        for state, (glyph, word, _) in STATES.items():
            number = self.listing.number(state)
            if number:
                text = (
                    f"{glyph} {count(number)}  "
                    if is_short
                    else f"{glyph} {count(number)} {word}  "
                )
                parts.append((text, _STYLES.get(state, "rows--dim")))
        return parts

    def _columns(self, width: int) -> list[Column[JobEntry]]:
        """The columns that the width allows; what of it takes the rest."""
        stamp = 15 if self.absolute else 8
        is_narrow, is_wide, is_widest = width < 76, width >= 100, width >= 150
        bar, number = (5, 6) if is_narrow else (10, 7)
        columns: list[Column[JobEntry]] = [
            Column(
                "status", 11 if is_wide else 1, _status if is_wide else _glyph, 0, is_number=False
            ),
            Column(
                "flow", 14 if is_narrow else (20 if is_widest else 16), _flow, 1, is_number=False
            ),
            Column("job", 8, self._job, 6, is_number=False),
            Column("host", 10, _host, 8 if is_wide else 99, is_number=False),
            Column("progress", bar + 5, lambda one: _progress(one, bar), 4, is_number=False),
            Column("records", 9, lambda one: _number(one.records, 9), 9),
            Column("queue", number, lambda one: _number(one.queued, number), 3),
            Column("errors", number, lambda one: _number(one.errors, number, "rows--error"), 2),
            Column("updated", stamp, lambda one: self._age(one.updated_at), 10),
            Column(
                "what of it", 20 if is_wide else 14, _summary, 5, is_number=False, takes_rest=True
            ),
        ]
        if not is_wide:
            columns = [one for one in columns if one.name not in {"records", "updated"}]
        if not self.listing.is_far:
            columns = [one for one in columns if one.name != "host"]
        if is_widest:
            columns += [
                Column("created", stamp, lambda one: self._age(one.created_at), 11),
                Column("size", 7, lambda one: (size(one.size), "rows--dim"), 12),
                Column("file", 30, _file, 13, is_number=False),
            ]
        return fitting(columns, width - 2)

    def head(self, width: int) -> str:
        """The heads of the columns; the one that the list is sorted by has an arrow."""
        listing = self.listing
        arrow = "↑" if listing.is_reversed else "↓"
        columns = [
            one._replace(name=f"{one.name}{arrow}" if one.name == listing.order else one.name)
            for one in self._columns(width)
        ]
        if columns and columns[0].width == 1:
            columns[0] = columns[0]._replace(name="")
        return f"  {heads(columns)}"

    def column_at(self, x: int) -> str:
        """The column whose head is at a cell."""
        left = 2
        for one in self._columns(self.size.width - 1):
            left += one.width + GAP
            if x < left:
                return one.name
        return ""

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A job's line."""
        one = self.shown[n]
        mark = "●" if one.key in self.selected else ("•" if one.key in self._fresh else " ")
        columns = self._columns(width)
        if one.error:  # there is nothing to count: why has all the room
            columns = columns[:2]
            used = sum(column.width + GAP for column in columns) + GAP
            columns.append(Column("", width - 2 - used, _summary, is_number=False))
        return [(f" {mark}", "rows--match"), *cells(columns, one)]

    def _job(self, one: JobEntry) -> Part:
        name = one.path.rpartition("/")[2]
        return printable(name[:8] if self.listing.is_repeated(one) else one.job_id[:8]), ""

    def _age(self, at: str) -> Part:
        return self._time(at), "rows--dim"

    def _time(self, at: str) -> str:
        return date_time(at) if self.absolute else ago(at)

    def empty_text(self) -> str:
        """What to do next."""
        if self.loading_left:
            return "Reading …"
        if self.listing.entries:
            return "No job matches. Esc takes the filter away."
        return "No jobs here. Start one: routilux-tui run FLOW. With subfolders: open -r"


def _cells(parts: list[Part]) -> int:
    return sum(cell_len(text) for text, _ in parts)


def _glyph(one: JobEntry) -> Part:
    state = state_of(one)
    return STATES[state][0], _STYLES.get(state, "rows--dim")


def _status(one: JobEntry) -> Part:
    """The state's glyph and word; a badge that says more takes the word's place."""
    state = state_of(one)
    glyph, style = _glyph(one)
    word = STATES[state][1]
    if one.badge in {"writing", "torn", "future", "newer", "stale", "unknown"}:
        word, style = one.badge, "rows--warning"
    elif state == "unknown":
        word = printable(one.status) or word
    return f"{glyph} {word}", style


def _flow(one: JobEntry) -> Part:
    """The flow; of a machine its name, of a file that can't be read the file's."""
    if one.place == "host":
        return printable(one.host), "rows--dim"
    if one.error:
        return printable(one.path.rpartition("/")[2]), "rows--dim"
    return printable(one.flow_id), "rows--name"


def _host(one: JobEntry) -> Part:
    return printable(one.host) or "here", "rows--dim"


def _progress(one: JobEntry, bar: int) -> Part:
    """A bar and the part that is done; where that is not known, how many routines are."""
    part = progress_of(one)
    if part is None:
        return f"{one.routines_done}/{one.routines_total}", "rows--dim"
    full = round(max(0.0, min(1.0, part)) * bar)
    return f"{'█' * full}{'░' * (bar - full)}{part:>5.0%}", "rows--spark"


def _number(number: int, width: int, style: str = "") -> Part:
    """A number, short where its cells are too few for it; a dot for zero."""
    if not number:
        return "·", "rows--dim"
    text = count(number)
    return (text if len(text) <= width else short_count(number)), style


def _summary(one: JobEntry) -> Part:
    state = state_of(one)
    return printable(summary_of(one)), _STYLES.get(state, "rows--dim") if state != "running" else ""


def _file(one: JobEntry) -> Part:
    return printable(one.path.rpartition("/")[2]), "rows--dim"
