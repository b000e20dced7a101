"""Executors of one's own: made by a function, ``MODULE:FACTORY``, or given as they are."""

from __future__ import annotations

import elsewhere
import pytest
from elsewhere import made
from steps import ended

from routilux_tui.errors import FlowDefinitionError


@pytest.mark.parametrize("spec", ["no_such_module:make", "elsewhere:nothing", "elsewhere:EVENTS.x"])
def test_a_factory_that_there_is_not_is_refused_before_anything_runs(spec):
    with pytest.raises(FlowDefinitionError, match="can't be found"):
        made(spec).execute("a")


@pytest.mark.parametrize(
    "said",
    [
        "elsewhere:no_executor returned a str",
        "elsewhere:not_made can't be made: OSError: no licence left",
    ],
)
def test_a_factory_of_something_else_or_that_fails_is_an_error_that_names_it(said):
    flow = made(said.split()[0])
    job = flow.execute("a", {"what": "tell"})
    assert ended(flow, job) == "failed"
    assert said in job.get_routine_state("b")["error"]


def test_handlers_that_begin_at_once_are_given_the_same_executor(monkeypatch):
    monkeypatch.setattr(elsewhere, "MADE", [])
    flow = made("elsewhere:slow_to_make", workers=4)
    job = flow.execute("a", {"n": 8, "what": "tell"})
    assert ended(flow, job, 60) == "completed"
    assert (len(job.shared_log), len(elsewhere.MADE)) == (8, 1)


def test_an_executor_that_broke_while_it_had_nothing_to_do_is_replaced(monkeypatch):
    monkeypatch.setattr(elsewhere, "MADE", [])
    flow = made("elsewhere:broken_at_first", workers=1)
    job = flow.execute("a", {"n": 3, "what": "tell"})
    assert ended(flow, job, 60) == "completed"
    assert (len(job.shared_log), len(elsewhere.MADE)) == (3, 2)


def test_an_executor_of_ones_own_is_used_and_left_open():
    with elsewhere.in_threads() as executor:
        for _ in range(2):
            flow = made(executor)
            job = flow.execute("a", {"n": 2, "what": "tell"})
            assert ended(flow, job) == "completed"
            assert len(job.shared_log) == 2
        assert executor.submit(int, "5").result() == 5
