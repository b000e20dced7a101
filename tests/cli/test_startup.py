"""What a command loads before it does its work."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.conftest import DATA

JOBS = DATA / "jobs"
#: What runs a job, or reads a whole one.
HEAVY = ("routilux_tui.flow", "routilux_tui.state", "routilux_tui.job.model")


def test_a_screen_less_command_loads_no_textual() -> None:
    code = (
        "import sys\nfrom routilux_tui.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "bad = {'textual', 'rich', 'asyncio', 'click', 'typer', 'cel'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    path = str(JOBS / "0.11.0/completed.json")
    for words in (
        ["--version"],
        ["ps"],
        ["info"],
        ["show", path],
        ["history", path],
        ["completion", "bash"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, (words, done.stderr)


@pytest.mark.parametrize(
    ("does", "heavy"),
    [
        ("from routilux_tui.cli.main import main\nmain(['ps'])\n", (*HEAVY, "serilux")),
        ("import routilux_tui.cli.attach, routilux_tui.tui.screens.job\n", HEAVY),
    ],
    ids=["ps", "the job screen"],
)
def test_jobs_are_shown_without_what_runs_or_reads_whole_jobs(
    does: str, heavy: tuple[str, ...]
) -> None:
    code = (
        f"import sys\n{does}"
        f"bad = [one for one in sys.modules if one.startswith({heavy})]\n"
        "assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_loads_neither_textual_nor_a_command_line() -> None:
    code = (
        "import sys, routilux_tui\nroutilux_tui.Flow, routilux_tui.JobState\n"
        "bad = {'textual', 'rich', 'argparse', 'click', 'typer'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_interrupt_while_the_program_is_loaded_is_no_traceback() -> None:
    code = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'routilux_tui.cli.main':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from routilux_tui.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, "ps"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
