"""A job is the fold of its changes: whoever applies them has the job."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routilux_tui import JobState
from routilux_tui.job import timestamps
from routilux_tui.job.changes import FOLD, decode_change, encode

NAMES = st.sampled_from(["a", "b", "c"])
DATA = st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.integers(-5, 5))
TIMES = st.floats(1.7e9, 1.8e9)
USER_CALLS = st.one_of(
    st.tuples(st.just("update_routine_state"), NAMES, DATA),
    st.tuples(st.just("record_execution"), NAMES, st.text(max_size=5), DATA),
    st.tuples(st.just("add_deferred_event"), NAMES, st.text(max_size=5), DATA),
    st.tuples(st.just("make"), st.just("deferred_sent")),
    st.tuples(st.just("update_shared_data"), st.text(max_size=5), DATA),
    st.tuples(st.just("append_to_shared_log"), DATA),
    st.tuples(st.just("send_output"), NAMES, st.text(max_size=5), DATA),
    st.tuples(st.just("_set_paused"), st.text(max_size=5), DATA),
    st.tuples(st.just("_set_running")),
    st.tuples(st.just("_set_cancelled"), st.text(max_size=5)),
)


@st.composite
def doings(draw):
    """Calls of a job's mutators, the engine's among them, in any order that can occur."""
    calls, queued, running, number = [], [], [], 0
    for _ in range(draw(st.integers(0, 25))):
        at = draw(TIMES)
        kind = draw(st.sampled_from(["user", "emit", "run", "end", "retry", "hold", "more"]))
        if kind == "emit":
            tasks = []
            for _ in range(draw(st.integers(0, 2))):
                number += 1
                tasks.append((number, draw(NAMES), "in"))
            queued += tasks
            parent = running[0][0] if running else None
            calls.append(("make", "emit", draw(NAMES), "out", draw(DATA), at, parent, tasks))
        elif kind == "run" and queued:
            task = queued.pop(0)
            running.append(task)
            calls.append(("make", "run", task[0], task[1], at))
        elif kind == "end" and running:
            task = running.pop(0)
            status = draw(st.sampled_from(["completed", "failed", "skipped", "error_continued"]))
            detail = None if status == "completed" else {"error": "E", "traceback": "T"}
            if draw(st.booleans()):
                how = draw(st.sampled_from(["append", "set"]))
                calls.append(("make", "slot", task[0], task[1], task[2], how, draw(DATA), at))
            calls.append(("make", "ran", task[0], task[1], status, at, detail))
        elif kind == "retry" and running:
            task = running.pop(0)
            queued.append(task)
            calls.append(("make", "retry", task[0], task[1], at, {"error": "E"}, 3, at + 1))
        elif kind == "hold" and not running:
            calls.append(("make", "hold", [task[0] for task in reversed(queued)], at))
            calls.append(("_set_paused", draw(st.text(max_size=5)), draw(DATA)))
            if draw(st.booleans()):
                calls.append(("make", "take_up", at))
        elif kind == "more":
            calls.append(draw(USER_CALLS))
            if draw(st.integers(0, 9)) == 0:
                calls.append(("make", "drop", [task[0] for task in queued], at))
                queued.clear()
        else:
            calls.append(draw(USER_CALLS))
    return calls


@settings(max_examples=150, deadline=None)
@given(doings(), st.booleans())
def test_a_job_rebuilt_from_the_changes_of_another_equals_it(calls, through_lines):
    job = JobState("f")
    birth = job.to_plain()
    changes = []
    job.subscribe(changes.append)
    for name, *args in calls:
        getattr(job, name)(*args)
    copy = JobState.from_plain(birth)
    for change in changes:
        copy.apply(decode_change(encode(change)) if through_lines else change)
    if through_lines:
        assert json.loads(json.dumps(copy.serialize())) == json.loads(json.dumps(job.serialize()))
    else:
        assert copy.to_plain() == job.to_plain()
    assert list(copy.outstanding) == list(job.outstanding)
    assert [task.to_plain() for task in copy.outstanding.values()] == [
        task.to_plain() for task in job.outstanding.values()
    ]
    assert copy.running == job.running
    assert copy.slot_data == job.slot_data
    assert copy.seq == job.seq == len(changes)


@settings(max_examples=60, deadline=None)
@given(doings(), st.integers(0, 30))
def test_a_copy_made_in_the_middle_and_told_the_rest_equals_it(calls, middle):
    """What a viewer that comes late does: a snapshot, then the changes after it."""
    job = JobState("f")
    changes = []
    job.subscribe(changes.append)
    snapshot = None
    for number, (name, *args) in enumerate(calls):
        if number == middle:
            snapshot = json.loads(json.dumps(job.serialize()))
        getattr(job, name)(*args)
    if snapshot is None:
        return
    copy = JobState.from_plain(snapshot)
    for change in changes:
        if change[0] > copy.seq:
            copy.apply(change)
    assert copy.seq == job.seq
    theirs, ours = copy.serialize(), job.serialize()
    for one in (theirs, ours):
        for state in one["routine_states"].values():
            # A handler that was running at the snapshot has no start in the copy.
            state.pop("execution_time", None)
    assert theirs == ours


def test_an_emit_is_one_change_with_its_record_and_its_tasks():
    job = JobState("f")
    seen = []
    job.subscribe(seen.append)
    job.make("emit", "a", "out", {"x": 1}, 5.0, None, [(1, "b", "in"), (2, "c", "in")])
    assert len(seen) == 1
    assert len(job.execution_history) == 1
    assert [task.routine_id for task in job.outstanding.values()] == ["b", "c"]
    assert job.next_task_id == 3


def test_a_status_that_a_handler_sets_for_its_routine_stands():
    job = JobState("f")
    job.make("emit", "a", "start", {}, 1.0, None, [(1, "a", "trigger")])
    job.make("run", 1, "a", 1.0)
    job.update_routine_state("a", {"status": "skipped", "why": "nothing to do"})
    job.make("ran", 1, "a", "completed", 2.0, None)
    assert job.get_routine_state("a")["status"] == "skipped"
    assert job.get_routine_state("a")["runs"] == 1


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"[1]", b'["1", "status"]', b'[1, "explode", 2]', b'[1, "stat']
)
def test_a_torn_or_foreign_line_is_a_value_error(line):
    with pytest.raises(ValueError, match=r".+"):
        decode_change(line)


def test_every_kind_says_what_it_is_in_its_signature():
    for kind, fold in FOLD.items():
        names = fold.__code__.co_varnames[: fold.__code__.co_argcount]
        assert names[0] == "job", kind


def test_who_listens_to_one_kind_is_told_of_no_other():
    state = JobState("f")
    everything, statuses = [], []
    state.subscribe(everything.append)
    end = state.subscribe(statuses.append, kinds=frozenset({"status"}))
    state.status = "running"
    state.update_shared_data("a", 1)
    end()
    state.status = "completed"
    assert [change[2] for change in statuses] == ["running"]
    assert [change[1] for change in everything] == ["status", "shared", "status"]


def test_a_routine_says_when_its_last_handler_ended_however_it_is_asked():
    def ended(at):
        state.make("run", 1, "a", at)
        state.make("ran", 1, "a", "completed", at + 1, None)
        return timestamps.to_iso(at + 1)

    state = JobState("f")
    told = ended(1000.0)
    assert state.routine_states["a"]["ended_at"] == told
    told = ended(2000.0)
    assert state.get_routine_state("a")["ended_at"] == told
    told = ended(3000.0)
    assert state.to_plain()["routine_states"]["a"]["ended_at"] == told
    told = ended(4000.0)
    state.update_routine_state("a", {"status": "mine"})
    assert state.routine_states["a"]["ended_at"] == told
    ended(5000.0)
    del state.routine_states["a"]
    ended(6000.0)
    state.routine_states = {"a": {"ended_at": "never"}}
    assert state.routine_states["a"]["ended_at"] == "never"
