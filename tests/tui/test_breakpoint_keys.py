"""A breakpoint is set, met, gone on from and taken off by keys."""

from __future__ import annotations

from pathlib import Path

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from tests.processes import until
from tests.tui.test_terminal import Terminal

STAGED = Path(__file__).parent.parent / "staged/nightly_orders.py"


def test_a_breakpoint_is_set_met_and_taken_off(world: Path) -> None:
    job = start_job(f"{STAGED}:flow", {"total": 100_000, "pace": 0.01})
    terminal = Terminal(["attach", job.job_id], columns=80, lines=24)
    terminal.until("▶ running")
    terminal.press("B")
    terminal.until("Pause before the next task for which", "On this job, for example")
    terminal.press('routine == "prize"')
    terminal.until("The flow has no routine 'prize'")
    terminal.press("\x7f" * 3 + 'ce" && tries == 0')
    terminal.until("this job can judge it")
    terminal.press("\r")
    assert "⏎" not in terminal.until("Breakpoint 1: routine", "B takes it off.")
    terminal.until("breakpoint: routine", "met at", "before price with", "r go on")
    with Client(job.socket) as client:
        first = client.header()
        terminal.press("r")  # it asks nothing: a breakpoint is no question
        terminal.until("breakpoint: routine")
        until(lambda: client.header().counts["pauses"] == 2)
        client.wait_for_status({"paused"}, 30)
        assert client.header().runs > first.runs
        terminal.press("B")
        terminal.until("Enter takes one off", "set another")
        terminal.press("j")
        terminal.press("\r")
        terminal.until("Breakpoint 1 is taken off")
        assert client.breakpoints() == []
        terminal.press("r")
        terminal.until("▶ running")
        client.call("cancel")
    terminal.press("q")
    terminal.ended()
