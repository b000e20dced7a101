"""`JobState`: every name of its documented face, and what it does better."""

from __future__ import annotations

import copy
import pickle
import threading
from datetime import datetime, timezone

import pytest
from serilux import Serializable

from routilux_tui import ExecutionRecord, JobState


class TestAFreshJob:
    def test_has_what_the_documentation_says(self):
        job = JobState("etl")
        assert job.flow_id == "etl"
        assert len(job.job_id) == 36
        assert job.job_id != JobState().job_id
        assert job.status == "pending"
        assert job.current_routine_id is None
        assert job.routine_states == {}
        assert job.execution_history == []
        assert job.pause_points == job.pending_tasks == job.deferred_events == []
        assert job.shared_data == {}
        assert job.shared_log == job.output_log == []
        assert job.output_handler is None
        assert isinstance(job.created_at, datetime)
        assert job.created_at.utcoffset() is not None
        assert job.updated_at.utcoffset() is not None
        assert repr(job) == f"JobState[{job.job_id}:pending]"
        assert isinstance(job, Serializable)
        assert JobState().flow_id == ""


class TestRoutineStates:
    def test_a_state_is_copied_and_replaces_the_former(self):
        job = JobState()
        mine = {"status": "completed", "result": 1}
        job.update_routine_state("a", mine)
        mine["result"] = 2
        assert job.get_routine_state("a") == {"status": "completed", "result": 1}
        job.update_routine_state("a", {"status": "failed", "error": "no"})
        assert job.get_routine_state("a") == {"status": "failed", "error": "no"}
        assert job.get_routine_state("b") is None

    def test_what_the_engine_counts_survives_a_users_state(self):
        job = JobState()
        job.make("run", 1, "a", 1.0)
        job.update_routine_state("a", {"status": "completed", "mine": 1})
        state = job.get_routine_state("a")
        assert state["runs"] == 1
        assert state["mine"] == 1

    def test_it_touches_updated_at(self):
        job = JobState()
        before = job.updated_at
        job.update_routine_state("a", {})
        assert job.updated_at > before


class TestHistory:
    def test_records_come_by_time_and_equal_times_as_they_were_recorded(self):
        job = JobState()
        late = datetime(2030, 1, 1, tzinfo=timezone.utc)
        early = datetime(2020, 1, 1, tzinfo=timezone.utc)
        job.execution_history = [
            ExecutionRecord("a", "1", {}, late),
            ExecutionRecord("b", "2", {}, early),
            ExecutionRecord("a", "3", {}, early),
            ExecutionRecord("a", "4", {}, datetime(2025, 1, 1)),  # noqa: DTZ001 - older files
        ]
        assert [r.event_name for r in job.get_execution_history()] == ["2", "3", "4", "1"]
        assert [r.event_name for r in job.get_execution_history("a")] == ["3", "4", "1"]
        assert job.get_execution_history("x") == []

    def test_a_record_without_data_has_none_of_it(self):
        job = JobState("f")
        job.record_execution("a", "out", None)
        assert job.execution_history[0].data == {}

    def test_a_record_is_stamped_now(self):
        job = JobState()
        job.record_execution("a", "out", {"x": 1})
        (record,) = job.execution_history
        assert (record.routine_id, record.event_name, record.data) == ("a", "out", {"x": 1})
        assert job.created_at <= record.timestamp <= datetime.now(timezone.utc)
        assert job.updated_at == record.timestamp


class TestShared:
    def test_data(self):
        job = JobState()
        job.update_shared_data("k", [1])
        assert job.get_shared_data("k") == [1]
        assert job.get_shared_data("none") is None
        assert job.get_shared_data("none", 3) == 3

    def test_data_changed_in_place_is_a_change_too(self):
        job = JobState()
        seen = []
        job.subscribe(seen.append)
        job.shared_data["a"] = 1
        job.shared_data.update(b=2, c=3)
        job.shared_data |= {"d": 4}
        del job.shared_data["a"]
        assert job.shared_data.pop("b") == 2
        assert job.shared_data.pop("b", None) is None
        assert job.shared_data.setdefault("e", 5) == 5
        assert job.shared_data.popitem() == ("e", 5)
        job.routine_states["r"] = {"status": "skipped"}
        copy = JobState()
        for change in seen:
            copy.apply(change)
        assert copy.shared_data == job.shared_data == {"c": 3, "d": 4}
        assert copy.routine_states == job.routine_states
        job.shared_data.clear()
        assert job.shared_data == {}
        with pytest.raises(KeyError):
            del job.shared_data["gone"]
        with pytest.raises(KeyError):
            job.shared_data.pop("gone")

    def test_a_log_entry_gets_a_timestamp_in_a_copy(self):
        job = JobState()
        entry = {"message": "hello"}
        job.append_to_shared_log(entry)
        job.append_to_shared_log({"message": "old", "timestamp": 12})
        assert "timestamp" not in entry
        first, second = job.get_shared_log()
        assert datetime.fromisoformat(first["timestamp"]).utcoffset() is not None
        assert second["timestamp"] == 12
        assert job.get_shared_log(lambda one: one["message"] == "old") == [second]
        job.get_shared_log().clear()
        assert len(job.shared_log) == 2

    @pytest.mark.parametrize("entry", ["text", None, ["a"], 3])
    def test_a_log_entry_that_is_no_dict_is_a_value_error(self, entry):
        with pytest.raises(ValueError, match="dict"):
            JobState().append_to_shared_log(entry)

    def test_many_threads_lose_nothing(self):
        job = JobState()
        seen = []
        job.subscribe(seen.append)

        def work(number):
            for i in range(200):
                job.append_to_shared_log({"n": number, "i": i})
                job.update_shared_data(f"{number}-{i}", i)
                job.record_execution(str(number), "out", {"i": i})

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(job.shared_log) == len(job.shared_data) == len(job.execution_history) == 800
        assert [change[0] for change in seen] == list(range(1, 2401))


class TestCopies:
    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda job: pickle.loads(pickle.dumps(job))]
    )
    def test_a_copy_holds_the_same_and_goes_its_own_way(self, copied):
        job = JobState("f")
        job.update_shared_data("when", datetime(2026, 1, 2, tzinfo=timezone.utc))
        job.record_execution("a", "out", {"ids": {1, 2}})
        job.pending_tasks = [{"slot_routine_id": "a", "slot_name": "in", "data": {"i": 1}}]
        other = copied(job)
        assert type(other) is JobState
        assert other.serialize() == job.serialize()
        assert other.get_shared_data("when") == job.get_shared_data("when")
        assert other.execution_history[0].data == {"ids": {1, 2}}
        other.status = "running"
        other.update_shared_data("more", 1)
        assert job.status == "pending"
        assert "more" not in job.shared_data


class TestOutput:
    class Handler:
        def __init__(self, error=None):
            self.got, self.error = [], error

        # By name, as routilux calls it: a handler may take `**output` alone.
        def handle(self, *, job_id, routine_id, output_type, data, timestamp):
            self.got.append((job_id, routine_id, output_type, data, timestamp))
            if self.error:
                raise self.error

    def test_goes_to_the_handler_and_the_log(self):
        job, handler = JobState(), self.Handler()
        job.set_output_handler(handler)
        job.send_output("a", "result", {"x": 1})
        (got,) = handler.got
        assert got[:4] == (job.job_id, "a", "result", {"x": 1})
        (logged,) = job.output_log
        assert logged["routine_id"] == "a"
        assert logged["output_type"] == "result"
        assert logged["data"] == {"x": 1}
        assert datetime.fromisoformat(logged["timestamp"]) == got[4]

    def test_none_switches_the_handler_off(self):
        job, handler = JobState(), self.Handler()
        job.set_output_handler(handler)
        job.set_output_handler(None)
        job.send_output("a", "result", {})
        assert handler.got == []
        assert len(job.output_log) == 1

    def test_a_handler_that_raises_is_a_warning(self):
        job = JobState()
        job.set_output_handler(self.Handler(RuntimeError("pipe")))
        with pytest.warns(UserWarning, match="pipe"):
            job.send_output("a", "result", {})
        assert len(job.output_log) == 1

    def test_the_handler_is_called_before_the_output_is_logged(self):
        job, lengths = JobState(), []

        class Counting:
            def handle(self, **_):
                lengths.append(len(job.output_log))

        job.set_output_handler(Counting())
        job.send_output("a", "result", {})
        assert (lengths, len(job.output_log)) == ([0], 1)

    def test_a_falsy_handler_is_none(self):
        class Empty(list):
            def handle(self, **_):
                raise AssertionError

        job = JobState()
        job.set_output_handler(Empty())
        job.send_output("a", "result", {})
        assert len(job.output_log) == 1


class TestWhatAFlowCalls:
    def test_paused_running_cancelled(self):
        job = JobState()
        job._set_running()
        assert job.status == "pending"
        job.current_routine_id = "a"
        job._set_paused("why", {"page": 2})
        assert job.status == "paused"
        (point,) = job.pause_points
        assert {k: v for k, v in point.items() if k != "timestamp"} == {
            "reason": "why",
            "current_routine_id": "a",
            "checkpoint": {"page": 2},
        }
        job._set_running()
        assert job.status == "running"
        job._set_cancelled("enough")
        assert job.status == "cancelled"
        assert job.routine_states["_cancellation"]["reason"] == "enough"

    def test_a_cancel_without_a_reason_leaves_no_trace_in_the_states(self):
        job = JobState()
        job._set_cancelled()
        assert job.routine_states == {}

    def test_deferred_events_keep_their_order(self):
        job = JobState()
        job.add_deferred_event("a", "x", {"n": 1})
        job.add_deferred_event("b", "y", {})
        assert [(e["routine_id"], e["event_name"], e["data"]) for e in job.deferred_events] == [
            ("a", "x", {"n": 1}),
            ("b", "y", {}),
        ]


class TestAssigning:
    def test_any_attribute_assigned_wholesale_is_a_change(self):
        job = JobState("f")
        birth = job.to_plain()
        seen = []
        job.subscribe(seen.append)
        job.flow_id, job.job_id = "other", "id"
        job.status = "running"
        job.current_routine_id = "a"
        job.routine_states = {"a": {"status": "running"}}
        job.pause_points = [{"reason": "r"}]
        job.pending_tasks = [{"slot_routine_id": "a", "slot_name": "in", "data": {}}]
        job.deferred_events = [{"routine_id": "a", "event_name": "e", "data": {}}]
        job.shared_data = {"k": 1}
        job.shared_log = [{"m": 1}]
        job.output_log = [{"o": 1}]
        job.execution_history = [ExecutionRecord("a", "e", {}, datetime.now(timezone.utc))]
        copy = JobState.from_plain(birth)
        for change in seen:
            copy.apply(change)
        assert copy.to_plain() == job.to_plain()
        assert copy.seq == job.seq == len(seen)

    def test_unsubscribing_ends_it(self):
        job = JobState()
        seen = []
        job.subscribe(seen.append)()
        job.status = "running"
        assert seen == []
        assert job.seq == 1


def test_a_status_that_a_file_leaves_open_is_that_of_a_new_job():
    assert JobState.from_plain({"status": None}).status == "pending"
