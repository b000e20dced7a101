"""Answering what a job asks: where it runs, or in the file of one that nobody runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.errors import NotPossible, RoutiluxTuiError, UsageError
from routilux_tui.flow.engine import Execution
from routilux_tui.job.answers import emitted_by
from routilux_tui.runner.launch import resume_job
from routilux_tui.state.job_state import JobState
from routilux_tui.store.journal import Journal
from routilux_tui.store.reading import load_job
from routilux_tui.views.provenance import steered_by
from routilux_tui.views.questions import DROP, YES, choose, deferred_by_id

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.flow.engine import Engine
    from routilux_tui.runner.launch_spec import LaunchResult
    from routilux_tui.views.questions import AskedQuestion


class Answer(NamedTuple):
    """An answer as it is given: to the only open question where ``question`` is empty."""

    question: str = ""
    choice: str = ""
    data: Any = None


class Recorded(NamedTuple):
    """What became of an answer in a file: who goes on with the job, or why nobody does."""

    question: str
    taken_up: LaunchResult | None
    why_not: str = ""
    hint: str = ""


def answer_live(engine: Engine, answer: Answer, who: dict[str, Any]) -> str:
    """Answer a question of a job that is run here, with its lock held; returns what was said.

    A job that was paused by nothing but its questions goes on.

    Raises:
        NotPossible: when there is no such question, or it is answered.
        UsageError: when it is no answer to it.
    """
    state = engine.job_state
    asked = choose(state, answer.question)
    emitted = _checked(asked, answer)
    if not asked.is_deferred:
        if not isinstance(engine, Execution):
            raise NotPossible("The library that runs this job asks no such questions.")
        engine.answer(int(asked.id), answer.choice, answer.data, who)
        return _summary_of(asked, answer)
    by_person = bool(steered_by(state))
    is_last = len(state.deferred_events) == 1
    if not isinstance(engine, Execution):
        if not is_last or emitted != asked.data:
            raise NotPossible(
                "A job of routilux itself emits what it has deferred as it is.",
                f"Go on with it: routilux-tui resume {state.job_id}",
            )
        engine.resume()
        return _summary_of(asked, answer)
    _take_out(state, asked.id)
    if emitted is not None:
        engine.emit_of(asked.routine, asked.event, emitted)
    if is_last and not by_person and not state.waits_for_answers():
        engine.resume()
    return _summary_of(asked, answer)


def answer_saved(path: Path, answer: Answer, who: dict[str, Any]) -> Recorded:
    """Answer a question of a job that nobody runs, in its file, and take the job up again.

    What is answered there is an event that is emitted when the job goes on, whoever resumes it:
    routilux, too.

    Raises:
        NotPossible: when there is no such question, it is answered, or somebody runs the job.
        UsageError: when it is no answer to it.
        JobFileError: when the file can't be read or written.
    """
    state = load_job(str(path), into=JobState, strict=True)
    asked = choose(state, answer.question)
    emitted = _checked(asked, answer)
    journal = Journal(state, path, read_at=state.seq)
    try:
        with state.lock:
            now = time.time()
            if asked.is_deferred:
                _replace(state, asked.id, emitted)
            else:
                given = {"choice": answer.choice, "data": emitted}
                state.make("deferred", asked.routine, asked.event, emitted, now)
                state.make("answered", int(asked.id), given, who, now)
            state.make("control", "answer", who, _summary_of(asked, answer), now)
    finally:
        journal.close()
    if state.library:
        return Recorded(asked.id, None, f"a script of {state.library} ran it: its program goes on")
    try:
        return Recorded(asked.id, resume_job(str(path)))
    except RoutiluxTuiError as error:
        return Recorded(asked.id, None, error.message, error.hint)


def _checked(asked: AskedQuestion, answer: Answer) -> dict[str, Any] | None:
    """What is emitted by an answer; None where a deferred event is dropped."""
    if not asked.is_deferred:
        return emitted_by(asked, answer.choice, answer.data)
    if answer.choice not in {YES, DROP, ""} or (answer.choice == DROP and answer.data is not None):
        raise UsageError(
            f"{answer.choice[:40]!r} is no answer to this.",
            "It is yes, or drop, or other data: --data JSON",
        )
    if answer.choice == DROP:
        return None
    if not answer.choice and answer.data is None:
        raise UsageError("It is not said what the answer is.", "It is yes, drop, or --data JSON.")
    return emitted_by(asked, "", answer.data or {})


def _summary_of(asked: AskedQuestion, answer: Answer) -> str:
    """An answer in a line, as the job keeps it: it begins with the question's id."""
    what = answer.choice or ("yes, with other data" if asked.is_deferred else "data")
    return f"{asked.id}: {what}"[:200]


def _take_out(state: JobState, name: str) -> None:
    _replace(state, name, None)


def _replace(state: JobState, name: str, data: dict[str, Any] | None) -> None:
    """Have a deferred event emitted with other data, or without any not at all."""
    wanted = deferred_by_id(state)[name]
    left = []
    for event in state.deferred_events:
        if event is not wanted:
            left.append(event)
        elif data is not None:
            left.append({**event, "data": data})
    state.deferred_events = left
