"""Questions by command, with real runners: listed, answered, over a kill, in a file."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from routilux_tui import JobState
from routilux_tui.errors import NotPossible, Unreachable, UsageError
from routilux_tui.runner.answering import Answer, answer_saved
from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.runner.paths import jobs_folder
from routilux_tui.store.locks import is_locked
from tests.asking import write_asking
from tests.cli.program import tui
from tests.conftest import PEERS, peer_of, run
from tests.processes import assert_gone, until

YES_OR_NO = ("yes", "no") * 2
ME = pwd.getpwuid(os.getuid()).pw_name
APPROVAL = str(Path(__file__).parents[2] / "sample_flows/approval.py")


def waiting(flow: str, **params: Any) -> Any:
    """A job that waits for a person."""
    started = start_job(flow, params)
    with Client(started.socket) as client:
        client.wait_for_status({"paused"}, 30)
    return started


def loaded(path: str | Path) -> JobState:
    return JobState.load(path)


def logged(path: str | Path, key: str) -> list[Any]:
    return [one[key] for one in loaded(path).shared_log if key in one]


def test_a_question_is_listed_and_answered_once(world: Path) -> None:
    job = waiting(write_asking(world), n=2)
    found = [json.loads(line) for line in tui("questions", "--json").stdout.splitlines()]
    assert [(one["id"], one["text"], one["routine"]) for one in found] == [
        ("1", "book it?", "book"),
        ("2", "book it?", "book"),
    ]
    assert found[0]["targets"] == ["post"]
    assert found[0]["job_id"] == job.job_id
    assert json.loads(tui("ps", "--json").stdout.splitlines()[0])["questions"] == 2
    assert "2 questions are open" in tui("answer", job.job_id, "yes", code=2).stderr
    assert "yes or no" in tui("answer", job.job_id, "1", "ja", code=2).stderr
    assert "no question '7'" in tui("answer", job.job_id, "7", "yes", code=1).stderr
    assert "waits for an answer: book it?" in tui("resume", job.job_id, code=1).stderr
    assert json.loads(tui("answer", job.job_id, "1", "yes", "--json").stdout)["questions"] == 1
    assert f"is answered by {ME} at" in tui("answer", job.job_id, "1", "no", code=1).stderr
    tui("answer", job.job_id, "no")
    assert_gone(job.pid)
    state = loaded(job.path)
    assert (state.status, logged(job.path, "ok")) == ("completed", [True, False])
    assert [(one["action"], one["reason"]) for one in state.controls] == [
        ("answer", "1: yes"),
        ("answer", "2: no"),
    ]
    assert state.questions[1].who["name"] == ME
    assert "yes, by" in tui("questions", "--all", job.path).stdout


def test_of_many_that_answer_at_once_one_is_taken(world: Path) -> None:
    job = waiting(write_asking(world), n=2)
    outcomes: list[str] = []

    def answer(choice: str) -> None:
        with Client(job.socket) as client:
            try:
                client.call("answer", question="1", choice=choice)
                outcomes.append(choice)
            except Exception as error:
                outcomes.append(str(error))

    threads = [threading.Thread(target=answer, args=(one,)) for one in ("yes", "no") * 4]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    taken = [one for one in outcomes if one in {"yes", "no"}]
    assert len(taken) == 1
    assert sum("is answered by" in one for one in outcomes) == 7
    until(lambda: logged(job.path, "ok") == [taken[0] == "yes"])


def test_a_killed_runner_loses_no_question_and_no_answer(world: Path) -> None:
    job = waiting(write_asking(world), n=2)
    os.kill(job.pid, signal.SIGKILL)
    assert_gone(job.pid)
    assert json.loads(tui("questions", job.path, "--json").stdout.splitlines()[1])["id"] == "2"
    done = json.loads(tui("answer", job.path, "1", "yes", "--json").stdout)
    assert done["taken_up"]["job_id"] == job.job_id  # and it waits for the other
    until(lambda: tui("questions", job.job_id, "--json").stdout.count("\n") == 1)
    until(lambda: logged(job.path, "ok") == [True])
    assert "is answered by" in tui("answer", job.job_id, "1", "no", code=1).stderr
    tui("answer", job.job_id, "no")
    until(lambda: loaded(job.path).status == "completed")
    assert logged(job.path, "ok") == [True, False]
    assert logged(job.path, "n") == [0, 1, 2]


def test_of_many_that_answer_a_killed_job_at_once_one_is_taken(world: Path) -> None:
    job = waiting(write_asking(world))
    os.kill(job.pid, signal.SIGKILL)
    assert_gone(job.pid)
    with ThreadPoolExecutor(4) as people:
        said = list(people.map(lambda one: tui("answer", job.job_id, one, code=None), YES_OR_NO))
    assert sorted(one.returncode for one in said) == [0, 1, 1, 1]
    assert sum(f"is answered by {ME} at" in one.stderr for one in said) == 3
    (taken,) = (choice for choice, one in zip(YES_OR_NO, said, strict=True) if not one.returncode)
    until(lambda: logged(job.path, "ok") == [taken == "yes"])


def test_an_option_may_stand_before_the_answer(world: Path) -> None:
    job = waiting(write_asking(world), n=2)
    assert json.loads(tui("answer", job.job_id, "--json", "1", "yes").stdout)["questions"] == 1
    assert json.loads(tui("answer", job.job_id, "--json", "no").stdout)["job_id"] == job.job_id
    until(lambda: logged(job.path, "ok") == [True, False])


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "yes"])
def test_no_number_is_no_answer_where_one_is_wanted(world: Path, value: str) -> None:
    job = waiting(write_asking(world), n=0, price=True)
    refused = tui("answer", job.job_id, "--", value, code=2).stderr
    assert f"'amount' is '{value}', and no float." in refused


def test_a_handler_that_is_killed_while_it_asks_asks_once(world: Path) -> None:
    flow = write_asking(world)
    with contextlib.suppress(Unreachable):  # it may die before it is said to run
        start_job(flow, {"die": str(world / "died")})
    (path,) = jobs_folder().glob("booker-*.json")
    until(lambda: (world / "died").exists() and not is_locked(path))
    assert loaded(path).status == "running"
    tui("resume", str(path))
    until(lambda: loaded(path).status == "paused")
    state = loaded(path)
    assert len(state.questions) == 1
    assert len([one for one in state.execution_history if one.event_name == "asked"]) == 1
    assert logged(path, "n") == [0, 1, 2]


def test_an_answer_where_it_was_not_started_is_kept_for_whoever_goes_on(world: Path) -> None:
    job = waiting(write_asking(world))
    os.kill(job.pid, signal.SIGKILL)
    assert_gone(job.pid)
    (world / "state/routilux-tui/key").write_bytes(b"x" * 32)  # as on another machine
    done = tui("answer", job.path, "yes", "--json")
    said = json.loads(done.stdout)
    assert said["taken_up"] is None
    assert "nobody runs the job" in done.stderr
    assert "--flow FLOW" in done.stderr
    state = loaded(job.path)
    assert (state.status, state.open_questions()) == ("paused", [])
    assert [(one["event_name"], one["data"]) for one in state.deferred_events] == [
        ("booked", {"account": "acc-0", "ok": True})
    ]
    tui("resume", job.path, write_asking(world))
    until(lambda: loaded(job.path).status == "completed")
    assert logged(job.path, "ok") == [True]


def test_a_time_limit_that_passed_while_nobody_ran_it_counts(world: Path) -> None:
    job = waiting(write_asking(world), within=600, default="no")
    until(lambda: json.loads(Path(job.path).read_bytes())["status"] == "paused")
    os.kill(job.pid, signal.SIGKILL)
    assert_gone(job.pid)
    content = json.loads(Path(job.path).read_bytes())
    content["questions"][0]["due"] = 1_000_000_000.0
    Path(job.path).write_text(json.dumps(content))
    for one in Path(job.path).parent.glob("*.journal"):
        one.unlink()
    tui("resume", job.path)
    until(lambda: loaded(job.path).status == "completed")
    assert logged(job.path, "ok") == [False]


WAYS: tuple[tuple[str, Any, Any], ...] = (
    ("yes", None, 1200),
    ("", {"amount": 5}, 5),
    ("drop", None, None),
)


@pytest.mark.parametrize(("choice", "data", "sent"), WAYS)
def test_a_deferred_event_is_edited_dropped_or_emitted(choice: str, data: Any, sent: Any) -> None:
    live, saved = waiting(APPROVAL), waiting(APPROVAL)
    os.kill(saved.pid, signal.SIGKILL)
    with Client(live.socket) as client:
        (asked,) = client.questions()
        assert (asked.is_deferred, asked.text) == (True, "waiting for an approval")
        assert asked.data == {"amount": 1200}
        for odd in ({"choice": "maybe"}, {"data": {"x": 1}}, {"choice": "drop", "data": {}}, {}):
            with pytest.raises(UsageError):
                client.call("answer", **odd)
        client.call("answer", question=asked.id, choice=choice, data=data)
        with pytest.raises(NotPossible, match=f"answered by {ME}|asks nothing"):
            client.call("answer", question=asked.id, choice=choice, data=data)
    assert_gone(saved.pid)
    done = answer_saved(Path(saved.path), Answer("", choice, data), {"name": "ana"})
    assert done.taken_up is not None
    for job in (live, saved):
        until(lambda job=job: loaded(job.path).status == "completed")
        assert loaded(job.path).shared_data.get("sent") == sent
        assert [one["action"] for one in loaded(job.path).controls] == ["answer"]


@pytest.mark.parametrize("version", PEERS)
def test_every_reader_of_files_understands_why_it_waits(world: Path, version: str) -> None:
    job = waiting(write_asking(world))
    until(lambda: loaded(job.path).status == "paused")
    program = (
        "from routilux import JobState; import sys; job = JobState.load(sys.argv[1]); "
        "print(job.status, job.pause_points[-1]['reason'])"
    )
    done = run([peer_of(version), "-c", program, job.path])
    assert done.stdout.strip() == "paused waits for an answer: book it?", done.stderr


def test_a_read_only_job_takes_no_answer(world: Path) -> None:
    job = start_job(write_asking(world), read_only=True)
    with Client(job.socket) as client:
        client.wait_for_status({"paused"}, 30)
    assert "read-only" in tui("answer", job.job_id, "yes", code=1).stderr
    assert loaded(job.path).open_questions()
    tui("run", write_asking(world), "--no-tui", "--read-only", "--name", "looked-at", code=5)
    assert "read-only" in tui("answer", "looked-at", "yes", code=1).stderr


def test_what_nobody_answered_in_time_is_told_with_all(world: Path) -> None:
    job = waiting(write_asking(world), n=1, within=0.5)
    until(lambda: loaded(job.path).status == "failed")
    assert_gone(job.pid)
    refused = tui("retry", job.job_id, "--all", code=1).stderr
    assert f"as a new job: routilux-tui again {job.path}" in refused
    assert tui("questions", job.job_id).stdout == ""
    assert "book it?" in (told := tui("questions", job.job_id, "--all").stdout)
    assert "nobody answered it" in told
    assert (
        "was not answered before the job ended" in tui("answer", job.job_id, "yes", code=1).stderr
    )
    assert "Failed: no answer within 0.5s: book it?\n" in tui("why", job.job_id, code=None).stdout


def test_a_deferred_event_that_was_answered_is_told_with_all(world: Path) -> None:
    ledger = Path(__file__).parent.parent / "staged/nightly_ledger.py"
    job = waiting(f"{ledger}:flow", accounts=30, big=12)
    (asked,) = [json.loads(one) for one in tui("questions", "--json").stdout.splitlines()]
    tui("answer", job.job_id, "yes")
    until(lambda: loaded(job.path).status == "completed")
    (told,) = [
        json.loads(one) for one in tui("questions", job.path, "--all", "--json").stdout.splitlines()
    ]
    assert (told["id"], told["choice"], told["is_open"]) == (asked["id"], "yes", False)
    assert told["answered_by"] == ME
    assert f"yes, by {ME} at" in tui("questions", job.path, "--all").stdout
    again = tui("answer", job.path, asked["id"], "yes", code=1)
    assert f"is answered by {ME}" in again.stderr
