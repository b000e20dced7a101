"""A screen that paints no faster than its terminal swallows."""

from __future__ import annotations

from textual.screen import Screen


class PacedScreen(Screen[None]):
    """Holds a frame back while the terminal still has one to swallow.

    Textual queues up to thirty frames for a terminal; behind a slow link every key would wait
    for all of them. What is held back is merged into the next frame.
    """

    def _on_timer_update(self) -> None:
        is_busy = getattr(self.app, "link_is_busy", None)
        if is_busy is not None and is_busy():
            self._update_timer.resume()
            return
        super()._on_timer_update()
