"""The list of jobs: live ones on top, saved ones below, each line as true as its source."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual.geometry import Region
from textual.widgets import Input

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.job.status import look
from routilux_tui.tui.actions import LIST_ACTIONS, ROW_ACTIONS, bindings
from routilux_tui.tui.formatting import ago, count, date_time, size
from routilux_tui.tui.listing import ORDERS, Listing
from routilux_tui.tui.screens.paced import PacedScreen
from routilux_tui.tui.theme import STATUS_STYLE
from routilux_tui.tui.widgets.footer import KeyBar
from routilux_tui.tui.widgets.lines import Part, fit, right
from routilux_tui.tui.widgets.rows import Rows
from routilux_tui.views.shapes import BADGES, JobEntry
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual import events
    from textual.app import ComposeResult

    from routilux_tui.sources.base import Source

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

    def take(self, changed: list[JobEntry], gone: list[str], loading: int) -> None:
        """Put changes into the list; the cursor stays on its job.

        While the list is still read, a cursor that nobody has moved stays on top.
        """
        now = time.monotonic()
        reading = bool(loading or self.loading_left)
        known = self.listing.entries
        self._fresh.update((one.key, now) for one in changed if one.key in known)
        self.selected.difference_update(gone)
        self.loading_left = loading
        with self._steady(keep=bool(self.cursor) or not reading):
            self.listing.take(changed, gone)
        if self._fresh:
            self.set_timer(FRESH + 0.05, self._settle)

    def sort_by(self, *, order: str = "", sought: str | None = None) -> None:
        """Sort by another column, or filter by something else; the cursor stays on its job."""
        with self._steady():
            self.listing.arrange(order=order, sought=sought)
        self.refresh()

    def _settle(self) -> None:
        now = time.monotonic()
        old = [key for key, since in self._fresh.items() if now - since >= FRESH]
        for key in old:
            del self._fresh[key]
        for n, (one, _) in enumerate(self._seen(), self.top):
            if one.key in old:
                self.refresh_rows(n, n + 1)

    def _seen(self) -> list[tuple[JobEntry, bool]]:
        """The jobs on the screen, and whether each is told by its file's name."""
        seen = self.shown[self.top : self.top + self.page]
        return [(one, self.listing.is_repeated(one)) for one in seen]

    @contextlib.contextmanager
    def _steady(self, *, keep: bool = True) -> Iterator[None]:
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
                self.refresh(Region(0, n + self._chrome, self.size.width, 1))
        self.refresh_title()
        self._refresh_bar()

    def title_parts(self) -> list[Part]:
        """How many, what filter, which order."""
        listing = self.listing
        parts: list[Part] = [
            (" Jobs ", "rows--title-focus" if self.has_focus else "rows--title"),
            (f" {count(len(self.shown))}", ""),
        ]
        if len(self.shown) != len(listing.entries):
            parts.append((f" of {count(len(listing.entries))}", "rows--dim"))
        if listing.live:
            parts.append((f"  {listing.live} live", "rows--running"))
        if self.selected:
            parts.append((f"  {len(self.selected)} selected", "rows--warning"))
        parts.append((f"  by {listing.order}", "rows--dim"))
        if self.loading_left:
            parts.append((f"  reading {count(self.loading_left)} more", "rows--dim"))
        if listing.problem:
            parts.append((f"  {printable(listing.problem)}", "rows--error"))
        elif listing.sought:
            parts.append((f"  {printable(listing.sought)}", "rows--warning"))
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


class JobsScreen(PacedScreen):
    """The list.

    Args:
        source: where the jobs come from.
    """

    ACTIONS: ClassVar = LIST_ACTIONS
    BINDINGS: ClassVar = bindings((*LIST_ACTIONS, *ROW_ACTIONS))

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.rows = JobRows()
        self.keys = KeyBar(LIST_ACTIONS, lambda: self.cannot)
        self.line = Input(placeholder="flow, id or file; or = and a condition", id="filter")

    @property
    def cannot(self) -> dict[str, str]:
        """Action -> why it can't be done now."""
        read_only = self.app.read_only  # type: ignore[attr-defined] # our own app
        return (
            dict.fromkeys(("pause", "resume", "cancel"), "read-only (ctrl+o)") if read_only else {}
        )

    def compose(self) -> ComposeResult:
        """The list, the filter, the keys."""
        yield self.rows
        yield self.line
        yield self.keys

    def on_mount(self) -> None:
        """Follow the source."""
        self.line.display = False
        self.rows.absolute = self.app.settings.times == "absolute"  # type: ignore[attr-defined] # our own app
        self.set_focus(self.rows)
        self.run_worker(self._follow())
        self.set_interval(10.0, self._grow_older)

    async def _follow(self) -> None:
        try:
            async for batch in self.source.entries():
                self.rows.take(batch.changed, batch.gone, batch.loading)
        except RoutiluxTuiError as error:
            self.notify(
                printable(str(error)), title=error.title, severity="error", timeout=30, markup=False
            )

    def _grow_older(self) -> None:
        """Relative times change by themselves."""
        if not self.rows.absolute and self.rows.shown:
            self.rows.refresh_rows(self.rows.top, self.rows.top + self.rows.page)

    def action_open(self) -> None:
        """Open the job under the cursor."""
        one = self.rows.current
        if one is None:
            return
        if one.error:
            where = one.path or one.host
            self.notify(printable(f"{where}: {one.error}"), severity="warning", markup=False)
            return
        self.run_worker(self.app.show_job(self.source.handle(one.key)))  # type: ignore[attr-defined] # our own app

    def on_rows_opened(self, _event: Rows.Opened) -> None:
        """A line was chosen with the mouse."""
        self.action_open()

    def on_rows_head_chosen(self, event: Rows.HeadChosen) -> None:
        """Sort by the column that was clicked."""
        column = self.rows.column_at(event.x)
        if column in ORDERS:
            self.rows.sort_by(order=column)

    def on_key_bar_chosen(self, event: KeyBar.Chosen) -> None:
        """A key of the footer was clicked."""
        self.run_worker(self.run_action(event.action))

    def action_sort(self) -> None:
        """Sort by the next column."""
        names = list(ORDERS)
        at = names.index(self.rows.listing.order)
        self.rows.sort_by(order=names[(at + 1) % len(names)])

    def action_find(self) -> None:
        """Filter as one types."""
        self.line.display = True
        self.set_focus(self.line)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter by what stands there."""
        self.rows.sort_by(sought=event.value)

    def on_input_submitted(self) -> None:
        """Back to the list, filtered."""
        self.line.display = bool(self.line.value)
        self.set_focus(self.rows)

    def action_back(self) -> None:
        """Take the filter away."""
        self.line.value = ""
        self.line.display = False
        self.set_focus(self.rows)

    def action_select(self) -> None:
        """Select the job, or not."""
        one = self.rows.current
        if one is not None:
            self.rows.selected ^= {one.key}
            self.rows.move_to(self.rows.cursor + 1)
            self.rows.refresh()

    def _chosen(self) -> list[JobEntry]:
        rows = self.rows
        if rows.selected:
            return [one for one in rows.shown if one.key in rows.selected]
        return [rows.current] if rows.current is not None else []

    def action_pause(self) -> None:
        """Pause the selected jobs."""
        self.run_worker(self._ask_all("pause"))

    def action_resume(self) -> None:
        """Go on with the selected jobs."""
        self.run_worker(self._ask_all("resume"))

    def action_cancel(self) -> None:
        """Cancel the selected jobs, if the reader is sure."""
        chosen = self._chosen()
        if not chosen or self._refused("cancel"):
            return
        from routilux_tui.tui.screens.dialogs import ConfirmDialog

        names = ", ".join(f"{one.flow_id} {one.job_id[:8]}" for one in chosen[:4])
        more = f" and {len(chosen) - 4} more" if len(chosen) > 4 else ""

        def sure(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._ask_all("cancel"))

        self.app.push_screen(
            ConfirmDialog(
                f"Cancel {printable(names)}{more}?",
                "What has not started never will. Running handlers are told to stop.",
                "cancel",
            ),
            sure,
        )

    def _refused(self, action: str) -> bool:
        """Say why an action can't be done; whether it can't."""
        why = self.cannot.get(action)
        if why is not None:
            self.notify(f"Can't {action}: {why}.", severity="warning", markup=False)
        return why is not None

    def action_read_only(self) -> None:
        """Ask for no control any more, or ask again."""
        app: Any = self.app
        app.read_only = not app.read_only
        self.keys.tell()
        told = "No control is asked for" if app.read_only else "Controls are asked for again"
        self.notify(f"{told} from here.", timeout=3)

    def on_screen_resume(self, _event: events.ScreenResume) -> None:
        """What was switched on a job's screen counts here, too."""
        self.keys.tell()

    async def _ask_all(self, action: str) -> None:
        """Ask each of the selected, all at once; the list shows what becomes of it."""
        if self._refused(action):
            return
        jobs = [one for one in self._chosen() if not one.error]
        await asyncio.gather(*(self._ask(action, one) for one in jobs))

    async def _ask(self, action: str, one: JobEntry) -> None:
        handle = self.source.handle(one.key)
        try:
            await handle.set_read_only(self.app.read_only)  # type: ignore[attr-defined] # our own app
            await handle.open()
            await getattr(handle, action)()
        except RoutiluxTuiError as error:
            self.notify(printable(str(error)), title=error.title, severity="warning", markup=False)
        finally:
            await handle.close()

    def action_times(self) -> None:
        """Relative or absolute times."""
        self.rows.absolute = not self.rows.absolute
        self.rows.refresh()

    def action_badge(self) -> None:
        """What the badge of the job means, and its whole path."""
        one = self.rows.current
        if one is not None:
            told = BADGES.get(one.badge, one.status)
            self.notify(printable(f"{one.path or one.key}\n{told}"), markup=False)

    def action_help(self) -> None:
        """What every key does."""
        from routilux_tui.tui.screens.help import HelpScreen

        keymap = self.app.settings.keymap  # type: ignore[attr-defined] # our own app
        self.app.push_screen(HelpScreen((*LIST_ACTIONS, *ROW_ACTIONS), keymap))

    def action_leave(self) -> None:
        """Leave."""
        self.app.leave(None)  # type: ignore[attr-defined] # our own app

    async def on_unmount(self) -> None:
        """Stop following."""
        await self.source.close()
