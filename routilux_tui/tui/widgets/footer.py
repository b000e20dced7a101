"""The footer: the keys that do something here, from the action table."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from routilux_tui.tui.actions import remapped
from routilux_tui.tui.widgets.painted import PaintedWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual import events
    from textual.strip import Strip

    from routilux_tui.tui.actions import Action


class KeyBar(PaintedWidget):
    """One line of keys; a click does what the key does, grey ones say why they can't."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--label", "keys--off"}

    class Chosen(Message):
        """An action was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(
        self, actions: tuple[Action, ...], cannot: Callable[[], Mapping[str, str]]
    ) -> None:
        super().__init__(id="keys")
        self._actions = tuple(one for one in actions if one.footer)
        self._cannot = cannot
        self._places: list[tuple[int, int, str]] = []
        self._off: tuple[str, ...] = ()

    def on_mount(self) -> None:
        """Show the keys that the user gave."""
        self._actions = remapped(self._actions, self.app.settings.keymap)  # type: ignore[attr-defined] # our own app

    def refresh_keys(self) -> None:
        """Paint anew if what can be done has changed."""
        off = tuple(sorted(self._cannot()))
        if off != self._off:
            self._off = off
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        cannot = self._cannot()
        parts, self._places, used = [(" ", "")], [], 1
        shown = self._fitting() if y == 0 else []
        for action in shown:
            if len(shown) > 2 and action is shown[-2]:  # the help and the way out, at the right
                rest = sum(len(one.shown) + len(one.label) + 3 for one in shown[-2:])
                gap = max(0, self.size.width - used - rest + 1)
                parts.append((" " * gap, ""))
                used += gap
            off = action.needs in cannot and bool(action.needs)
            text = f"{action.shown} {action.label}"
            parts.append((action.shown, "keys--off" if off else "keys--key"))
            parts.append((f" {action.label}", "keys--off" if off else "keys--label"))
            self._places.append((used, used + len(text), action.id))
            parts.append(("  ", ""))
            used += len(text) + 2
        return self.strip(parts, self.size.width)

    def _fitting(self) -> list[Action]:
        """The actions that there is room for; the help and the way out stay longest."""
        shown = list(self._actions)
        while (
            len(shown) > 2
            and 1 + sum(len(one.shown) + len(one.label) + 3 for one in shown) > self.size.width + 2
        ):
            del shown[-3]
        return shown

    def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        for first, last, action in self._places:
            if first <= event.x < last:
                self.post_message(self.Chosen(action))
