"""No moment at which a condition changes its value is passed over."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.job.change_kinds import KINDS, kind_of
from routilux_tui.store.journal import Journal
from routilux_tui.store.seeking import KeptChanges
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.condition_search import ConditionSearch, altering, holds
from routilux_tui.views.conditions import Condition
from tests.job.random_changes import NOON, RandomChanges

if TYPE_CHECKING:
    from pathlib import Path

#: Conditions that ask for what a name stands for.
NAMES = (
    *("status", "waiting", "records", "current", "runs", "errors", "retries", "pending", "queue"),
    *("deferred", "questions", "pauses", "logs", "log_last", "outputs", "output_last", "shared"),
    *("routines", "flow_id", "job_id", "name", "labels"),
)


def values_of(job: Any) -> dict[str, Any]:
    """What a condition sees of a job under each of the names, at a moment that stands still."""
    seen = context_of(job, now=NOON + 1e6)
    for routine in seen["routines"].values():
        del routine["rate"], routine["p95"]  # they move with time
    return {name: repr(seen[name]) for name in NAMES}


@pytest.mark.parametrize("seed", range(3))
def test_a_value_changes_only_at_changes_that_are_looked_at(seed: int) -> None:
    often = ["emit", "run", "ran", "retry", "run", "ran", "emit", "ask", "status"]
    changes = RandomChanges(random.Random(seed), [*KINDS, *often, *often, *often])
    looked_at = {name: altering(Condition(f"{name} == 1")) for name in NAMES}
    before = values_of(changes.job)
    for n, _ in enumerate(changes):
        after = values_of(changes.job)
        for name in NAMES:
            if after[name] != before[name]:
                assert kind_of(changes.last) in (looked_at[name] or ()), (name, changes.last)
        before = after
        if n > 700:
            break


def test_only_a_condition_on_what_moves_with_time_is_judged_at_every_change() -> None:
    for text in ("age > 3", "eta < 5", "routines.a.rate > 1", "routines.a.p95 > 1"):
        assert altering(Condition(text)) is None
    assert "emit" not in (altering(Condition("errors > 3 && shared.a == 1")) or {"emit"})


CONDITIONS = (
    *("queue > 2", "pending == 0", "waiting", "questions > 1", "errors > 3", "runs > 5"),
    *('routines.price.status == "skipped"', 'routines.store.status == "idle"'),
    *("routines.price.queue > 0", 'shared.a == 1 || status == "failed"'),
)


@pytest.mark.parametrize("seed", range(2))
def test_every_moment_at_which_a_condition_flips_is_found(seed: int, tmp_path: Path) -> None:
    people = ["remove", "first", "give_up", "again", "answered", "ask", "status", "drop"]
    often = ["emit", "run", "ran", "emit", "run", "ran", "retry", *people]
    changes = RandomChanges(random.Random(seed), [*KINDS, *often, *often])
    job, path = changes.job, tmp_path / "a.json"
    journal = Journal(job, path)
    conditions = [Condition(one) for one in CONDITIONS]
    flips: dict[str, list[int]] = {one: [] for one in CONDITIONS}
    values = [holds(one, job) for one in conditions]
    for n, _ in enumerate(changes):
        for number, condition in enumerate(conditions):
            value = holds(condition, job)
            if value != values[number]:
                values[number] = value
                flips[condition.text].append(job.seq)
        if n > 500:
            break
    journal.flush()
    for condition in conditions:
        search, found, seq = ConditionSearch(KeptChanges(path), condition), [], 0
        while (flip := search.next_flip(seq, 1, lambda: False)) is not None:
            seq = flip[0]
            found.append(seq)
        assert found == flips[condition.text], condition.text
    journal.abandon()
    assert sum(map(len, flips.values())) > 30
