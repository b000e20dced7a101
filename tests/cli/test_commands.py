"""The commands, as processes: what they print, and their exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import tui
from tests.conftest import DATA

JOBS = DATA / "jobs"


def test_a_run_without_a_terminal_is_plain_and_its_code_tells_the_end(flows: str) -> None:
    done = tui("run", f"{flows}:counting", "-p", "n=7")
    assert "✓ completed  counting" in done.stdout
    assert "sink     completed     7" in done.stdout
    done = tui("run", f"{flows}:failing", code=1)
    assert "ValueError: this went wrong" in done.stdout
    done = tui("run", f"{flows}:counting", "-p", "n=3", "--json")
    told = json.loads(done.stdout)
    assert told["header"]["status"] == "completed"


def test_a_job_whose_process_is_gone_says_so_and_how_to_go_on(flows: str) -> None:
    done = tui("run", f"{flows}:leaving", code=3)
    assert "answers no more: it was killed, or a handler ended it" in done.stderr
    _, _, way = done.stderr.partition("routilux-tui ")
    command, path, flow = way.split()[:3]
    assert (command, flow) == ("resume", f"{flows}:leaving")
    assert json.loads(tui("show", path, "--json").stdout)["header"]["status"] == "running"


def test_a_flow_that_can_not_be_run_is_told_with_the_users_traceback(flows: str) -> None:
    done = tui("run", f"{flows}:broken", code=2)
    assert "RuntimeError: the factory is broken" in done.stderr
    done = tui("run", f"{flows}", code=2)
    assert "more than one" in done.stderr
    assert "counting" in done.stderr
    assert tui("run", "nowhere.py", code=2).stdout == ""
    done = tui("run", f"{flows}:counting", "-p", "n", code=2)
    assert "KEY=VALUE" in done.stderr


def test_every_control_has_a_one_line_twin(flows: str, world: Path) -> None:
    save = str(world / "kept.json")
    job = tui(
        "run", f"{flows}:counting", "-p", "n=5000", "-p", "pace=0.005", "--detach", "--save", save
    ).stdout.strip()
    assert "counting" in tui("ps").stdout
    told = [json.loads(line) for line in tui("ps", "--json", "--live").stdout.splitlines()]
    assert [one["job_id"] for one in told] == [job]
    assert "paused" in tui("pause", job[:8], "--reason", "lunch").stdout
    assert "lunch" in tui("show", "counting").stdout
    tui("pause", job, code=1)
    tui("resume", "@last")
    tui("wait", job, "--until", "records > 50", "--timeout", "20")
    tui("wait", job, "--timeout", "0.1", code=124)
    tui("wait", job, "--until", "nonsense > 1", code=2)
    assert "item 0" in tui("log", job, "--tail", "100000").stdout
    assert len(tui("tail", job, "-n", "3").stdout.splitlines()) >= 3
    tui("rm", job, "-y", code=1)
    assert "cancelled" in tui("cancel", job, "--reason", "enough").stdout
    tui("wait", save, code=1)
    tui("wait", save, "--until", "records < 0", code=1)
    tui("wait", save, "--until", 'status == "cancelled"')
    assert Path(save).exists()


def test_nobody_there_is_three(flows: str) -> None:
    for words in (("show", "nobody"), ("pause", "nobody"), ("wait", ""), ("attach",)):
        done = tui(*words, code=3)
        assert "routilux-tui:" in done.stderr
        assert done.stdout == ""
    told = json.loads(tui("show", "nobody", "--json", code=3).stderr)
    assert (told["error"], told["exit_code"]) == ("NoSuchJob", 3)


def test_a_file_is_shown_and_its_history_read() -> None:
    path = str(JOBS / "0.11.0/big-1k.json")
    assert "994 history" in tui("show", path).stdout
    lines = tui("history", path, "--tail", "5").stdout.splitlines()
    assert len(lines) == 5
    told = json.loads(tui("show", path, "--json").stdout)
    assert told["header"]["status"] == "completed"
    rows = [
        json.loads(line)
        for line in tui("history", path, "--json", "--tail", "2").stdout.splitlines()
    ]
    assert [row["n"] for row in rows] == [992, 993]
    assert len(tui("history", path).stdout.splitlines()) == 994
    some = tui("history", path, "--grep", "START").stdout.splitlines()
    assert 0 < len(some) < 994


def test_a_file_that_says_running_is_not_believed(tmp_path: Path) -> None:
    from routilux_tui.state.job_state import JobState
    from routilux_tui.store.journal import Journal

    state = JobState("f")
    state.status = "running"
    path = tmp_path / "j.json"
    journal = Journal(state, path)
    assert "nobody runs it" not in tui("show", str(path)).stdout
    journal.close()
    shown = tui("show", str(path)).stdout
    assert "its file says running, and nobody runs it" in shown
    assert "no end known" not in shown
    told = json.loads(tui("show", str(path), "--json").stdout)
    assert told["header"]["note"] == "its file says running, and nobody runs it"
    assert told["header"]["gone"]


@pytest.mark.parametrize("path", sorted((JOBS / "0.10.0").iterdir()), ids=lambda one: one.name)
def test_no_file_is_obeyed_by_the_terminal(path: Path) -> None:
    done = tui("show", str(path), code=None)
    assert done.returncode in {0, 3}
    assert all(char.isprintable() or char == "\n" for char in done.stdout + done.stderr)


def test_a_job_of_another_machine_is_told_where_the_command_is_to_be_said() -> None:
    for words in (("show",), ("why",), ("pause",), ("diff", "ssh://ops@box/1"), ("rm",)):
        told = tui(*words, "ssh://ops@box/ab12", code=3).stderr
        assert "ssh ops@box routilux-tui ... " in told


def test_an_empty_name_is_no_job_even_where_only_one_runs(flows: str) -> None:
    job = tui("run", f"{flows}:stuck", "-p", "seconds=60", "--detach").stdout.strip()
    for words in (["wait"], ["pause"], ["cancel"], ["show"], ["rm", "-y"], ["questions"]):
        assert "JOB is empty" in tui(*words, "", code=3).stderr
    for words in (["pause", job, "--when"], ["wait", job, "--until"], ["again", job, "--from"]):
        assert f"{words[-1]}: its value is empty" in tui(*words, "", code=2).stderr
        assert f"{words[-1]}: its value is empty" in tui(*words[:2], f"{words[-1]}=", code=2).stderr
    assert json.loads(tui("show", job, "--json").stdout)["header"]["status"] == "running"
    for wrong in ("-1", "nan"):
        assert "seconds" in tui("wait", job, f"--timeout={wrong}", code=2).stderr
    tui("cancel", job, "--force", "--grace", "0")
    deadline = time.monotonic() + 20
    while tui("ps", "--live", "--json").stdout and time.monotonic() < deadline:
        time.sleep(0.1)
    assert json.loads(tui("rm", "-y", job, "--json").stdout)["job_id"] == job


def test_usage_errors_name_the_way_out() -> None:
    assert "Did you mean 'show'?" in tui("shw", code=2).stderr
    assert "--help" in tui("run", code=2).stderr
    assert "needs a terminal" in tui(code=2).stderr
    for name in ("run", "wait", "open", "resume"):
        assert name in tui(name, "--help").stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    path = str(JOBS / "0.11.0/big-1k.json")
    talk = '"$0" -m routilux_tui history "$1" | head -1; exit ${PIPESTATUS[0]}'
    done = subprocess.run(
        ["bash", "-c", talk, sys.executable, path], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
