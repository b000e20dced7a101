"""Screens and dialogs that paint no faster than they should, and than their terminal swallows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType

if TYPE_CHECKING:
    from textual import events

_LONGEST = 0.5
"""Seconds between two frames at most, however long one takes."""
_ANSWER = 0.05
"""Seconds after a key, and after a screen's first frame, in which none waits for its turn."""


class PacedScreen(Screen[ScreenResultType]):
    """Holds a frame back until its turn, and while the terminal still has one to swallow.

    Textual paints whenever something was refreshed, and queues up to thirty frames for a
    terminal; behind a slow link every key would wait for all of them. What is held back is
    merged into the next frame.
    """

    #: Part of a core that painting takes at most, by itself; keys are answered at once.
    SHARE: ClassVar = 0.07

    _is_left = False
    _begun = 0.0
    _painted = 0.0
    #: Seconds of a core that the last two frames took.
    _costs = (0.0, 0.0)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """A screen that comes up for the first time has its styles already."""
        if not self._begun:
            event.refresh_styles = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave this screen, with all that was opened over it; a second time it does nothing.

        Keys typed ahead and answers that come late ask for it when it is gone.
        """
        if self._is_left or self not in self.app.screen_stack:
            return AwaitComplete()
        self._is_left = True
        while self.app.screen is not self:
            self.app.screen.dismiss(None)
        return super().dismiss(result)

    def _on_timer_update(self) -> None:
        if self._dirty_widgets or self._repaint_required or self._layout_required:
            app: Any = self.app
            now = time.monotonic()
            self._begun = self._begun or now
            is_turn = now - self._painted >= self.pause()
            is_answer = now - max(app.key_at, self._begun) < _ANSWER
            if not (is_turn or is_answer) or app.link_is_busy():
                self._update_timer.resume()
                return
            self._painted = now
            begin = time.thread_time()
            super()._on_timer_update()
            self._costs = (self._costs[1], time.thread_time() - begin)
            return
        super()._on_timer_update()

    def pause(self) -> float:
        """Seconds from one frame to the next: where frames cost much, there are fewer of them."""
        app: Any = self.app
        pause: float = app.settings.frame_pause
        return max(pause, min(_LONGEST, min(self._costs) / self.SHARE))


class PacedDialog(PacedScreen[ScreenResultType], ModalScreen[ScreenResultType]):
    """A dialog over a screen: what goes on behind it is paced, too."""
