"""What routilux's documentation says of a JobState, and is so here."""

from __future__ import annotations

import logging

import pytest

from routilux_tui import ExecutionRecord, Flow, JobState, Routine


class Idle:
    """A flow of another engine that has nothing to do."""

    _task_queue = None
    _active_tasks = ()


@pytest.mark.parametrize("status", ["pending", "unheard of"])
@pytest.mark.parametrize("flow", [Idle(), Flow("f")])
def test_a_job_that_does_not_run_is_waited_for_and_not_found_ended(status, flow, caplog):
    job = JobState("f")
    job.status = status
    told = []
    assert not JobState.wait_for_completion(
        flow, job, 0.3, 1, 0.01, 0.01, progress_callback=lambda *what: told.append(what)
    )
    assert job.status == status
    assert told == [(0, 0, status)]
    assert "has not ended within 0.3 s" in caplog.text


def test_the_timeout_of_a_wait_for_a_condition_is_logged(caplog):
    told = []
    assert not JobState.wait_until_condition(
        Idle(),
        JobState("f"),
        lambda _flow, _job: False,
        timeout=0.05,
        progress_callback=lambda *what: told.append(what),
    )
    assert told == [(0, 0, "pending")]
    assert "was not true within 0.05 s" in caplog.text


def test_a_job_that_fails_by_the_states_of_its_routines_says_so_in_the_log(caplog):
    job = JobState("f")
    job.status = "running"
    job.routine_states["a"] = {"status": "error"}
    with caplog.at_level(logging.WARNING):
        assert JobState.wait_for_completion(Idle(), job, 5, 1, 0.01, 0.01)
    assert job.status == "failed"
    assert "a routine of it has failed" in caplog.text


def test_the_engine_says_so_too(caplog):
    class Tells(Routine):
        def __init__(self):
            super().__init__()
            self.define_slot("trigger", handler=self.go)

        def go(self):
            context = self.get_execution_context()
            context.job_state.update_routine_state(context.routine_id, {"status": "failed"})

    flow = Flow("f")
    flow.add_routine(Tells(), "a")
    job = flow.execute("a")
    assert JobState.wait_for_completion(flow, job, 20)
    assert job.status == "failed"
    assert "a routine of it has failed" in caplog.text


def test_deserialize_of_some_keys_leaves_the_others():
    job = JobState("f")
    job.status = "running"
    job.current_routine_id = "a"
    job.update_shared_data("kept", 1)
    before, born = job.job_id, job.created_at
    job.deserialize({"routine_states": {"a": {"status": "completed"}}})
    assert (job.status, job.current_routine_id, job.flow_id) == ("running", "a", "f")
    assert (job.job_id, job.created_at) == (before, born)
    assert dict(job.shared_data) == {"kept": 1}
    assert job.get_routine_state("a") == {"status": "completed"}


def test_declared_fields_of_a_subclass_are_saved_and_loaded(tmp_path):
    class Sub(JobState):
        def __init__(self, flow_id=""):
            super().__init__(flow_id)
            self.owner = "nobody"
            self.add_serializable_fields(["owner"])

    job = Sub("f")
    job.owner = "me"
    job.save(tmp_path / "job.json")
    loaded = Sub.load(tmp_path / "job.json")
    assert type(loaded) is Sub
    assert (loaded.owner, loaded.flow_id, loaded.job_id) == ("me", "f", job.job_id)
    assert loaded.extra == {}
    assert "owner" not in JobState().serialize()
    assert JobState.load(tmp_path / "job.json").extra == {"owner": "me"}


def test_records_are_hashable():
    job = JobState("f")
    job.record_execution("a", "out", {"x": 1})
    (record,) = job.execution_history
    same = ExecutionRecord("a", "out", {"x": 1}, record.timestamp)
    assert {record, same} == {record}


@pytest.mark.parametrize("value", ["done", None, 5, ["x"], {"status": "completed"}])
def test_a_routine_state_takes_any_value(value, tmp_path):
    job = JobState("f")
    job.routine_states["a"] = value
    assert job.routine_states["a"] == value
    job.save(tmp_path / "job.json")
    assert JobState.load(tmp_path / "job.json").routine_states["a"] == value


@pytest.mark.parametrize("data", [{}, {"x": 1}])
def test_the_data_of_a_record_is_the_dict_that_was_given(data):
    job = JobState("f")
    job.record_execution("a", "out", data)
    assert job.execution_history[0].data is data
    assert ExecutionRecord("a", "out", data).data is data
