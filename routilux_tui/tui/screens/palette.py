"""The palette: every action by its name."""

from __future__ import annotations

from textual.command import CommandList, CommandPalette


class Palette(CommandPalette):
    """Textual's palette, which may be opened again at once, and on the smallest terminal."""

    def _action_command_list(self, action: str) -> None:
        """Move in the list, where so much as a line of it is there."""
        if self.query_one(CommandList).scrollable_content_region.area:
            super()._action_command_list(action)
