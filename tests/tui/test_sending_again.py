"""``R`` sends failed inputs again, as they were or edited in the reader's own editor; ``X`` gives up."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.state.job_state import JobState
from routilux_tui.store.locks import is_locked
from tests.again_flow import Numbers
from tests.processes import assert_gone, until
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from routilux_tui.runner.launch_spec import LaunchResult

EDITOR = """
import json, os, stat, sys
from pathlib import Path

assert sys.argv[1] == "a word; touch no-shell"
place, log = Path(sys.argv[2]), Path(__file__).with_name("edited")
modes = [stat.S_IMODE(os.stat(one).st_mode) for one in (place, place.parent)]
print("the editor has the terminal")
turns = json.loads(log.read_text())["turns"] if log.exists() else 0
log.write_text(json.dumps({"modes": modes, "place": str(place), "turns": turns + 1}))
if not turns:
    place.write_text("{")
    sys.exit()
given = json.loads(Path(__file__).with_name("given").read_text())
place.write_text(json.dumps({**given, "number": 20}))
"""


@pytest.fixture
def numbers(world: Path) -> Numbers:
    return Numbers(world)


def start(numbers: Numbers, flow: str) -> LaunchResult:
    return start_job(f"{numbers.path}:{flow}", {"folder": str(numbers.folder)})


def editor(numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = numbers.folder / "editor.py"
    place.write_text(EDITOR)
    given = {"n": 2, "folder": str(numbers.folder), "number": 2}
    (numbers.folder / "given").write_text(json.dumps(given))
    words = [sys.executable, str(place), "a word; touch no-shell"]
    monkeypatch.setenv("VISUAL", shlex.join(words))
    return numbers.folder / "edited"


def test_an_input_of_a_job_that_has_failed_is_edited_and_sent(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers.bad(2)
    started = start(numbers, "stopping")
    assert_gone(started.pid)
    log = editor(numbers, monkeypatch)
    terminal = Terminal(["open", started.path], columns=80, lines=24)
    terminal.until("✗ failed", "gave up")
    terminal.press("2")
    terminal.press("j")
    terminal.press("R")
    terminal.until("Send again: n 2", "edited first", "all that failed, and what was dropped")
    terminal.press("j")
    terminal.press("\r")
    terminal.until("It can't be sent so", "The input is no JSON")
    terminal.press("y")
    terminal.until("Send it with this changed?", '-   "number": 2', '+   "number": 20')
    edited = json.loads(log.read_text())
    assert edited["modes"] == [0o600, 0o700]
    assert not Path(edited["place"]).parent.exists()
    assert not Path("no-shell").exists()
    assert "the editor has the terminal" in terminal.written
    terminal.press("y")
    until(lambda: 20 in numbers.ran())
    terminal.until("✗ failed", "5 tasks that it dropped")
    ask_again(terminal)
    terminal.press("\x1b[F")  # the last choice: all
    terminal.press("\r")
    terminal.until("✓ done")
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.is_as_found()
    until(lambda: not is_locked(Path(started.path)))
    state = JobState.load(started.path)
    assert numbers.ran() == [0, 1, 3, 4, 5, 20]
    assert [one["action"] for one in state.controls] == ["retry", "retry"]


def ask_again(terminal: Terminal) -> None:
    """Press R until it asks: the screen has just become that of the job that runs."""

    def asks() -> bool:
        terminal.press("R")
        time.sleep(0.3)
        return "Send again" in terminal.text()

    until(asks)


def test_an_input_that_waits_is_given_up_and_another_tried_at_once(numbers: Numbers) -> None:
    numbers.bad(1, 4)
    started = start(numbers, "trying")
    with Client(started.socket) as client:
        until(lambda: client.insight("outlook").outlook.retrying == 2)
    terminal = Terminal(["attach", started.job_id], columns=100, lines=30)
    terminal.until("2 Problems", "no number 4", "number 1 ")
    numbers.mend(1)
    terminal.press("2")
    terminal.press("j")
    terminal.press("R")
    terminal.until("Send again: n 1", "this input, as it was")
    terminal.press("\r")
    terminal.until("1 no longer")
    assert 1 in numbers.ran()
    terminal.press("X")
    terminal.until("Give up n 4?")
    terminal.press("y")
    terminal.until("✓ done")
    terminal.press("q")
    assert terminal.ended() == 0
    assert_gone(started.pid)
    state = JobState.load(started.path)
    assert numbers.ran() == [0, 1, 2, 3, 5]
    assert [(one["action"], one["reason"]) for one in state.controls] == [
        ("retry", "from the dashboard"),
        ("giveup", "from the dashboard"),
    ]
