"""A job's file that two people answer at once: the second is told who was first."""

from __future__ import annotations

import os
import signal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible, RunElsewhere
from routilux_tui.runner import answering
from routilux_tui.runner.answering import Answer, answer_saved
from routilux_tui.runner.client import Client
from routilux_tui.runner.host import Host
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.launch_spec import LaunchSpec
from routilux_tui.runner.turn import Turn
from routilux_tui.store import journal
from routilux_tui.store.locks import acquire_lock, is_locked
from routilux_tui.views.questions import count_open, waits
from tests.asking import write_asking
from tests.processes import assert_gone, until

if TYPE_CHECKING:
    from collections.abc import Callable


def _killed(world: Path) -> Path:
    """The file of a job whose runner was killed while it waited for an answer."""
    started = start_job(write_asking(world), {"n": 1})
    with Client(started.socket) as client:
        client.wait_for_status({"paused"}, 30)
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)
    return Path(started.path)


@pytest.mark.parametrize("choice", ["yes", "no", "drop"])
def test_an_answer_that_waits_to_be_emitted_is_no_question(
    world: Path, monkeypatch: pytest.MonkeyPatch, choice: str
) -> None:
    path = _killed(world)

    def held(_path: str) -> None:
        raise NotPossible("Another process runs this job.")

    monkeypatch.setattr(answering, "resume_job", held)  # the moment before it goes on
    answer_saved(path, Answer("", "yes", None), {"name": "ana"})
    with pytest.raises(NotPossible, match="Question 1 is answered by ana at"):
        answer_saved(path, Answer("", choice, None), {"name": "ben"})
    state = JobState.load(path)
    assert (count_open(state), waits(state)) == (0, False)
    (event,) = state.deferred_events
    assert event["data"]["ok"] is True


@pytest.mark.parametrize("late", ["answer", "resume"])
def test_what_was_read_before_another_ran_the_job_is_not_written_over_it(
    world: Path, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    path = _killed(world)

    def ana_first(place: Path) -> int:
        """Between the look at the file and its lock another answers, and the job runs to its end."""
        monkeypatch.setattr(journal, "acquire_lock", acquire_lock)
        answer_saved(path, Answer("", "yes", None), {"name": "ana"})
        until(lambda: JobState.load(path).status == "completed" and not is_locked(path))
        return acquire_lock(place)

    monkeypatch.setattr(journal, "acquire_lock", ana_first)
    spec = LaunchSpec(
        flow=write_asking(world), job_id="x", socket=str(world / "s"), log="", resume=str(path)
    )
    then: Callable[[], object] = {
        "answer": lambda: answer_saved(path, Answer("", "no", None), {"name": "ben"}),
        "resume": lambda: Host(spec, BytesIO(), Turn(spec)),
    }[late]
    with pytest.raises(RunElsewhere, match="somebody else ran the job just now"):
        then()
    state = JobState.load(path)
    assert state.status == "completed"
    assert [one["ok"] for one in state.shared_log if "ok" in one] == [True]
