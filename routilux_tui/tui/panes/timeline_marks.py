"""What can be marked in the timeline: its busiest stretch, or the chain that its end waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.views.critical_path import busiest, summary
from routilux_tui.views.formatting import clock

if TYPE_CHECKING:
    from routilux_tui.views.critical_path import CriticalPath
    from routilux_tui.views.timeline import Timeline

BUSIEST, CRITICAL = "busiest", "critical"
_SHORT = 10.0
"""Seconds below which the ends of a stretch are told to the millisecond."""


def mark_text(shown: Timeline, marked: str, path: CriticalPath | None) -> str:
    """What is marked, in words.

    Args:
        shown: the timeline.
        marked: `BUSIEST` or `CRITICAL`.
        path: the chain of tasks; None while it is not known.
    """
    if marked == BUSIEST:
        begin, end, handlers = busiest(shown)
        is_short = end - begin < _SHORT
        ends = " to ".join(clock(timestamps.to_iso(at), exact=is_short) for at in (begin, end))
        return f"busiest {ends}: {handlers:.1f} handlers at once"
    return "critical path: " + ("…" if path is None else summary(path))


def marked_cells(
    shown: Timeline, marked: str, path: CriticalPath | None, routine_id: str
) -> set[int]:
    """The cells of a routine's lane that are marked."""
    if marked == BUSIEST:
        begin, end, _ = busiest(shown)
        stretches = [(begin, end - (end - begin) * 1e-3)]
    elif marked and path is not None:
        stretches = [(one.begun, one.ended) for one in path.links if one.routine_id == routine_id]
    else:
        stretches = []
    cells: set[int] = set()
    for begin, end in stretches:
        if begin <= shown.end and end >= shown.begin:
            cells.update(range(shown.column_of(begin), shown.column_of(end) + 1))
    return cells
