"""How often something happens, from counts that come now and then."""

from __future__ import annotations

from collections import deque

SECONDS = 60
"""Seconds that are remembered."""


class Rate:
    """Counts by the second; what was before the first of them is not known, and not shown."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=SECONDS + 1)

    def sample(self, now: float, number: int) -> None:
        """There have been so many by now."""
        second = int(now)
        if self._seen and self._seen[-1][0] == second:
            self._seen.pop()
        self._seen.append((second, number))

    def bars(self, now: float, most: int) -> list[float]:
        """How many there were in each of the last whole seconds that are known, newest last."""
        if not self._seen:
            return []
        last, at = int(now), dict(self._seen)
        first = max(self._seen[0][0] + 1, last - most)
        known = max((number for second, number in self._seen if second < first), default=0)
        bars = []
        for second in range(first, last):
            before = known
            known = at.get(second, known)
            bars.append(float(max(0, known - before)))
        return bars

    def per_second(self, now: float, seconds: int = 3) -> float | None:
        """How many a second over the last whole seconds; None where nothing is known yet."""
        bars = self.bars(now, seconds)
        return sum(bars) / len(bars) if bars else None
