"""The installed dashboard on other machines' jobs, in a real terminal, through a real ssh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows import write_flows
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machines import Machines

pytestmark = pytest.mark.xdist_group("ssh")


def test_the_list_of_two_machines_and_one_that_is_down(machines: Machines, world: Path) -> None:
    flows = write_flows(world)
    for name in ("build1", "build2"):
        machines.add(name).start_job(f"{flows}:counting", "pace=0.01", "n=99999")
    machines.add("down").stop()
    config = world / "config/routilux-tui"
    config.mkdir()
    (config / "config.toml").write_text('hosts = ["build1", "build2", "down"]\n')
    terminal = Terminal([], columns=120)
    terminal.until("▶ 2", "build1", "build2", "↯ down", "Connection refused")
    terminal.press("/build2\r")
    terminal.until("1 of 3")
    terminal.press("\r")
    terminal.until("on build2", "1 Flow 2")
    terminal.press("p")
    terminal.until("Pause the job")
    terminal.press("from afar\r")
    terminal.until("‖ paused", "from afar")
    machines.all["build2"].stop()
    terminal.until("no answer for")
    terminal.until("this is the last state")
    machines.all["build2"].start()
    terminal.until("‖ paused", "from afar", within=30)
    terminal.press("r")
    terminal.until("▶ running", within=20)
    terminal.press("qq")
    assert terminal.ended() == 0
    assert terminal.is_as_found()


def test_attach_to_a_job_by_its_address(machines: Machines, world: Path) -> None:
    flows = write_flows(world)
    job = machines.add("build1").start_job(f"{flows}:counting", "pace=0.01", "n=99999")
    terminal = Terminal(["attach", f"ssh://build1/{job[:6]}"])
    terminal.until("▶ running", "on build1", job[:8])
    terminal.press("q")
    assert terminal.ended() == 0
    assert f"routilux-tui attach ssh://build1/{job[:8]}" in terminal.written


def test_a_machine_that_can_not_be_reached_is_an_error_with_its_own_code(
    machines: Machines,
) -> None:
    machines.add("down").stop()
    terminal = Terminal(["attach", "ssh://down/x"])
    assert terminal.ended() == 3
    assert "Connection refused" in terminal.text().replace("\n", "")
    assert terminal.is_as_found()
