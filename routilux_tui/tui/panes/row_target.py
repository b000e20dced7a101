"""What stands in a row of a pane: all that a key which does something with a row asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.views.shapes import ROUTINES

if TYPE_CHECKING:
    from routilux_tui.views.insight import FailingInput, NextTask, ProblemRow, RunningHandler
    from routilux_tui.views.shapes import Row


class RowTarget(NamedTuple):
    """What stands in a row; a pane fills in what its rows have.

    Args:
        routine_id: the routine that it is of, for ``f``.
        item: the section and the place of the whole value behind it, for Enter.
        title: what that is called.
        record: the record of the history, for ``b`` and ``R``.
        problem: the kind of error, for Enter, ``b``, ``R`` and ``X``.
        failing: the input that has it.
        handler: the handler that runs, whose stack Enter shows.
        coming: the task that waits, for ``m``.
    """

    routine_id: str = ""
    item: tuple[str, int | str] | None = None
    title: str = ""
    record: Row | None = None
    problem: ProblemRow | None = None
    failing: FailingInput | None = None
    handler: RunningHandler | None = None
    coming: NextTask | None = None


NOTHING = RowTarget()


def routine_target(routine_id: str) -> RowTarget:
    """What stands in a row that is of a routine, if of one at all."""
    if not routine_id:
        return NOTHING
    return RowTarget(routine_id, (ROUTINES, routine_id), f"Routine {routine_id}")
