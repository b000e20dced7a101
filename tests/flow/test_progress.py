"""What a routine says of its progress, and what a condition on it sees."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from routilux_tui import Flow, JobState, Routine
from routilux_tui.errors import FlowDefinitionError
from routilux_tui.views.condition_context import context_of
from routilux_tui.views.conditions import Condition
from routilux_tui.views.earlier import comparable, known_run_of
from routilux_tui.views.moment import Moment
from routilux_tui.views.projection import Projection
from routilux_tui.views.workload import load_of


class Source(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["n"])
        self.seen: list[float] = []
        self.ahead: list[tuple[int | None, int]] = []

    def go(self, n: int = 4, how: str = "progress", **_: Any) -> None:
        job = self.get_execution_context().job_state
        if how == "expect":
            self.expect("out", n)
        for number in range(n):
            self.emit("out", n=number)
            if how == "progress":
                self.progress(number + 1, n)
            sink = next(one for one in load_of(Moment(job)).routines if one.routine_id == "sink")
            self.ahead.append((sink.promised, sink.queued))
            self.seen.append(Projection(job).insight(["outlook"]).outlook.progress)


class Sink(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.seen: list[tuple[float, str]] = []

    def go(self, **_: Any) -> None:
        context = context_of(self.get_execution_context().job_state)
        self.seen.append((context["progress"], context["routines"]["source"]["status"]))


def made() -> tuple[Flow, Source, Sink]:
    flow = Flow("said")
    source, sink = Source(), Sink()
    flow.add_routine(source, "source")
    flow.add_routine(sink, "sink")
    flow.connect("source", "out", "sink", "in")
    return flow, source, sink


def ended(flow: Flow, **params: Any) -> JobState:
    job = flow.execute("source", params)
    assert JobState.wait_for_completion(flow, job, timeout=30)
    return job


def test_progress_is_what_the_routine_says_and_all_only_at_the_end() -> None:
    flow, source, _ = made()
    job = ended(flow, n=4)
    # what it has sent waits: nobody has begun with it, and it is no part of what is done
    assert source.seen == pytest.approx([1 / 6, 0.3, 3 / 7, 5 / 9], abs=0.01)
    assert job.said_progress == {"source": [4, 4]}
    assert Projection(job).insight(["outlook"]).outlook.progress == 1.0
    assert JobState.from_plain(job.serialize()).said_progress == {"source": [4, 4]}


def test_what_is_expected_is_done_when_its_tasks_have_ended() -> None:
    flow, source, sink = made()
    job = ended(flow, n=4, how="expect")
    assert all(0 < progress < 1 for progress, _ in sink.seen)
    assert source.ahead == [(3, 1), (2, 2), (1, 3), (0, 4)]
    assert job.expected == {("source", "out"): [4, 4]}
    assert JobState.from_plain(job.serialize()).expected == job.expected


def test_said_for_every_item_it_is_kept_a_thousand_times_at_most() -> None:
    flow, _, _ = made()
    job = JobState("said")
    changes: list[Any] = []
    job.subscribe(lambda change: changes.append(change[1]))
    flow.prepare(job).start("source", {"n": 3000})
    assert JobState.wait_for_completion(flow, job, timeout=60)
    assert changes.count("progress") <= 1001
    assert job.said_progress["source"] == [3000, 3000]


@pytest.mark.parametrize(("done", "total"), [(1, 0), (-1, 5), (float("nan"), 5), (1, float("inf"))])
def test_what_is_no_progress_is_an_error(done: float, total: float) -> None:
    with pytest.raises(ValueError, match="progress"):
        Source().progress(done, total)
    with pytest.raises(RuntimeError, match="outside of a job"):
        Source().progress(1, 2)
    with pytest.raises(FlowDefinitionError, match="no event 'nothing'"):
        Source().expect("nothing", 5)


def test_a_condition_is_not_met_in_the_middle_of_a_job() -> None:
    flow, _, sink = made()
    job = ended(flow, n=3)
    assert [status for _, status in sink.seen] == ["idle"] * 3
    assert all(progress < 1 for progress, _ in sink.seen)
    context = context_of(job)
    for text in (
        'progress == 1.0 && routines.source.status == "completed"',
        "eta == -1.0 && queue == 0 && oldest == 0.0 && !waiting && silent_for >= 0.0",
        "routines.sink.queue == 0 && routines.sink.p95 >= 0.0 && routines.sink.rate >= 0.0",
    ):
        condition = Condition(text)
        condition.check(context)
        assert condition.holds(context), text


def test_earlier_runs_with_the_same_parameters_tell_the_end_and_what_is_slow() -> None:
    flow, _, _ = made()
    runs = [msgspec.structs.replace(known_run_of(ended(flow, n=4)), seconds=10.0) for _ in range(4)]
    other = known_run_of(ended(flow, n=5))
    job = ended(flow, n=4)
    earlier = comparable(job, [*runs, other])
    assert [one.seconds for one in earlier] == [10.0] * 4
    job._created = job._updated - 30.0
    outlook = Projection(job)
    outlook.earlier = earlier
    found = outlook.insight(["outlook"]).outlook
    assert found.slower == pytest.approx(3.0, rel=0.01)  # the first moment is no part of it
    assert found.earlier_runs == 4
    assert context_of(job, earlier)["slower_than_usual"] == pytest.approx(3.0, rel=0.01)
    assert context_of(job)["slower_than_usual"] == 0.0


def test_a_users_own_value_of_a_routine_stands() -> None:
    job = JobState("f")
    job.update_routine_state("a", {"status": "running", "rate": "mine"})
    assert Condition('routines.a.rate == "mine"').holds(context_of(job))


def test_a_job_that_has_failed_tells_no_part_by_what_is_queued_no_more() -> None:
    class Split(Routine):
        def __init__(self) -> None:
            super().__init__()
            self.define_slot("trigger", handler=self.split)
            self.define_event("part", ["n"])

        def split(self) -> None:
            for n in range(40):
                self.emit("part", n=n)

    class Work(Routine):
        def __init__(self) -> None:
            super().__init__()
            self.define_slot("part", handler=self.work)

        def work(self, n: int) -> None:
            if n == 30:
                raise ValueError("thirty")

    flow = Flow("failing")
    flow.add_routine(Split(), "split")
    flow.add_routine(Work(), "work")
    flow.connect("split", "part", "work", "part")
    job = flow.execute("split")
    flow.wait_for_completion(timeout=10)
    assert job.status == "failed"
    outlook = Projection(job).insight(["outlook"]).outlook
    assert outlook is not None
    assert outlook.progress is None
