"""A list of rows that draws its own lines: what it costs is what is seen, whatever its length.

It owns its offset and its cursor, follows the tail until the reader scrolls up, and repaints
the lines that changed alone. What the rows are, and how one looks, is up to its subclasses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from routilux_tui.tui.actions import ROW_ACTIONS, bindings
from routilux_tui.tui.widgets.lines import Part, fit, strip_of

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events

TAB_GAP = "  "


class _Look(NamedTuple):
    """What the lines of one frame have in common."""

    width: int
    chrome: int
    head: str
    thumb: tuple[int, int]
    base: Style
    styles: dict[str, Style]


class Rows(Widget, can_focus=True):
    """A list of rows with a title line and column heads.

    Attributes:
        total: how many rows there are.
        top: the first row that is seen.
        cursor: the row that the reader is on.
        follow: whether the tail is followed.
    """

    BINDINGS: ClassVar = bindings(ROW_ACTIONS)
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--title",
        "rows--title-focus",
        "rows--head",
        "rows--dim",
        "rows--name",
        "rows--cursor",
        "rows--match",
        "rows--fresh",
        "rows--running",
        "rows--success",
        "rows--warning",
        "rows--error",
        "rows--cancelled",
        "rows--thumb",
    }

    class Opened(Message):
        """A row was chosen with Enter or a second click."""

        def __init__(self, rows: Rows, n: int) -> None:
            super().__init__()
            self.rows = rows
            self.n = n

        @property
        def control(self) -> Rows:
            """The list that posted it."""
            return self.rows

    class TabChosen(Message):
        """A tab of the title line was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class HeadChosen(Message):
        """A column's head was clicked, so many cells from the left."""

        def __init__(self, rows: Rows, x: int) -> None:
            super().__init__()
            self.rows = rows
            self.x = x

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.total = 0
        self.top = 0
        self.cursor = 0
        self.follow = False
        self.indent = 0
        self.follows_by_nature = False
        self._styles_of: dict[str, Style] = {}
        self._tab_places: list[tuple[int, int, str]] = []
        self._dragging = False
        self._thumb_was = (0, 0)
        self._frame: _Look | None = None

    # What subclasses tell

    def title_parts(self) -> list[Part]:
        """The title line."""
        return []

    def head(self, width: int) -> str:
        """The heads of the columns; empty for none."""
        del width
        return ""

    def parts(self, n: int, width: int) -> list[Part] | None:
        """A row; None while it is not there yet."""
        raise NotImplementedError

    def empty_text(self) -> str:
        """What to say when there are no rows."""
        return ""

    def wanted(self, first: int, last: int) -> None:
        """Rows ``first`` to ``last`` are about to be seen."""

    def tabs(self) -> list[tuple[str, str, bool]]:
        """The tabs of the title line: key, text, and whether it is this one."""
        return []

    # Painting

    @property
    def _chrome(self) -> int:
        """Lines above the rows."""
        return 2 if self.size.height >= 5 and self.head(self.size.width) else 1

    @property
    def page(self) -> int:
        """How many rows fit."""
        return max(1, self.size.height - self._chrome)

    def notify_style_update(self) -> None:
        """Styles are read anew after a change of theme or focus."""
        self._styles_of = {}
        super().notify_style_update()

    @property
    def palette(self) -> dict[str, Style]:
        """Component class -> style."""
        if not self._styles_of:
            self._styles_of = {
                name: self.get_component_rich_style(name, partial=True)
                for name in self.COMPONENT_CLASSES
            }
        return self._styles_of

    def render_lines(self, crop: Region) -> list[Strip]:
        """A frame: what all of its lines share is asked for once."""
        self._frame = self._look()
        try:
            return super().render_lines(crop)
        finally:
            self._frame = None

    def _look(self) -> _Look:
        chrome, page, width = self._chrome, self.page, self.size.width
        head = self.head(width - 1) if chrome > 1 else ""
        return _Look(width, chrome, head, self._thumb(page), self.rich_style, self.palette)

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        look = self._frame or self._look()
        width, chrome, base, styles = look.width, look.chrome, look.base, look.styles
        if y == 0:
            return self._title_strip(width, base)
        if y < chrome:
            return strip_of([(fit(look.head, width), "rows--head")], width, styles, base)
        if not self.total:
            text = self.empty_text() if y == chrome else ""
            return strip_of([("  " + text, "rows--dim")], width, styles, base)
        n = self.top + y - chrome
        first, height = look.thumb
        inside = height and first <= y - chrome < first + height
        inner = width - 1
        line = base
        parts: list[Part] = []
        if n < self.total:
            if n == self.cursor and (self.has_focus or not self.follow):
                line += styles["rows--cursor" if self.has_focus else "rows--fresh"]
            told = self.parts(n, inner)
            parts = [("  …", "rows--dim")] if told is None else told
        bar = Segment("▐" if inside else " ", base + styles["rows--thumb"])
        return Strip([*strip_of(parts, inner, styles, line), bar], width)

    def _title_strip(self, width: int, base: Style) -> Strip:
        styles = self.palette
        parts: list[Part] = []
        self._tab_places = []
        more = self.title_parts()
        tabs = _fitting(self.tabs(), width - sum(len(text) for text, _ in more))
        used = 0
        for key, text, mine in tabs:
            name = "rows--title-focus" if mine and self.has_focus else "rows--title"
            if not mine:
                name = "rows--dim"
            parts.append((text, name))
            self._tab_places.append((used, used + len(text), key))
            parts.append((TAB_GAP, ""))
            used += len(text) + len(TAB_GAP)
        parts.extend(more)
        return strip_of(parts, width, styles, base)

    def _thumb(self, page: int) -> tuple[int, int]:
        """First line and height of the scroll bar's thumb, in rows of the page; (0, 0): none."""
        if self.total <= page:
            return 0, 0
        height = max(1, page * page // self.total)
        first = round((page - height) * self.top / (self.total - page))
        return first, height

    def refresh_rows(self, first: int, last: int) -> None:
        """Repaint rows ``first`` to ``last`` as far as they are seen."""
        low = max(first, self.top) - self.top + self._chrome
        high = min(last, self.top + self.page) - self.top + self._chrome
        if low < high:
            self.refresh(Region(0, low, self.size.width, high - low))

    def refresh_title(self) -> None:
        """Repaint the title line alone."""
        self.refresh(Region(0, 0, self.size.width, 1))

    def _refresh_bar(self) -> None:
        thumb = self._thumb(self.page)
        if thumb != self._thumb_was:
            self._thumb_was = thumb
            self.refresh(Region(self.size.width - 1, self._chrome, 1, self.page))

    # Moving

    def set_total(self, total: int) -> None:
        """There are so many rows now; the place that is seen stays, unless the tail is followed."""
        if total == self.total:
            return
        before, self.total = self.total, total
        if self.follow:
            self.cursor = max(0, total - 1)
            self._go(max(0, total - self.page))
        elif self.top > max(0, total - self.page) or self.cursor >= total:
            self.cursor = min(self.cursor, max(0, total - 1))
            self._go(min(self.top, max(0, total - self.page)), force=True)
        else:
            self.refresh_rows(min(before, total), max(before, total))
            if not before or not total:
                self.refresh()
        self.wanted(self.top, min(total, self.top + self.page))
        self.refresh_title()
        self._refresh_bar()

    def _go(self, top: int, *, force: bool = False) -> None:
        if top != self.top or force:
            self.top = top
            self._thumb_was = self._thumb(self.page)
            self.refresh()
            self.wanted(top, min(self.total, top + self.page))

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
            self._go(top)
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
        self._go(top)
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
        self._go(max(0, self.total - self.page), force=True)

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

    # The mouse, and the world around

    def on_click(self, event: events.Click) -> None:
        """Choose a tab, a column or a row; a second click opens the row."""
        x, y = event.x, event.y
        if y == 0:
            for first, last, key in self._tab_places:
                if first <= x < last:
                    self.post_message(self.TabChosen(key))
            return
        if y < self._chrome:
            self.post_message(self.HeadChosen(self, x))
            return
        n = self.top + y - self._chrome
        if n < self.total and x < self.size.width - 1:
            if event.chain > 1:
                self.post_message(self.Opened(self, n))
            else:
                self.follow = False
                self.move_to(n)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the scroll bar."""
        if event.x == self.size.width - 1 and event.y >= self._chrome:
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
        part = (y - self._chrome) / max(1, self.page - 1)
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

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.refresh()

    def on_resize(self) -> None:
        """Keep the tail, or the cursor, in sight."""
        top = max(0, self.total - self.page)
        if not self.follow:
            top = min(self.top, top)
            if self.cursor >= top + self.page:
                top = self.cursor - self.page + 1
        self._go(top, force=True)


def _fitting(tabs: list[tuple[str, str, bool]], room: int) -> list[tuple[str, str, bool]]:
    """The tabs with as much of the others' texts as there is room for: number, name, key."""
    for words in (3, 2, 1):
        shown = [
            (key, text if mine else " ".join(text.split(" ")[:words]), mine)
            for key, text, mine in tabs
        ]
        if sum(len(text) + len(TAB_GAP) for _, text, _ in shown) - len(TAB_GAP) <= room:
            break
    return shown
