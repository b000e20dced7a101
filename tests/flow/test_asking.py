"""A routine asks a person: the job goes on, waits without a thread, and the answer is one emit."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import Flow, JobState, Routine
from routilux_tui.errors import FlowDefinitionError, NotPossible, UsageError
from routilux_tui.flow.strategy import ErrorHandler, ErrorStrategy
from tests.asking import FLOWS
from tests.processes import until

if TYPE_CHECKING:
    from pathlib import Path

ANA = {"name": "ana"}


def asking() -> Flow:
    names: dict[str, Any] = {"__name__": "asking_flows"}
    exec(FLOWS, names)
    flow: Flow = names["flow"]()
    return flow


def started(flow: Flow, **params: Any) -> JobState:
    job = flow.execute("book", entry_params=params)
    assert JobState.wait_for_completion(flow, job, timeout=20)
    return job


def logged(job: JobState, key: str) -> list[Any]:
    return [one[key] for one in job.shared_log if key in one]


def test_the_job_goes_on_and_waits_when_only_questions_are_left() -> None:
    flow = asking()
    job = started(flow, n=2)
    assert job.status == "paused"
    assert logged(job, "n") == [0, 1, 2]
    assert job.pause_points[-1]["reason"] == "waits for an answer: book it? and 1 more"
    assert job.pause_points[-1]["current_routine_id"] == "book"
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith("booker-")])
    job.execution.answer(1, "yes", None, ANA)
    assert JobState.wait_for_completion(flow, job, timeout=20)
    assert (job.status, logged(job, "ok")) == ("paused", [True])
    assert job.pause_points[-1]["reason"] == "waits for an answer: book it?"
    job.execution.answer(2, "no", None, ANA)
    assert JobState.wait_for_completion(flow, job, timeout=20)
    assert job.status == "completed"
    assert [(one["account"], one["ok"]) for one in job.shared_log if "ok" in one] == [
        ("acc-0", True),
        ("acc-1", False),
    ]
    emitted = [one for one in job.execution_history if one.event_name == "booked"]
    assert [one.task for one in emitted] == [1, 1]  # what asked is the cause of what it emitted


def test_a_second_answer_is_refused_by_name_and_time() -> None:
    job = started(asking(), n=2)
    job.execution.answer(1, "yes", None, ANA)
    with pytest.raises(NotPossible, match=r"Question 1 is answered by ana at \d\d:\d\d"):
        job.execution.answer(1, "no", None, {"name": "bob"})
    until(lambda: logged(job, "ok") == [True])


@pytest.mark.parametrize(
    ("choice", "data", "why"),
    [
        ("ja", None, "It is yes or no"),
        ("", {"ok": True}, "It is yes or no"),
        ("", [1], "object"),
    ],
)
def test_what_is_no_choice_is_refused(choice: str, data: Any, why: str) -> None:
    job = started(asking())
    with pytest.raises(UsageError, match=why):
        job.execution.answer(1, choice, data, ANA)
    assert job.open_questions()


def test_an_answer_is_of_the_types_that_are_asked_for() -> None:
    flow = asking()
    job = started(flow, n=0, price=True)
    for choice, data in (("", {}), ("", {"amount": "x"}), ("", {"amount": True}), ("abc", None),
                         ("", {"amount": 1.5, "account": "x"}), ("", {"sum": 1})):  # fmt: skip
        with pytest.raises(UsageError):
            job.execution.answer(1, choice, data, ANA)
    job.execution.answer(1, "3.5", None, ANA)
    assert JobState.wait_for_completion(flow, job, timeout=20)
    assert logged(job, "amount") == [3.5]
    assert logged(job, "account") == ["acc-9"]


def test_time_limits_have_an_outcome() -> None:
    flow = asking()
    job = flow.execute("book", entry_params={"within": 0.05, "default": "no"})
    until(lambda: job.status == "completed")
    assert logged(job, "ok") == [False]
    assert job.questions[1].who == {"name": "the time limit"}
    job = flow.execute("book", entry_params={"within": 0.05})
    until(lambda: job.status == "failed")
    assert job.routine_states["_failure"]["reason"].startswith("no answer within")
    assert "book it?" in job.routine_states["_failure"]["reason"]


def test_it_reminds_until_it_is_answered() -> None:
    flow = asking()
    job = flow.execute("book", entry_params={"remind": 0.02})
    until(lambda: job.questions and job.questions[1].reminders >= 3)
    job.execution.answer(1, "yes", None, ANA)
    assert job.questions[1].remind == []
    until(lambda: job.status == "completed")


def test_a_paused_job_keeps_the_answer_until_it_goes_on() -> None:
    flow = asking()
    job = flow.execute("book", entry_params={"n": 1})
    until(lambda: job.status == "paused")
    state = JobState.from_plain(job.to_plain())
    resumed = asking()
    state.make("pause_point", {"reason": "lunch", "checkpoint": {}}, 1.0)
    resumed.prepare(state).answer(1, "yes", None, ANA)
    assert state.status == "paused"
    assert len(state.pending_tasks) == 1
    resumed.resume(state)
    until(lambda: state.status == "completed")
    assert logged(state, "ok") == [True]


def test_it_survives_its_file(tmp_path: Path) -> None:
    job = started(asking(), n=2, price=True)
    job.save(tmp_path / "job.json")
    again, flow = JobState.load(tmp_path / "job.json"), asking()
    assert [one.text for one in again.open_questions()] == ["book it?", "book it?", "which amount?"]
    flow.resume(again)
    assert again.status == "paused"
    points = len(again.pause_points)
    again.execution.answer(3, "2", None, ANA)
    again.execution.answer(1, "yes", None, ANA)
    again.execution.answer(2, "yes", None, ANA)
    until(lambda: again.status == "completed")
    assert len(again.pause_points) >= points
    assert logged(again, "amount") == [2]


def test_a_handler_that_is_retried_asks_once() -> None:
    class Asks(Routine):
        tries = 0

        def __init__(self) -> None:
            super().__init__()
            self.define_slot("trigger", handler=self.go)
            self.define_event("ok", ["n"])

        def go(self) -> None:
            self.ask("go on?", "ok", {"n": 1})
            self.tries += 1
            if self.tries < 3:
                raise RuntimeError("not yet")

    flow, routine = Flow("asks"), Asks()
    routine.set_error_handler(ErrorHandler(ErrorStrategy.RETRY, 5, 0.0))
    flow.add_routine(routine, "book")
    job = started(flow)
    assert (routine.tries, len(job.questions)) == (3, 1)
    job.execution.answer(1, "yes", None, ANA)
    until(lambda: job.status == "completed")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"event": "nothing"}, "has no event"),
        ({"text": " "}, "has no text"),
        ({"choices": {"yes": {"nobody": 1}}}, "nobody"),
        ({"choices": int}, "lacks"),
        ({"choices": {"yes": 1}}, "neither answers nor types"),
        ({"choices": {"yes": {"ok": 1}}, "default": "no"}, "default"),
        ({"choices": {"ok": bool}, "default": {"ok": 3}}, "default"),
    ],
)
def test_a_question_that_nobody_could_answer_fails_where_it_is_asked(
    words: dict[str, Any], why: str
) -> None:
    class Asks(Routine):
        def __init__(self) -> None:
            super().__init__()
            self.define_slot("trigger", handler=self.go)
            self.define_event("booked", ["account", "ok"])

        def go(self) -> None:
            self.ask(**{"text": "?", "event": "booked", **words})

    routine, flow = Asks(), Flow("asks")
    flow.add_routine(routine, "book")
    job = started(flow)
    assert job.status == "failed"
    assert why in job.routine_states["book"]["error"]
    with pytest.raises((RuntimeError, FlowDefinitionError)):
        routine.ask("?", "booked")


def test_handlers_elsewhere_ask_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asking_flows.py").write_text(FLOWS)
    monkeypatch.syspath_prepend(tmp_path)
    import asking_flows

    flow = asking_flows.flow()
    flow.set_executor("processes:1")
    job = started(flow)
    assert job.status == "paused"
    job.execution.answer(1, "yes", None, ANA)
    assert JobState.wait_for_completion(flow, job, timeout=20)
    assert (job.status, logged(job, "ok")) == ("completed", [True])


def test_an_answer_that_would_go_nowhere_is_refused(tmp_path: Path) -> None:
    job = started(asking())
    job.save(tmp_path / "job.json")
    again, other = JobState.load(tmp_path / "job.json"), Flow("booker")

    class Book(Routine):
        def __init__(self) -> None:
            super().__init__()
            self.define_slot("trigger", handler=print)

    other.add_routine(Book(), "book")
    other.add_routine(Routine(), "post")
    other.resume(again)
    with pytest.raises(NotPossible, match=r"no event book\.booked"):
        again.execution.answer(1, "yes", None, ANA)
    assert again.open_questions()


def test_thousands_of_questions_cost_no_more_each() -> None:
    flow = asking()
    job = started(flow, n=3000)
    assert len(job.open_questions()) == 3000
    assert job.pause_points[-1]["reason"].endswith("and 2999 more")
