"""Jobs in order, as far as a filter leaves them.

What a change costs depends on what changed, not on how many jobs there are: the place of a job
is searched by halves, and its sort key is made once for each state of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ConditionError
from routilux_tui.views.conditions import Condition, context_of_entry
from routilux_tui.views.orders import ORDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from routilux_tui.views.shapes import JobEntry

_FEW = 64
"""Changes at once up to which each is put in its place by itself."""


def _searched(one: JobEntry) -> list[str]:
    """The texts in which a job is looked for."""
    labels = [f"{key}={value}" for key, value in one.labels.items()]
    return [one.flow_id, one.job_id, one.path.rpartition("/")[2], one.host, one.name, *labels]


def _rank(one: JobEntry) -> int:
    """What runs is on top, then the machines that don't answer, then what is saved."""
    return ("live", "host").index(one.place) if one.place in {"live", "host"} else 2


class Listing:
    """Jobs, filtered and in order.

    Attributes:
        entries: every job, by its key.
        shown: those that the filter leaves, in order.
        order: the name of the order, one of `ORDERS`.
        query: the filter: letters in their order, or a CEL condition after ``=``.
        problem: what is wrong with the filter.
    """

    def __init__(self) -> None:
        self.entries: dict[str, JobEntry] = {}
        self.shown: list[JobEntry] = []
        self.order = "updated"
        self.query = ""
        self.problem = ""
        self._marks: list[tuple[Any, ...]] = []  # the sort keys of `shown`
        self._mark_of: dict[str, tuple[Any, ...]] = {}
        self._places: Counter[str] = Counter()
        self._hosts: Counter[str] = Counter()
        self._ids: Counter[str] = Counter()
        self._keeps: Callable[[JobEntry], bool] = _keeps_all

    @property
    def live(self) -> int:
        """How many jobs run."""
        return self._places["live"]

    @property
    def is_far(self) -> bool:
        """Whether some job is on another machine."""
        return self._hosts.total() > self._hosts[""]

    def is_repeated(self, one: JobEntry) -> bool:
        """Whether another job has the same short id."""
        return self._ids[one.job_id[:8]] > 1

    def position(self, key: str) -> int | None:
        """Where a job stands among those shown; None where it does not."""
        mark = self._mark_of.get(key)
        return None if mark is None else bisect_left(self._marks, mark)

    def apply(self, changed: list[JobEntry], gone: Collection[str]) -> None:
        """Put changes into the list."""
        fresh = {one.key: one for one in changed}
        one_by_one = len(fresh) <= _FEW
        for key in (*gone, *fresh):
            if one_by_one:
                self._leave(key)
            self._mark_of.pop(key, None)
        old = [self.entries.pop(key) for key in (*gone, *fresh) if key in self.entries]
        self._count(old, -1)
        self._count(fresh.values(), 1)
        self.entries.update(fresh)
        if one_by_one:
            for one in fresh.values():
                self._enter(one)
        else:
            self._sort()

    def arrange(self, *, order: str = "", query: str | None = None) -> None:
        """Sort by another column, or filter by something else."""
        if order:
            self.order = order
            self._mark_of = {}
        if query is not None:
            self.query = query
            self._keeps = self._filter(query.strip())
        self._sort()

    def _count(self, jobs: Collection[JobEntry], step: int) -> None:
        for counter, keys in (
            (self._places, (one.place for one in jobs)),
            (self._hosts, (one.host for one in jobs)),
            (self._ids, (one.job_id[:8] for one in jobs)),
        ):
            if step > 0:
                counter.update(keys)
            else:
                counter.subtract(keys)

    def _leave(self, key: str) -> None:
        at = self.position(key)
        if at is not None:
            del self.shown[at], self._marks[at]

    def _enter(self, one: JobEntry) -> None:
        if not self._keeps(one):
            return
        mark = self._mark_of[one.key] = self._mark(one)
        at = bisect_left(self._marks, mark)
        self._marks.insert(at, mark)
        self.shown.insert(at, one)

    def _mark(self, one: JobEntry) -> tuple[Any, ...]:
        return (_rank(one), bool(one.error), ORDERS[self.order](one), one.key)

    def _sort(self) -> None:
        known, marks = self._mark_of, {}
        for key, one in self.entries.items():
            if self._keeps(one):
                marks[key] = known.get(key) or self._mark(one)
        self._mark_of = marks
        self._marks = sorted(marks.values())
        self.shown = [self.entries[mark[-1]] for mark in self._marks]

    def _filter(self, query: str) -> Callable[[JobEntry], bool]:
        self.problem = ""
        if not query:
            return _keeps_all
        if not query.startswith("="):
            matches = _fuzzy(query)
            return lambda one: any(map(matches, _searched(one)))
        try:
            condition = Condition(query[1:])
            for one in list(self.entries.values())[:1]:
                condition.check(context_of_entry(one))
        except ConditionError as error:
            self.problem = str(error)
            return _keeps_all

        def holds(one: JobEntry) -> bool:
            try:
                return condition.holds(context_of_entry(one))
            except ConditionError as error:
                self.problem = str(error)
                return False

        return holds


def _keeps_all(_one: JobEntry) -> bool:
    return True


def _fuzzy(query: str) -> Callable[[str], object]:
    """Whether a text has these letters in this order, capital or not.

    Between two of them the pattern skips what is not the next, so that its time is in proportion
    to the text's length, however it ends.
    """
    letters = [re.escape(letter) for letter in query if not letter.isspace()]
    skipping = (f"[^{letter}]*{letter}" for letter in letters)
    return re.compile("".join(skipping), re.IGNORECASE | re.DOTALL).match
