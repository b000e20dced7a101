"""The list of jobs: its columns, and a line for each job or machine that does not answer."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from textual.geometry import Region

from routilux_tui.job.status import look
from routilux_tui.tui.listing import Listing
from routilux_tui.tui.theme import STATUS_STYLE
from routilux_tui.tui.widgets.lines import Part, fit, right
from routilux_tui.tui.widgets.rows import Rows
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.views.formatting import ago, count, date_time, size
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

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
            self.listing.apply(changed, gone)
        if self._fresh:
            self.set_timer(FRESH + 0.05, self._fade_marks)

    def sort_by(self, *, order: str = "", query: str | None = None) -> None:
        """Sort by another column, or filter by something else; the cursor stays on its job."""
        with self._cursor_kept():
            self.listing.arrange(order=order, query=query)
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
        """What runs, what is selected, which order and which filter."""
        listing = self.listing
        parts: list[Part] = []
        if listing.problem:
            parts.append((f"{listing.problem}  ", "rows--error"))
        elif listing.query:
            parts.append((f"{listing.query}  ", "rows--warning"))
        if self.selected:
            parts.append((f"{len(self.selected)} selected  ", "rows--warning"))
        if listing.live:
            parts.append((f"{listing.live} live  ", "rows--running"))
        if self.loading_left:
            parts.append((f"reading {count(self.loading_left)} more  ", "rows--dim"))
        parts += [("s", "rows--key"), (f" sorts: {listing.order}", "rows--dim")]
        return parts

    def _columns(self, width: int) -> list[tuple[str, int]]:
        """The columns that the width allows, with their widths; the file takes the rest."""
        stamp = 15 if self.absolute else 8
        columns = [("status", 12), ("flow", 16), ("job", 9)]
        if self.listing.is_far:
            columns.insert(1, ("host", 14 if width >= 100 else 10))
        if width >= 60:
            columns += [("routines", 9), ("records", 11)]
        if width >= 72:
            columns += [("errors", 7)]
        columns += [("updated", stamp)]
        if width >= 110:
            columns[columns.index(("flow", 16))] = ("flow", 20)
            columns += [("created", stamp), ("size", 7)]
        used = 4 + sum(one for _, one in columns)
        return [*columns, ("file", width - used)] if width - used >= 12 else columns

    def head(self, width: int) -> str:
        """The heads of the columns."""
        text = "    "
        for name, cells in self._columns(width):
            is_number = name in {"routines", "records", "errors", "updated", "created", "size"}
            text += right(name, cells - 1) + " " if is_number else fit(name, cells)
        return text

    def column_at(self, x: int) -> str:
        """The column whose head is at a cell."""
        left = 4
        for name, cells in self._columns(self.size.width - 1):
            left += cells
            if x < left:
                return name
        return ""

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A job's line."""
        one = self.shown[n]
        mark = "●" if one.key in self.selected else ("•" if one.key in self._fresh else " ")
        parts: list[Part] = [(f" {mark} ", "rows--match"), (" ", "")]
        name = one.path.rpartition("/")[2]
        if one.error:
            is_host = one.place == "host"
            words = one.badge or ("machine" if is_host else "unreadable")
            parts.append((fit(words, 12), "rows--warning" if is_host else "rows--error"))
            shown, wide = (one.host, 14) if is_host else (name, max(10, min(36, width // 3)))
            parts.append((fit(printable(shown), wide), "rows--dim"))
            parts.append((f" {printable(one.error)}", "rows--dim"))
            return parts
        seen = look(one.status)
        style = STATUS_STYLE.get(one.status, "rows--dim")
        word = f"{seen.glyph} {printable(seen.word)}"
        if one.badge and one.badge != "live":
            word = {"abandoned": "? running", "writing": f"{seen.glyph} writing"}.get(
                one.badge, f"{seen.glyph} {one.badge}"
            )
            style = "rows--warning"
        job = printable(name[:8] if self.listing.is_repeated(one) else one.job_id[:8])
        cells = {
            "flow": (printable(one.flow_id), "rows--name"),
            "job": (job, ""),
            "routines": (f"{one.routines_done}/{one.routines_total}", ""),
            "records": (count(one.records), ""),
            "errors": (
                count(one.errors) if one.errors else "·",
                "rows--error" if one.errors else "rows--dim",
            ),
            "updated": (self._time(one.updated_at), "rows--dim"),
            "created": (self._time(one.created_at), "rows--dim"),
            "size": (size(one.size), "rows--dim"),
            "file": (printable(name), "rows--dim"),
            "host": (printable(one.host) or "here", "rows--dim"),
        }
        for column, wide in self._columns(width):
            if column == "status":
                parts.append((fit(word, wide), style))
            elif column in {"flow", "job", "file", "host"}:
                text, name_of = cells[column]
                parts.append((fit(text, max(0, wide - 1)) + " ", name_of))
            else:
                text, name_of = cells[column]
                parts.append((right(text, wide - 1) + " ", name_of))
        return parts

    def _time(self, at: str) -> str:
        return date_time(at) if self.absolute else ago(at)

    def empty_text(self) -> str:
        """What to do next."""
        if self.loading_left:
            return "Reading …"
        if self.listing.entries:
            return "No job matches. Esc takes the filter away."
        return "No jobs here. Start one: routilux-tui run FLOW. With subfolders: open -r"
