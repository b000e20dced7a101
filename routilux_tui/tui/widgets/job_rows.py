"""The table of jobs: a line for each job, and for each machine that does not answer."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace
from rich.cells import cell_len
from textual.geometry import Region

from routilux_tui.tui.listing import Listing
from routilux_tui.tui.theme import WIDE
from routilux_tui.tui.widgets.columns import GAP, Column, cells, fitting, heads
from routilux_tui.tui.widgets.job_columns import STYLES, columns_of, is_short_id, summary_cell
from routilux_tui.tui.widgets.rows import Rows
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.views.formatting import ago, count, date_time
from routilux_tui.views.list_line import NEEDS_YOU, RUNNING, STATES
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.tui.widgets.lines import Part
    from routilux_tui.views.shapes import JobEntry


FRESH = 1.5
"""Seconds that a line which changed is marked."""


class JobRows(Rows):
    """The lines of the list."""

    def __init__(self) -> None:
        super().__init__(id="jobs")
        self.listing = Listing()
        self.absolute = False
        self.loading_left = 0
        self._is_told = False
        self.selected: set[str] = set()
        self._fresh: dict[str, float] = {}
        #: Rows that are the head of a group: its name, and how many jobs it has.
        self._headed: dict[int, tuple[str, int]] = {}

    @property
    def shown(self) -> list[JobEntry]:
        """The jobs that the filter leaves, in order."""
        return self.listing.shown

    @property
    def current(self) -> JobEntry | None:
        """The job that the cursor is on."""
        return self.job_at(self.cursor)

    def job_at(self, n: int) -> JobEntry | None:
        """The job of a row; None where it is the head of a group, or no row."""
        at = n - sum(head < n for head in self._headed)
        return None if n in self._headed or not 0 <= at < len(self.shown) else self.shown[at]

    def row_of(self, key: str) -> int | None:
        """The row of a job; None where it is not shown."""
        at = self.listing.position(key)
        if at is None:
            return None
        for head in sorted(self._headed):
            at += head <= at
        return at

    def _set_heads(self) -> None:
        """Give each group a head, where there is room for it."""
        width, height = self.app.size
        is_wide = width >= WIDE[0] and height >= WIDE[1]
        groups = self.listing.groups() if is_wide else []
        self._headed = {first + n: (name, size) for n, (name, first, size) in enumerate(groups)}
        self.total = len(self.shown) + len(self._headed)

    def _off_heads(self, n: int, *, up: bool = False) -> int:
        """The row itself, or the job beside it where it is the head of a group."""
        if n not in self._headed:
            return n
        return n - 1 if up and n else n + 1

    def move_to(self, n: int) -> None:
        """Put the cursor on a job; the head of a group is passed over, and seen with its first."""
        super().move_to(self._off_heads(max(0, n), up=n < self.cursor))
        if self.top == self.cursor and self.cursor - 1 in self._headed:
            self._set_top(self.cursor - 1)

    def scroll_rows(self, lines: int) -> None:
        """Move what is seen; the cursor stays on a job."""
        super().scroll_rows(lines)
        self.cursor = self._off_heads(self.cursor, up=self.cursor == self.top + self.page - 1)

    def on_resize(self) -> None:
        """Heads come and go with the room; the cursor stays on its job."""
        one = self.current
        self._set_heads()
        row = self.row_of(one.key) if one is not None else None
        self.cursor = self._off_heads(self.cursor if row is None else row)
        super().on_resize()

    def apply(self, changed: list[JobEntry], gone: list[str], loading: int) -> None:
        """Put changes into the list; the cursor stays on its job.

        While the list is still read, a cursor that nobody has moved stays on top.
        """
        now = time.monotonic()
        reading = bool(loading or self.loading_left)
        if not self.listing.entries:  # what is said of an empty list may be another now
            self.refresh()
        known = self.listing.entries
        self._fresh.update((one.key, now) for one in changed if one.key in known)
        self.selected.difference_update(gone)
        self.loading_left = loading
        self._is_told = True
        is_moved = self.cursor > self._off_heads(0)
        with self._cursor_kept(keep=is_moved or not reading):
            self.listing.apply(changed, gone, holds_still=True)
        if self._fresh:
            self.set_timer(FRESH + 0.05, self._fade_marks)

    def sort_by(self, *, order: str = "", query: str | None = None, turn: bool = False) -> None:
        """Sort by another column or the other way, or filter; the cursor stays on its job."""
        with self._cursor_kept():
            self.listing.arrange(order=order, query=query, turn=turn)
        self.refresh()

    def judge(self, found: dict[str, bool]) -> None:
        """Take note of which jobs the filter's condition holds; the cursor stays on its job."""
        with self._cursor_kept():
            self.listing.judge(found)

    def _fade_marks(self) -> None:
        now = time.monotonic()
        old = [key for key, since in self._fresh.items() if now - since >= FRESH]
        for key in old:
            del self._fresh[key]
        for n in range(self.top, self.top + self.page):
            one = self.job_at(n)
            if one is not None and one.key in old:
                self.refresh_rows(n, n + 1)

    def _seen(self) -> list[tuple[object, bool]]:
        """The jobs and heads on the screen, and whether a job is named by its file's name."""
        seen: list[tuple[object, bool]] = []
        for n in range(self.top, min(self.total, self.top + self.page)):
            one = self.job_at(n)
            is_repeated = one is not None and self.listing.is_repeated(one)
            seen.append((one or self._headed.get(n), is_repeated))
        return seen

    @contextlib.contextmanager
    def _cursor_kept(self, *, keep: bool = True) -> Iterator[None]:
        """Change the list; keep the cursor on its job, and repaint the lines that changed."""
        current, at, before = self.current if keep else None, self.top, self._seen()
        far = self.listing.is_far
        yield
        self._set_heads()
        total = self.total
        if current is not None:
            place = self.row_of(current.key)
            cursor = self.cursor if place is None else place
            self.top += cursor - self.cursor if self.top else 0
            self.cursor = cursor
        self.cursor = self._off_heads(max(0, min(self.cursor, total - 1)))
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
            if listing.condition is not None:
                parts.append((f"{self._asking()}  ", "rows--dim"))
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

    def _asking(self) -> str:
        """How far the jobs have been asked for the figures that the filter needs."""
        judged, known = self.listing.judged, len(self.listing.entries)
        if judged is None:
            return "Enter asks each job"
        left = known - len(judged.keys() & self.listing.entries.keys())
        return f"asking {count(left)} more" if left else "by each job's figures"

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
                parts.append((text, STYLES.get(state, "rows--dim")))
        return parts

    def _columns(self, width: int) -> list[Column[JobEntry]]:
        """The columns that the width allows; what of it takes the rest."""
        listing = self.listing
        left_out = {
            "host": not listing.is_far,
            "folder": not listing.has_same_names,
            "labels": not listing.has_labels,
        }
        longest = "cancelling" if listing.number("cancelling") else ""
        columns = columns_of(
            width, self._job, self._time, is_absolute=self.absolute, longest=longest
        )
        return fitting([one for one in columns if not left_out.get(one.name)], width - 2)

    def head(self, width: int) -> str:
        """The heads of the columns; the one that the list is sorted by has an arrow."""
        listing = self.listing
        arrow = "↑" if listing.is_reversed else "↓"
        columns = [
            replace(one, name=f"{one.name}{arrow}" if one.name == listing.order else one.name)
            for one in self._columns(width)
        ]
        if columns and columns[0].width == 1:
            columns[0] = replace(columns[0], name="")
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
        """A job's line, or the head of a group."""
        one = self.job_at(n)
        if one is None:
            return _group_head(*self._headed[n], width)
        mark = "●" if one.key in self.selected else ("•" if one.key in self._fresh else " ")
        columns = self._columns(width)
        if one.error:  # there is nothing to count: why has all the room
            columns = columns[:2]
            used = sum(column.width + GAP for column in columns) + GAP
            columns.append(Column("", width - 2 - used, summary_cell, is_number=False))
        return [(f" {mark}", "rows--match"), *cells(columns, one)]

    def _job(self, one: JobEntry) -> Part:
        folder, _, name = one.path.rpartition("/")
        if self.listing.is_repeated(one) and not is_short_id(one.job_id):
            return printable(one.job_id[-8:]), ""
        if self.listing.is_repeated(one):
            is_same = self.listing.has_same_name(one)
            return printable(folder.rpartition("/")[2] if is_same else name), ""
        return printable(one.job_id[:8]), ""

    def _time(self, at: str) -> str:
        return date_time(at) if self.absolute else ago(at)

    def empty_text(self) -> str:
        """What to do next."""
        if self.loading_left or not self._is_told:
            return "Reading …"
        if self.listing.entries:
            return "No job matches. Esc takes the filter away."
        return "No jobs here. Start one: routilux-tui run FLOW. With subfolders: open -r"


def _group_head(name: str, size: int, width: int) -> list[Part]:
    """A rule with the name of a group in it, and how many jobs it has."""
    number = f" {count(size)} "
    style = {NEEDS_YOU: "rows--warning", RUNNING: "rows--running"}.get(name, "rows--dim")
    rule = "─" * max(0, width - 4 - cell_len(name) - len(number))
    title = name[0].upper() + name[1:]
    return [(" ─ ", "rows--rule"), (title, style), (number, ""), (rule, "rows--rule")]


def _cells(parts: list[Part]) -> int:
    return sum(cell_len(text) for text, _ in parts)
