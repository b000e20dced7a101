"""A field of a record or of a job is written, read back in every way, and has its place in a file."""

from __future__ import annotations

import inspect
import json
import random
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from routilux_tui import JobState
from routilux_tui.job.change_kinds import KINDS
from routilux_tui.job.file_places import FILE, Each, Keys
from routilux_tui.job.history import Saved, SavedHistory
from routilux_tui.job.model import KEYS
from routilux_tui.job.our_keys import OWN_KEYS, own_plain
from routilux_tui.job.record import ExecutionRecord
from routilux_tui.store import list_growth
from routilux_tui.store.job_file import JOURNALED
from routilux_tui.store.large_file import _parse_record
from tests.extension_points.places import assert_named
from tests.job.random_changes import NOON, RandomChanges

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLOTS = [one.removeprefix("_") for one in ExecutionRecord.__slots__]
WHOLE = {
    **dict.fromkeys(SLOTS, 7),
    "routine_id": "price",
    "event_name": "priced",
    "data": {"n": 1},
    "at": NOON,
}
#: What of a job's file is written elsewhere than by `own_plain`.
WRITTEN_ELSEWHERE = {"seq", JOURNALED}
MANY = ["emit", "run", "ran", "emit", "run", "worker", "retry", "ask", "drop"] * 3


def whole_record() -> ExecutionRecord:
    """A record with something in every field."""
    able = inspect.signature(ExecutionRecord.of).parameters
    assert_named("job.record.ExecutionRecord.of", SLOTS, able, "the engine's way in, and a file's")
    return ExecutionRecord.of(**WHOLE)


def told(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in SLOTS}


def _deserialized(record: ExecutionRecord) -> ExecutionRecord:
    other = ExecutionRecord()
    other.deserialize(record.serialize())
    return other


def _saved(record: ExecutionRecord) -> Saved:
    return msgspec.json.decode(json.dumps(record.to_plain()), type=Saved)


#: Every way in which a record that was written is read.
READERS: dict[str, Callable[[ExecutionRecord], ExecutionRecord]] = {
    "job.record.ExecutionRecord (to_plain, from_plain, CAUSE_KEYS)": (
        lambda one: ExecutionRecord.from_plain(one.to_plain())
    ),
    "job.record.ExecutionRecord.deserialize": _deserialized,
    "job.history.Saved": lambda one: _saved(one).record(),
    "job.history.SavedHistory.make_all": lambda one: next(iter(SavedHistory([_saved(one)]))),
    "store.large_file (_Entry, _parse_record)": (
        lambda one: _parse_record(json.dumps(one.to_plain()).encode())
    ),
}


@pytest.mark.parametrize("place", READERS)
def test_every_reader_of_a_record_has_all_of_it(place: str) -> None:
    read = told(READERS[place](whole_record()))
    kept = [name for name in SLOTS if read[name] == WHOLE[name]]
    assert_named(place, SLOTS, kept, "it is lost there")


def test_a_file_has_all_of_a_record(tmp_path: Path) -> None:
    job = JobState("f")
    record = whole_record()
    job.execution_history = [record]
    path = tmp_path / "j.json"
    job.save(path)
    written = json.loads(path.read_text())["execution_history"][0]
    plain = record.to_plain()
    kept = [name for name in plain if written.get(name) == plain[name]]
    assert_named("store.job_file (_FIELDS, _Written)", plain, kept, "it is not written")
    entry = FILE.fields["execution_history"]
    assert isinstance(entry, Each)
    assert isinstance(entry.entry, Keys)
    what = "whether it is a name, a text or data, for bundles and --redact"
    assert_named("job.file_places._RECORD", plain, entry.entry.fields, what)


def test_the_changes_of_a_segment_have_all_of_a_record() -> None:
    changes = RandomChanges(random.Random(3), [*KINDS, "emit", "emit", "record"])
    seen = 0
    next_task = changes.job.next_task_id
    for kind, _ in zip(changes, range(400), strict=False):
        if kind in {"emit", "record"}:
            made = list_growth.entries_of([changes.last], next_task)[0]
            assert [told(one) for one in made] == [told(changes.job.execution_history[-1])], (
                f"store.list_growth.entries_of makes another record of {kind!r} than job.fold_lists"
            )
            seen += 1
        next_task = changes.job.next_task_id
    assert seen


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def jobs() -> list[JobState]:
    """Jobs that have, all together, something in every part."""
    made = []
    for seed in range(12):
        changes = RandomChanges(random.Random(seed), [*KINDS, *MANY])
        for _ in zip(changes, range(250), strict=False):
            pass
        made.append(changes.job)
    return made


def test_every_key_of_ours_is_written_read_back_and_has_its_place() -> None:
    written: set[str] = set()
    for job in jobs():
        own = own_plain(job)
        back = own_plain(JobState.from_plain(json.loads(json.dumps(job.serialize()))))
        written |= own.keys()
        alike = {key for key in own if _text(own[key]) == _text(back.get(key))}
        alike |= {"statistics"} & back.keys()  # what runs still is counted on; see test_statistics
        assert_named("job.our_keys.fill_own", own, alike, "it does not read back what was written")
    what = "it writes the key, or no job of this test has anything to write"
    assert_named("job.our_keys.own_plain", {*OWN_KEYS} - WRITTEN_ELSEWHERE, written, what)
    assert_named("job.our_keys.OWN_KEYS", written, OWN_KEYS, "else it is kept as no key of ours")
    what = "whether it is a name, a text or data, for bundles and --redact"
    assert_named("job.file_places.FILE", {*KEYS, *OWN_KEYS}, FILE.fields, what)
