"""`ExecutionRecord`: one entry of the history."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec
import pytest
from serilux import Serializable

from routilux_tui import ExecutionRecord

MOMENT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=timezone(timedelta(hours=2)))


def test_defaults():
    record = ExecutionRecord()
    assert (record.routine_id, record.event_name, record.data) == ("", "", {})
    assert abs(record.timestamp - datetime.now(timezone.utc)) < timedelta(seconds=30)
    assert isinstance(record, Serializable)


def test_its_repr_names_routine_event_and_time():
    record = ExecutionRecord("a", "out", {}, MOMENT)
    assert repr(record) == f"ExecutionRecord[a.out@{MOMENT}]"


def test_serialize_gives_the_time_as_text():
    record = ExecutionRecord("a", "out", {"x": 1}, MOMENT)
    assert record.serialize() == {
        "_type": "ExecutionRecord",
        "routine_id": "a",
        "event_name": "out",
        "data": {"x": 1},
        "timestamp": MOMENT.isoformat(),
    }


@pytest.mark.parametrize("timestamp", [MOMENT, MOMENT.isoformat()])
def test_deserialize_takes_text_and_datetimes(timestamp):
    record = ExecutionRecord()
    record.deserialize(
        {"routine_id": "a", "event_name": "out", "data": {"x": 1}, "timestamp": timestamp}
    )
    assert record == ExecutionRecord("a", "out", {"x": 1}, MOMENT)


def test_a_naive_time_is_local_time():
    naive = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001 - what older files hold
    assert ExecutionRecord("a", "b", {}, naive).timestamp == naive.astimezone()


def test_a_time_that_is_none_stays_what_it_is():
    record = ExecutionRecord.from_plain({"routine_id": "a", "timestamp": "soon"})
    assert record.timestamp == "soon"
    assert record.at is None
    assert record.serialize()["timestamp"] == "soon"


def test_what_is_missing_or_of_another_type_is_no_error():
    assert ExecutionRecord.from_plain("text").data == "text"
    assert ExecutionRecord.from_plain({}).routine_id == ""
    assert ExecutionRecord.from_plain({"routine_id": 5, "event_name": None}).routine_id == "5"


def test_data_that_is_still_json_text_is_decoded_when_asked_for():
    record = ExecutionRecord.of("a", "b", msgspec.Raw(b'{"x": [1, 2]}'), 0.0)
    assert isinstance(record.raw_data, msgspec.Raw)
    assert record.data == {"x": [1, 2]}
    assert record.raw_data == {"x": [1, 2]}


def test_records_with_the_same_words_are_equal():
    first, second = (ExecutionRecord("a", "b", {"x": 1}, MOMENT) for _ in range(2))
    assert first == second
    assert first != ExecutionRecord("a", "b", {"x": 2}, MOMENT)
    assert first != "text"
