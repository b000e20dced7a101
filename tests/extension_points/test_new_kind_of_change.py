"""A kind of change is carried out, and known to whoever follows what it moves from afar."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.job import change_kinds as parts
from routilux_tui.job.change_kinds import KINDS, TASKS
from routilux_tui.job.changes import FOLD
from routilux_tui.job.fold_tasks import QUEUEING
from routilux_tui.runner import script_engine
from routilux_tui.store import encoding
from routilux_tui.store.list_growth import entries_of, next_task_after
from routilux_tui.views import chrome_trace, spans, task_spans
from tests.extension_points.places import assert_named, assert_nothing_else, texts_in
from tests.job.random_changes import RandomChanges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from routilux_tui.job.listeners import Change
    from routilux_tui.job.model import Job

MANY = ["emit", "run", "ran", "retry", "run", "ran", "emit"] * 3
MOVING = {name for name, kind in KINDS.items() if TASKS in kind.alters}
#: Kinds that move tasks, of which a follower has nothing to note.
_WAIT_ON = {"slot", "hold", "keep_back", "let_go"}
_GONE = {"drop", "remove", "give_up"}
#: It gives all of a job anew, and is asked of no follower.
_ANEW = {"set"}
#: Whoever follows tasks from change to change: the kinds that he knows, and those he passes over.
FOLLOWERS: dict[str, tuple[Iterable[str], set[str]]] = {
    "views.task_spans._NOTES_BY_KIND": (task_spans._NOTES_BY_KIND, _WAIT_ON),
    "views.spans._SPANS_BY_KIND": (spans._SPANS_BY_KIND, {*_WAIT_ON, *_GONE, "due", "first"}),
    "views.chrome_trace._EVENTS_BY_KIND": (
        chrome_trace._EVENTS_BY_KIND,
        {*_WAIT_ON, *_GONE, "due", "first"},
    ),
    "views.critical_path.chain_back": (
        texts_in("views.critical_path") & set(KINDS),
        {*_WAIT_ON, *_GONE, "due", "first", "worker", "undrop"},
    ),
}
#: The kinds that a new engine gives to a job, and a script's engine need not hear of.
_OF_NO_SCRIPT = {"hold", "take_up", "remove", "set"}
#: It gives a new id, and marks its task as altered: a keyframe has it in full.
_WRITTEN_IN_FULL = {"again"}


def made() -> Iterator[tuple[str, Change, Job]]:
    """Each change of a random job, after it was made."""
    for seed in range(4):
        changes = RandomChanges(random.Random(seed), [*KINDS, *MANY])
        for kind, _ in zip(changes, range(600), strict=False):
            yield kind, changes.last, changes.job


def test_it_is_carried_out_and_can_be_made_at_random() -> None:
    what = "a function in a fold_* file, in the table at its end"
    assert_named("job.changes.FOLD", KINDS, FOLD, what)
    assert_named("job.change_kinds.KINDS", FOLD, KINDS, "its arguments, and what it alters")
    changes = RandomChanges(random.Random(1), [*KINDS])
    able = {one for one in KINDS if one in changes._simple() or hasattr(changes, f"_of_{one}")}
    what = "arguments of one, by which it is tested that all who read changes know it"
    assert_named("tests.job.random_changes.RandomChanges", KINDS, able, what)


@pytest.mark.parametrize("follower", FOLLOWERS)
def test_one_that_moves_tasks_is_known_to_all_who_follow_them(follower: str) -> None:
    known, passed_over = FOLLOWERS[follower]
    what = "it moves tasks; is there nothing to note, name it in FOLLOWERS of this test"
    assert_named(follower, MOVING - passed_over - _ANEW, known, what)
    assert_nothing_else(follower, KINDS, known, "no kind of change")
    assert not passed_over & set(known)


def test_what_it_adds_to_the_growing_lists_is_known_without_a_job() -> None:
    sizes = [0, 0, 0]
    next_task, job = 1, None
    for kind, change, of in made():
        if of is not job:
            job, sizes, next_task = of, [0, 0, 0], 1
        added = [len(one) for one in entries_of([change], next_task)]
        lists = (job.execution_history, job.shared_log, job.output_log)
        before, sizes = sizes, [len(one) for one in lists]
        if kind != "set":
            grew = [now - then for now, then in zip(sizes, before, strict=True)]
            assert added == grew, f"store.list_growth.entries_of does not know what {kind!r} adds"
        next_task = job.next_task_id


def test_one_that_gives_ids_to_tasks_is_known_to_keyframes_and_to_lists() -> None:
    giving = set()
    next_task, job = 1, None
    for kind, change, of in made():
        if of is not job:
            job, next_task = of, 1
        if kind not in _ANEW:
            reckoned = next_task_after([change], next_task)
            why = f"store.list_growth.next_task_after does not know which ids {kind!r} gives"
            assert reckoned == of.next_task_id, why
        if of.next_task_id != next_task:
            giving.add(kind)
        next_task = of.next_task_id
    what = "it queues new tasks, which a keyframe names by their ids alone (see tasks_queued)"
    assert_named("job.fold_tasks.QUEUEING", giving - _WRITTEN_IN_FULL, QUEUEING, what)
    what = "the next record's first task has another id after it"
    assert_named("store.list_growth.entries_of", giving, texts_in("store.list_growth"), what)


def test_one_that_starts_or_ends_handlers_is_known_to_the_engine_of_scripts() -> None:
    moving = set()
    before: Any = None
    for kind, _, job in made():
        now = (job, job.status, sorted(job.running))
        if before is not None and before[0] is job and before != now:
            moving.add(kind)
        before = now
    what = "it changes what runs, by which a control is confirmed (or: _OF_NO_SCRIPT in this test)"
    known = script_engine._MOVES
    assert_named("runner.script_engine._MOVES", moving - _OF_NO_SCRIPT, known, what)


def test_tables_of_kinds_name_no_others() -> None:
    known = {*KINDS, parts.RAN_WELL}
    for table in ("_ALWAYS_PLAIN", "_KEYED"):
        there = getattr(encoding, table)
        assert_nothing_else(f"store.encoding.{table}", known, there, "no kind of change")
