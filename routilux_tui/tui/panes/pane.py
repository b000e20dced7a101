"""What all panes of a job share: a section, a filter, rows that are fetched as they are seen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.message import Message

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.tui.panes.row_target import NOTHING, RowTarget
from routilux_tui.tui.widgets.lines import Part, cell_width, fit, shifted
from routilux_tui.tui.widgets.rows import Rows
from routilux_tui.tui.widgets.title import Tab
from routilux_tui.tui.widgets.values import value_parts
from routilux_tui.views import formatting
from routilux_tui.views.formatting import clock, count, since
from routilux_tui.views.shapes import APPENDED, Filter, Row
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from routilux_tui.views.insight import Insight
    from routilux_tui.views.shapes import Window

    Fetch = Callable[[str, int, int, Filter], Awaitable[Window]]

_MARGIN = 60
_CACHE_LIMIT = 4000
_END = 1 << 52


class Pane(Rows):
    """A pane of one section. It knows no source: rows come through ``fetch``."""

    section = ""
    name_shown = ""
    key_shown = ""

    class Failed(Message):
        """Rows could not be fetched."""

        def __init__(self, error: RoutiluxTuiError) -> None:
            super().__init__()
            self.error = error

    def __init__(self) -> None:
        super().__init__(id=self.section)
        self.where = Filter()
        #: The moment that is shown, in seconds since the epoch; None for now.
        self.moment: float | None = None
        #: Whether what is to be tried again is so when it is due: the job runs, as far as is known.
        self.moves = True
        self.tab_list: list[Pane] = []

    def time_shown(self) -> float:
        """The moment by which ages are reckoned: that which is shown."""
        return formatting.now() if self.moment is None else self.moment

    def text_of(self, n: int) -> str:
        """What of a row can be searched, where the rows are all here."""
        return "".join(text for text, _ in self.parts(n, 400) or ())

    def target(self, n: int) -> RowTarget:
        """What stands in a row, for the keys that do something with it."""
        del n
        return NOTHING

    def copied(self, n: int) -> str:
        """A row as the clipboard gets it."""
        return "\t".join(part for part, _ in (self.parts(n, 200) or ()) if part.strip())

    def show_insight(self, insight: Insight) -> bool:
        """Take over what is measured of the job; whether it is to be seen before all else."""
        del insight
        return False

    def tick(self, *, is_running: bool) -> None:
        """A second has passed; ``is_running``: in which the job may have gone on."""

    @property
    def is_shown(self) -> bool:
        """Whether the pane is on the screen now."""
        return bool(self.display)

    def tab(self, *, is_front: bool = False) -> Tab:
        """The pane's name with its key, and how many rows it has."""
        return Tab(self.key_shown, self.name_shown, self.total, is_front)

    def tabs(self) -> list[Tab]:
        """This pane's name, among those that share its place."""
        return [pane.tab(is_front=pane is self) for pane in self.tab_list or [self]]

    def title_parts(self) -> list[Part]:
        """The filter, and whether the tail is followed."""
        parts: list[Part] = []
        if self.where:
            where = self.where
            kind = "failures" if where.failures else ""
            filter_text = " ".join(filter(None, (where.routine, where.name, kind, where.text)))
            parts.append((f"[{printable(filter_text)}] ", "rows--warning"))
        if self.follows_by_nature and not self.follow and self.total > self.page:
            behind = self.total - self.top - self.page
            parts.append((f"↓ {count(behind)} below, G follows" if behind > 0 else "", "rows--dim"))
        return parts


class SectionPane(Pane):
    """A pane whose rows are fetched by windows."""

    time_width = 12
    #: Cells of the routine and of the name at most; 0: rows have none.
    routine_width = 24
    name_width = 20
    name_head = "event"
    text_head = "data"
    nothing = ""

    def __init__(self) -> None:
        super().__init__()
        self.follows_by_nature = self.follow = self.section in APPENDED
        self.fetch: Fetch | None = None
        #: The position in the section of the pane's first row: what was before it is gone.
        self.first = 0
        #: When the job began, where times are shown as the time since then.
        self.began: float | None = None
        self._widest = (0, 0)
        self._cache: dict[int, Row] = {}
        self._filling: asyncio.Task[None] | None = None
        self._request_again = False
        self._request_all = False
        self._known = 0
        self._exact = True
        self._found = -1

    # What there is

    def show(self, known: int, *, stale: bool) -> None:
        """The section has so many rows now; with ``stale``, those that are kept may be wrong."""
        if known == self._known and not stale:
            return
        shrunk = known < self._known
        self._known = known
        if not self.is_shown:
            self.total = 0 if self.where else known
            if stale or shrunk:
                self._cache.clear()
            return
        if stale or shrunk:
            self._cache = {} if shrunk else self._cache
            self._request(all_rows=True)
        elif self.where or self.follow:
            self._request()
        else:
            self.set_total(known)

    def reload(self) -> None:
        """The pane has come to the screen."""
        self._request(all_rows=True)

    def set_filter(self, where: Filter) -> None:
        """Show the rows that match alone."""
        self.where = where
        self._cache.clear()
        self.cursor = self.top = 0
        self.follow = self.follows_by_nature
        self.total = 0
        self.refresh()
        self._request(all_rows=True)

    def go_to(self, n: int) -> None:
        """Put the cursor on a row of the whole section, whether it is known to be there or not."""
        self.follow = False
        self.total = max(self.total, self._known, n + 1)
        self.move_to(n)
        self._request(all_rows=True)

    def set_fetch(self, fetch: Fetch) -> None:
        """Take rows from there."""
        self.fetch = fetch
        self._cache.clear()

    def tab(self, *, is_front: bool = False) -> Tab:
        """The pane's name; with a filter, how many rows of all match."""
        filtered = f"{count(self.total)} of {count(self._known)}" if self.where else ""
        return Tab(self.key_shown, self.name_shown, self._known, is_front, self._exact, filtered)

    def prefetch(self, first: int, last: int) -> None:
        """Fetch the rows that are about to be seen and are not here."""
        if any(n not in self._cache for n in range(first, last)):
            self._request()

    # Fetching: one request at a time, and the newest wish next

    def _request(self, *, all_rows: bool = False) -> None:
        if self.fetch is None or not self.is_shown:
            return
        self._request_all = all_rows or self._request_all
        if self._filling is not None and not self._filling.done():
            self._request_again = True
            return
        self._filling = asyncio.ensure_future(self._fill())

    async def _fill(self) -> None:
        while True:
            self._request_again = False
            all_rows, self._request_all = self._request_all, False
            where = self.where
            first, last = self._missing(all_rows)
            gone = 0 if where else self.first
            if first < last and self.fetch is not None:
                try:
                    shift = 0 if first < 0 else gone
                    window = await self.fetch(self.section, first + shift, last + shift, where)
                except RoutiluxTuiError as error:
                    self.post_message(self.Failed(error))
                    return
                if where == self.where:
                    self._apply_window(window, all_rows, gone)
            elif not self.where:
                self.set_total(self._known)
            if not self._request_again:
                return

    def _missing(self, all_rows: bool) -> tuple[int, int]:
        """The rows to ask for; negative: from the end."""
        page = max(self.page, 1)
        if self.follow:
            return -page, _END
        first, last = max(0, self.top - _MARGIN), self.top + page + _MARGIN
        if all_rows or self.where:
            return first, last
        last = min(last, self._known)
        missing = [n for n in range(self.top, min(self.top + page, last)) if n not in self._cache]
        if not missing:
            return 0, 0
        return (first, last) if missing else (0, 0)

    def _apply_window(self, window: Window, all_rows: bool, gone: int) -> None:
        if all_rows:
            self._cache.clear()
        if len(self._cache) > _CACHE_LIMIT:
            near = range(self.top - 500, self.top + 500)
            self._cache = {n: row for n, row in self._cache.items() if n in near}
        changed = []
        for n, row in enumerate(window.rows, window.start - gone):
            if self._cache.get(n) != row:
                self._cache[n] = row
                changed.append(n)
        if not self.where:
            self._known = max(window.total - gone, self._known if not all_rows else 0)
        self._exact = window.exact
        self._measure(window.rows)
        top = self.top
        self.set_total(window.total - gone)
        if self.top == top and changed:
            self.refresh_rows(min(changed), max(changed) + 1)
        if all_rows:
            self.refresh_title()

    def row_at(self, n: int) -> Row | None:
        """A row, if it is here."""
        return self._cache.get(n)

    def target(self, n: int) -> RowTarget:
        """The value behind a row."""
        row = self.row_at(n)
        if row is None:
            return NOTHING
        title = f"{self.name_shown} {row.n + 1:,}  {row.routine}  {row.name}"
        return RowTarget(row.routine, (self.section, row.n), title)

    def copied(self, n: int) -> str:
        """A row with the whole of its line."""
        row = self.row_at(n)
        parts = () if row is None else (row.at, row.routine, row.name, row.text)
        return "\t".join(part for part in parts if part)

    def show_match(self, n: int) -> None:
        """Show a match."""
        row = self._cache.get(n)
        if row is not None and self.query_text:
            self._bring_into_view(row)
        before, self._found = self._found, n
        self.refresh_rows(before, before + 1)
        self.follow = False
        self.move_to(n)

    def _bring_into_view(self, row: Row) -> None:
        """Shift the rows so far that a match in a row's text is not in what is cut off."""
        at = row.text.casefold().find(self.query_text.casefold())
        time, routine, name = self._columns(self.size.width - 1)
        room = self.size.width - 6 - time - routine - name
        first = self.indent + (self.indent > 0)  # a sign says that something is cut off
        if at >= 0 and not first <= at < self.indent + room - len(self.query_text):
            self.indent = max(0, at - room // 3) if at > room - len(self.query_text) else 0
            self.refresh()

    # Painting

    def _columns(self, width: int) -> tuple[int, int, int]:
        """Cells of the time, the routine and the name: as wide as what was seen of them."""
        most = max(10, width // 5)
        routine, name = (
            min(most, limit, max(wide, least)) if limit else 0
            for limit, wide, least in (
                (self.routine_width, self._widest[0], len("routine")),
                (self.name_width, self._widest[1], len(self.name_head)),
            )
        )
        return (0 if width < 50 else self.time_width), routine, name

    def _measure(self, rows: list[Row]) -> None:
        """Columns grow with what comes, and never shrink: a list that is read stands still."""
        width = self.size.width - 1
        before = self._columns(width)
        self._widest = (
            max(self._widest[0], max((cell_width(row.routine) for row in rows), default=0)),
            max(self._widest[1], max((cell_width(row.name) for row in rows), default=0)),
        )
        if self._columns(width) != before:
            self.refresh()

    def head(self, width: int) -> str:
        """The heads of the columns."""
        at, routine, name = self._columns(width)
        text = "  "
        if at:
            text += fit("time", at) + " "
        if routine:
            text += fit("routine", routine) + " "
        if name:
            text += fit(self.name_head, name) + " "
        return text + self.text_head

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A row's line."""
        row = self._cache.get(n)
        if row is None:
            return None
        at, routine, name = self._columns(width)
        parts: list[Part] = [("» " if n == self._found else "  ", "rows--match")]
        if at:
            time = clock(row.at) if self.began is None else since(self.began, row.at)
            parts.append((fit(printable(time), at) + " ", "rows--dim"))
        if routine:
            parts.append((fit(printable(row.routine), routine) + " ", "rows--name"))
        if name:
            parts.append((fit(printable(row.name), name) + " ", self.name_style(row)))
        used = sum(cell_width(text) for text, _ in parts) if width else 0
        if self.indent or not width:
            parts.append((fit(shifted(row.text, self.indent), max(0, width - used)), ""))
            return parts
        return parts + value_parts(row.text)

    def name_style(self, row: Row) -> str:
        """How the name of a row is painted."""
        return "rows--error" if row.name in {"error", "failed", "ERROR"} else ""

    def empty_text(self) -> str:
        """Why there are none."""
        if self.where and self._known:
            return "No row matches. Esc takes the filter away."
        return self.nothing
