"""The title line of a list of rows: a rule, the names of the panes that share it, and a remark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from routilux_tui.views.formatting import count, short_count

if TYPE_CHECKING:
    from routilux_tui.tui.widgets.lines import Part

_RULE = "─"
_SHORT = 4
#: What is tried until there is room: how names are cut, with the remark, without empty panes.
_LEVELS = (
    (0, True, False),
    (1, True, False),
    (0, False, False),
    (1, False, False),
    (1, False, True),
    (2, False, False),
)


class Tab(NamedTuple):
    """A pane's name in a title line.

    ``number`` is how many rows it has, None where it counts nothing; ``is_exact`` is false while
    they are still being counted; ``is_front`` is the pane whose rows stand below.
    """

    key: str
    name: str
    number: int | None = None
    is_front: bool = False
    is_exact: bool = True
    filtered: str = ""


class TitleLine(NamedTuple):
    """A title line as it is painted, and where its tabs are: first cell, behind the last, key."""

    parts: list[Part]
    places: list[tuple[int, int, str]]


def title_line(
    tabs: list[Tab], remark: list[Part], width: int, *, is_focused: bool = False
) -> TitleLine:
    """A rule with tabs in it and a remark at its right.

    Where there is no room, names are cut to four letters, then panes without rows are only
    counted, then names are cut to the key; how many rows there are always stays. The remark goes
    first.
    """
    rule = "rows--rule-focus" if is_focused else "rows--rule"
    remark_width = sum(cell_len(text) for text, _ in remark)
    shown: list[tuple[str, str, Tab]] = []
    left_out = ""
    for level, with_remark, leaves_out in _LEVELS:
        kept = [one for one in tabs if not leaves_out or one.is_front or one.number != 0]
        left_out = f"+{len(tabs) - len(kept)}" if len(kept) < len(tabs) else ""
        shown = [(*_texts(one, level), one) for one in kept]
        used = sum(cell_len(name) + cell_len(number) + 2 for name, number, _ in shown) + 2
        used += len(left_out) + 2 if left_out else 0
        if used + (remark_width + 3 if with_remark and remark_width else 0) <= width:
            break
    else:
        with_remark = False
    parts: list[Part] = [(_RULE * 2 + " ", rule)] if width > 20 else []
    at = 3 if parts else 0
    places = []
    for name, number, one in shown:
        end = at + cell_len(name) + cell_len(number)
        places.append((at, end, one.key))
        style = "rows--title-focus" if is_focused else "rows--title"
        parts.append((name, style if one.is_front else "rows--dim"))
        parts.append((number, "" if one.is_front else "rows--dim"))
        parts.append(("  ", ""))
        at = end + 2
    if left_out:
        parts += [(left_out, "rows--dim"), ("  ", "")]
        at += len(left_out) + 2
    if parts and shown:
        parts[-1] = (" ", "")
        at -= 1
    if with_remark and remark_width and at + remark_width + 2 <= width:
        fill = width - at - remark_width - 1
        parts += [(_RULE * max(0, fill - 1) + " " if fill > 1 else " " * fill, rule), *remark]
        parts.append((" ", ""))
    else:
        parts.append((_RULE * max(0, width - at), rule))
    return TitleLine(parts, places)


def _texts(tab: Tab, level: int) -> tuple[str, str]:
    """A tab's name and its number: whole, short, or the key alone."""
    if tab.is_front:
        level = 0
    number = tab.filtered
    if not number and tab.number:
        shown = count(tab.number) if level == 0 else short_count(tab.number)
        number = shown if tab.is_exact else f"~{shown}"
    if level == 2:
        return tab.key, f"·{number}" if number else ""
    name = tab.name if level == 0 else tab.name[:_SHORT]
    return f"{tab.key} {name}".strip(), f" {number}" if number else ""
