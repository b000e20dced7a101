"""The words of ``run``: what may be left out, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

FLOW = """
from routilux_tui import Flow, Routine

class One(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)

    def go(self, **_):
        pass

flow = Flow()
flow.add_routine(One(), "one")
"""


def test_a_flow_needs_no_more_than_its_name(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "small.py"
    file.write_text(FLOW)
    done = run([*command, "run", "--no-tui", str(file)])
    assert (done.returncode, done.stderr) == (0, "")


def test_an_executor_that_there_is_not_is_refused(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "small.py"
    file.write_text(FLOW)
    done = run([*command, "run", "--no-tui", "--executor", "clouds", str(file)])
    assert done.returncode == 2
    assert "no executor 'clouds'" in done.stderr


def test_a_flow_takes_no_arguments_of_a_script(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "small.py"
    file.write_text(FLOW)
    done = run([*command, "run", "--no-tui", str(file), "more"])
    assert done.returncode == 2
    assert "takes no arguments" in done.stderr
