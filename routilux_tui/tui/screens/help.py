"""The help, made from the action table."""

from __future__ import annotations

from itertools import zip_longest

from routilux_tui.tui.actions import Action, remapped
from routilux_tui.tui.screens.detail import TextScreen
from routilux_tui.tui.widgets.lines import wrapped

_KEY_CELLS = 9
TWO_COLUMNS = 110
"""Cells from which on the help has two columns."""


def help_lines(actions: tuple[Action, ...]) -> list[str]:
    """Every action under its heading, with its keys and its command."""
    groups: dict[str, list[Action]] = {}
    for one in actions:
        groups.setdefault(one.group, []).append(one)
    lines: list[str] = []
    for group, members in groups.items():
        lines.extend(["", group, ""])
        for one in members:
            lines.append(f"  {one.shown:<8} {one.help}")
            if one.twin:
                lines.append(f"  {'':<8} $ routilux-tui {one.twin}")
    return lines[1:]


def in_columns(lines: list[str], width: int) -> list[str]:
    """The lines in two columns where there is room, broken between two groups."""
    if width < TWO_COLUMNS:
        return lines
    half = width // 2
    lines = [row for line in lines for row in wrapped(line, half - 2, hang=_KEY_CELLS)]
    breaks = [n for n, line in enumerate(lines) if not line and lines[n - 1 : n] != [""]]
    groups = [n for n in breaks if n + 1 < len(lines) and not lines[n + 1].startswith(" ")]
    if not groups:
        return lines
    at = min(groups, key=lambda n: abs(n - len(lines) / 2))
    return [
        f"{left:<{half}}{right}".rstrip()
        for left, right in zip_longest(lines[:at], lines[at + 1 :], fillvalue="")
    ]


class HelpScreen(TextScreen):
    """What every key does."""

    def __init__(self, actions: tuple[Action, ...], keymap: dict[str, str], width: int) -> None:
        lines = in_columns(help_lines(remapped(actions, keymap)), width)
        super().__init__("Keys: Esc goes back", lines)
