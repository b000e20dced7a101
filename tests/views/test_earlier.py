"""What earlier runs were like: usual times, known errors, and what is new beside them."""

from __future__ import annotations

from routilux_tui import JobState
from routilux_tui.views.earlier import ENOUGH, KnownRun, Usual, known_run_of, usual_of
from tests.staged import nightly_orders


def run_of(seconds: float, status: str = "completed", **fields: object) -> KnownRun:
    told = {"job_id": "j", "flow_id": "f", "status": status, "seconds": seconds, **fields}
    return KnownRun(**told)  # type: ignore[arg-type]


def test_a_run_is_known_by_its_statistics() -> None:
    flow = nightly_orders.failing()
    job = flow.execute("source", {"total": 20, "pace": 0, "every": 5})
    assert flow.execution_of(job).wait(30)  # also for the handlers that ran beside the one
    run = known_run_of(job)
    assert (run.flow_id, run.status) == ("nightly_orders", "failed")
    assert ("price", "LookupError", "rate service answered #") in run.kinds
    price = job.routine_states["price"]
    assert run.routines["price"][0] == price["runs"] - price["retries"]
    assert 0 <= run.p95["validate"] < 10


def test_a_run_of_an_older_version_is_known_by_its_last_errors() -> None:
    job = JobState("f")
    job.update_routine_state("r", {"status": "failed", "error": "KeyError: 'order 17'"})
    job.update_routine_state("s", {"status": "failed", "error": "it broke at 12:30"})
    assert known_run_of(job).kinds == {("r", "KeyError", "'…'"), ("s", "", "it broke at #:#")}


def test_usual_are_the_medians_of_those_that_completed_and_the_errors_of_all() -> None:
    kind, other = ("r", "E", "x"), ("r", "E", "y")
    usual = usual_of([
        run_of(10, p95={"r": 1.0}),
        run_of(12, p95={"r": 3.0, "s": 9.0}, kinds=frozenset({kind})),
        run_of(99, "failed", p95={"r": 50.0}, kinds=frozenset({other})),
    ])  # fmt: skip
    assert (usual.runs, usual.completed, usual.seconds) == (3, 2, 11)
    assert usual.p95 == {"r": 2.0, "s": 9.0}
    assert [usual.is_new(one) for one in (kind, other, ("r", "F", "x"))] == [False, False, True]
    assert not usual_of([run_of(1)] * (ENOUGH - 1)).is_new(kind)
    assert usual_of([]) == Usual()
