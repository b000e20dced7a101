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
from routilux_tui.job import timestamps
from routilux_tui.views.list_condition import ListCondition
from routilux_tui.views.list_line import GROUPS, OVERCOME, group_of, state_of
from routilux_tui.views.orders import JOB_ORDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from routilux_tui.views.shapes import JobEntry

_FEW = 64
"""Changes at once up to which each is put in its place by itself."""


def _searched(one: JobEntry) -> list[str]:
    """The texts in which a job is looked for."""
    labels = [f"{key}={value}" for key, value in one.labels.items()]
    return [one.flow_id, one.job_id, one.path.rpartition("/")[2], one.host, one.name, *labels]


class _Reversed:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)


class Listing:
    """Jobs, filtered, by group and within each in order.

    Attributes:
        entries: every job, by its key.
        shown: those that the filter leaves, in order.
        order: the name of the order, one of `JOB_ORDERS`.
        is_reversed: whether each group is in the order's opposite.
        query: the filter: letters in their order, or a CEL condition after ``=``.
        problem: what is wrong with the filter.
        condition: the filter's condition, where it needs figures that the list has not.
        judged: of which jobs that holds, by their keys, as far as they have been asked; None
            before the first is, when all are shown.
    """

    def __init__(self) -> None:
        self.entries: dict[str, JobEntry] = {}
        self.shown: list[JobEntry] = []
        self.order = "updated"
        self.is_reversed = False
        self.query = ""
        self.problem = ""
        self.condition: ListCondition | None = None
        self.judged: dict[str, bool] | None = None
        self._marks: list[tuple[Any, ...]] = []  # the sort keys of `shown`
        self._mark_of: dict[str, tuple[Any, ...]] = {}
        self._places: Counter[str] = Counter()
        self._states: Counter[str] = Counter()
        self._hosts: Counter[str] = Counter()
        self._ids: Counter[str] = Counter()
        self._names: Counter[str] = Counter()
        self._same_names = self._labelled = 0
        #: By flow: when each run began that has completed, and the newest of these.
        self._completed: dict[str, dict[str, float]] = {}
        self._well: dict[str, float] = {}
        #: By flow: the jobs that a later run that goes well makes need nobody any more.
        self._overcome: dict[str, set[str]] = {}
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

    @property
    def has_same_names(self) -> bool:
        """Whether files in several folders have the same name."""
        return self._same_names > 0

    def has_same_name(self, one: JobEntry) -> bool:
        """Whether a file in another folder has the same name."""
        return self._names[one.path.rpartition("/")[2]] > 1

    @property
    def has_labels(self) -> bool:
        """Whether some job has a name or labels."""
        return self._labelled > 0

    def position(self, key: str) -> int | None:
        """Where a job stands among those shown; None where it does not."""
        mark = self._mark_of.get(key)
        return None if mark is None else bisect_left(self._marks, mark)

    def number(self, state: str) -> int:
        """How many jobs are in a state, one of `views.list_line.STATES`."""
        return self._states[state]

    def apply(
        self, changed: list[JobEntry], gone: Collection[str], *, holds_still: bool = False
    ) -> None:
        """Put changes into the list.

        Args:
            changed: jobs that are new, or as they are now.
            gone: the keys of those that are there no more.
            holds_still: a job that stays in its group keeps its place, whatever changed of it.
        """
        fresh = {one.key: one for one in changed}
        held = {key: self._mark_of[key] for key in fresh if holds_still and key in self._mark_of}
        touched = dict.fromkeys((*gone, *fresh))
        old = [self.entries[key] for key in touched if key in self.entries]
        regrouped = self._note_completed(old, fresh.values()) - touched.keys()
        one_by_one = len(fresh) + len(regrouped) <= _FEW
        for key in (*touched, *regrouped):
            if one_by_one:
                self._leave(key)
            self._mark_of.pop(key, None)
        self._mark_of.update(
            (key, mark) for key, mark in held.items() if mark[:2] == self._place_of(fresh[key])
        )
        for key in touched:
            self.entries.pop(key, None)
        self._count(old, -1)
        self._count(fresh.values(), 1)
        self.entries.update(fresh)
        if one_by_one:
            for one in (*fresh.values(), *(self.entries[key] for key in regrouped)):
                self._enter(one)
        else:
            self._sort()

    def arrange(self, *, order: str = "", query: str | None = None, turn: bool = False) -> None:
        """Sort by another column, the other way round, or filter by something else."""
        self.order = order or self.order
        self.is_reversed = self.is_reversed is not turn
        self._mark_of = {}
        if query is not None:
            self.query = query
            self._keeps = self._filter(query.strip())
        self._sort()

    def judge(self, found: dict[str, bool]) -> None:
        """Take note of which jobs the filter's condition holds, by their keys."""
        if self.judged is None:
            self.judged = dict(found)
            self._sort()
            return
        self.judged.update(found)
        for key in found.keys() & self.entries.keys():
            self._leave(key)
            self._enter(self.entries[key])

    def groups(self) -> list[tuple[str, int, int]]:
        """The groups that have jobs: its name, the place of its first job, how many it has."""
        bounds = [bisect_left(self._marks, (n,)) for n in range(len(GROUPS) + 1)]
        sizes = zip(GROUPS, bounds, bounds[1:], strict=False)
        return [(name, first, last - first) for name, first, last in sizes if last > first]

    def _note_completed(self, old: Collection[JobEntry], new: Collection[JobEntry]) -> set[str]:
        """Note which runs went well; returns the jobs that may stand in another group for it."""
        flows = set()
        for one in old:
            self._overcome.get(one.flow_id, set()).discard(one.key)
            if self._completed.get(one.flow_id, {}).pop(one.key, None) is not None:
                flows.add(one.flow_id)
        for one in new:
            state = state_of(one)
            if state in OVERCOME:
                self._overcome.setdefault(one.flow_id, set()).add(one.key)
            began = timestamps.to_epoch(one.created_at) if state == "completed" else None
            if began is not None:
                self._completed.setdefault(one.flow_id, {})[one.key] = began
                flows.add(one.flow_id)
        regrouped: set[str] = set()
        for flow in flows:
            before = self._well.pop(flow, None)
            well = max(self._completed[flow].values(), default=None)
            if well is not None:
                self._well[flow] = well
            if well != before:
                regrouped |= self._overcome.get(flow, set())
        return regrouped

    def _place_of(self, one: JobEntry) -> tuple[int, bool]:
        """Where a job stands, whatever the order: in which group, and behind those with a file."""
        return GROUPS.index(group_of(one, self._well.get(one.flow_id))), bool(one.error)

    def _count(self, jobs: Collection[JobEntry], step: int) -> None:
        for counter, keys in (
            (self._places, (one.place for one in jobs)),
            (self._states, map(state_of, jobs)),
            (self._hosts, (one.host for one in jobs)),
            (self._ids, (one.job_id[:8] for one in jobs)),
        ):
            if step > 0:
                counter.update(keys)
            else:
                counter.subtract(keys)

        for one in jobs:
            self._labelled += step * bool(one.name or one.labels)
            name = one.path.rpartition("/")[2]
            if name:
                self._names[name] += step
                is_change = self._names[name] == (2 if step > 0 else 1)
                self._same_names += step * is_change

    def _leave(self, key: str) -> None:
        at = self.position(key)
        if at is not None:
            del self.shown[at], self._marks[at]

    def _enter(self, one: JobEntry) -> None:
        if not self._keeps(one):
            self._mark_of.pop(one.key, None)
            return
        mark = self._mark_of[one.key] = self._mark_of.get(one.key) or self._mark(one)
        at = bisect_left(self._marks, mark)
        self._marks.insert(at, mark)
        self.shown.insert(at, one)

    def _mark(self, one: JobEntry) -> tuple[Any, ...]:
        value = JOB_ORDERS[self.order](one)
        return (*self._place_of(one), _Reversed(value) if self.is_reversed else value, one.key)

    def _sort(self) -> None:
        known, marks = self._mark_of, {}
        for key, one in self.entries.items():
            if self._keeps(one):
                marks[key] = known.get(key) or self._mark(one)
        self._mark_of = marks
        self._marks = sorted(marks.values())
        self.shown = [self.entries[mark[-1]] for mark in self._marks]

    def _filter(self, query: str) -> Callable[[JobEntry], bool]:
        self.problem, self.condition, self.judged = "", None, None
        if not query:
            return _keeps_all
        if not query.startswith("="):
            matches = _fuzzy(query)
            return lambda one: any(map(matches, _searched(one)))
        try:
            condition = ListCondition(query[1:])
        except ConditionError as error:
            self.problem = str(error)
            return _keeps_all

        if condition.needs_figures:
            self.condition = condition
            return lambda one: self.judged is None or self.judged.get(one.key, False)

        def holds(one: JobEntry) -> bool:
            try:
                return condition.holds(one)
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
