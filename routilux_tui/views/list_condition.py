"""A condition that chooses jobs of a list, by what the list has of them or by all their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ConditionError
from routilux_tui.views.condition_context import context_of_entry
from routilux_tui.views.conditions import Condition
from routilux_tui.views.shapes import SILENT, JobEntry

if TYPE_CHECKING:
    from collections.abc import Mapping


class ListCondition:
    """A condition on the jobs of a list.

    Attributes:
        needs_figures: whether it names what the list has not (``eta``, ``routines.load.queue``):
            then each job has to be asked for its own figures, or its file read.
        names: what it names of a job.

    Args:
        text: the CEL expression.

    Raises:
        ConditionError: when it does not parse, or names what no job has.
    """

    def __init__(self, text: str) -> None:
        self._condition = Condition(text)
        self.names = self._condition.names
        of_any = context_of_entry(JobEntry(key=""))
        self.needs_figures = not self.names <= of_any.keys()
        if not self.needs_figures:
            self._condition.check(of_any)
            return
        from routilux_tui.views.alerts import check_names  # takes long to import

        check_names(self._condition, of_any)

    @staticmethod
    def can_ask(entry: JobEntry) -> bool:
        """Whether a job can be asked for its figures: it can be read, and answers."""
        return not entry.error and entry.badge != SILENT

    def holds(self, entry: JobEntry) -> bool:
        """Whether it holds by what the list has of a job.

        Raises:
            ConditionError: when it can't be judged.
        """
        return self._condition.holds(context_of_entry(entry))

    def holds_with(self, entry: JobEntry, figures: Mapping[str, Any]) -> bool:
        """Whether it holds by a job's figures, as `Handle.context` gives them.

        False where it can't be judged: the job has no such routine, or no such key.
        """
        try:
            return self._condition.holds({**figures, **context_of_entry(entry)})
        except ConditionError:
            return False
