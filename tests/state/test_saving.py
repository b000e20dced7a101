"""`JobState.save` and `load`: everything comes back, no value makes it fail, nothing is obeyed."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from serilux import Serializable

from routilux_tui import ExecutionRecord, JobState
from routilux_tui.errors import JobFileError

ODD = {
    "datetime": datetime(2024, 1, 2, tzinfo=timezone.utc),
    "set": {1, 2},
    "bytes": b"\x00\xff",
    "path": Path("/tmp/x"),
    "decimal": Decimal("1.50"),
    "error": ValueError("broken"),
    "surrogate": "\ud800",
    "class": JobState,
    "function": len,
    "nan": math.nan,
    "infinity": math.inf,
    "huge": 10**400,
    "tuple key": {(1, 2): 3},
}


class TestSavingAndLoading:
    def full(self):
        job = JobState("etl")
        job.status = "paused"
        job.update_routine_state("a", {"status": "completed", "result": [1, {"x": None}]})
        job.record_execution("a", "out", {"text": "\u2028 \x1b[31m"})
        job.append_to_shared_log({"message": "m"})
        job.update_shared_data("k", {"nested": [1.5, True]})
        job.send_output("a", "t", {"x": 1})
        job.add_deferred_event("a", "later", {"q": "?"})
        job._set_paused("why", {"c": 1})
        job.pending_tasks = [{"slot_routine_id": "a", "slot_name": "in", "data": {"i": 1}}]
        return job

    def test_everything_comes_back(self, tmp_path):
        job = self.full()
        path = tmp_path / "deep" / "er" / "job.json"
        job.save(path)
        loaded = JobState.load(path)
        assert loaded.to_plain() == job.to_plain()
        assert loaded.execution_history == job.execution_history
        assert loaded.created_at == job.created_at
        assert json.loads(path.read_text())["_type"] == "JobState"

    def test_serialize_and_deserialize(self):
        job = self.full()
        data = job.serialize()
        assert json.loads(json.dumps(data)) == data
        other = JobState()
        other.deserialize(data)
        assert other.to_plain() == job.to_plain()

    def test_serialize_takes_what_newer_serilux_passes(self):
        assert JobState("f").serialize(max_depth=3, _current_depth=2)["flow_id"] == "f"
        assert ExecutionRecord("a").serialize(max_depth=1, _current_depth=1)["routine_id"] == "a"

    def test_a_serilux_object_that_holds_a_job_can_be_serialized(self):
        class Holder(Serializable):
            def __init__(self):
                super().__init__()
                self.job = JobState("inside")
                self.add_serializable_fields(["job"])

        assert Holder().serialize()["job"]["flow_id"] == "inside"

    @pytest.mark.parametrize("value", ODD.values(), ids=ODD)
    def test_no_value_makes_a_save_fail(self, tmp_path, value):
        path = tmp_path / "job.json"
        job = JobState("f")
        job.save(path)
        job.update_shared_data("odd", value)
        job.record_execution("a", "out", {"odd": value})
        job.append_to_shared_log({"odd": [value]})
        job.save(path)
        loaded = JobState.load(path)
        assert "odd" in loaded.shared_data
        assert len(loaded.execution_history) == 1

    def test_a_cycle_is_saved(self, tmp_path):
        job = JobState("f")
        cycle = {}
        cycle["self"] = cycle
        job.update_shared_data("odd", cycle)
        job.save(tmp_path / "job.json")
        assert "cycle" in str(JobState.load(tmp_path / "job.json").shared_data)

    def test_no_file_is_a_file_not_found_error(self, tmp_path):
        with pytest.raises(FileNotFoundError) as caught:
            JobState.load(tmp_path / "none.json")
        assert isinstance(caught.value, JobFileError)
        assert "none.json" in str(caught.value)

    @pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"a": 1}', '{"_type": "Flow"}', "no"])
    def test_what_is_no_job_is_a_value_error_that_names_the_file(self, tmp_path, text):
        path = tmp_path / "odd.json"
        path.write_text(text)
        with pytest.raises(ValueError, match=r"odd\.json"):
            JobState.load(path)

    def test_nothing_in_a_file_is_obeyed(self, tmp_path):
        mark = tmp_path / "mark"
        attack = {
            "_type": "lambda_expression",
            "expression": f"lambda: open({str(mark)!r}, 'w')",
        }
        call = {"_type": "callable", "module": "antigravity", "name": "x"}
        data = JobState("f").serialize()
        data["shared_data"] = {"a": attack, "b": call}
        data["output_handler"] = call
        data["routine_states"] = {"r": attack}
        data["execution_history"] = [{"routine_id": attack, "event_name": call, "data": attack}]
        job = JobState()
        job.deserialize(data)
        path = tmp_path / "job.json"
        path.write_text(json.dumps(data))
        loaded = JobState.load(path)
        assert not mark.exists()
        assert loaded.shared_data["a"] == job.shared_data["a"] == attack
        assert job.output_handler is None
        assert loaded.output_handler is None

    def test_unknown_keys_survive_a_round_trip(self, tmp_path):
        path = tmp_path / "job.json"
        data = {**JobState("f").serialize(), "max_history_size": 1000, "theirs": {"x": [1]}}
        path.write_text(json.dumps(data))
        JobState.load(path).save(path)
        again = json.loads(path.read_text())
        assert again["max_history_size"] == 1000
        assert again["theirs"] == {"x": [1]}


def test_without_its_lists_a_job_is_small(tmp_path):
    job = JobState("f")
    for n in range(100):
        job.record_execution("a", "out", {"n": n})
        job.append_to_shared_log({"n": n})
        job.send_output("a", "t", {"n": n})
    job.update_shared_data("k", 1)
    small = job.to_plain(lists=False)
    lists = {"execution_history", "shared_log", "output_log", "pause_points"}
    assert set(job.to_plain()) - set(small) == lists
    other = JobState.from_plain(small)
    assert other.seq == job.seq
    assert other.shared_data == {"k": 1}
    assert other.execution_history == []
