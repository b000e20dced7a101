"""Files of every version, odd ones and hostile ones."""

from __future__ import annotations

import csv
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routilux_tui.errors import (
    JobFileError,
    JobFileHostile,
    JobFileMissing,
    JobFileTorn,
    UnknownKind,
)
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.state.job_state import JobState
from routilux_tui.store.reading import parse_job
from tests.conftest import DATA

if TYPE_CHECKING:
    from pathlib import Path

JOBS = DATA / "jobs"
with (JOBS / "INDEX.tsv").open() as index:
    INDEX = list(csv.DictReader(index, delimiter="\t"))


@pytest.mark.parametrize("listed", INDEX, ids=lambda listed: listed["file"])
def test_a_file_opens_as_the_index_says(listed: dict[str, str]) -> None:
    path = JOBS / listed["file"]
    if listed["kind"] == "CORRUPT" or listed["status"] == "-":
        with pytest.raises(JobFileTorn if listed["kind"] == "CORRUPT" else UnknownKind):
            JobState.load(path)
        assert read_entry(path).error
        return
    state = JobState.load(path)
    entry = read_entry(path)
    assert state.status == entry.status == listed["status"]
    assert len(state.execution_history) == entry.records == int(listed["records"])
    assert len(state.pending_tasks) == int(listed["pending"])
    assert len(state.deferred_events) == int(listed["deferred"])
    assert len(state.shared_log) == int(listed["shared_log"])
    assert len(state.output_log) == int(listed["output_log"])
    for record in state.execution_history:
        assert record.data is not None
        assert repr(record)


def test_a_pause_that_stands_twice_is_shown_once() -> None:
    state = JobState.load(JOBS / "0.11.0/paused-resumed-3-times.json")
    assert len(state.pause_points) == 3
    for point in state.pause_points:
        assert {"queue_size", "current_routine_id", "reason", "checkpoint"} <= point.keys()


def test_two_pauses_for_the_same_reason_stay_two(tmp_path: Path) -> None:
    state = JobState("f")
    state._set_paused("again")
    state._set_running()
    state._set_paused("again")
    state.save(tmp_path / "j.json")
    assert len(JobState.load(tmp_path / "j.json").pause_points) == 2


@pytest.mark.parametrize("path", sorted((JOBS / "hostile").iterdir()), ids=lambda path: path.name)
def test_a_hostile_file_runs_nothing(path: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    content = path.read_text().replace("/tmp/", f"{tmp_path}/")
    (tmp_path / "evil.json").write_text(content)
    state = JobState.load(tmp_path / "evil.json")
    state.serialize()
    state.save(tmp_path / "again.json")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again.json", "evil.json"]
    assert not mark.exists()


def test_user_data_that_names_a_type_is_data() -> None:
    state = JobState.load(JOBS / "0.11.0/user-data-with-_type-in-history.json")
    assert any("_type" in json.dumps(record.data) for record in state.execution_history)


def test_numbers_that_json_does_not_know_survive(tmp_path: Path) -> None:
    before = JobState.load(JOBS / "0.11.0/nan-inf-bigint.json")
    before.save(tmp_path / "j.json")
    after = JobState.load(tmp_path / "j.json")
    numbers = [repr(record.data) for record in before.execution_history]
    assert numbers == [repr(record.data) for record in after.execution_history]
    assert any("nan" in one and "inf" in one for one in numbers)


def test_an_integer_past_the_limit_of_digits_survives(tmp_path: Path) -> None:
    huge = "9" * 6000
    text = json.dumps({"job_id": "j", "routine_states": {}, "execution_history": []})
    (tmp_path / "j.json").write_text(text[:-1] + f', "shared_data": {{"huge": {huge}}}}}')
    state = JobState.load(tmp_path / "j.json")
    assert state.shared_data["huge"] == 10**6000 - 1
    state.save(tmp_path / "k.json")
    assert huge in (tmp_path / "k.json").read_text()


def test_a_worker_state_of_later_versions_opens_with_what_it_has(tmp_path: Path) -> None:
    worker = {
        "_type": "WorkerState",
        "worker_id": "w-1",
        "flow_id": "etl",
        "status": "completed",
        "routine_states": {"a": {"status": "completed"}},
        "execution_history": [],
        "jobs_processed": 4,
        "started_at": "2026-01-02T03:04:05",
    }
    (tmp_path / "w.json").write_text(json.dumps(worker))
    state = JobState.load(tmp_path / "w.json")
    assert (state.job_id, state.flow_id, state.status) == ("w-1", "etl", "completed")
    assert state.extra["jobs_processed"] == 4


def test_keys_that_nobody_knows_survive_a_save(tmp_path: Path) -> None:
    plain = JobState("f").serialize() | {"max_history_size": 1000, "later": {"x": [1]}}
    (tmp_path / "j.json").write_text(json.dumps(plain))
    JobState.load(tmp_path / "j.json").save(tmp_path / "j.json")
    after = json.loads((tmp_path / "j.json").read_text())
    assert after["max_history_size"] == 1000
    assert after["later"] == {"x": [1]}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", JobFileTorn),
        (b'{"job_id": "x", "routine_st', JobFileTorn),
        (b"hello", UnknownKind),
        (b"[]", UnknownKind),
        (b"{}", UnknownKind),
        (b'{"a": ' + b"[" * 100_000, JobFileError),
        (b'{"a": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, JobFileHostile),
        (b"\xff\xfe{", UnknownKind),
    ],
    ids=["empty", "torn", "text", "list", "object", "deep and torn", "deep", "not utf-8"],
)
def test_what_is_no_job_is_one_clear_error(
    content: bytes, kind: type[JobFileError], tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(kind, match=r"x\.json"):
        JobState.load(path)
    assert read_entry(path).error


def test_no_kind_of_file_makes_the_reader_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    for name in ("fifo.json", "folder.json", "loop.json"):
        with pytest.raises(JobFileHostile, match=name):
            JobState.load(tmp_path / name)
        assert read_entry(tmp_path / name).error
    with pytest.raises(JobFileHostile):
        JobState.load("/dev/zero")
    with pytest.raises(JobFileMissing):
        JobState.load(tmp_path / "nothing.json")
    with pytest.raises(FileNotFoundError):
        JobState.load(tmp_path / "nothing.json")


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    content = (JOBS / "0.10.0/completed.json").read_bytes()
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + content)
    assert JobState.load(tmp_path / "bom.json").status == "completed"


SEEDS = [(JOBS / listed["file"]).read_bytes() for listed in INDEX if int(listed["bytes"]) < 4000]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutated_file_gives_a_job_or_our_own_error(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from(
                    [b"null", b"[]", b"{}", b'""', b"1e999", b"NaN", b"-", b'"\\ud800"', b"true"]
                ),
            )
        )
        content[at : at + data.draw(st.integers(0, 12))] = piece
    path = tmp_path / "x.json"
    path.write_bytes(bytes(content))
    entry = read_entry(path)
    try:
        state = JobState.load(path)
    except JobFileError:
        assert entry.error
    else:
        assert isinstance(state, JobState)
        state.save(tmp_path / "y.json")
        shutil.copy(tmp_path / "y.json", path)
        assert JobState.load(path).job_id == state.job_id


def test_a_job_within_a_bundle_whose_kind_is_no_text_is_an_error_of_its_own() -> None:
    with pytest.raises(UnknownKind):
        parse_job(b'{"_type":"Bundle","job_state":{"_type":{}}}')
