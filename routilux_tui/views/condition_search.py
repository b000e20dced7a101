"""Finding the moments at which a condition changes its value, among a job's changes.

It is judged after each change that can alter what it asks for; blocks of changes without any are
not even carried out.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ConditionError
from routilux_tui.job import timestamps
from routilux_tui.job.change_kinds import kind_of, kinds_altering
from routilux_tui.store.recovery import apply_changes
from routilux_tui.store.segments import Damaged
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.condition_figures import FIGURES
from routilux_tui.views.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from routilux_tui.job.model import Job
    from routilux_tui.store.seeking import KeptChanges, Piece

#: Seconds that a search takes at the most; it can go on from where it ended.
MOST_SECONDS = 20.0
_NO_END = 1 << 62

#: What of a routine moves with time alone.
_MOVING = ("rate", "p95")


class ConditionSearch:
    """A search for moments at which a condition changes its value.

    Args:
        kept: the job's changes.
        condition: the condition, checked.
    """

    def __init__(self, kept: KeptChanges, condition: Condition) -> None:
        self._kept = kept
        self._condition = condition
        self._kinds = altering(condition)
        self._job: Job | None = None
        self._value = False

    def next_flip(
        self, seq: int, step: int, is_stopped: Callable[[], bool]
    ) -> tuple[int, bool] | None:
        """The next such moment after one, or with a negative step the last before it.

        Returns:
            The moment, and whether it was found: else the search was ended there. None where there
            is none.
        """
        until = time.monotonic() + MOST_SECONDS
        pieces = [one for one in self._kept.pieces if one.last > seq or step < 0]
        if step > 0:
            self._begin(seq)
        for piece in pieces if step > 0 else reversed(pieces):
            begin = piece.first - 1
            if step < 0 and begin >= seq:
                continue
            if is_stopped() or time.monotonic() > until:
                return (max(seq, begin), False) if step > 0 else (min(seq, piece.last), False)
            if step < 0:
                self._begin(begin)
            flips = self._flips(piece, seq if step > 0 else begin)
            if step > 0:
                found = next(flips, None)
            else:
                found = max((one for one in flips if one < seq), default=None)
            if found is not None:
                return found, True
        return None

    def _begin(self, seq: int) -> None:
        self._job = self._kept.fresh_at(seq)
        self._value = holds(self._condition, self._job)

    def _flips(self, piece: Piece, seq: int) -> Iterator[int]:
        """The moments of a piece, after one, at which the condition changes its value."""
        kinds = self._kinds
        try:
            for changes in self._kept.blocks(piece, seq):
                if any(one[0] > seq and _is_among(one, kinds) for one in changes):
                    yield from self._flips_in(changes, seq)
        except Damaged:  # the hole is told where a moment in it is asked for
            return

    def _flips_in(self, changes: Any, seq: int) -> Iterator[int]:
        kinds, job = self._kinds, self._job
        if job is None or job.seq < changes[0][0] - 1:
            job = self._job = self._kept.fresh_at(changes[0][0] - 1)
        waiting: list[Any] = []
        for change in changes:
            if change[0] <= job.seq:
                continue
            waiting.append(change)
            if change[0] > seq and _is_among(change, kinds):
                apply_changes(job, waiting, _NO_END)
                waiting = []
                value = holds(self._condition, job)
                if value != self._value:
                    self._value = value
                    yield job.seq
        apply_changes(job, waiting, _NO_END)


def _is_among(change: Any, kinds: frozenset[str] | None) -> bool:
    return kinds is None or kind_of(change) in kinds


def holds(condition: Condition, job: Job) -> bool:
    """Whether a condition holds of a job as of its last change.

    What it asks for may not have been there yet: then it does not.
    """
    with contextlib.suppress(ConditionError):
        now = timestamps.to_epoch(job.updated_at)
        return condition.holds(context_of(job, now=now, names=condition.names))
    return False


def checked(text: str, job: Job) -> Condition:
    """A condition that can be judged on a job.

    Raises:
        ConditionError: when it can't.
    """
    condition = Condition(text)
    condition.check(context_of(job, now=timestamps.to_epoch(job.updated_at)))
    return condition


def altering(condition: Condition) -> frozenset[str] | None:
    """The kinds of change that can alter a condition's value; None where any may, or time alone."""
    made_of: set[str] = set()
    for name in condition.names:
        moves = name == "routines" and any(one in condition.text for one in _MOVING)
        figure = FIGURES.get(name)
        if moves or figure is None or figure.made_of is None:
            return None
        made_of.update(figure.made_of)
    return kinds_altering(made_of)
