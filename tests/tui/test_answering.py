"""A question is seen and answered by keys, from the job's screen and from the list."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui import JobState
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from tests.asking import write_asking
from tests.processes import assert_gone, until
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    import pytest

APPROVAL = str(Path(__file__).parents[2] / "sample_flows/approval.py")


def logged(path: str) -> list[object]:
    return [one["ok"] for one in JobState.load(path).shared_log if "ok" in one]


def test_a_question_is_answered_from_the_list_and_from_the_job(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    job = start_job(write_asking(world), {"n": 2, "price": True})
    with Client(job.socket) as client:
        client.wait_for_status({"paused"}, 30)
    terminal = Terminal([], columns=80, lines=24)
    terminal.until("booker", "book it? and 2")
    terminal.press("a")
    terminal.until("Answer which?", "1  book it?", "3  which amount?")
    terminal.press("7")  # there is none
    terminal.press("1")
    terminal.until(
        "the answer emits book.booked to post; it can't be taken back", "1  yes", "? keys"
    )
    terminal.press("\r")  # nothing is chosen yet: Enter is no answer
    terminal.press("2")
    until(lambda: logged(job.path) == [False])
    terminal.press("\r")
    terminal.until("‖ waits for you", "book it?", "acc-1", "a answer: yes, no")
    terminal.press("a")
    terminal.until("Answer which?")
    terminal.press("j")
    terminal.press("\r")
    terminal.until("it wants amount (float)")
    terminal.press("x")
    terminal.until("'amount' is 'x', and no float")
    terminal.press("\r")
    terminal.until("'amount' is 'x', and no float")
    terminal.press("\x7f12.5")
    terminal.until("emits priced: account acc-9  amount 12.5")
    terminal.press("\r")
    terminal.until("a answer: yes, no", "acc-1")
    terminal.press("a")
    terminal.until("1  yes")
    terminal.press("1")
    terminal.until("✓ done")
    assert logged(job.path) == [False, True]
    terminal.press("q")
    terminal.ended()


def test_a_deferred_event_is_edited_in_a_file_that_nobody_runs(world: Path) -> None:
    job = start_job(APPROVAL)
    with Client(job.socket) as client:
        client.wait_for_status({"paused"}, 30)
    os.kill(job.pid, signal.SIGKILL)
    assert_gone(job.pid)
    terminal = Terminal(["open", job.path], columns=80, lines=24)
    terminal.until("going on emits approve.approved to send", "amount  1200")
    terminal.press("a")
    terminal.until("drop it: it is never emitted")
    terminal.press("2")
    terminal.until('{"amount":1200}')
    terminal.press("\x7f" * 5 + "7}\r")
    terminal.until("goes on")
    until(lambda: JobState.load(job.path).status == "completed")
    assert JobState.load(job.path).shared_data["sent"] == 7
    terminal.press("q")
    terminal.ended()


def test_what_is_wrong_with_an_answer_is_seen_in_a_low_terminal(world: Path) -> None:
    job = start_job(write_asking(world), {"n": 0, "price": True})
    with Client(job.socket) as client:
        client.wait_for_status({"paused"}, 30)
    terminal = Terminal(["attach", job.job_id], columns=60, lines=15)
    terminal.until("which amount?", "a answer")
    terminal.press("a")
    terminal.until("it wants amount (float)")
    terminal.press("x")
    terminal.until("'amount' is 'x', and no float")
    terminal.press("\x1b")
    terminal.until("a answer")
    terminal.press("q")
    terminal.ended()


def test_a_read_only_dashboard_answers_nothing(world: Path) -> None:
    job = start_job(write_asking(world))
    with Client(job.socket) as client:
        client.wait_for_status({"paused"}, 30)
    terminal = Terminal(["attach", job.job_id, "--read-only"], columns=80, lines=24)
    terminal.until("a answer: yes, no")
    terminal.press("a")
    terminal.until("Can't answer")
    assert json.loads(Path(job.path).read_text())["status"] == "paused"
    assert JobState.load(job.path).open_questions()
    terminal.press("q")
    terminal.ended()
