"""A cancelled job with a handler that does not return: what is on the screen, and the way out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from routilux_tui.state.job_state import JobState
from tests.hanging import start_hanging
from tests.processes import assert_gone
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_it_is_seen_and_ended_by_keys(world: Path, size: tuple[int, int]) -> None:
    started = start_hanging(world, rest=2)
    name = f"hanging {started.job_id[:8]}"
    terminal = Terminal(["attach", started.job_id], *size)
    terminal.until("▶ running", "load")
    terminal.press("3")
    terminal.until("for  input")
    terminal.press("c")
    terminal.until(f"Cancel {name}?")
    terminal.press("y")
    shown = terminal.until("⊘ cancelling, 1 running", "cancelled, still runs", "3 Now 1")
    assert "⊘ cancelled" not in shown
    terminal.until("1 handler still runs: `load` for", "c once more ends")
    terminal.press("\r")
    terminal.until("time.sleep(600)")
    terminal.press("\x1b")
    terminal.until("cancelled, still runs")
    first = _ages(terminal.text())
    while _ages(terminal.text()) == first:  # neither clock stands still
        terminal.until("cancelling")
    terminal.press("!")
    shown = terminal.until("Cancelling: 1 handler still runs")
    assert "Cancelled." not in shown
    terminal.press("\x1b")
    terminal.until("cancelled, still runs")
    terminal.press("c")
    terminal.until(f"End {name} by force?", "1 handler still runs: `load` for")
    terminal.press("y")
    shown = terminal.until("⊘ cancelled by", "No handler runs, and no task waits.")
    assert "1 handler ended by force" in shown
    terminal.press("q")
    assert terminal.ended() == 0
    assert_gone(started.pid)
    assert JobState.load(started.path).outstanding == {}


def _ages(text: str) -> tuple[str, ...]:
    """How long the job has run, and the handler."""
    return tuple(re.findall(r"[0-9a-f]{8}  (\S+s)|load +(\S+s)", text)[0])


def test_the_list_says_so_and_the_same_key_ends_it(world: Path) -> None:
    started = start_hanging(world)
    terminal = Terminal([], 120, 40)
    terminal.until("▶ 1 running", "hanging")
    terminal.press("c")
    terminal.until(f"Cancel hanging {started.job_id[:8]}?")
    terminal.press("y")
    terminal.until("⊘ cancelling", "1 handler still runs")
    terminal.until("`load` for", "c once more ends")
    terminal.press("c")
    terminal.until(f"End hanging {started.job_id[:8]} by force?", "`load` for")
    terminal.press("y")
    terminal.until("⊘ cancelled", "Ended 1")
    terminal.press("q")
    assert terminal.ended() == 0
    assert_gone(started.pid)
