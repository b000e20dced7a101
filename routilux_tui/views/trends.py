"""The runs of one flow beside each other: how long they took, and which of them are odd.

A run is odd in a figure that lies further from the median of the others than three times their
median deviation (made equal to a standard deviation of chance), and than half the median itself;
among fewer than `ENOUGH` runs none is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.views.formatting import count, span
from routilux_tui.views.shapes import ABANDONED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routilux_tui.views.shapes import JobEntry

ENOUGH = 4
#: Earlier runs that a run is compared with.
EARLIER = 20


class RunEntry(msgspec.Struct, frozen=True):
    """One run: its line in a list, how long it took (None while it runs), and what is odd of it."""

    entry: JobEntry
    seconds: float | None
    odd: list[str]


class Trend(msgspec.Struct, frozen=True):
    """The runs of a flow, oldest first; ``usual`` is what those took that went well (median)."""

    runs: list[RunEntry]
    usual: float | None


def trend(entries: Sequence[JobEntry], most: int = 50) -> Trend:
    """The last ``most`` runs among the jobs of one flow."""
    ordered = sorted(
        (one for one in entries if not one.error),
        key=lambda one: timestamps.to_epoch(one.created_at) or 0.0,
    )[-most:]
    figures: dict[str, tuple[Callable[[JobEntry], float | None], Callable[[float], str]]] = {
        "took": (seconds_of, span),
        "records": (lambda one: float(one.records) if _is_over(one) else None, _count),
        "errors": (lambda one: float(one.errors) if _is_over(one) else None, _count),
    }
    runs = []
    for one in ordered:
        odd = [one.status] if one.status in {"failed", "cancelled"} else []
        odd += [statuses.KILLED] if one.badge == ABANDONED else []
        others = [other for other in ordered if other is not one and other.status == "completed"]
        for name, (figure, shown) in figures.items():
            value = figure(one)
            known = [known for other in others if (known := figure(other)) is not None]
            if value is not None and _is_odd(value, known):
                odd.append(f"{name} {shown(value)}, others {shown(_median(known))}")
        runs.append(RunEntry(one, seconds_of(one), odd))
    return Trend(runs, usual_seconds(ordered))


def seconds_of(entry: JobEntry) -> float | None:
    """How long a job took; None where it has not ended, or its file has no times."""
    began, ended = timestamps.to_epoch(entry.created_at), timestamps.to_epoch(entry.updated_at)
    if not _is_over(entry) or began is None or ended is None:
        return None
    return max(0.0, ended - began)


def usual_seconds(entries: Sequence[JobEntry]) -> float | None:
    """The median of how long those took that ended well; None where none did."""
    known = [seconds_of(one) for one in entries if one.status == "completed"]
    taken = [one for one in known if one is not None]
    return _median(taken) if taken else None


def _median(numbers: Iterable[float]) -> float:
    from statistics import median  # late: it takes longer to import than a list of jobs to print

    return median(numbers)


def _is_over(entry: JobEntry) -> bool:
    return statuses.has_ended(entry.status)


def _is_odd(value: float, others: Sequence[float]) -> bool:
    if len(others) < ENOUGH:
        return False
    middle = _median(others)
    deviation = 1.4826 * _median(abs(one - middle) for one in others)
    return abs(value - middle) > max(3 * deviation, middle / 2)


def _count(number: float) -> str:
    return count(int(number))
