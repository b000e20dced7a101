"""Keys typed ahead are taken one by one, each when the one before has done what it does.

Textual hands a key to whatever has the focus when it arrives. Over a slow link several arrive
at once: of ``/build2`` the letters would go to the list, since the ``/`` that opens the filter
has not been carried out yet.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.events import Event, Key, Paste

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen

_PATIENCE = 0.3
"""Seconds that a new screen is given to find its focus, or a key to come back."""
_RETRY = 0.01


class TypeAhead(App[None]):
    """An application that loses no key, however fast they come.

    Attributes:
        key_at: when the last key came, by `time.monotonic`.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.key_at = 0.0
        self._typed: deque[Event] = deque()
        self._under_way: Event | None = None
        self._since = 0.0
        #: When the screen was seen with nothing that has the focus: once, not for each key, it is
        #: waited for.
        self._unfocused_since = 0.0
        self._seen: Screen[Any] | None = None
        self._retrying = False

    async def on_event(self, event: Event) -> None:
        """Keep a key until it is its turn."""
        if isinstance(event, (Key, Paste)) and not event.is_forwarded:
            self.key_at = time.monotonic()
            self._typed.append(event)
            await self._take_next()
        else:
            await super().on_event(event)

    async def _take_next(self) -> None:
        while self._typed and not self._must_wait():
            event = self._under_way = self._typed.popleft()
            self._since = time.monotonic()
            target: DOMNode = self.focused or self.screen
            await super().on_event(event)
            if not event.is_forwarded or not target.call_later(self._follow, target, event, target):
                self._under_way = None

    def _must_wait(self) -> bool:
        """Whether the key before is under way still, or a new screen has no focus yet."""
        now = time.monotonic()
        if self.screen is not self._seen or self.screen.focused is not None:
            self._seen, self._unfocused_since = self.screen, now
        since = self._since if self._under_way is not None else self._unfocused_since
        wait = self._under_way is not None or self.screen.focused is None
        if not wait or now - since > _PATIENCE:
            return False
        if not self._retrying:
            self._retrying = True
            self.set_timer(_RETRY, self._try_again)
        return True

    async def _try_again(self) -> None:
        self._retrying = False
        await self._take_next()

    def _follow(self, node: DOMNode, event: Event, target: DOMNode | None) -> None:
        """Follow a key from the widget that got it up to the application, which acts last.

        Then once more: what the application did may have sent the widget a message.
        """
        if event is not self._under_way:
            return
        above = node.parent
        if node is self and target is not None:
            above, target = target, None
        if above is None or not above.call_later(self._follow, above, event, target):
            self._under_way = None
            if self._typed:
                self.call_later(self._take_next)
