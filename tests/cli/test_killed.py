"""What commands say of a job whose runner was killed: how it was then, and nothing that moves."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING

from routilux_tui.runner.launch import start_job
from tests.cli.program import tui
from tests.killed import killed_job

if TYPE_CHECKING:
    from pathlib import Path


def test_show_tells_of_a_killed_job_what_it_did_when_it_was_last_heard_of(world: Path) -> None:
    path = str(killed_job(world))
    shown = json.loads(tui("show", path, "--json").stdout)
    assert shown["header"]["status"] == "running"  # its file's word stays
    assert shown["header"]["gone"] is True
    outlook = shown["outlook"]
    assert outlook["word"] == "killed"
    assert (outlook["rate"], outlook["busy"], outlook["eta"]) == (0.0, 0, "")
    assert (outlook["low"], outlook["high"]) == (None, None)
    assert outlook["queued"] == shown["header"]["counts"]["pending"] == 4
    price = next(one for one in shown["figures"] if one["routine_id"] == "price")
    assert (price["state"], price["rate"], price["running"]) == ("stopped", 0.0, 0)
    now = shown["now"]
    assert now["killed_after"] == shown["header"]["updated_at"]
    [handler] = now["handlers"]
    again = json.loads(tui("show", path, "--json").stdout)["now"]["handlers"][0]
    assert (handler["input"], again["elapsed"]) == ({"n": 3}, handler["elapsed"])

    printed = tui("show", path).stdout
    assert printed.startswith("? killed  nightly")
    assert "ends about" not in printed
    assert "end known" not in printed
    printed = tui("show", path, "--now").stdout
    assert re.match(r"Its process was killed while these ran, after \d{4}-.*:\n", printed)
    assert re.search(r"^price  for \d+\.\ds at least ", printed, re.MULTILINE)
    assert "3 tasks queued; next, when it goes on:" in printed
    assert re.search(r'was due \d{4}-.*\{"n":1\}', printed)
    printed = tui("show", path, "--problems").stdout
    assert "1 to be tried again, was due " in printed
    assert "(1 of 6 tries, was due " in printed
    reasons = [json.loads(line) for line in tui("why", path, "--json").stdout.splitlines()]
    assert [one["code"] for one in reasons] == ["gone", "retries"]
    assert reasons[1]["text"].startswith("1 input of `price` waits for another try: LookupError")


def test_a_killed_job_is_asked_for_by_the_word_that_is_shown(world: Path) -> None:
    path = killed_job(world)
    where = ["--where", 'status == "killed"']
    [listed] = [json.loads(line) for line in tui("ps", "--json", *where).stdout.splitlines()]
    assert (listed["status"], listed["badge"], listed["word"]) == ("running", "abandoned", "killed")
    assert "  killed " in tui("ps", *where).stdout
    assert tui("ps", "--where", 'status == "running"').stdout == "No such job.\n"
    by_figures = ["--where", 'status == "killed" && routines.price.queue == 4 && eta < 0.0']
    assert "nightly" in tui("ps", *by_figures).stdout
    printed = tui("watch", *where, "--all", "--once").stdout
    assert printed.startswith("? killed  nightly")
    shown = json.loads(tui("watch", *where, "--all", "--once", "--json").stdout)
    assert shown["word"] == "killed"
    assert tui("wait", str(path), "--until", 'status == "killed"', code=0).stdout == ""
    refused = tui("ps", "--where", 'status == "done"', code=2).stderr
    assert 'Ask: status == "completed"' in refused


def test_commands_beside_show_say_killed_too(world: Path) -> None:
    path = str(killed_job(world))
    assert re.search(r"  killed  .*  killed$", tui("runs", "nightly").stdout, re.MULTILINE)
    run = json.loads(tui("runs", "nightly", "--json").stdout)
    assert (run["status"], run["word"], run["odd"]) == ("running", "killed", ["killed"])
    page = tui("report", path).stdout
    assert ">running<" not in page
    assert (
        "its process was killed, and nobody runs it" in tui("giveup", path, "--all", code=1).stderr
    )
    said = tui("pause", path, code=3).stderr
    assert "is not running: its process was killed; it is saved in" in said
    assert f"resume {path}" in said


def test_show_of_a_runner_that_is_stopped_says_so_and_foresees_nothing(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.01})
    tui("wait", started.job_id, "--until", "records > 20")
    assert re.search("ends about|no end known", tui("show", started.job_id).stdout)
    os.kill(started.pid, signal.SIGSTOP)
    try:
        printed = tui("show", started.job_id).stdout
        assert printed.startswith("? no answer  counting")
        assert not re.search("ends about|end known", printed)
        printed = tui("show", started.job_id, "--now").stdout
        assert re.match(r"Its runner does not answer; as of \d{4}-", printed)
        shown = json.loads(tui("show", started.job_id, "--json").stdout)
        outlook = shown["outlook"]
        assert (shown["header"]["status"], outlook["word"]) == ("running", "no answer")
        assert (outlook["low"], outlook["high"], outlook["eta"]) == (None, None, "")
        listed = json.loads(tui("ps", "--json", "--where", 'status == "no answer"').stdout)
        assert listed["word"] == "no answer"
    finally:
        os.kill(started.pid, signal.SIGKILL)
