"""Acting on the jobs of another machine, by keys, in a real terminal, through a real ssh."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.state.job_state import JobState
from tests.asking import write_asking
from tests.processes import until
from tests.tui.test_staged_ends import EDITOR, STAGED
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machines import Machine, Machines

pytestmark = pytest.mark.xdist_group("ssh")


def start(machine: Machine, flow: str, **parameters: Any) -> str:
    given = (f"{name}={value}" for name, value in parameters.items())
    return machine.start_job(flow, *given, workers=4)


def by_keys(job: str, *steps: tuple[str, str]) -> None:
    """Press keys, each after what is to be seen before, and leave."""
    terminal = Terminal(["attach", f"ssh://build1/{job}"], columns=80, lines=24)
    for seen, keys in steps:
        terminal.until(seen, within=40)
        terminal.press(keys)
    assert terminal.ended() == 0


def saved(machine: Machine, job: str) -> JobState:
    """A job, when its file there says that it has ended."""
    path = json.loads(machine.run("show", job, "--json"))["file"]
    until(lambda: JobState.load(path).status in {"completed", "failed", "cancelled"})
    return JobState.load(path)


@pytest.fixture
def build1(machines: Machines) -> Machine:
    return machines.add("build1")


@pytest.fixture
def _editor(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = world / "editor.py"
    editor.write_text(EDITOR)
    monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(editor)]))


@pytest.mark.usefixtures("_editor")
def test_failed_inputs_are_edited_here_and_sent_again_there(build1: Machine) -> None:
    given = {"total": 41, "pace": 0, "every": 20, "tries": 9, "delay": 3600.0}
    job = start(build1, f"{STAGED}/nightly_orders.py:flow", **given)
    build1.run("wait", job, "--until", "errors == 3 && queue == 3", "--timeout", "50")
    by_keys(
        job,
        ("2 Problems", "2"),
        ("ord-000040", "R"),
        ("3 inputs with this error, edited first", "j"),
        ("Send again", "\r"),
        ("Send it with this changed?", "y"),
        ("✓ done", "q"),
    )
    state = saved(build1, job)
    assert state.status == "completed"
    assert [one["action"] for one in state.controls] == ["retry"]
    assert not state.failed_tasks


@pytest.mark.usefixtures("_editor")
def test_a_job_that_has_ended_there_is_taken_up_there_and_seen_to_end_again(
    build1: Machine,
) -> None:
    given = {"total": 1, "pace": 0, "tries": 1, "delay": 0}
    job = start(build1, f"{STAGED}/nightly_orders.py:flow", **given)
    assert saved(build1, job).status == "failed"
    until(lambda: json.loads(build1.run("ps", "--json"))["place"] == "saved")
    by_keys(
        job,
        ("✗ failed", "2"),
        ("rate service answered", "R"),
        ("this input, edited first", "j"),
        ("Send again: ord-000000", "\r"),
        ("Send it with this changed?", "y"),
        ("1 no longer", ""),
        ("✓   ╰─▸ store", "q"),
    )
    state = saved(build1, job)
    assert "retry" in [one["action"] for one in state.controls]
    assert (state.routine_states["store"]["runs"], state.failed_tasks) == (1, [])


def test_a_question_is_answered_from_here_once(build1: Machine, world: Path) -> None:
    job = start(build1, write_asking(world), n=1)
    build1.run("wait", job, "--until", 'status == "paused"', "--timeout", "50")
    by_keys(job, ("book it?", "a"), ("1  yes", "1"), ("✓ done", "q"))
    state = saved(build1, job)
    assert state.status == "completed"
    assert "acc-0" in [one.get("account") for one in state.shared_log if one.get("ok")]
    assert [one["action"] for one in state.controls] == ["answer"]


def test_whatever_else_is_asked_from_here_leaves_its_mark_there(build1: Machine) -> None:
    given = {"total": 41, "pace": 0, "every": 20, "tries": 9, "delay": 3600.0}
    job = start(build1, f"{STAGED}/nightly_orders.py:flow", **given)
    build1.run("wait", job, "--until", "errors == 3 && queue == 3", "--timeout", "50")
    by_keys(
        job,
        ("2 Problems", "3"),
        ("currency EÜR  customer.id 20", "m"),
        ("hold it back", "\r"),
        ("on hold", "2"),
        ("ord-000040", "jX"),
        ("Give up ord-000000?", "y"),
        ("given up", "W"),
        ("Handlers at once", "8\r"),
        ("workers ", "B"),
        ("Pause before", 'routine == "price" && tries > 1\r'),
        ("reakpoint 1", "A"),
        ("tell me: failed", "\r"),
        ("ou are told", "q"),
    )
    controls = json.loads(build1.run("show", job, "--json"))["controls"]
    marks = ["queue", "giveup", "workers", "breakpoint", "alert"]
    assert [one["action"] for one in controls] == marks
    assert all("@" in one["who"]["via"] for one in controls)
    by_keys(
        job,
        ("2 Problems", "\x0f"),  # ctrl+o
        ("  read-only", "2R"),
        ("Can't send again: read-only", "X"),
        ("Can't give up", "W"),
        ("Can't change the workers", "B"),
        ("Can't set a breakpoint", "A"),
        ("Can't set a rule", "c"),
        ("Can't cancel", "q"),
    )
    assert json.loads(build1.run("show", job, "--json"))["controls"] == controls


def test_the_past_of_a_job_is_gone_through_from_here(build1: Machine) -> None:
    given = {"total": 41, "pace": 0, "every": 20, "tries": 1, "delay": 0}
    job = start(build1, f"{STAGED}/nightly_orders.py:flow", **given)
    assert saved(build1, job).status == "failed"
    by_keys(
        job,
        ("✗ failed", "["),
        ("Esc now", "{"),
        ("ago  ▶ running", "}"),
        ("Esc now", "4"),
        ("✗ gave up", "q"),
    )
