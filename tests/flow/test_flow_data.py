"""A flow's structure as plain data and back, without obeying what the data says."""

from __future__ import annotations

import json
import sys

import pytest
from steps import ended

import routilux_tui
from routilux_tui import Connection, ErrorHandler, Event, Flow, Routine, Slot
from routilux_tui.errors import FlowDefinitionError


class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["i"])

    def go(self):
        for i in range(self.get_config("n", 0)):
            self.emit("out", i=i)


class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, number):
        context = self.get_execution_context()
        context.job_state.append_to_shared_log({"number": number})


class Needy(Routine):
    def __init__(self, size):
        super().__init__()
        self.size = size


class TestAFlowAsData:
    def made(self):
        flow = Flow("made", execution_strategy="concurrent", max_workers=3)
        flow.set_error_handler(ErrorHandler("retry", max_retries=5, retry_delay=2.0))
        source = Source()
        source.set_config(n=2, nested={"a": [1, None]})
        sink = Sink()
        sink.set_as_optional()
        flow.add_routine(source, "source")
        flow.add_routine(sink, "sink")
        flow.connect("source", "out", "sink", "in", {"i": "number"})
        return flow

    def test_it_comes_back_and_runs(self):
        data = json.loads(json.dumps(self.made().serialize()))
        flow = Flow()
        flow.deserialize(data)
        assert (flow.flow_id, flow.max_workers) == ("made", 3)
        assert (flow.error_handler.max_retries, flow.error_handler.retry_delay) == (5, 2.0)
        assert flow.routines["source"].get_config("nested") == {"a": [1, None]}
        assert flow.routines["sink"].get_error_handler().strategy.value == "continue"
        job = flow.execute("source")
        assert ended(flow, job) == "completed"
        assert sorted(entry["number"] for entry in job.shared_log) == [0, 1]
        flow.deserialize(data)  # once more: what it has gives way
        assert len(flow.connections) == 1

    def test_its_parts_have_their_own_words(self):
        flow = self.made()
        (connection,) = flow.connections
        data = connection.serialize()
        assert (data["_type"], data["param_mapping"]) == ("Connection", {"i": "number"})
        assert (data["_source_event_name"], data["_target_slot_name"]) == ("out", "in")
        other = Connection()
        other.deserialize(data)
        assert other.param_mapping == {"i": "number"}
        slot = Slot("s", None, print, "append")
        copy = Slot()
        copy.deserialize({**slot.serialize(), "merge_strategy": {"_type": "callable"}})
        assert (copy.name, copy.merge_strategy, copy.handler) == ("s", "override", None)
        copy.deserialize(slot.serialize())
        assert copy.merge_strategy == "append"
        event = Event()
        event.deserialize(Event("out", None, ["x"]).serialize())
        assert (event.name, event.output_params) == ("out", ["x"])

    def test_a_class_is_never_imported(self):
        data = self.made().serialize()
        for name in ("os.system", "json.JSONDecoder", "antigravity", "Flow", 7, None):
            data["routines"]["source"]["_type"] = name
            with pytest.raises(FlowDefinitionError, match="class not found in registry"):
                Flow().deserialize(data)
        assert "antigravity" not in sys.modules

    def test_no_data_says_which_function_is_a_handler(self):
        routine = Routine()
        routine.define_slot("in", handler=print)
        data = routine.serialize()
        assert data["_slots"]["in"]["handler"]["name"] == "print"
        routine = Routine()
        routine.deserialize(data)
        assert routine.get_slot("in").handler is None

    def test_a_connection_that_is_not_whole_is_left_out(self, caplog):
        data = self.made().serialize()
        del data["connections"][0]["_source_event_name"]
        flow = Flow()
        flow.deserialize(data)
        assert flow.connections == []
        assert "left out" in caplog.text

    def test_a_routine_that_could_not_be_made_again_is_refused(self):
        flow = Flow("f")
        flow.add_routine(Needy(3), "a")
        with pytest.raises(routilux_tui.SerializationError, match=r"Needy\(\) needs the argument"):
            flow.serialize()

    @pytest.mark.parametrize("routines", [5, ["a"], {"a": 5}])
    def test_other_data_is_refused(self, routines):
        with pytest.raises(FlowDefinitionError, match="holds no flow"):
            Flow().deserialize({"routines": routines})
