"""``retry`` and ``giveup``: inputs that failed are sent again in the same job, or given up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.state.job_state import JobState
from tests.again_flow import Numbers
from tests.cli.program import tui
from tests.processes import until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def numbers(world: Path) -> Numbers:
    return Numbers(world)


def shown(job: str) -> dict[str, Any]:
    return dict(json.loads(tui("show", job, "--json").stdout))


def test_what_failed_is_sent_again_and_the_record_says_by_whom(numbers: Numbers) -> None:
    numbers.bad(2)
    words = [f"{numbers.path}:stopping", "-p", f"folder={numbers.folder}", "--name", "nightly"]
    tui("run", *words, "--no-tui", code=1)
    edit = ["--edit", '{"number": 20}', "--reason", "a typo"]
    said = json.loads(tui("retry", "nightly", "--all", *edit, "--json").stdout)
    assert said["told"].startswith("1 input of work and ")
    assert said["header"]["name"] == "nightly"
    tui("wait", "nightly", "--timeout", "60")
    after = shown("nightly")
    assert (after["header"]["status"], after["outlook"]["gave_up"]) == ("completed", 0)
    [control] = after["controls"]
    assert (control["action"], control["reason"]) == ("retry", "a typo")
    assert control["who"]["name"]
    assert control["at"]
    assert JobState.load(after["file"]).shared_data["got 20"] == 20
    assert "No input has failed" in tui("retry", "nightly", "--all", code=1).stderr
    tui("run", *words, "--no-tui", code=1)
    tui("retry", "nightly", "--routine", "work", "--edit", '{"number": 30}')
    tui("wait", "nightly", "--timeout", "60", code=1)  # what it dropped did not run
    none = tui("retry", "nightly", "--routine", "work", code=1).stderr
    assert "What it dropped runs, too, with: routilux-tui retry" in none
    tui("retry", "nightly", "--all")
    tui("wait", "nightly", "--timeout", "60")
    none = tui("giveup", "nightly", "--all", code=1).stderr  # its runner may linger still
    assert "its job is completed" in none or "No input has failed" in none


def test_a_job_that_runs_tries_again_at_once_or_never(numbers: Numbers) -> None:
    numbers.bad(1, 2)
    words = [f"{numbers.path}:trying", "-p", f"folder={numbers.folder}", "--detach"]
    job = tui("run", *words).stdout.strip()
    until(lambda: shown(job)["outlook"]["retrying"] == 2)
    numbers.mend(1)
    said = tui("show", job, "--problems").stdout
    task = said.partition("input #")[2].split()[0]
    assert "1 input of work sent again" in tui("retry", job, "--task", task).stdout
    numbers.wait(9)
    tui("emit", job, "source.item", "--data", json.dumps({"n": 9, "folder": str(numbers.folder)}))
    assert "1 input of work given up" in tui("giveup", job, "--all", "--reason", "no").stdout
    (left,) = JobState.load(shown(job)["file"]).failed_tasks
    twice = tui("giveup", job, "--task", str(left.task.id), code=1).stderr
    assert f"Task {left.task.id} is given up already." in twice
    numbers.let(9)
    tui("wait", job, "--timeout", "60")
    assert numbers.ran() == [0, 1, 3, 4, 5, 9]
    assert [one["action"] for one in shown(job)["controls"]] == ["retry", "emit", "giveup"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["retry", "nobody"], 2, "--task"),
        (["retry", "nobody", "--all", "--task", "1"], 2, "not allowed with"),
        (["retry", "nobody", "--task", "x"], 2, "whole number"),
        (["retry", "nobody", "--all", "--edit", "{"], 2, "no JSON"),
        (["retry", "nobody", "--all", "--edit", "[1]"], 2, "no object"),
        (["retry", "nobody", "--all", "--edit", '{"n": NaN}'], 2, "NaN is no number of JSON"),
        (["retry", "nobody", "--all", "--edit", '{"n": 1e999}'], 2, "1e999 is no number"),
        (["retry", "nobody", "--all", "--edit", '{"n": "\\ud800"}'], 2, "half a letter"),
        (["emit", "nobody", "a.b", "--data", '{"n": [-Infinity]}'], 2, "-Infinity is no number"),
        (["answer", "nobody", "1", "--data", '{"n": NaN}'], 2, "NaN is no number of JSON"),
        (["retry", "nobody", "--all"], 3, "nobody"),
        (["giveup", "nobody", "--all"], 3, "nobody"),
    ],
)
def test_what_is_not_understood_says_why(
    world: Path, words: list[str], code: int, said: str
) -> None:
    assert said in tui(*words, code=code).stderr
