"""A condition that chooses jobs of a list, by what the list has of them or by all their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ConditionError, TooCostly
from routilux_tui.views.condition_context import context_of_entry
from routilux_tui.views.conditions import Condition
from routilux_tui.views.naming import command
from routilux_tui.views.shapes import SILENT, JobEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routilux_tui.views.conditions import Judge


class ListCondition:
    """A condition on the jobs of a list.

    Attributes:
        needs_figures: whether it names what the list has not (``eta``, ``routines.load.queue``):
            then each job has to be asked for its own figures, or its file read.
        names: what it names of a job.

    Args:
        text: the CEL expression.
        judge: judges what is not light; without one that is refused.

    Raises:
        ConditionError: when it does not parse, or names what no job has.
    """

    def __init__(self, text: str, judge: Judge | None = None) -> None:
        self._condition = Condition(text)
        self._judge = judge
        self.names = self._condition.names
        if judge is None and not self._condition.is_light:
            raise ConditionError(
                "A list goes through one list of a job's at the most, for it judges at every key.",
                f"Ask: {command('ps', '--where', self._condition.text)}",
            )
        of_any = context_of_entry(JobEntry(key=""))
        self.needs_figures = not self.names <= of_any.keys()
        if not self.needs_figures:
            self._condition.check_names(of_any)
            self._holds(of_any)
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
        return self._holds(context_of_entry(entry))

    def holds_with(self, entry: JobEntry, figures: Mapping[str, Any]) -> bool:
        """Whether it holds by a job's figures, as `Handle.context` gives them.

        False where it can't be judged: the job has no such routine, or no such key.

        Raises:
            TooCostly: when it takes too much time or memory.
        """
        try:
            return self._holds({**figures, **context_of_entry(entry)})
        except TooCostly:
            raise
        except ConditionError:
            return False

    def _holds(self, context: dict[str, Any]) -> bool:
        if self._judge is None:
            return self._condition.holds(context)
        return self._judge.holds(self._condition, context)
