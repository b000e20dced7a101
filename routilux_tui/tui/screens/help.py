"""The help, made from the action table."""

from __future__ import annotations

from routilux_tui.tui.actions import Action, remapped
from routilux_tui.tui.screens.detail import TextScreen


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


class HelpScreen(TextScreen):
    """What every key does."""

    def __init__(self, actions: tuple[Action, ...], keymap: dict[str, str]) -> None:
        super().__init__("Keys: Esc goes back", help_lines(remapped(actions, keymap)))
