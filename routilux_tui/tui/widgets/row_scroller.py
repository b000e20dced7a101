"""A widget that scrolls by rows: its offset, its cursor, its scroll bar, and the tail followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Region
from textual.widget import Widget

from routilux_tui.tui.actions import ROW_ACTIONS, bindings

if TYPE_CHECKING:
    from textual import events


class RowScroller(Widget, can_focus=True):
    """A place in a list of rows, and all that moves it.

    Attributes:
        total: how many rows there are.
        top: the first row that is seen.
        cursor: the row that the reader is on.
        follow: whether the tail is followed.
        follows_by_nature: whether going to the end means following the tail.
        indent: cells that long rows are shifted to the left.
    """

    BINDINGS: ClassVar = bindings(ROW_ACTIONS)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.total = 0
        self.top = 0
        self.cursor = 0
        self.follow = False
        self.indent = 0
        self.follows_by_nature = False
        self._dragging = False
        self._thumb_was = (0, 0)

    # What subclasses say

    @property
    def _top_lines(self) -> int:
        """Lines above the rows."""
        return 0

    def prefetch(self, first: int, last: int) -> None:
        """Rows ``first`` to ``last`` are about to be seen."""

    # Geometry

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(1, self.size.height - self._top_lines)

    def _thumb(self, page: int) -> tuple[int, int]:
        """First line and height of the scroll bar's thumb, in rows of the page; (0, 0): none."""
        if self.total <= page:
            return 0, 0
        height = max(1, page * page // self.total)
        first = round((page - height) * self.top / (self.total - page))
        return first, height

    def refresh_rows(self, first: int, last: int) -> None:
        """Repaint rows ``first`` to ``last`` as far as they are seen."""
        low = max(first, self.top) - self.top + self._top_lines
        high = min(last, self.top + self.page) - self.top + self._top_lines
        if low < high:
            self.refresh(Region(0, low, self.size.width, high - low))

    def refresh_title(self) -> None:
        """Repaint the title line alone."""
        self.refresh(Region(0, 0, self.size.width, 1))

    def _refresh_bar(self) -> None:
        thumb = self._thumb(self.page)
        if thumb != self._thumb_was:
            self._thumb_was = thumb
            self.refresh(Region(self.size.width - 1, self._top_lines, 1, self.page))

    # Moving

    def set_total(self, total: int) -> None:
        """There are so many rows now; the place that is seen stays, unless the tail is followed."""
        if total == self.total:
            return
        before, self.total = self.total, total
        if self.follow:
            self.cursor = max(0, total - 1)
            self._set_top(max(0, total - self.page))
        elif self.top > max(0, total - self.page) or self.cursor >= total:
            self.cursor = min(self.cursor, max(0, total - 1))
            self._set_top(min(self.top, max(0, total - self.page)), force=True)
        else:
            self.refresh_rows(min(before, total), max(before, total))
            if not before or not total:
                self.refresh()
        self.prefetch(self.top, min(total, self.top + self.page))
        self.refresh_title()
        self._refresh_bar()

    def _set_top(self, top: int, *, force: bool = False) -> None:
        if top != self.top or force:
            self.top = top
            self._thumb_was = self._thumb(self.page)
            self.refresh()
            self.prefetch(top, min(self.total, top + self.page))

    def move_to(self, n: int) -> None:
        """Put the cursor on a row and show it."""
        n = max(0, min(n, self.total - 1)) if self.total else 0
        before, self.cursor = self.cursor, n
        followed, self.follow = self.follow, self.follow and n >= self.total - 1
        top = self.top
        if n < top:
            top = n
        elif n >= top + self.page:
            top = n - self.page + 1
        if top != self.top:
            self._set_top(top)
        else:
            self.refresh_rows(before, before + 1)
            self.refresh_rows(n, n + 1)
        if followed != self.follow:
            self.refresh_title()

    def scroll_rows(self, lines: int) -> None:
        """Move what is seen, and the cursor with it where it would be lost."""
        top = max(0, min(self.top + lines, self.total - self.page))
        if top == self.top:
            return
        self.follow = self.follows_by_nature and top >= self.total - self.page
        self.cursor = min(max(self.cursor, top), top + self.page - 1)
        self._set_top(top)
        self.refresh_title()

    def action_down(self) -> None:
        """A row down."""
        self.move_to(self.cursor + 1)

    def action_up(self) -> None:
        """A row up."""
        self.follow = False
        self.move_to(self.cursor - 1)

    def action_page_down(self) -> None:
        """A page down."""
        self.move_to(self.cursor + self.page - 1)

    def action_page_up(self) -> None:
        """A page up."""
        self.follow = False
        self.move_to(self.cursor - self.page + 1)

    def action_top(self) -> None:
        """The first row."""
        self.follow = False
        self.move_to(0)

    def action_tail(self) -> None:
        """The last row, and follow the tail."""
        self.follow = self.follows_by_nature
        self.cursor = max(0, self.total - 1)
        self._set_top(max(0, self.total - self.page), force=True)

    def action_left(self) -> None:
        """The beginning of long rows."""
        self._shift(-16)

    def action_right(self) -> None:
        """The rest of long rows."""
        self._shift(16)

    def _shift(self, cells: int) -> None:
        indent = max(0, min(400, self.indent + cells))
        if indent != self.indent:
            self.indent = indent
            self.refresh()

    # The mouse, and the size

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the scroll bar."""
        if event.x == self.size.width - 1 and event.y >= self._top_lines:
            self._dragging = True
            self.capture_mouse()
            self._drag(event.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the scroll bar."""
        if self._dragging:
            self._drag(event.y)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """Let the scroll bar go."""
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def _drag(self, y: int) -> None:
        part = (y - self._top_lines) / max(1, self.page - 1)
        target = round(max(0.0, min(1.0, part)) * max(0, self.total - self.page))
        self.scroll_rows(target - self.top)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three rows on."""
        event.stop()
        self.scroll_rows(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three rows back."""
        event.stop()
        self.scroll_rows(-3)

    def on_resize(self) -> None:
        """Keep the tail, or the cursor, in sight."""
        top = max(0, self.total - self.page)
        if not self.follow:
            top = min(self.top, top)
            if self.cursor >= top + self.page:
                top = self.cursor - self.page + 1
        self._set_top(top, force=True)
