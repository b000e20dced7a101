"""What flows of routilux 0.10 do, and do here by a change of the import line.

Four things are otherwise on purpose: `execute` returns before the entry's handler has run; an entry
without a ``trigger`` slot is refused, whatever strategy the flow has for errors; a slot with an
unknown merge strategy is, too; a job that has ended is neither paused nor resumed.
"""

from __future__ import annotations

import json
import threading

import pytest
from steps import Gate, Step, chain, emit_many, ended, pass_on

import routilux_tui
from routilux_tui import (
    Connection,
    ErrorHandler,
    Event,
    ExecutionTracker,
    Flow,
    JobState,
    Routine,
    Slot,
    ValidationError,
    Validator,
)
from routilux_tui.errors import NotPossible


def step(handler=None, **settings):
    """A routine with the event ``out`` and the slot ``in``."""
    routine = Routine()
    routine.define_event("out")
    routine.define_slot("in", handler=handler, **settings)
    return routine


class TestConnections:
    def test_a_connection_made_by_itself_joins_and_maps(self):
        seen = []
        event, slot = Event("out"), Slot("in", None, lambda **data: seen.append(data))
        connection = Connection(event, slot, {"old": "new"})
        assert event.connected_slots == [slot]
        assert slot.connected_events == [event]
        connection.activate({"old": 1, "other": 2})
        assert seen == [{"new": 1, "old": 1, "other": 2}]
        connection.disconnect()
        assert event.connected_slots == slot.connected_events == []
        connection.disconnect()

    def test_a_name_that_a_mapping_gives_is_not_passed_by_another(self):
        seen = []
        slot = Slot("in", None, lambda **data: seen.append(data))
        connection = Connection(Event("out"), slot, {"a": "x"})
        connection.activate({"x": "not this one", "b": 2})
        assert seen == [{"b": 2}]

    @pytest.mark.parametrize("first", ["source", "target"])
    def test_what_is_connected_before_there_is_a_flow_is_delivered_in_it(self, first):
        seen = []
        routines = {"source": Step(emit_many), "target": step(lambda **data: seen.append(data))}
        event = routines["source"].get_event("out")
        event.connect(routines["target"].get_slot("in"), {"i": "number"})
        flow = Flow("f")
        for name in (first, *({"source", "target"} - {first})):
            flow.add_routine(routines[name], name)
        job = flow.execute("source", {"n": 2})
        assert ended(flow, job) == "completed"
        assert [data["number"] for data in seen] == [0, 1]
        assert len(flow.connections) == 1
        event.disconnect(routines["target"].get_slot("in"))
        assert flow.connections == []
        assert flow.targets("source", "out") == ()

    @pytest.mark.parametrize("where", ["no flow", "another flow", "no routine"])
    def test_a_slot_that_stands_elsewhere_gets_what_a_job_emits(self, where):
        seen = []
        target = step(lambda **data: seen.append(data), merge_strategy="append")
        slot = target.get_slot("in")
        if where == "no routine":
            slot = Slot("in", None, lambda **data: seen.append(data), "append")
        if where == "another flow":
            Flow("other").add_routine(target, "target")
        source = Step(emit_many)
        source.get_event("out").connect(slot, {"i": "number"})
        flow = Flow("f")
        flow.add_routine(source, "source")
        job = flow.execute("source", {"n": 2})
        assert ended(flow, job) == "completed"
        assert [data["number"] for data in seen] == [[0], [0, 1]]

    def test_a_slot_that_stands_elsewhere_fails_no_job(self, caplog):
        source = Step(emit_many)
        source.get_event("out").connect(Slot("in", None, lambda **_: 1 / 0))
        flow = Flow("f")
        flow.add_routine(source, "source")
        assert ended(flow, flow.execute("source", {"n": 1})) == "completed"
        assert "ZeroDivisionError" in caplog.text


class TestSlotsCalledDirectly:
    def test_a_slot_that_appends_collects(self):
        seen = []
        slot = Slot("in", None, lambda x: seen.append(list(x)), "append")
        slot.receive({"x": 1})
        slot.receive({"x": 2})
        assert seen == [[1], [1, 2]]
        assert slot._data == {"x": [1, 2]}

    def test_a_slot_with_a_merge_of_its_own_collects(self):
        seen = []
        slot = Slot("in", None, seen.append, lambda old, new: {**old, **new})
        slot.receive({"a": 1})
        slot.receive({"b": 2})
        assert seen == [{"a": 1}, {"a": 1, "b": 2}]

    def test_its_validator_is_asked(self):
        seen = []
        slot = Slot("in", None, seen.append, validator=Validator.types(x=int))
        slot.receive({"x": "one"})
        slot.receive({"x": 1})
        assert seen == [{"x": 1}]
        with pytest.raises(ValidationError):
            slot.call_handler({"x": "one"}, propagate_exceptions=True)

    def test_what_the_handler_raises_is_logged_or_raised(self, caplog):
        def fail(data):
            raise ValueError("broken")

        flow, job = Flow("f"), JobState("f")
        routine = step(fail)
        flow.add_routine(routine, "a")
        slot = routine.get_slot("in")
        slot.receive({})
        slot.call_handler({})
        assert caplog.text.count("ValueError: broken") == 2
        slot.receive({}, job_state=job)
        assert job.execution_history[0].data == {"slot": "in", "error": "broken"}
        with pytest.raises(ValueError, match="broken"):
            slot.call_handler({}, propagate_exceptions=True)


class TestTheJobThatAThreadWorksFor:
    def test_current_job_state_is_that_of_the_handler(self):
        seen = []
        flow = chain(lambda *_: seen.append(routilux_tui._current_job_state.get(None)))
        job = flow.execute("a")
        ended(flow, job)
        assert seen == [job]
        assert routilux_tui._current_job_state.get(None) is None

    def test_a_thread_of_the_users_own_may_set_it(self):
        flow, gates, seen = chain(Gate(), lambda _s, i: seen.append(i)), [], []
        gate = flow.routines["a"].function
        jobs = [flow.execute("a"), flow.execute("a")]
        for _ in jobs:
            gate.wait()

        def work():
            token = routilux_tui._current_job_state.set(jobs[1])
            gates.append(flow.routines["a"].get_execution_context())
            flow.routines["a"].emit("out", i=1)
            routilux_tui._current_job_state.reset(token)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        gate.open(2)
        assert [ended(flow, job) for job in jobs] == ["completed", "completed"]
        assert gates == [(flow, jobs[1], "a")]
        assert [len(job.get_execution_history("a")) for job in jobs] == [1, 2]

    def test_emit_with_a_job_state_goes_to_that_job_and_has_no_such_data(self):
        flow, seen = chain(Gate(), lambda _s, **data: seen.append(data)), []
        gate = flow.routines["a"].function
        jobs = [flow.execute("a"), flow.execute("a")]
        for _ in jobs:
            gate.wait()
        flow.routines["a"].emit("out", job_state=jobs[0], i=1)
        gate.open(2)
        for job in jobs:
            ended(flow, job)
        assert seen == [{"i": 1}]
        assert [len(job.get_execution_history("a")) for job in jobs] == [2, 1]
        with pytest.raises(NotPossible, match="not run here"):
            flow.routines["a"].emit("out", job_state=JobState("chain"))

    def test_emit_with_the_handlers_own_job_state_is_any_emit(self):
        def give(step, **_):
            step.emit("out", job_state=step.get_execution_context().job_state, i=1)

        seen = []
        flow = chain(give, lambda _s, **data: seen.append(data))
        assert ended(flow, flow.execute("a")) == "completed"
        assert seen == [{"i": 1}]


class TestErrorHandlers:
    def test_a_handle_error_of_ones_own_decides_about_retries(self):
        asked, tries = [], []

        class Twice(ErrorHandler):
            def handle_error(self, error, routine, routine_id, flow, job_state=None, context=None):
                asked.append((str(error), routine, routine_id, flow, job_state))
                return len(asked) < 3

        def fail(_step, **_):
            tries.append(1)
            raise OSError("no")

        flow = chain(fail)
        flow.set_error_handler(Twice("retry", max_retries=9, retry_delay=0))
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        assert len(tries) == 3
        assert asked == [("no", flow.routines["a"], "a", flow, job)] * 3

    def test_one_that_asks_its_base_class_is_as_any_other(self):
        class Noting(ErrorHandler):
            def handle_error(self, error, *rest, **more):
                return super().handle_error(error, *rest, **more)

        tries = []

        def fail(_step, **_):
            tries.append(1)
            raise OSError("no")

        flow = chain(fail)
        handler = Noting("retry", max_retries=2, retry_delay=0, retryable_exceptions=(OSError,))
        flow.set_error_handler(handler)
        assert ended(flow, flow.execute("a")) == "failed"
        assert len(tries) == 3
        assert handler.retry_count == 2
        handler.reset()
        assert handler.retry_count == 0

    def test_one_that_raises_is_the_error_of_the_job(self):
        class Bad(ErrorHandler):
            def handle_error(self, *_, **__):
                raise KeyError("oh")

        def fail(_step, **_):
            raise OSError("no")

        flow = chain(fail)
        flow.set_error_handler(Bad("continue"))
        job = flow.execute("a")
        assert ended(flow, job) == "completed"
        assert job.get_routine_state("a")["error_type"] == "KeyError"

    @pytest.mark.parametrize(
        ("strategy", "error", "goes_on"),
        [
            ("stop", ValueError(), False),
            ("continue", ValueError(), True),
            ("skip", ValueError(), True),
            ("retry", ValueError(), True),
            ("retry", SystemExit(), False),
        ],
    )
    def test_called_directly_it_says_whether_to_go_on(self, strategy, error, goes_on):
        handler = ErrorHandler(strategy, max_retries=1)
        assert handler.handle_error(error, None, "a", None) is goes_on
        if strategy == "retry" and goes_on:
            assert not handler.handle_error(error, None, "a", None)


class TestFlows:
    def test_names_of_its_guide(self):
        flow = chain(None)
        assert flow._get_routine_id(flow.routines["a"]) == "a"
        assert flow.execution_timeout == 300.0
        assert Flow("f", execution_timeout=5).execution_timeout == 5
        assert flow.routines["a"](anything=1) is None

    def test_an_unknown_event_is_not_put_off(self):
        def work(step, **_):
            with pytest.raises(RuntimeError, match="no event 'nothing'"):
                step.emit_deferred_event("nothing")

        flow = chain(work)
        assert ended(flow, flow.execute("a")) == "completed"

    def test_a_job_that_has_just_ended_is_neither_paused_nor_resumed(self):
        flow = chain(None)
        job = flow.execute("a")
        ended(flow, job)
        assert flow.pause(job) is False
        assert flow.resume(job) is False
        assert job.status == "completed"
        assert job.pause_points == []

    def test_a_job_at_a_routine_that_the_flow_does_not_have_is_not_resumed(self):
        job = JobState("chain")
        job.status = "paused"
        job.current_routine_id = "gone"
        with pytest.raises(ValueError, match="at routine 'gone'"):
            chain(None).resume(job)
        assert job.status == "paused"

    def test_the_tracker_counts_what_the_latest_job_did(self):
        flow = chain(emit_many, pass_on, None)
        assert flow.execution_tracker is None
        job = flow.execute("a", {"n": 3})
        ended(flow, job)
        tracker = flow.execution_tracker
        assert (tracker.flow_id, len(tracker.event_flow)) == ("chain", 6)
        assert tracker.event_flow[0]["target_routine_id"] == "b"
        found = tracker.get_routine_performance("b")
        assert (found["total_executions"], found["completed"], found["success_rate"]) == (3, 3, 1)
        assert tracker.get_flow_performance()["total_routines"] == 3
        flow.execution_tracker = mine = ExecutionTracker("mine")
        assert flow.execution_tracker is mine

    def test_a_tracker_filled_by_hand(self):
        tracker = ExecutionTracker("f")
        tracker.record_routine_end("a")
        tracker.record_routine_start("a", {"x": 1})
        tracker.record_routine_end("a", "failed", error="no")
        tracker.record_event("a", "out", "b", {"y": 2})
        assert tracker.get_routine_performance("a")["failed"] == 1
        assert tracker.get_routine_performance("b") is None
        other = ExecutionTracker()
        other.deserialize(json.loads(json.dumps(tracker.serialize())))
        assert other.routine_executions == tracker.routine_executions


def test_the_exceptions_of_routilux_are_names_of_ours():
    with pytest.raises(routilux_tui.RoutiluxError, match=r"late \(routine_id=a\)"):
        raise routilux_tui.ExecutionError("late", routine_id="a")
    with pytest.raises(routilux_tui.ConfigurationError):
        Flow("f").routine("a")
    with pytest.raises(routilux_tui.StateError):
        chain(None).cancel(JobState("chain")) or chain(None).pause(JobState("chain"))
    assert routilux_tui.SlotHandlerError("x", slot_name="in").slot_name == "in"
