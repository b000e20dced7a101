"""What is measured of a job: routines' figures, problems with their inputs, what runs, how far."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from routilux_tui import JobState
from routilux_tui.job.jsonable import to_plain
from routilux_tui.views.approximation import MOST_RECORDS
from routilux_tui.views.facts import facts_of
from routilux_tui.views.formatting import count
from routilux_tui.views.insight import PARTS, ROUTINE_APPEARANCES, Insight
from routilux_tui.views.moment import Moment
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import Control
from routilux_tui.views.why import why

AT = 1_700_000_000.0
SHAPE = {
    "routines": [
        {"id": "load", "slots": ["trigger"], "events": ["order"]},
        {"id": "price", "slots": ["in"], "events": ["priced"]},
        {"id": "store", "slots": ["in"], "events": []},
        {"id": "audit", "slots": ["in"], "events": []},
    ],
    "connections": [
        ["load", "order", "price", "in", {"id": "order"}],
        ["price", "priced", "store", "in"],
    ],
    "workers": 4,
}
TRACE = """Traceback (most recent call last):
  File "/srv/shop/price.py", line 42, in convert
    return RATES[currency]
"""


def shop(failing: int = 3, orders: int = 10) -> JobState:
    """A job in the middle: some orders are priced, some failed, some wait, two run."""
    job = JobState("shop")
    job.make("emit", "load", "start", {}, AT, None, [(1, "load", "trigger")])
    job.make("status", "running", AT)
    job.make("shape", SHAPE)
    job.make("run", 1, "load", AT)
    for n in range(orders):
        currency = "EUX" if n < failing else ("EUR", "USD")[n % 2]
        data = {"id": f"ord-{n}", "currency": currency, "shop": 7}
        job.make("emit", "load", "order", data, AT + 1, 1, [(n + 2, "price", "in")])
    job.make("ran", 1, "load", "completed", AT + 2, None)
    for n in range(failing):
        job.make("run", n + 2, "price", AT + 3 + n)
        number = job.traceback_number(TRACE)
        data = {"slot": "in", "error": f"'EUX' of ord-{n}", "error_type": "KeyError"}
        event = "error" if n else "error_continued"
        job.make("record", "price", event, data, AT + 4 + n, n + 2, number)
        detail = {"error": f"KeyError: 'EUX' of ord-{n}", "traceback": TRACE}
        if n:
            job.make("retry", n + 2, "price", AT + 4 + n, detail, 2, AT + 100 + n)
        else:
            job.make("ran", n + 2, "price", "error_continued", AT + 4 + n, detail)
    for n in range(failing, 6):
        job.make("run", n + 2, "price", AT + 10 + n)
        job.make("ran", n + 2, "price", "completed", AT + 10.5 + n, None)
    job.make("run", 8, "price", AT + 20)
    job.make("run", 9, "price", AT + 21)
    return job


def measured(job: JobState, control: Control | None = None) -> Insight:
    return Projection(job).insight(PARTS, control)


@pytest.fixture(params=["live", "saved"])
def insight(request: pytest.FixtureRequest) -> Insight:
    job = shop()
    if request.param == "saved":
        job = JobState.from_plain(to_plain(job.serialize()))
    return measured(job)


def test_every_routine_says_what_it_does_now(insight: Insight) -> None:
    by_id = {one.routine_id: one for one in insight.figures}
    assert list(by_id) == ["load", "price", "store", "audit"]
    assert {name: one.state for name, one in by_id.items()} == {
        "load": "idle",
        "price": "running",
        "store": "not yet",
        "audit": "not yet",
    }
    price = by_id["price"]
    assert (price.queued, price.running, price.done) == (4, 2, 4)  # two are tried again
    assert (price.errors, price.retries, price.retrying) == (3, 2, 2)
    assert price.p50 == pytest.approx(0.5, rel=0.02)
    assert price.p95 == price.longest == pytest.approx(1.0, rel=0.02)
    assert price.oldest == pytest.approx(20.0)
    assert sum(price.spark) == 6
    assert price.last_error
    assert set(ROUTINE_APPEARANCES) >= {one.state for one in insight.figures}


def test_a_problem_tells_its_inputs_and_what_they_have_in_common(insight: Insight) -> None:
    (problem,) = insight.problems
    assert (problem.routine_id, problem.error_type) == ("price", "KeyError")
    assert (problem.count, problem.inputs) == (3, 3)
    assert (problem.retrying, problem.gave_up) == (2, 1)
    assert problem.common == {"currency": "EUX"}  # shop = 7 is common to all orders
    assert problem.place == "price.py:42 in convert"
    assert problem.line == "return RATES[currency]"
    assert problem.traceback == f"{TRACE}KeyError: 'EUX' of ord-2"
    assert [one.input["order"] for one in problem.samples] == ["ord-1", "ord-2", "ord-0"]
    first, _, last = problem.samples
    assert (first.tries, first.most_tries, first.gave_up) == (1, 3, False)
    assert first.next_try == problem.next_try != ""
    assert (last.gave_up, last.next_try) == (True, "")
    assert problem.error == "KeyError: 'EUX' of ord-…"
    assert first.error == "KeyError: 'EUX' of ord-1"


def test_a_job_that_failed_says_which_of_its_errors_ended_it() -> None:
    job = shop()
    job.make("run", 3, "price", AT + 30)
    detail = {"error": "'EUX' of ord-1", "error_type": "KeyError"}
    job.make("record", "price", "error", {"slot": "in", **detail}, AT + 31, 3, None)
    job.make("ran", 3, "price", "failed", AT + 31, detail)
    job.make("status", "failed", AT + 31)
    for n in (8, 9):
        job.make("ran", n, "price", "completed", AT + 32, None)
    projection = Projection(job)
    facts = facts_of(projection.header(), projection.insight(PARTS), AT + 31)
    assert why(facts)[0].text.startswith("`price` failed: KeyError: 'EUX' of ord-1; all have")
    (problem,) = projection.insight(["problems"]).problems
    assert problem.error == "KeyError: 'EUX' of ord-…"


def test_the_failing_inputs_are_cut_like_rows() -> None:
    projection = Projection(shop())
    assert [one.task for one in projection.failing(0, 0, 2)] == [3, 4]
    assert [one.task for one in projection.failing(0, 2, 9)] == [2]
    assert projection.failing(7, 0, 9) == []


def test_what_runs_has_its_input_and_what_comes_next_its_place(insight: Insight) -> None:
    assert insight.now is not None
    handlers = insight.now.handlers
    assert [(one.task, one.routine_id, one.slot) for one in handlers] == [
        (8, "price", "in"),
        (9, "price", "in"),
    ]
    assert handlers[0].input == {"id": "ord-6", "order": "ord-6", "currency": "EUR", "shop": 7}
    assert handlers[0].elapsed == pytest.approx(1.0)
    assert handlers[0].p95 == pytest.approx(1.0, rel=0.02)
    assert insight.now.queued == 4
    assert [one.behind for one in insight.now.coming] == [0, 1, 2, 3]
    assert [one.task for one in insight.now.coming] == [10, 11, 3, 4]


def test_tasks_that_wait_for_another_try_come_last_and_as_they_are_due() -> None:
    job = shop(failing=5)
    for number, due in ((3, 90.0), (4, 80.0), (6, 20.0)):
        job.outstanding[number].due = AT + due
    coming = Projection(job).insight(["now"]).now.coming
    assert [one.task for one in coming] == [6, 10, 11, 4, 3, 5]
    dues = [one.due for one in coming if one.due]
    assert dues == sorted(dues)
    assert [one.task for one in Projection(job).waiting_tasks(3, 5)] == [4, 3]


def test_behind_a_long_queue_the_next_retries_are_seen() -> None:
    job = shop(failing=5)
    for number, due in ((3, 90.0), (4, 80.0)):
        job.outstanding[number].due = AT + due
    tasks = [[n, "price", "in"] for n in range(100, 150)]
    job.make("emit", "source", "out", {}, AT, None, tasks)
    coming = Projection(job).insight(["now"]).now.coming
    assert len(coming) == 20
    retries = [one for one in coming if one.due]
    assert {3, 4, 5, 6} == {one.task for one in retries}
    assert [one.due for one in retries] == sorted(one.due for one in retries)
    assert coming[-len(retries) :] == retries


def test_how_far_it_is(insight: Insight) -> None:
    outlook = insight.outlook
    assert outlook is not None
    assert outlook.word == "running"
    assert (outlook.done, outlook.queued, outlook.total) == (5, 4, 11)
    assert (outlook.busy, outlook.workers) == (2, 4)
    assert (outlook.errors, outlook.retrying, outlook.gave_up) == (3, 2, 1)
    assert outlook.approximate == ""


def test_the_parts_that_nobody_asked_for_are_not_there() -> None:
    insight = Projection(shop()).insight(["figures"])
    assert insight.figures
    assert insight.outlook is insight.now is None
    assert insight.problems == []


@pytest.mark.parametrize(
    ("end", "state", "word"),
    [
        (lambda job: job.make("status", "completed", AT + 30), "done", "completed"),
        (lambda job: _cancel(job, AT + 30), "running", "cancelling"),
        (lambda job: job._set_paused("lunch"), "running", "paused: lunch"),
    ],
)
def test_the_states_at_the_end(end: Any, state: str, word: str) -> None:
    job = shop()
    end(job)
    job.execution = object()
    insight = Projection(job).insight(PARTS)
    assert insight.outlook is not None
    ended = job.status in {"completed", "cancelled"}
    assert insight.outlook.word == (f"{word}, 2 running" if ended else word)
    by_id = {one.routine_id: one for one in insight.figures}
    if job.status == "completed":
        assert by_id["load"].state == state
        assert insight.outlook.progress == 1.0
    assert by_id["price"].state == "running"  # two of its handlers have not returned
    assert by_id["audit"].state == "not yet"


def _cancel(job: JobState, at: float) -> None:
    waiting = [one for one in job.outstanding if one not in job.running]
    job.make("drop", waiting, at)
    job.make("status", "cancelled", at)


def test_a_paused_or_cancelled_job_is_not_all_done() -> None:
    for status in ("paused", "cancelled"):
        job = JobState("f")
        job.make("emit", "load", "start", {}, AT, None, [(1, "load", "trigger")])
        job.make("shape", SHAPE)
        job.make("run", 1, "load", AT)
        data: dict[str, Any] = {}
        job.make("emit", "load", "order", data, AT, 1, [(2, "price", "in"), (3, "price", "in")])
        job.make("ran", 1, "load", "completed", AT + 1, None)
        job.make("run", 2, "price", AT + 1)
        job.make("ran", 2, "price", "completed", AT + 2, None)
        if status == "cancelled":
            job.make("drop", [3], AT + 2)
        job.make("status", status, AT + 3)
        header = Projection(job).header()
        assert (header.routines_done, header.routines_total) == (1, 4)
        states = {one.routine_id: one.state for one in measured(job).figures}
        assert states["price"] == ("held" if status == "paused" else "stopped")


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_what_has_ended_has_no_rate(status: str) -> None:
    job = shop()
    before = {one.routine_id: one.rate for one in measured(job).figures}
    job.make("status", status, AT + 21.5)
    insight = measured(job)
    assert before["price"] > 0
    assert insight.outlook is not None
    assert {insight.outlook.rate, *(one.rate for one in insight.figures)} == {0.0}


def test_while_it_pauses_it_says_so() -> None:
    insight = measured(shop(), Control("pause", "lunch", 2))
    assert insight.outlook is not None
    assert insight.outlook.word == "pausing, 2 running"


def test_a_file_of_routilux_says_that_its_figures_are_not_exact() -> None:
    job = JobState("old")
    job.record_execution("a", "start", {})
    job.record_execution("a", "error", {"error": "no", "error_type": "E"})
    plain = job.serialize()
    del plain["statistics"]
    insight = measured(JobState.from_plain(plain))
    assert insight.outlook is not None
    assert insight.outlook.approximate.startswith("≈")
    (figures,) = insight.figures or [None]
    assert figures is None or figures.routine_id == "a"
    (problem,) = insight.problems
    assert (problem.routine_id, problem.error_type, problem.message) == ("a", "E", "no")
    assert problem.count == problem.inputs == 1


def test_of_many_records_counts_are_said_to_be_an_estimate_and_the_records_to_be_all() -> None:
    job = JobState("old")
    for n in range(MOST_RECORDS * 3):
        job.record_execution("ab"[n % 2], "went", {})
    for name in "ab":
        job.update_routine_state(name, {"status": "completed"})
    insight = measured(job)
    assert insight.outlook is not None
    assert insight.outlook.done == insight.outlook.total == MOST_RECORDS * 3
    told = {one.routine_id: (one.done, one.done_is_estimate) for one in insight.figures}
    assert told == dict.fromkeys("ab", (MOST_RECORDS * 3 // 2, True))
    assert count(30_000, is_estimate=True) == "≈30,000"


@pytest.mark.parametrize("odd", [float("nan"), 1e308, 10**400, -1, "x", None, [1], {"a": 1}, True])
def test_no_odd_value_harms_it(odd: Any) -> None:
    plain = shop().serialize()
    for name in ("created_at", "updated_at", "current_routine_id", "flow_id", "running"):
        plain[name] = odd
    plain["routine_states"]["price"] = dict.fromkeys(
        ("status", "runs", "errors", "retries", "active", "execution_time", "error"), odd
    )
    plain["routine_states"]["load"] = odd
    for task in plain["pending_tasks"] + plain["failed_tasks"]:
        for name in ("retry_count", "max_retries", "due", "queued_at", "problem", "data"):
            task[name] = odd
    plain["failed_count"] = odd
    job = JobState.from_plain(plain)
    insight = measured(job)
    assert msgspec.json.encode(to_plain(msgspec.to_builtins(insight)))
    assert len(insight.figures) == 4
    assert Projection(job).header().job_id == job.job_id


def test_a_moment_is_the_last_that_is_known_of_a_job_that_nobody_runs() -> None:
    assert Moment(shop()).at == AT + 21


def test_inputs_that_a_cancel_dropped_before_another_try_are_told() -> None:
    job = shop()
    job.make("drop", [3, 4, 10, 11], AT + 30)
    job.make("routine", "_cancellation", {"dropped": 4}, AT + 30)
    job.make("status", "cancelled", AT + 30)
    for n in (8, 9):
        job.make("ran", n, "price", "completed", AT + 31, None)
    projection = Projection(job)
    (problem,) = projection.insight(["problems"]).problems
    assert (problem.retrying, problem.gave_up, problem.dropped, problem.failing) == (0, 1, 2, 3)
    told = [(one.input["id"], one.gave_up, one.dropped, one.next_try) for one in problem.samples]
    assert told == [
        ("ord-0", True, False, ""),
        ("ord-1", False, True, ""),
        ("ord-2", False, True, ""),
    ]
    assert projection.failing(0, 1, 3) == problem.samples[1:]
    facts = facts_of(projection.header(), projection.insight(PARTS), AT + 40)
    reasons = [one.text for one in why(facts)]
    assert reasons[0].startswith("Cancelled")
    assert reasons[1].startswith(
        "2 inputs of `price` had failed, and were dropped before another try: KeyError"
    )
