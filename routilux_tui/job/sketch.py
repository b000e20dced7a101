"""A sketch of many values: their quantiles within 2 %, in constant memory; two merge by adding.

Values are counted in buckets of which there are 32 to each doubling: the upper bits of a 32-bit
float are the number of its bucket, so that many are sorted in by the C of the standard library.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from struct import pack, unpack
from typing import TYPE_CHECKING, Any

from routilux_tui.job.numbers import as_number, is_id

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Where in a 32-bit float its upper half is, counted in halves.
_UPPER = 1 if sys.byteorder == "little" else 0
#: Bits of the upper half that are finer than a bucket.
_FINER = 2


#: The upper half of floats from this on is of a number below 0.
_NEGATIVE = 1 << 15


class Sketch:
    """The distribution of many values from 0 up, such as seconds."""

    __slots__ = ("_buckets", "count", "longest")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0
        #: The largest value, exactly.
        self.longest = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> Sketch:
        """The sketch of some values; many cost a tenth of one by one. Those below 0 count as 0."""
        sketch = cls()
        halves = memoryview(array("f", values)).cast("B").cast("H")[_UPPER::2]
        buckets = sketch._buckets
        for half, number in Counter(halves.tolist()).items():
            bucket = half >> _FINER if half < _NEGATIVE else 0
            buckets[bucket] = buckets.get(bucket, 0) + number
        sketch.count = len(values)
        longest = max(values)
        sketch.longest = longest if longest > 0 else 0.0
        return sketch

    def merge(self, other: Sketch) -> None:
        """Count all that another has counted."""
        for bucket, number in other._buckets.items():
            self._buckets[bucket] = self._buckets.get(bucket, 0) + number
        self.count += other.count
        self.longest = max(self.longest, other.longest)

    def quantile(self, part: float) -> float | None:
        """The value below which this part of all are, within 2 %; None where there are none."""
        if not self.count:
            return None
        wanted, seen = part * self.count, 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(_middle(bucket), self.longest)
        return self.longest

    def counts_below(self, bounds: Sequence[float]) -> list[int]:
        """How many of the values are at most each of the bounds, which rise; within 2 %."""
        counts = [0] * (len(bounds) + 1)
        for bucket, number in self._buckets.items():
            counts[bisect_left(bounds, min(_middle(bucket), self.longest))] += number
        return list(accumulate(counts))[:-1]

    def total(self) -> float:
        """The sum of all values, within 2 %."""
        return sum(_middle(bucket) * number for bucket, number in self._buckets.items())

    def to_plain(self) -> list[Any]:
        """As a file has it: the largest value, then bucket and number by turns."""
        flat = [part for bucket in sorted(self._buckets.items()) for part in bucket]
        return [self.longest, *flat]

    @classmethod
    def from_plain(cls, plain: Any) -> Sketch:
        """What `to_plain` gave; of what it did not give, nothing."""
        sketch = cls()
        if not isinstance(plain, list) or not plain:
            return sketch
        longest, *flat = plain
        for bucket, number in zip(flat[::2], flat[1::2], strict=False):
            if is_id(bucket) and is_id(number) and bucket < _middle_limit:
                sketch._buckets[bucket] = number
                sketch.count += number
        sketch.longest = as_number(longest)
        return sketch


#: The bucket of what is infinite: none that a file may name.
_middle_limit = unpack("I", pack("f", float("inf")))[0] >> 16 + _FINER


def _middle(bucket: int) -> float:
    """The value in the middle of a bucket."""
    low, high = (unpack("f", pack("I", one << 16 + _FINER))[0] for one in (bucket, bucket + 1))
    middle: float = (low + high) / 2
    return middle if bucket else 0.0
