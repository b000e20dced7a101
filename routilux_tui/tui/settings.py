"""What of the dashboard a user may set. It is filled by the command line, without Textual."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings(NamedTuple):
    """How the dashboard looks and behaves.

    Args:
        theme: ``dark`` or ``light``.
        ascii: draw with ASCII alone.
        colour: paint colours at all.
        fps: frames a second at most.
        read_only: ask for no control.
        stays_read_only: no key lets controls be asked for again.
        times: ``relative`` or ``absolute``.
        keymap: action id -> keys, comma-separated, in place of its own.
        mouse: use the mouse.
    """

    theme: str = "dark"
    ascii: bool = False
    colour: bool = True
    fps: float = 10.0
    read_only: bool = False
    stays_read_only: bool = False
    times: str = "relative"
    keymap: Mapping[str, str] = MappingProxyType({})
    mouse: bool = True

    @property
    def frame_pause(self) -> float:
        """Seconds between two frames."""
        return 1.0 / self.fps
