"""`Flow`: its structure, its jobs together, and its end."""

from __future__ import annotations

import time

import pytest
from steps import Gate, Step, chain, emit_many, ended

from routilux_tui import Flow, JobState
from routilux_tui.errors import FlowDefinitionError


class TestStructure:
    def test_an_id_is_used_once(self):
        flow = Flow("f")
        assert flow.add_routine(Step(), "a") == "a"
        with pytest.raises(ValueError, match="already has a routine 'a'"):
            flow.add_routine(Step(), "a")

    @pytest.mark.parametrize("routine", [Step, object()])
    def test_what_is_no_routine_is_refused_when_it_is_added(self, routine):
        with pytest.raises(FlowDefinitionError, match="no routine that this flow can run"):
            Flow("f").add_routine(routine, "a")

    def test_what_only_routilux_flows_have_says_what_to_do_instead(self):
        with pytest.raises(AttributeError, match="routine_states"):
            _ = Flow("f").metrics_collector
        assert not hasattr(Flow("f"), "anything")

    def test_a_routine_without_an_id_gets_one(self):
        flow = Flow()
        assert flow.routines[flow.add_routine(Step())]

    @pytest.mark.parametrize(
        ("ends", "word"),
        [
            (("x", "out", "b", "in"), "no routine 'x'"),
            (("a", "x", "b", "in"), "no event 'x'"),
            (("a", "out", "x", "in"), "no routine 'x'"),
            (("a", "out", "b", "x"), "no slot 'x'"),
        ],
    )
    def test_a_connection_to_what_is_not_there_is_an_error_that_lists_what_is(self, ends, word):
        flow = chain(None, None)
        with pytest.raises(FlowDefinitionError, match=word) as caught:
            flow.connect(*ends)
        assert "has:" in caught.value.hint

    def test_connecting_twice_delivers_once(self):
        seen = []
        flow = chain(emit_many, lambda _s, i: seen.append(i))
        flow.connect("a", "out", "b", "in")
        ended(flow, flow.execute("a", {"n": 1}))
        assert seen == [0]

    def test_a_slot_gets_the_data_by_its_own_names(self):
        seen = []
        flow = chain(emit_many, lambda _s, **data: seen.append(data))
        flow.connect("a", "out", "b", "in", param_mapping={"i": "number", "missing": "other"})
        ended(flow, flow.execute("a", {"n": 1}))
        assert seen == [{"i": 0, "number": 0}]
        assert flow.connections[0].param_mapping == {"i": "number", "missing": "other"}
        flow.connect("a", "out", "b", "in", {"i": "index"})
        ended(flow, flow.execute("a", {"n": 1}))
        assert seen[1:] == [{"i": 0, "index": 0}]
        flow.disconnect("a", "out", "b", "in")
        flow.connect("a", "out", "b", "in")
        ended(flow, flow.execute("a", {"n": 1}))
        assert seen[2:] == [{"i": 0}]

    def test_what_is_merged_and_what_is_resumed_goes_by_the_slots_own_names(self, tmp_path):
        def made(seen, function):
            def collect(number):
                seen.append(number)

            flow = chain(function)
            target = Step()
            target.define_slot("all", collect, merge_strategy="append")
            flow.add_routine(target, "b")
            flow.connect("a", "out", "b", "all", {"i": "number"})
            return flow

        def emit_and_pause(step, **_):
            emit_many(step, 2)
            step.get_execution_context().flow.pause(step.get_execution_context().job_state)

        seen = []
        flow = made(seen, emit_and_pause)
        job = flow.execute("a")
        assert ended(flow, job) == "paused"
        job.save(tmp_path / "job.json")
        again = made(seen, None)
        job = again.resume(JobState.load(tmp_path / "job.json"))
        assert ended(again, job) == "completed"
        assert seen == [[0], [0, 1]]

    def test_the_entry_is_the_only_routine_with_a_trigger(self):
        flow = chain(None, None)
        with pytest.raises(FlowDefinitionError, match="More than one") as caught:
            flow.entry_routine()
        assert "a, b" in caught.value.hint
        del flow.routines["b"]
        assert flow.entry_routine() == "a"

    def test_a_strategy_that_does_not_exist_is_an_error(self):
        with pytest.raises(ValueError, match="'parallel'"):
            Flow(execution_strategy="parallel")
        with pytest.raises(ValueError, match="'parallel'"):
            chain(None).execute("a", execution_strategy="parallel")

    def test_routines_are_found_by_their_type(self):
        flow = chain(None, None)
        assert [name for name, _ in flow.find_routines_by_type(Step)] == ["a", "b"]


class TestJobsTogether:
    def test_waiting_for_a_flow_waits_for_all_its_jobs(self):
        gate = Gate()
        flow = chain(gate)
        jobs = [flow.execute("a") for _ in range(3)]
        for _ in jobs:
            gate.wait()
        assert not flow.wait_for_completion(0.01)
        gate.open(3)
        assert flow.wait_for_completion(10)
        assert [job.status for job in jobs] == ["completed"] * 3

    def test_pausing_one_job_leaves_the_other_alone(self):
        flow = chain(emit_many, lambda _s, i: time.sleep(0.001))
        first, second = (flow.execute("a", {"n": 30}) for _ in range(2))
        flow.pause(first)
        assert ended(flow, second) == "completed"
        assert first.status == "paused"
        flow.resume(first)
        assert ended(flow, first) == "completed"
        assert first.get_routine_state("b")["runs"] == 30

    def test_cancelling_one_job_leaves_the_other_alone(self):
        flow = chain(emit_many, lambda _s, i: time.sleep(0.001))
        first, second = (flow.execute("a", {"n": 30}) for _ in range(2))
        flow.cancel(first)
        assert ended(flow, second) == "completed"
        assert ended(flow, first) == "cancelled"
        assert second.get_routine_state("b")["runs"] == 30

    def test_one_job_may_be_started_from_a_handler_of_another(self):
        inner = chain(emit_many, None)
        jobs = []

        def start(_step, **_):
            jobs.append(inner.execute("a", {"n": 3}))
            assert inner.wait_for_completion(10)

        outer = chain(start)
        assert ended(outer, outer.execute("a")) == "completed"
        assert jobs[0].get_routine_state("b")["runs"] == 3


class TestTheEnd:
    def test_a_with_block_ends_when_its_jobs_have(self):
        with chain(lambda _s, **_: time.sleep(0.02)) as flow:
            job = flow.execute("a")
        assert job.status == "completed"

    def test_a_with_block_that_is_left_by_an_error_cancels_its_jobs(self):
        gate = Gate()
        jobs = []

        def leave():
            with chain(emit_many, gate) as flow:
                jobs.append(flow.execute("a", {"n": 5}))
                gate.wait()
                raise RuntimeError("the caller's own")

        with pytest.raises(RuntimeError, match="the caller's own"):
            leave()
        assert jobs[0].status == "cancelled"
        gate.open()

    def test_shutdown_cancels_what_has_not_ended_in_time(self):
        gate = Gate()
        flow = chain(gate)
        job = flow.execute("a")
        gate.wait()
        flow.shutdown(timeout=0.01)
        assert job.status == "cancelled"
        gate.open()
        ended(flow, job)

    def test_shutdown_leaves_a_paused_job_paused(self):
        flow = chain(lambda step, **_: step.get_execution_context().flow.pause(jobs[0]))
        jobs = []
        execution = flow.prepare(JobState("chain"))
        jobs.append(execution.job_state)
        execution.start("a", {})
        ended(flow, jobs[0])
        flow.shutdown()
        assert jobs[0].status == "paused"

    def test_a_flow_can_be_used_again_after_shutdown(self):
        flow = chain(None)
        flow.shutdown()
        assert ended(flow, flow.execute("a")) == "completed"
