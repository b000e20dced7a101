"""What happened when, in buckets of time: at most 512, whose width doubles when they are full."""

from __future__ import annotations

from typing import Any

from routilux_tui.job import timestamps

Buckets = dict[int, list[int]]
"""Number of a bucket -> busy microseconds, starts, ends, errors, retries, largest queue in it."""

_NARROWEST = 1 / 16


class Activity:
    """The clock of a job's buckets: when the first began, and how wide each is.

    Whatever is counted is counted by the *tick*: a bucket, or a second where buckets are wider.
    """

    most = 512

    def __init__(self) -> None:
        #: When bucket 0 began, in seconds since the epoch; None before anything happened.
        self.origin: float | None = None
        #: Seconds of a bucket.
        self.width = _NARROWEST
        #: When the tick began and ends.
        self.tick = (0.0, 0.0)

    def tick_at(self, at: float, activities: list[Buckets]) -> tuple[float, float]:
        """Begin the tick that a moment is in; widens the buckets where they don't reach it."""
        if self.origin is None:
            self.origin = float(int(at))
        passed = max(0.0, at - self.origin)
        while passed >= self.width * self.most:
            self.width *= 2
            for buckets in activities:
                _halve(buckets)
        length = min(1.0, self.width)
        began = self.origin + passed // length * length
        self.tick = (began, began + length)
        return self.tick

    def number(self, at: float) -> int:
        """The number of the bucket that a moment is in; what is out of reach is at its edge."""
        number = int((at - (self.origin or 0.0)) / self.width)
        return min(max(number, 0), self.most - 1)

    def bucket(self, buckets: Buckets, at: float) -> list[int]:
        """The bucket that a moment is in."""
        return buckets.setdefault(self.number(at), [0] * 6)

    def spread(self, buckets: Buckets, began: list[float], ended: list[float]) -> None:
        """Have the time from one moment to another, each, be busy in every bucket that it touches.

        Buckets that are busy wholly are counted by where they begin and end: thousands of handlers
        may run beside each other for as many buckets as there are.
        """
        origin, width = self.origin or 0.0, self.width
        turns: dict[int, int] = {}
        for start, end in zip(began, ended, strict=True):
            first, last = self.number(start), self.number(end)
            self._add(buckets, first, min(end, origin + (first + 1) * width) - start)
            if last > first:
                self._add(buckets, last, end - (origin + last * width))
                turns[first + 1] = turns.get(first + 1, 0) + 1
                turns[last] = turns.get(last, 0) - 1
        whole, beside, since = round(width * 1e6), 0, 0
        for number in sorted(turns):
            for one in range(since, number) if beside else ():
                buckets.setdefault(one, [0] * 6)[0] += beside * whole
            beside += turns[number]
            since = number

    def _add(self, buckets: Buckets, number: int, busy: float) -> None:
        """Have a bucket be busy for some of its time."""
        if busy > 0:
            micros = round(min(busy, self.width) * 1e6)
            buckets.setdefault(number, [0] * 6)[0] += micros

    def to_plain(self) -> list[Any]:
        """As a file has it."""
        return [self.origin, self.width, self.tick[0]]

    @classmethod
    def from_plain(cls, plain: Any) -> Activity:
        """What `to_plain` gave; else one at its beginning."""
        clock = cls()
        if not isinstance(plain, list) or len(plain) != 3:
            return clock
        if not all(type(one) in {int, float} and timestamps.is_time(one) for one in plain):
            return clock
        origin, width, began = map(float, plain)
        if width >= _NARROWEST:
            clock.origin, clock.width = origin, width
            clock.tick = (began, began + min(1.0, width))
        return clock


def _halve(buckets: Buckets) -> None:
    """Have each two buckets be one of twice the width."""
    old = sorted(buckets.items())
    buckets.clear()
    for number, values in old:
        there = buckets.get(number // 2)
        if there is None:
            buckets[number // 2] = values
        else:
            largest = max(there[5], values[5])
            for part in range(5):
                there[part] += values[part]
            there[5] = largest
