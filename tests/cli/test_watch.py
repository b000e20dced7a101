"""``watch --where``: which jobs it acts on, when, and how its commands are run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from routilux_tui.cli.watch import Rule
from routilux_tui.runner.blocking_judge import BlockingJudge
from routilux_tui.state.job_state import JobState
from routilux_tui.views.conditions import Condition
from routilux_tui.views.shapes import JobEntry
from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path

JUDGE = BlockingJudge()


def job(job_id: str, status: str, key: str = "") -> JobEntry:
    return JobEntry(key=key or job_id, job_id=job_id, status=status)


def ids(jobs: list[JobEntry]) -> list[str]:
    return [one.job_id for one in jobs]


def test_a_job_is_acted_on_once_for_as_long_as_it_holds() -> None:
    rule = Rule(Condition('status == "failed"'), JUDGE)
    rule.take([job("old", "failed"), job("a", "running")])
    rule.begin()
    assert rule.due() == []  # what held at the beginning is known
    rule.take([job("a", "failed"), job("b", "running")])
    assert ids(rule.due()) == ["a"]
    rule.take([job("a", "failed", key="its file, by now")])
    rule.judge_all()
    assert rule.due() == []
    rule.take([job("a", "running"), job("old", "running")])
    rule.take([job("a", "failed"), job("old", "failed")])
    assert ids(rule.due()) == ["a", "old"]


def test_what_holds_already_is_acted_on_where_it_is_asked_for() -> None:
    rule = Rule(Condition('status == "failed"'), JUDGE, known=False)
    rule.take([job("old", "failed"), JobEntry(key="torn", error="it is cut short")])
    rule.begin()
    assert ids(rule.due()) == ["old"]


def test_a_condition_may_have_to_hold_for_a_while() -> None:
    now = [100.0]
    rule = Rule(Condition('status == "paused"'), JUDGE, 60.0, known=False, clock=lambda: now[0])
    rule.take([job("a", "paused"), job("b", "paused")])
    now[0] += 59
    assert rule.due() == []
    rule.take([job("b", "running")])
    rule.take([job("b", "paused")])
    now[0] += 1
    assert ids(rule.due()) == ["a"]
    now[0] += 59
    assert ids(rule.due()) == ["b"]


def test_a_command_gets_the_job_and_no_shell(flows: str, world: Path) -> None:
    target = world / "got"
    code = "import os,sys; open(sys.argv[1],'w').write(os.environ['ROUTILUX_TUI_JOB']+sys.stdin.read()+sys.argv[2])"
    words = ["--where", 'status == "completed" && flow_id == "counting"', "--once", "--all", "--"]
    command = [sys.executable, "-c", code, str(target), "$(touch pwned) --json"]
    watching = subprocess.Popen(
        [sys.executable, "-m", "routilux_tui", "watch", *words, *command],
        stderr=subprocess.PIPE,
        text=True,
    )
    tui("run", f"{flows}:counting")
    _, talk = watching.communicate(timeout=60)
    assert watching.returncode == 0, talk
    assert "ended with 0" in talk
    job_id, _, rest = target.read_text().partition("{")
    entry, end = json.JSONDecoder().raw_decode("{" + rest)
    assert (entry["job_id"], entry["status"]) == (job_id, "completed")
    assert ("{" + rest)[end:].strip() == "$(touch pwned) --json"


def test_without_a_command_the_job_is_printed(world: Path) -> None:
    JobState("etl\x1b[31m").save(world / "state/routilux-tui/jobs/x.json")
    done = tui("watch", "--where", 'status == "pending"', "--all", "--once")
    assert "pending" in done.stdout
    shown = tui("watch", "--where", 'status == "pending"', "--all", "--once", "--json").stdout
    assert json.loads(shown)["flow_id"] == "etl\x1b[31m"
    killed = ["--", "sh", "-c", "kill -9 $$"]
    tui("watch", "--where", "true", "--all", "--once", *killed, code=137)
    done = tui("watch", "--where", "true", "--all", "--once", "--", "/nowhere/x", code=127)
    assert "/nowhere/x" in done.stderr
    assert "nonsense" in tui("watch", "--where", "nonsense", code=2).stderr


def test_a_condition_sees_all_of_a_jobs_figures_and_its_line_too(flows: str, world: Path) -> None:
    rule = Rule(Condition("routines.load.queue > 5 && host == ''"), JUDGE)
    assert rule.asks_for_figures
    rule.take([job("a", "running"), job("old", "running")])
    rule.begin()
    waiting = {one.job_id: one for one in rule.take_needing_figures()}
    assert sorted(waiting) == ["a", "old"]
    rule.give(waiting["old"], {"routines": {"load": {"queue": 6}}})
    rule.give(waiting["a"], {"routines": {}})  # it has no such routine yet
    assert rule.due() == []
    rule.take([job("a", "running")])
    (one,) = rule.take_needing_figures()
    rule.give(one, {"routines": {"load": {"queue": 7}}})
    assert ids(rule.due()) == ["a"]


def test_live_and_saved_jobs_are_asked_for_their_figures(flows: str, world: Path) -> None:
    tui("run", f"{flows}:counting")
    words = ["--all", "--once", "--json"]
    asked = tui("watch", "--where", "runs > 1 && progress == 1.0 && size > 0", *words).stdout
    assert json.loads(asked)["status"] == "completed"
    assert json.loads(tui("watch", "--where", "ended", *words).stdout)["status"] == "completed"
    assert "rons" in tui("watch", "--where", "rons > 1 && size > 0", code=2).stderr
