"""What is told to do next is a command that can be pasted where one stands, whatever the names."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from routilux_tui.cli.find_job import find_running
from routilux_tui.runner.launch import start_job
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.views.naming import command
from tests.cli.program import tui
from tests.flows import write_flows
from tests.tui.test_terminal import Terminal

SAVED = Path("my jobs") / "it's a job.json"


@pytest.fixture
def killed(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a job whose process was killed, in a folder that stands where one is."""
    monkeypatch.chdir(world)
    SAVED.parent.mkdir()
    tui("run", f"{write_flows(world)}:leaving", "--save", str(SAVED), code=3)
    return SAVED


def advice(said: str) -> list[list[str]]:
    """The commands that a text names, as a shell takes them: each ends its line."""
    return [shlex.split(one) for one in re.findall(r"routilux-tui [^\n;]*", said)]


@pytest.mark.parametrize(
    "words",
    [
        ("why", "FILE"),
        ("wait", "FILE"),
        ("pause", "FILE"),
        ("cancel", "FILE"),
        ("again", "FILE", "--only-failed"),
        ("retry", "FILE", "--all"),
        ("queue", "FILE", "--hold", "1"),
        ("run", "flows.py:leaving", "--save", "FILE"),
    ],
)
def test_a_saved_job_is_named_by_its_whole_file(killed: Path, words: tuple[str, ...]) -> None:
    done = tui(*(str(killed) if one == "FILE" else one for one in words), code=None)
    found = advice(done.stdout + done.stderr)
    assert found, done.stderr
    for program, verb, job in (one[:3] for one in found):
        assert (program, verb) == ("routilux-tui", "resume")
        assert Path(job).samefile(killed)


def test_what_is_advised_does_what_it_says(killed: Path) -> None:
    (told,) = re.findall(r"routilux-tui [^\n]*", tui("why", str(killed)).stdout)
    program = shlex.join([sys.executable, "-m", "routilux_tui"])
    done = subprocess.run(
        ["sh", "-c", told.replace("routilux-tui", program, 1)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_a_job_that_has_ended_is_named_as_it_was(world: Path) -> None:
    path = world / "a b.json"
    tui("run", f"{write_flows(world)}:failing", "--save", str(path), code=1)
    refused = tui("resume", str(path), code=1).stderr
    commands = re.findall(r"routilux-tui [^\n,]*", refused)
    assert [shlex.split(one)[:3] for one in commands] == [
        ["routilux-tui", "retry", str(path)],
        ["routilux-tui", "again", str(path)],
    ]
    none = tui("retry", str(path), "--task", "99", code=1).stderr
    assert f"routilux-tui show '{path}' --problems" in none


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cancel", "--force", "a b"), "routilux-tui cancel --force 'a b'"),
        (("rm", Path("x.json")), "routilux-tui rm ./x.json"),
        (("rm", Path("-x.json")), "routilux-tui rm ./-x.json"),
        (("rm", Path("/srv/$HOME/x")), "routilux-tui rm '/srv/$HOME/x'"),
        (("show", "1a2b3c4d"), "routilux-tui show 1a2b3c4d"),
    ],
)
def test_words_are_quoted_for_a_shell(words: tuple[str | Path, ...], said: str) -> None:
    assert command(*words) == said


def test_attach_names_how_a_job_is_looked_at_that_does_not_run(killed: Path) -> None:
    show, resume = advice(tui("attach", str(killed), code=3).stderr)
    assert show[:2] == ["routilux-tui", "show"]
    assert Path(show[2]).samefile(killed)
    assert resume[:2] == ["routilux-tui", "resume"]
    assert "killed" in tui(*show[1:]).stdout
    terminal = Terminal(["attach", str(killed)], columns=100, lines=30)
    terminal.until("routilux-tui open ", "routilux-tui resume ")
    assert terminal.ended() == 3
    said = tui("attach", "nobody", code=3).stderr
    assert "Look at it" not in said


def test_without_a_terminal_attach_names_what_needs_none(world: Path) -> None:
    started = start_job(f"{write_flows(world)}:counting", {"n": 100_000, "pace": 0.01})
    way = f"Without one: routilux-tui tail -f {started.job_id}"
    assert way in tui("attach", started.job_id, code=2).stderr


async def test_the_file_of_a_job_that_runs_says_where_it_is_steered(world: Path) -> None:
    started = start_job(f"{write_flows(world)}:stuck", {"seconds": 600})
    handle = SavedHandle(Path(started.path))
    await handle.open()
    assert handle.cannot["pause"].endswith(f"routilux-tui attach {started.job_id[:8]}")
    assert find_running(started.job_id[:8]).job_id == started.job_id
    await handle.close()
