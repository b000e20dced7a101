"""Validators that are ready to use."""

from __future__ import annotations

import pytest
from steps import Step, chain, emit_many, ended

from routilux_tui import Flow, Routine, ValidationError, Validator


@pytest.mark.parametrize(
    ("validator", "why"),
    [
        (Validator.types(i=int), ""),
        (Validator.types(i=(str, int)), ""),
        (Validator.types(i=str), "i: is int, not str"),
        (Validator.types(i=(str, bytes)), "i: is int, not str or bytes"),
        (Validator.types(name=str), "name: it is missing"),
        (Validator.custom(lambda data: data["i"] == 0), ""),
        (Validator.custom(lambda data: (data["i"] == 0, "unused")), ""),
        (Validator.custom(lambda _data: False), "the check says no"),
        (Validator.custom(lambda _data: (False, "too odd")), "too odd"),
        (Validator.custom(lambda data: data["x"]), "KeyError: 'x'"),
    ],
)
def test_a_slot_takes_what_its_validator_takes(validator, why):
    seen = []
    flow = Flow("f")
    flow.add_routine(Step(emit_many), "a")
    target = Routine()
    target.define_slot("in", handler=seen.append, validator=validator)
    flow.add_routine(target, "b")
    flow.connect("a", "out", "b", "in")
    job = flow.execute("a", {"n": 1})
    assert ended(flow, job) == "completed"
    refused = [one.data["error"] for one in job.get_execution_history("b")]
    assert (refused, seen) == (([why], []) if why else ([], [{"i": 0}]))


def test_a_validator_of_ones_own():
    class Small(Validator):
        def validate(self, data):
            if data["i"] > 1:
                raise ValidationError("too large", "i")

    seen = []
    flow = chain(emit_many, lambda _s, i: seen.append(i))
    flow.routines["b"].get_slot("in").validator = Small()
    assert ended(flow, flow.execute("a", {"n": 4})) == "completed"
    assert seen == [0, 1]
    with pytest.raises(NotImplementedError):
        Validator().validate({})
