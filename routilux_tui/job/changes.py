"""What carries out each kind of change (`FOLD`), and a change as a line of JSON.

A change is a tuple ``(seq, kind, *args)``. ``seq`` counts a job's changes from 1 without a gap.
`FOLD` has, for every kind, the one function that carries it out on a `JobData`, whose
parameters are the change's arguments; the live view, the journal, a viewer's copy and replay
are all made of these tuples. Every argument is a value that JSON can hold; ``at`` is in seconds
since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from routilux_tui.job.fold_alerts import FOLD_ALERTS
from routilux_tui.job.fold_lists import FOLD_LISTS
from routilux_tui.job.fold_questions import FOLD_QUESTIONS
from routilux_tui.job.fold_single_tasks import FOLD_SINGLE_TASKS
from routilux_tui.job.fold_tasks import FOLD_TASKS
from routilux_tui.job.fold_values import FOLD_VALUES
from routilux_tui.job.jsonable import decode, dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.listeners import Change

#: Every kind of change, and what carries it out.
FOLD: dict[str, Callable[..., None]] = {
    **FOLD_VALUES,
    **FOLD_LISTS,
    **FOLD_TASKS,
    **FOLD_SINGLE_TASKS,
    **FOLD_QUESTIONS,
    **FOLD_ALERTS,
}


def encode(change: Change) -> bytes:
    """A change as one line of JSON, without the line's end."""
    return dumps(change)


def decode_change(line: bytes) -> Change:
    """The change that a line tells.

    Raises:
        ValueError: when the line is torn, or tells no change that this version knows.
    """
    parts = decode(line)
    if not isinstance(parts, list) or len(parts) < 2 or not isinstance(parts[0], int):
        raise ValueError("not a change")
    if parts[1] not in FOLD:
        raise ValueError(f"a change of a kind unknown here: {str(parts[1])[:40]!r}")
    return tuple(parts)
