"""A job's changes as Chrome trace events: every run is a slice, every delivery an arrow."""

from __future__ import annotations

import itertools
import json
from typing import Any

from routilux_tui.job.changes import decode_change, encode
from routilux_tui.views import spans
from routilux_tui.views.chrome_trace import chrome_trace
from tests.staged import nightly_etl, nightly_orders


def _traced(flow: Any, entry: str, **params: object) -> tuple[Any, list[dict[str, Any]]]:
    from routilux_tui import JobState

    changes: list[Any] = []
    job = JobState(flow.flow_id)
    job.subscribe(lambda change: changes.append(decode_change(encode(change))))
    flow.prepare(job).start(entry, params)
    assert flow.wait_for_completion(30, job)
    return job, list(chrome_trace(flow.flow_id, changes))


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in events if one["ph"] == kind]


def test_every_run_is_a_slice_and_every_delivery_an_arrow() -> None:
    job, events = _traced(nightly_etl.flow(), "extract", rows=20, quick=0.001, slow=0.002)
    names = {one["pid"]: one["args"]["name"] for one in _of(events, "M")}
    slices = _of(events, "X")
    runs = {one: state["runs"] for one, state in job.routine_states.items()}
    assert {one: sum(names[each["pid"]] == one for each in slices) for one in runs} == runs
    assert all(one["args"]["outcome"] == "completed" and one["dur"] >= 0 for one in slices)
    begun, ended = _of(events, "s"), _of(events, "f")
    ends = [[(one["id"], one["cat"], one["name"]) for one in side] for side in (begun, ended)]
    assert sorted(ends[0]) == sorted(ends[1])
    assert {one["name"] for one in begun} != {"emit"}
    assert len(begun) == 20 * 4
    for one in ended:  # an arrow ends in the slice of its task, at its beginning
        there = next(each for each in slices if each["args"]["task"] == one["id"])
        assert (there["ts"], there["pid"], there["tid"]) == (one["ts"], one["pid"], one["tid"])
    json.dumps(events, allow_nan=False)


def test_slices_of_a_thread_never_overlap() -> None:
    _, events = _traced(nightly_etl.flow(), "extract", rows=30, quick=0.002, slow=0.004)
    by_thread: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for one in _of(events, "X"):
        place = by_thread.setdefault((one["pid"], one["tid"]), [])
        place.append((one["ts"], one["ts"] + one["dur"]))
    for slices in by_thread.values():
        slices.sort()
        assert all(a[1] <= b[0] + 0.2 for a, b in itertools.pairwise(slices))


def test_retries_and_failures_are_told_by_their_outcome() -> None:
    _, events = _traced(
        nightly_orders.flow(tries=2, delay=0.01), "source", total=5, pace=0, every=4
    )
    price = [one["args"] for one in _of(events, "X") if one["name"] == "price"]
    outcomes = [one["outcome"] for one in price]
    assert outcomes.count("retry") >= 2
    assert "failed" in outcomes
    assert all("404" in one["error"] for one in price if one["outcome"] == "failed")


def test_handlers_of_a_killed_process_end_where_it_ended() -> None:
    changes = [
        (1, "emit", "a", "start", {}, 10.0, None, [(1, "a", "trigger")]),
        (2, "run", 1, "a", 10.5),
        (3, "worker", 1, "worker process 7 on box", 10.6),
        (3, "log", {}, 11.0),
        (4, "take_up", 20.0),
        (5, "run", 1, "a", 20.5),
    ]
    slices = _of(list(chrome_trace("f", changes)), "X")
    assert [one["args"]["outcome"] for one in slices] == ["killed", "unfinished"]
    assert slices[0]["args"]["waited_ms"] == 500
    assert [one["args"].get("worker") for one in slices] == ["worker process 7 on box", None]


def test_odd_changes_make_no_events() -> None:
    odd = [
        (),
        (1,),
        (1, "run"),
        (1, "run", {}, [], "now"),
        (1, "emit", 1, 2, 3, 4, 5, 6),
        (1, [], 2),
    ]
    assert len(list(chrome_trace("f", odd))) == 1


def test_a_task_that_never_ran_has_no_arrow() -> None:
    changes = [
        [1, "emit", "a", "start", {}, 1.0, None, [[1, "a", "in"]]],
        [2, "run", 1, "a", 1.0],
        [3, "emit", "a", "out", {}, 2.0, 1, [[2, "b", "in"], [3, "b", "in"]]],
        [4, "remove", [2], 2.5],
        [5, "run", 3, "b", 3.0],
    ]
    events = list(chrome_trace("f", changes))
    assert [one["id"] for one in events if one["ph"] in {"s", "f"}] == [3, 3]
    assert [one["ts"] for one in events if one["ph"] in {"s", "f"}] == [1e6, 2e6]


def test_waits_are_told_of_tasks_that_no_record_queued_or_that_were_queued_again() -> None:
    changes = [
        [1, "queue", [[1, "a", "in"], [2, "a", "in"]], {}, 1.0, "z", "out"],
        [2, "run", 1, "a", 3.0],
        [3, "ran", 1, "a", "failed", 4.0, {"error": "x"}],
        [4, "drop", [2], 4.0],
        [5, "again", 1, 3, None, 10.0],
        [6, "undrop", [2], 10.0],
        [7, "run", 3, "a", 11.0],
        [8, "ran", 3, "a", "completed", 12.0, None],
        [9, "run", 2, "a", 15.0],
        [10, "ran", 2, "a", "completed", 16.0, None],
    ]
    slices = _of(list(chrome_trace("f", changes)), "X")
    assert [one["args"]["waited_ms"] for one in slices] == [2000, 1000, 5000]
    assert [(one.waited, one.event) for one in spans.spans(changes)] == [
        (2, "out"),
        (1, "out"),
        (5, "out"),
    ]
