"""What is taken out of a job takes nothing else along: the format's words, other keys, numbers."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from routilux_tui.job.change_kinds import KINDS
from routilux_tui.job.file_places import DATA, FILE, Each, Keys, Place, Row
from routilux_tui.job.jsonable import decode
from routilux_tui.state.job_state import JobState
from routilux_tui.store.job_file import Snapshot
from routilux_tui.views.redaction import REDACTED, Redaction
from tests.job.random_changes import ROUTINES, RandomChanges
from tests.told import AT, told_job


@pytest.mark.parametrize("secret", ["4000-1234", 40001234, 4000.25, "a 'quoted' \"one\"\n"])
def test_a_value_is_nowhere_and_the_job_is_whole(secret: Any) -> None:
    job = told_job(secret)
    clean = Redaction({"card"}).job(job)
    text = json.dumps(_saved(clean), ensure_ascii=False)
    told = [f"{secret}", json.dumps(f"{secret}")[1:-1], repr(secret)]
    assert not [one for one in told if one in text]
    assert len(clean.questions) == len(clean.deferred_events) == len(clean.outstanding) - 1 == 1
    assert clean.questions[0].choices == {"yes": {"card": REDACTED}}
    assert clean.flow_routines == ["price", f"at {REDACTED}"]
    assert set(clean.routine_states) == {f"at {REDACTED}"}
    assert clean.execution_history[0].data == {"card": REDACTED, "n": 7}
    assert clean.execution_history[1].data == {"no": REDACTED, "deep": [{"x": [REDACTED, 7]}]}
    assert clean.shared_data["other"] == REDACTED
    assert len(clean.shared_data) == 2


def _saved(job: Any) -> Any:
    """What the file of a job has."""
    return decode(b"".join(Snapshot(job).pieces()))


def _words(place: Place) -> set[str]:
    if isinstance(place, Keys):
        inner = [_words(one) for one in (*place.fields.values(), place.others)]
        return set(place.fields).union(*inner)
    if isinstance(place, Each):
        return _words(place.entry)
    return set().union(*map(_words, place.entries)) if isinstance(place, Row) else set()


def _keys(value: Any, place: Place, at: str = "") -> set[str]:
    """Where the format's own words stand as keys."""
    found = set()
    if isinstance(value, dict):
        for key, one in value.items():
            own = isinstance(place, Keys) and key in place.fields
            inner = place.fields[key] if own else place.others if isinstance(place, Keys) else DATA
            found |= {f"{at}/{key}"} if own else set()
            found |= _keys(one, inner, f"{at}/{key if own else '*'}")
    elif isinstance(value, list):
        for n, one in enumerate(value):
            inner = place.entry if isinstance(place, Each) else DATA
            if isinstance(place, Row) and n < len(place.entries):
                inner = place.entries[n]
            found |= _keys(one, inner, f"{at}/{n}")
    return found


def test_values_that_are_words_of_the_format_rename_nothing_of_it() -> None:
    job = told_job("4000-1234")
    words = sorted(_words(FILE) | {"start", "error", "failed", "paused", "running", "completed"})
    job.make("log", {"card": words, "numbers": 1}, AT)
    plain = _saved(job)
    clean = _saved(Redaction({"card"}).job(job))
    assert _keys(clean, FILE) == _keys(plain, FILE)
    for one in ("status", "created_at", "updated_at", "seq", "next_task", "failed_count"):
        assert clean[one] == plain[one]
    for theirs, ours in zip(plain["execution_history"], clean["execution_history"], strict=True):
        assert {**theirs, "data": 0, "routine_id": 0} == {**ours, "data": 0, "routine_id": 0} or (
            theirs["event_name"] == "out"
        )
    assert clean["failed_tasks"][0]["status"] == "failed"


def test_what_is_a_key_of_the_format_is_taken_out_where_it_is_one_of_the_data() -> None:
    job = told_job("4000-1234")
    job.make("shared", "order", {"status": "vip-one", "data": "of-vip"}, AT)
    job.make("log", {"message": "vip-one and of-vip"}, AT)
    clean = Redaction({"status", "data", "routine_id"}).job(job)
    assert clean.status == "paused"
    assert clean.shared_data["order"] == {"status": REDACTED, "data": REDACTED}
    assert clean.shared_log[-1]["message"] == f"{REDACTED} and {REDACTED}"
    assert clean.execution_history[0].data == {"card": REDACTED, "n": REDACTED}
    assert clean.questions[0].data.keys() == {"card", "why"}


def test_keys_that_differ_differ_still_and_names_are_the_same_everywhere() -> None:
    job = JobState("orders")
    secrets = [f"card-{n}" for n in range(50)]
    for one in secrets:
        job.make("shared", f"by {one}", one[-1], AT)
        job.make("emit", one, "out", {"card": one}, AT, None, [(job.next_task_id, one, "in")])
        job.make("run", job.next_task_id - 1, one, AT)
    clean = Redaction({"card"}).job(job)
    assert list(clean.shared_data.values()) == [one[-1] for one in secrets]
    assert len(clean.routine_states) == 50
    assert [one.routine_id for one in clean.execution_history] == list(clean.routine_states)
    assert [one.routine_id for one in clean.outstanding.values()] == list(clean.routine_states)
    assert "card-" not in json.dumps(_saved(clean), ensure_ascii=False)


@pytest.mark.parametrize("seed", range(2))
def test_a_job_without_a_value_is_handed_on_as_it_is(seed: int) -> None:
    changes = RandomChanges(random.Random(seed), [*KINDS, "emit", "run", "ran", "emit", "run"])
    for n, _ in enumerate(changes):
        if n > 400:
            break
    same = _saved(JobState.from_plain(_saved(changes.job)))
    assert _saved(Redaction({"nothing"}).job(changes.job)) == same
    # every key of it is the format's own, but for names and what is too short to be taken out
    words = {key.rsplit("/", 1)[1] for key in _all_keys(same)} - {*ROUTINES, "random"}
    assert len(words) > 80
    redaction = Redaction({"nothing"})
    redaction.data({"nothing": sorted(words)})
    job = _saved(redaction.job(changes.job))
    assert _all_keys(job) == _all_keys(same)
    assert job["statistics"]["routines"] == same["statistics"]["routines"]


def _all_keys(value: Any, at: str = "") -> set[str]:
    found = {f"{at}/{key}" for key in value} if isinstance(value, dict) else set()
    inner = dict(enumerate(value)) if isinstance(value, list) else value
    for key, one in inner.items() if isinstance(inner, dict) else ():
        found |= _all_keys(one, f"{at}/{key}")
    return found


def test_a_value_is_found_in_other_letters_and_by_its_lines() -> None:
    job = JobState("f")
    job.make("emit", "a", "start", {"who": "Ana.Poe@Example.com"}, AT, None, [])
    job.make("emit", "a", "out", {"who": "BEGIN KEY\n  MIIq8d02\nEND KEY"}, AT, None, [])
    job.make("log", {"text": "no user ana.poe@example.com, no ANA.POE@EXAMPLE.COM"}, AT)
    job.make("log", {"text": "read   MIIq8d02"}, AT)
    clean = Redaction({"who"}).job(job)
    assert [one["text"] for one in clean.shared_log] == [
        f"no user {REDACTED}, no {REDACTED}",
        f"read {REDACTED}",
    ]
