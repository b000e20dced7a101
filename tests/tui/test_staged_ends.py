"""The three staged faults are brought to their good end: by keys alone, and by twins alone."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.state.job_state import JobState
from tests.cli.program import tui
from tests.processes import assert_gone
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    import pytest

    from routilux_tui.runner.launch_spec import LaunchResult

STAGED = Path(__file__).parent.parent / "staged"
EDITOR = """
import sys
from pathlib import Path

place = Path(sys.argv[1])
place.write_text(place.read_text().replace("EÜR", "EUR"))
"""


def start(flow: str, until: str, **parameters: Any) -> LaunchResult:
    started = start_job(f"{STAGED}/{flow}", parameters, workers=4)
    with Client(started.socket) as client:
        assert client.call("wait", patience=None, until=until, timeout=60)["outcome"] == "met"
    return started


def orders() -> LaunchResult:
    given = {"total": 41, "pace": 0, "every": 20, "tries": 9, "delay": 3600.0}
    return start("nightly_orders.py:flow", "errors == 3 && queue == 3", **given)


def etl() -> LaunchResult:
    return start("nightly_etl.py:flow", "queue > 20", rows=40, quick=4.0, slow=4.0)


def ledger() -> LaunchResult:
    return start("nightly_ledger.py:flow", 'status == "paused"', accounts=30, big=12)


def by_keys(started: LaunchResult, *steps: tuple[str, str]) -> JobState:
    """Press keys, each after what is to be seen before; the job, when it is done."""
    terminal = Terminal(["attach", started.job_id], columns=80, lines=24)
    for seen, keys in steps:
        terminal.until(seen, within=40)
        terminal.press(keys)
    terminal.until("✓ done", within=40)
    terminal.press("q")
    assert terminal.ended() == 0
    assert_gone(started.pid)
    return JobState.load(started.path)


def by_twin(started: LaunchResult, *words: str) -> JobState:
    command, *rest = words
    tui(command, started.job_id, *rest)
    tui("wait", started.job_id, "--timeout", "60")
    assert_gone(started.pid)
    return JobState.load(started.path)


def ended_well(state: JobState, action: str, runs: dict[str, int]) -> None:
    assert state.status == "completed"
    assert [one["action"] for one in state.controls] == [action]
    assert state.controls[0]["who"]["name"]
    assert {name: state.routine_states[name]["runs"] for name in runs} == runs
    assert not state.failed_tasks


def test_inputs_that_fail_are_mended_by_keys(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = world / "editor.py"
    editor.write_text(EDITOR)
    monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(editor)]))
    state = by_keys(
        orders(),
        ("2 Problems", "2"),
        ("ord-000040", "R"),
        ("3 inputs with this error, edited first", "j"),
        ("Send again", "\r"),
        ("Send it with this changed?", "y"),
    )
    ended_well(state, "retry", {"store": 41, "price": 44})


def test_inputs_that_fail_are_mended_by_a_twin(world: Path) -> None:
    edit = ["--kind", "LookupError", "--edit", json.dumps({"currency": "EUR"})]
    ended_well(by_twin(orders(), "retry", *edit), "retry", {"store": 41, "price": 44})


def test_a_queue_that_does_not_drain_is_given_workers_by_keys(world: Path) -> None:
    state = by_keys(etl(), ("enrich", "W"), ("Handlers at once", "64\r"))
    ended_well(state, "workers", {"load": 40, "report": 40})


def test_a_queue_that_does_not_drain_is_given_workers_by_a_twin(world: Path) -> None:
    ended_well(by_twin(etl(), "workers", "64"), "workers", {"load": 40, "report": 40})


def test_a_job_that_waits_for_a_person_is_let_go_on_by_keys(world: Path) -> None:
    state = by_keys(ledger(), ("waits for you", "r"), ("Go on with nightly_ledger", "y"))
    ended_well(state, "resume", {"post": 30})


def test_a_job_that_waits_for_a_person_is_let_go_on_by_a_twin(world: Path) -> None:
    ended_well(by_twin(ledger(), "resume"), "resume", {"post": 30})
