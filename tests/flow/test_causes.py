"""Every record knows what led to it; what failed keeps its input and its traceback."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any

import pytest

from routilux_tui import ErrorHandler, ErrorStrategy, ExecutionRecord, Flow, JobState, Routine
from routilux_tui.views.causes import cause_of, input_of, routine_of
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import HISTORY


class Source(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["order"])
        self.define_event("nowhere")

    def go(self, n: int = 4, **_: Any) -> None:
        for number in range(n):
            self.emit("out", order=f"ord-{number}")
            self.emit("nowhere")


class Price(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)
        self.define_event("priced", ["order"])

    def go(self, number: str, **_: Any) -> None:
        if number == "ord-2":
            raise LookupError(f"no rate for {number}")
        self.emit("priced", order=number)


class Sink(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("in", handler=self.go)

    def go(self, order: str) -> None:
        self.get_execution_context().job_state.record_execution("sink", "kept", {"order": order})


def shop(handler: ErrorHandler | None = None) -> Flow:
    flow = Flow("shop")
    for name, routine in {"source": Source(), "price": Price(), "sink": Sink()}.items():
        flow.add_routine(routine, name)
    flow.connect("source", "out", "price", "in", {"order": "number"})
    flow.connect("source", "out", "sink", "in")
    flow.connect("price", "priced", "sink", "in")
    flow.set_error_handler(handler or ErrorHandler(ErrorStrategy.CONTINUE))
    return flow


def ended(flow: Flow, **params: Any) -> JobState:
    job = flow.execute("source", params)
    assert JobState.wait_for_completion(flow, job, timeout=30)
    return job


def chain(job: JobState, n: int) -> list[str]:
    """From a record back to the start."""
    history, names = job.execution_history, []
    at: int | None = n
    while at is not None:
        names.append(f"{history[at].routine_id}.{history[at].event_name}")
        at = cause_of(history, history[at].task)
    return names


@pytest.fixture(params=["live", "saved"])
def job(request: pytest.FixtureRequest, tmp_path: Any) -> JobState:
    job = ended(shop())
    if request.param == "saved":
        job.save(tmp_path / "j.json")
        return JobState.load(tmp_path / "j.json")
    return job


def test_every_record_leads_back_to_the_start(job: JobState) -> None:
    history = job.execution_history
    firsts = [one.first for one in history]
    assert firsts == sorted(firsts)
    for n, record in enumerate(history):
        names = chain(job, n)
        assert names[-1] == "source.start"
        if record.event_name == "priced":
            assert names == ["price.priced", "source.out", "source.start"]
            at = cause_of(history, record.task)
            assert history[at].data == record.data
        elif record.event_name == "kept":
            at = cause_of(history, record.task)
            assert history[at].data["order"] == record.data["order"]
            assert names[1] in {"source.out", "price.priced"}
    assert history[0].task is None
    assert sum(one.event_name == "kept" for one in history) == 7


def test_what_failed_has_its_input_by_the_names_of_its_slot(job: JobState) -> None:
    (n,) = [n for n, one in enumerate(job.execution_history) if one.event_name == "error_continued"]
    record = job.execution_history[n]
    assert input_of(job, record.task) == {"order": "ord-2", "number": "ord-2"}
    assert routine_of(job, record.task) == "price"
    whole = Projection(job).item(HISTORY, n)
    assert whole["input"] == {"order": "ord-2", "number": "ord-2"}
    assert whole["traceback"].startswith("Traceback (most recent call last):\n")
    assert 'raise LookupError(f"no rate for {number}")' in whole["traceback"]
    assert whole["traceback"].endswith("\nLookupError: no rate for ord-2")
    assert whole["task"] == record.task
    assert record.data == {"slot": "in", "error": "no rate for ord-2", "error_type": "LookupError"}


def test_what_failed_for_good_is_kept_as_it_was(job: JobState) -> None:
    (failed,) = job.failed_tasks
    assert (failed.task.routine_id, failed.task.slot) == ("price", "in")
    assert failed.task.data == {"order": "ord-2"}
    assert (failed.task.source_id, failed.task.source_event) == ("source", "out")
    assert failed.error == "LookupError: no rate for ord-2"
    assert failed.status == "error_continued"
    assert job.failed_count == 1


def test_the_same_traceback_is_kept_once_whatever_the_message() -> None:
    flow = shop(ErrorHandler(ErrorStrategy.RETRY, max_retries=2, retry_delay=0))
    job = ended(flow)
    errors = [one for one in job.execution_history if one.event_name == "error"]
    assert len(errors) == 3
    assert {one.trace for one in errors} == {0}
    assert len({one.task for one in errors}) == 1
    assert len(job.tracebacks) == 1
    assert job.failed_tasks[0].task.retry_count == 2


def test_a_long_traceback_keeps_its_beginning_and_its_end() -> None:
    def deep(n: int) -> None:
        if n:
            return deep(n - 1) if n % 2 else [deep(n - 1)][0]
        raise ValueError("x" * 50_000)

    class Deep(Routine):
        def __init__(self) -> None:
            super().__init__()
            self.define_slot("trigger", handler=lambda: deep(300))

    flow = Flow()
    flow.add_routine(Deep(), "source")
    job = ended(flow)
    (text,) = job.tracebacks
    assert len(text) < 8_200
    assert text.startswith("Traceback (most recent call last):\n")
    assert 'raise ValueError("x" * 50_000)' in text


def test_the_flow_is_told_once_at_the_start(job: JobState) -> None:
    assert job.flow_shape == {
        "routines": [
            {"id": "source", "slots": ["trigger"], "events": ["out", "nowhere"]},
            {"id": "price", "slots": ["in"], "events": ["priced"]},
            {"id": "sink", "slots": ["in"], "events": []},
        ],
        "connections": [
            ["source", "out", "price", "in", {"order": "number"}],
            ["source", "out", "sink", "in"],
            ["price", "priced", "sink", "in"],
        ],
        "workers": 1,
    }
    assert job.flow_routines == ["source", "price", "sink"]


def test_ids_go_on_after_a_pause_and_a_file(tmp_path: Any) -> None:
    flow = shop()
    job = flow.execute("source", {"n": 50})
    while not flow.pause(job, timeout=30):  # it had ended before it was asked
        job = flow.execute("source", {"n": 50})
    job.save(tmp_path / "j.json")
    again = JobState.load(tmp_path / "j.json")
    assert again.next_task_id == job.next_task_id
    flow.resume(again)
    assert JobState.wait_for_completion(flow, again, timeout=30)
    assert sum(one.event_name == "kept" for one in again.execution_history) == 99
    firsts = [one.first for one in again.execution_history]
    assert firsts == sorted(firsts)
    assert all(chain(again, n)[-1] == "source.start" for n in range(len(firsts)))


def test_records_of_older_versions_lead_nowhere(tmp_path: Any) -> None:
    job = ended(shop())
    plain = job.serialize()
    plain["execution_history"] = [
        {key: value for key, value in one.items() if key not in {"task", "first", "trace"}}
        for one in plain["execution_history"]
    ]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(plain))
    old = JobState.load(path)
    assert cause_of(old.execution_history, 2) is None
    assert input_of(old, 2) is None


@pytest.mark.parametrize("odd", [-1, "7", 1 << 70, 1.5, None, [1], True])
def test_odd_ids_in_a_file_are_no_ids(tmp_path: Any, odd: Any) -> None:
    plain = ended(shop()).serialize()
    for one in plain["execution_history"]:
        one["task"] = one["first"] = one["trace"] = odd
    plain.update(next_task=odd, failed_tasks=odd, failed_count=odd, tracebacks=odd, running=odd)
    plain["flow_shape"] = odd
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(plain))
    job = JobState.load(path)
    projection = Projection(job)
    for n in range(len(job.execution_history)):
        assert projection.item(HISTORY, n)["routine_id"]
    projection.header()
    job.save(path)
    assert len(JobState.load(path).execution_history) == len(job.execution_history)


PEER = """
import sys
from routilux.job_state import JobState
job = JobState.load(sys.argv[1])
print(len(job.execution_history), [r.data for r in job.execution_history if "error" in r.event_name])
job.save(sys.argv[2])
"""


def test_routilux_reads_a_job_with_its_causes(tmp_path: Any, peer: str) -> None:
    job = ended(shop())
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    job.save(ours)
    run = subprocess.run(
        [peer, "-c", PEER, str(ours), str(theirs)], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{len(job.execution_history)} [")
    assert "no rate for ord-2" in run.stdout
    assert len(JobState.load(theirs).execution_history) == len(job.execution_history)


@pytest.mark.parametrize("seed", range(5))
def test_a_cause_is_found_in_any_history_and_in_few_looks(seed: int) -> None:
    rng = random.Random(seed)
    looks = 0

    class History(list[Any]):
        def __getitem__(self, n: Any) -> Any:
            nonlocal looks
            looks += 1
            return super().__getitem__(n)

    job, first = JobState("f"), 1
    for n in range(3000):
        if seed and n < 40:
            record = ExecutionRecord("old", "out")
        else:
            record = ExecutionRecord.of("a", "out", {}, 1.0, None, first)
            first += rng.choice([0, 0, 1, 1, 2, 30 if seed == 3 else 1])
        job.execution_history.append(record)
    history = History(job.execution_history)
    expected = {}
    for n, one in enumerate(job.execution_history):
        if one.first is not None:
            expected[one.first] = n
    for task in rng.sample(range(1, first), 300):
        known = max((one for one in expected if one <= task), default=None)
        assert cause_of(history, task) == (None if known is None else expected[known])
    assert looks / 300 < 14
