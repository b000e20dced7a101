"""A job's file that two people answer at once: the second is told who was first."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible
from routilux_tui.runner import answering
from routilux_tui.runner.answering import Answer, answer_saved
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.views.questions import count_open, waits
from tests.asking import write_asking
from tests.processes import assert_gone


@pytest.mark.parametrize("choice", ["yes", "no", "drop"])
def test_an_answer_that_waits_to_be_emitted_is_no_question(
    world: Path, monkeypatch: pytest.MonkeyPatch, choice: str
) -> None:
    started = start_job(write_asking(world), {"n": 1})
    with Client(started.socket) as client:
        client.wait_for_status({"paused"}, 30)
    os.kill(started.pid, signal.SIGKILL)
    assert_gone(started.pid)

    def held(_path: str) -> None:
        raise NotPossible("Another process runs this job.")

    monkeypatch.setattr(answering, "resume_job", held)  # the moment before it goes on
    path = Path(started.path)
    answer_saved(path, Answer("", "yes", None), {"name": "ana"})
    with pytest.raises(NotPossible, match="Question 1 is answered by ana at"):
        answer_saved(path, Answer("", choice, None), {"name": "ben"})
    state = JobState.load(path)
    assert (count_open(state), waits(state)) == (0, False)
    (event,) = state.deferred_events
    assert event["data"]["ok"] is True
