"""How long a job has run: without the time in which it was paused, or in which nobody ran it."""

from __future__ import annotations

from typing import Any

from routilux_tui.job import timestamps
from routilux_tui.job.numbers import as_number


class Uptime:
    """The time of a job in which it ran; moments are in seconds since the epoch, 0 for none."""

    __slots__ = ("since", "stands_since", "stood")

    def __init__(self) -> None:
        #: Since when it runs without a break, or ran before it stood still.
        self.since = 0.0
        #: Since when it stands still.
        self.stands_since = 0.0
        #: For how many seconds it has stood still before, in all.
        self.stood = 0.0

    def stand(self, at: float) -> None:
        """It is paused, or has ended."""
        self.stands_since = self.stands_since or at

    def go_on(self, at: float, last: Any) -> None:
        """It runs, or runs again; ``last`` is when it was last known to run, if it was not told."""
        began = self.stands_since or timestamps.to_epoch(last) or at
        self.stood += max(0.0, at - began)
        self.since, self.stands_since = at, 0.0

    def seconds(self, created: float, at: float) -> float:
        """For how long it has run until a moment."""
        stands = max(0.0, at - self.stands_since) if self.stands_since else 0.0
        return max(0.0, at - created - self.stood - stands)

    def to_plain(self) -> list[float]:
        """As a file has it."""
        return [self.since, self.stands_since, self.stood]

    @classmethod
    def from_plain(cls, plain: Any, began: float) -> Uptime:
        """What `to_plain` gave; of a file that does not tell, it runs since ``began``."""
        one = cls()
        one.since = began
        if isinstance(plain, list) and len(plain) == 3:
            one.since, one.stands_since, one.stood = (max(0.0, as_number(part)) for part in plain)
        return one
