"""Which stretch of a job's time is seen, and how it is moved and zoomed."""

from __future__ import annotations

import msgspec


class View(msgspec.Struct, frozen=True):
    """Which time is shown, and how it is moved; ``first`` and ``last`` bound the job's time."""

    begin: float
    end: float
    first: float
    last: float

    def zoomed(self, factor: float, around: float) -> View:
        """As much time times ``factor``, with ``around`` where it stands."""
        least = 1e-3
        length = min(max(least, (self.end - self.begin) * factor), self.last - self.first)
        part = (around - self.begin) / (self.end - self.begin)
        return self._at(around - part * length, length)

    def moved(self, part: float) -> View:
        """Later by a part of what is shown; earlier where it is negative."""
        length = self.end - self.begin
        return self._at(self.begin + part * length, length)

    @property
    def is_whole(self) -> bool:
        """Whether all of the job is shown; times since the epoch are within a microsecond."""
        return self.end - self.begin > self.last - self.first - 1e-6

    def whole(self) -> View:
        """All of the job."""
        return View(self.first, self.last, self.first, self.last)

    def _at(self, begin: float, length: float) -> View:
        begin = max(self.first, min(begin, self.last - length))
        return View(begin, begin + length, self.first, self.last)
