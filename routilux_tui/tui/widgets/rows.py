"""A list of rows that draws its own lines: what it costs is what is seen, whatever its length.

Only the lines that changed are repainted. What the rows are, and how one looks, is up to its
subclasses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from textual.dom import DOMNode
from textual.message import Message
from textual.strip import Strip

from routilux_tui.tui.widgets.lines import Part, fit, highlighted, strip_of
from routilux_tui.tui.widgets.row_scroller import RowScroller
from routilux_tui.tui.widgets.title import Tab, title_line

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.geometry import Region


class _FrameStyle(NamedTuple):
    """What the lines of one frame have in common."""

    width: int
    top_lines: int
    head: str
    thumb: tuple[int, int]
    base: Style
    styles: dict[str, Style]


class Rows(RowScroller):
    """A list of rows with a title line and column heads."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--rule",
        "rows--rule-focus",
        "rows--key",
        "rows--rail",
        "rows--spark",
        "rows--title",
        "rows--title-focus",
        "rows--head",
        "rows--dim",
        "rows--name",
        "rows--cursor",
        "rows--match",
        "rows--moment",
        "rows--marked",
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
        #: What is searched for: every place of it in the rows is marked.
        self.query_text = ""
        self._styles_of: dict[str, Style] = {}
        self._tab_places: list[tuple[int, int, str]] = []
        self._frame: _FrameStyle | None = None

    # What subclasses tell

    def title_parts(self) -> list[Part]:
        """What stands at the right of the title line."""
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

    def tabs(self) -> list[Tab]:
        """The names in the title line: this one's, and those that share its place."""
        return []

    def highlight(self, query: str) -> None:
        """Mark every place of a text in the rows; empty: mark none."""
        if query != self.query_text:
            self.query_text = query
            self.refresh()

    # Painting

    @property
    def _top_lines(self) -> int:
        """Lines above the rows."""
        return 2 if self.size.height >= 3 and self.head(self.size.width) else 1

    def notify_style_update(self) -> None:
        """Styles are read anew after a change of theme or focus."""
        self._styles_of = {}
        super().notify_style_update()

    @property
    def palette(self) -> dict[str, Style]:
        """Component class -> style."""
        if not self._styles_of:
            made: dict[str, dict[str, Style]] = vars(self.app).setdefault("row_styles", {})
            if self.app.theme not in made:
                made[self.app.theme] = self._make_styles()
            self._styles_of = made[self.app.theme]
        return self._styles_of

    def _get_component_classes(self) -> frozenset[str]:  # type: ignore[override]
        """None for Textual: the styles are those of every list, and made once for all of them."""
        return frozenset()

    def _make_styles(self) -> dict[str, Style]:
        for name in self.COMPONENT_CLASSES:
            one = DOMNode(classes=name)
            one._attach(self)  # noqa: SLF001 - as Textual does it for every widget
            self.app.stylesheet.apply(one, animate=False)
            self._component_styles[name] = one.styles
        return {
            name: self.get_component_rich_style(name, partial=True)
            for name in self.COMPONENT_CLASSES
        }

    def render_lines(self, crop: Region) -> list[Strip]:
        """A frame: what all of its lines share is asked for once."""
        self._frame = self._frame_style()
        try:
            return super().render_lines(crop)
        finally:
            self._frame = None

    def _frame_style(self) -> _FrameStyle:
        top_lines, page, width = self._top_lines, self.page, self.size.width
        head = self.head(width - 1) if top_lines > 1 else ""
        return _FrameStyle(width, top_lines, head, self._thumb(page), self.rich_style, self.palette)

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        style = self._frame or self._frame_style()
        width, top_lines, base, styles = style.width, style.top_lines, style.base, style.styles
        if y == 0:
            return self._title_strip(width, base)
        if y < top_lines:
            return strip_of([(fit(style.head, width), "rows--head")], width, styles, base)
        if not self.total:
            text = self.empty_text() if y == top_lines else ""
            return strip_of([("  " + text, "rows--dim")], width, styles, base)
        n = self.top + y - top_lines
        first, height = style.thumb
        inside = height and first <= y - top_lines < first + height
        inner = width - 1
        line = base
        parts: list[Part] = []
        if n < self.total:
            if n == self.cursor and (self.has_focus or not self.follow):
                line += styles["rows--cursor" if self.has_focus else "rows--fresh"]
            row = self.parts(n, inner)
            parts = [("  …", "rows--dim")] if row is None else row
            if self.query_text:
                parts = highlighted(parts, self.query_text, "rows--match")
        bar = Segment("▐" if inside else " ", base + styles["rows--thumb"])
        return Strip([*strip_of(parts, inner, styles, line), bar], width)

    def _title_strip(self, width: int, base: Style) -> Strip:
        line = title_line(self.tabs(), self.title_parts(), width, is_focused=self.has_focus)
        self._tab_places = line.places
        return strip_of(line.parts, width, self.palette, base)

    # The mouse and the focus

    def on_click(self, event: events.Click) -> None:
        """Choose a tab, a column or a row; a second click opens the row."""
        x, y = event.x, event.y
        if y == 0:
            for first, last, key in self._tab_places:
                if first <= x < last:
                    self.post_message(self.TabChosen(key))
            return
        if y < self._top_lines:
            self.post_message(self.HeadChosen(self, x))
            return
        n = self.top + y - self._top_lines
        if n < self.total and x < self.size.width - 1:
            if event.chain > 1:
                self.post_message(self.Opened(self, n))
            else:
                self.follow = False
                self.move_to(n)

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.refresh()
