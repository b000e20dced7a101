"""The staged jobs do what they say, or the tests that look for their faults prove nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.staged import nightly_etl, nightly_ledger, nightly_orders

if TYPE_CHECKING:
    from routilux_tui import Flow, JobState


def _run(flow: Flow, entry: str, **params: object) -> JobState:
    job = flow.execute(entry, params)
    assert flow.wait_for_completion(30, job)
    return job


def test_orders_of_an_unknown_currency_fail_and_the_job_with_the_first() -> None:
    job = _run(nightly_orders.failing(), "source", total=50, pace=0, every=20)
    assert job.status == "failed"
    assert "rate service answered 404" in str(job.routine_states["price"]["error"])


def test_what_stands_behind_the_slow_routine_is_done_after_it() -> None:
    job = _run(nightly_etl.flow(), "extract", rows=20, quick=0.001, slow=0.002)
    assert job.status == "completed"
    assert job.routine_states["load"]["runs"] == job.routine_states["report"]["runs"] == 20


def test_the_ledger_waits_in_its_middle_and_goes_on_with_all_that_is_held() -> None:
    flow = nightly_ledger.flow()
    job = _run(flow, "collect", accounts=30, big=12)
    assert (job.status, len(job.deferred_events)) == ("paused", 1)
    assert job.pause_points[-1]["reason"] == "four-eyes approval"
    flow.resume(job)
    assert flow.wait_for_completion(30, job)
    assert (job.status, job.routine_states["post"]["runs"]) == ("completed", 30)
