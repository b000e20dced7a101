"""How a routine is written: slots, their data, events, configuration, hooks."""

from __future__ import annotations

import threading

import pytest
from steps import Gate, Step, chain, emit_many, ended, pass_on

from routilux_tui import ErrorHandler, Flow, JobState, Routine, Slot
from routilux_tui.errors import FlowDefinitionError


def called_with(handler, data):
    return Slot("s", None, handler).call(data)


class TestHowAHandlerGetsItsData:
    @pytest.mark.parametrize(
        ("handler", "data", "got"),
        [
            (lambda **kwargs: kwargs, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
            (lambda a, **rest: (a, rest), {"a": 1, "b": 2}, (1, {"b": 2})),
            (lambda data: data, {"a": 1}, {"a": 1}),
            (lambda data: data, {"data": 5}, {"data": 5}),
            (lambda data=None: data, {}, {}),
            (lambda a: a, {"a": 1, "b": 2}, 1),
            (lambda other: other, {"a": 1}, {"a": 1}),
            (lambda a, c=9: (a, c), {"a": 1, "b": 2}, (1, 9)),
            (lambda x, y=0: (x, y), {"a": 1}, ({"a": 1}, 0)),
            (lambda x=7: x, {}, 7),
            (lambda x=7, y=8: (x, y), {}, (7, 8)),
            (lambda x=7: x, {"z": 1}, {"z": 1}),
            (lambda: "called", {"a": 1}, "called"),
            (lambda *args: args, {"a": 1}, ({"a": 1},)),
            (lambda *, a: a, {"a": 1}, 1),
            (dict, {"a": 1}, {"a": 1}),
        ],
    )
    def test_by_its_parameters(self, handler, data, got):
        assert called_with(handler, data) == got

    def test_what_a_handler_does_to_its_dict_is_seen_by_nobody_else(self):
        def spoil(data):
            data["spoiled"] = True

        seen = []
        flow = Flow("f")
        flow.add_routine(Step(emit_many), "a")
        for name, handler in {"b": spoil, "c": seen.append}.items():
            routine = Routine()
            routine.define_slot("in", handler=handler)
            flow.add_routine(routine, name)
            flow.connect("a", "out", name, "in")
        job = flow.execute("a", {"n": 1})
        ended(flow, job)
        assert seen == [{"i": 0}]
        assert job.get_execution_history("a")[1].data == {"i": 0}

    def test_a_handler_that_would_silently_do_nothing_is_an_error_at_once(self):
        def pieces(data):
            yield data

        async def later_pieces(data):
            yield data

        for handler in (pieces, later_pieces):
            with pytest.raises(FlowDefinitionError, match="generator"):
                Routine().define_slot("in", handler=handler)

    def test_a_handler_that_turns_out_to_do_nothing_is_an_error_of_its_routine(self):
        class Pieces:
            def __call__(self, data):
                yield data

        flow = Flow("f")
        routine = Routine()
        routine.define_slot("trigger", handler=Pieces())
        flow.add_routine(routine, "a")
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        assert "and so did nothing" in job.get_routine_state("a")["error"]

    def test_a_handler_can_be_replaced(self):
        slot = Slot("s", None, lambda data: data)
        slot.handler = lambda a, b: a + b
        assert slot.call({"a": 1, "b": 2}) == 3


class TestMerging:
    def flow_with(self, strategy, **settings):
        seen = []
        flow = Flow("f", **settings)
        flow.add_routine(Step(emit_many), "a")
        routine = Routine()
        lock = threading.Lock()

        def keep(data):
            with lock:
                seen.append(data)

        routine.define_slot("in", handler=keep, merge_strategy=strategy)
        flow.add_routine(routine, "b")
        flow.connect("a", "out", "b", "in")
        return flow, seen

    def test_a_merge_that_returns_no_dict_fails_the_job_and_says_so(self):
        flow, seen = self.flow_with(lambda _old, _new: None)
        job = flow.execute("a", {"n": 1})
        assert ended(flow, job) == "failed"
        assert "merge strategy of Slot[" in job.get_routine_state("b")["error"]
        assert "returned a NoneType" in job.get_routine_state("b")["error"]
        assert seen == []

    def test_append_collects_lists(self):
        flow, seen = self.flow_with("append")
        ended(flow, flow.execute("a", {"n": 3}))
        assert seen == [{"i": [0]}, {"i": [0, 1]}, {"i": [0, 1, 2]}]

    def test_append_gives_the_keys_that_have_just_come_and_the_slot_has_all(self):
        held = []
        flow, seen = self.flow_with("append")
        target = flow.routines["b"]
        slot = target.get_slot("in")
        target.before_execution(lambda: held.append(dict(slot._data)))
        flow.routines["a"].function = lambda step, **_: (
            step.emit("out", x=1),
            step.emit("out", y=2),
            step.emit("out", x=3),
        )
        ended(flow, flow.execute("a"))
        assert seen == [{"x": [1]}, {"y": [2]}, {"x": [1, 3]}]
        assert held == [{"x": [1]}, {"x": [1], "y": [2]}, {"x": [1, 3], "y": [2]}]
        assert slot._data == {}

    @pytest.mark.parametrize(
        "strategy", ["append", lambda old, new: {"i": [*old.get("i", []), new["i"]]}]
    )
    def test_an_aggregator_starts_anew_when_it_sets_its_slots_data(self, strategy, tmp_path):
        flow, seen = self.flow_with(strategy)
        slot = flow.routines["b"].get_slot("in")

        def by_twos(data):
            if len(data["i"]) == 2:
                seen.append(data["i"])
                slot._data = {}

        slot.handler = by_twos
        job = flow.execute("a", {"n": 5})
        assert ended(flow, job) == "completed"
        assert seen == [[0, 1], [2, 3]]
        assert job.slot_data["b", "in"] == {"i": [4]}
        job.save(tmp_path / "job.json")
        assert JobState.load(tmp_path / "job.json").slot_data == job.slot_data

    def test_what_a_slot_holds_can_not_be_set_where_no_job_runs(self):
        slot = Slot("s", None, None, "append")
        slot._data = {}
        with pytest.raises(RuntimeError, match="belongs to a job"):
            slot._data = {"i": [1]}

    def test_override_gives_only_what_arrives(self):
        flow, seen = self.flow_with("override")
        ended(flow, flow.execute("a", {"n": 2}))
        assert seen == [{"i": 0}, {"i": 1}]

    def test_a_callable_merges_as_it_likes(self):
        flow, seen = self.flow_with(lambda old, new: {"sum": old.get("sum", 0) + new["i"]})
        ended(flow, flow.execute("a", {"n": 4}))
        assert [one["sum"] for one in seen] == [0, 1, 3, 6]

    @pytest.mark.parametrize("strategy", ["append", "callable"])
    def test_concurrent_handlers_lose_nothing_of_it(self, strategy):
        if strategy == "callable":
            strategy = lambda old, new: {"i": [*old.get("i", []), new["i"]]}  # noqa: E731
        flow, seen = self.flow_with(strategy, execution_strategy="concurrent", max_workers=8)
        job = flow.execute("a", {"n": 60})
        ended(flow, job)
        assert sorted(job.slot_data["b", "in"]["i"]) == list(range(60))
        assert sorted(len(one["i"]) for one in seen) == list(range(1, 61))

    def test_a_task_that_is_retried_is_merged_once(self):
        tries = []

        def fail_once(data):
            tries.append(data)
            if len(tries) == 1:
                raise ValueError("once")

        flow, _ = self.flow_with("append")
        flow.routines["b"].get_slot("in").handler = fail_once
        flow.set_error_handler(ErrorHandler("retry", retry_delay=0.001))
        job = flow.execute("a", {"n": 1})
        assert ended(flow, job) == "completed"
        assert tries == [{"i": [0]}, {"i": [0]}]
        assert job.slot_data["b", "in"] == {"i": [0]}

    def test_a_merge_that_raises_is_the_handlers_error(self):
        def bad(_old, _new):
            raise ValueError("can't merge")

        flow, _ = self.flow_with(bad)
        job = flow.execute("a", {"n": 1})
        assert ended(flow, job) == "failed"
        assert "can't merge" in job.get_routine_state("b")["error"]

    def test_what_was_collected_survives_a_pause_in_a_file(self, tmp_path):
        flow, seen = self.flow_with("append")
        gate = Gate()
        slot = flow.routines["b"].get_slot("in")
        slot.handler = lambda data: (seen.append(data), gate(None))
        job = flow.execute("a", {"n": 3})
        gate.wait()
        flow.execution_of(job).pause()
        gate.open(9)
        assert ended(flow, job) == "paused"
        job.save(tmp_path / "job.json")
        loaded = type(job).load(tmp_path / "job.json")
        flow.resume(loaded)
        assert ended(flow, loaded) == "completed"
        assert seen[-1] == {"i": [0, 1, 2]}

    def test_an_unknown_strategy_is_an_error_at_once(self):
        with pytest.raises(FlowDefinitionError, match="merge strategy"):
            Routine().define_slot("in", merge_strategy="mix")


class TestValidators:
    class Positive:
        def validate(self, data):
            if data["i"] <= 0:
                raise ValueError("not positive")

    def test_data_that_is_refused_does_not_reach_the_handler_and_is_recorded(self):
        seen = []
        flow = Flow("f")
        flow.add_routine(Step(emit_many), "a")
        routine = Routine()
        routine.define_slot("in", handler=seen.append, validator=self.Positive())
        flow.add_routine(routine, "b")
        flow.connect("a", "out", "b", "in")
        job = flow.execute("a", {"n": 3})
        assert ended(flow, job) == "completed"
        assert seen == [{"i": 1}, {"i": 2}]
        record = job.get_execution_history("b")[0]
        assert record.event_name == "validation_failed"
        assert record.data == {"slot": "in", "error": "not positive"}


class TestRoutines:
    def test_slots_and_events_have_unique_names(self):
        routine = Routine()
        slot, event = routine.define_slot("s"), routine.define_event("e", ["x"])
        assert routine.get_slot("s") is slot
        assert routine.get_event("e") is event
        assert routine.get_slot("e") is routine.get_event("s") is None
        with pytest.raises(ValueError, match="already"):
            routine.define_slot("s")
        with pytest.raises(ValueError, match="already"):
            routine.define_event("e")

    def test_configuration(self):
        routine = Routine()
        assert routine.configure(a=1) is routine
        routine.set_config(b=2)
        assert (routine.get_config("a"), routine.get_param("b"), routine.get_config("c", 3)) == (
            1,
            2,
            3,
        )
        assert routine.config() == {"a": 1, "b": 2}

    def test_an_event_that_does_not_exist_is_an_error(self):
        with pytest.raises(ValueError, match="no event 'nothing'"):
            Routine().emit("nothing")

    def test_a_deferred_event_that_does_not_exist_is_an_error_of_its_handler(self):
        flow = chain(lambda step, **_: step.emit_deferred_event("nothing"))
        job = flow.execute("a")
        assert ended(flow, job) == "failed"
        assert "no event 'nothing'" in job.get_routine_state("a")["error"]

    def test_outside_of_a_job_there_is_no_context(self):
        routine = Routine()
        assert routine.get_execution_context() is None
        assert not routine.cancelled
        with pytest.raises(RuntimeError):
            routine.send_output("text", a=1)

    def test_the_context_names_flow_job_and_routine(self):
        seen = []
        flow = chain(lambda step, **_: seen.append(step.get_execution_context()))
        job = flow.execute("a")
        ended(flow, job)
        flow_seen, job_seen, routine_id = seen[0]
        assert (flow_seen, job_seen, routine_id) == (flow, job, "a")
        assert seen[0].flow is flow
        assert not seen[0].cancelled

    def test_outputs_go_to_the_log_and_to_the_output_handler(self):
        got = []

        class Handler:
            def handle(self, job_id, routine_id, output_type, data, timestamp):
                got.append((job_id, routine_id, output_type, data, timestamp.tzinfo is not None))

        gate = Gate()

        def work(step, **_):
            gate(step)
            step.send_output("result", rows=3)

        flow = chain(work)
        job = flow.execute("a")
        gate.wait()
        job.set_output_handler(Handler())
        gate.open()
        ended(flow, job)
        assert got == [(job.job_id, "a", "result", {"rows": 3}, True)]
        assert job.output_log[0]["output_type"] == "result"

    def test_hooks_run_around_each_handler(self):
        said = []
        flow = chain(lambda _s, **_: said.append("handler"))
        routine = flow.routines["a"]
        routine.before_execution(lambda: said.append("before"))
        routine.after_execution(lambda job: said.append(job.status))
        ended(flow, flow.execute("a"))
        assert said == ["before", "handler", "running"]

    def test_one_routine_may_stand_in_a_flow_under_two_ids(self):
        flow = Flow("f")
        step = Step(pass_on)
        flow.add_routine(step, "first")
        flow.add_routine(step, "second")
        flow.connect("first", "out", "second", "in")
        job = flow.execute("first", {"x": 1})
        assert ended(flow, job) == "completed"
        assert {name: one["runs"] for name, one in job.routine_states.items()} == {
            "first": 1,
            "second": 1,
        }

    def test_events_connect_and_disconnect(self):
        flow = chain(emit_many, None)
        event, slot = flow.routines["a"].get_event("out"), flow.routines["b"].get_slot("in")
        event.disconnect(slot)
        assert flow.targets("a", "out") == ()
        assert event.connected_slots == slot.connected_events == []
        slot.connect(event)
        assert flow.targets("a", "out") == (("b", "in"),)
        event.connect(Slot("lonely"))  # of no flow: no connection of this one
        assert flow.targets("a", "out") == (("b", "in"),)

    def test_a_subclass_may_declare_fields_to_serilux(self):
        class Mine(Routine):
            def __init__(self):
                super().__init__()
                self.add_serializable_fields(["size"])

        assert "size" in Mine().fields_to_serialize

    @pytest.mark.parametrize(
        ("given", "data"),
        [({"data": 1}, 1), ({"x": 2}, 2), ({"x": 1, "y": 2}, {"x": 1, "y": 2}), ({}, {})],
    )
    def test_a_ported_handler_finds_its_input_however_it_came(self, given, data):
        assert Routine()._extract_input_data(**given) == data
