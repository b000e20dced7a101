"""What TAB offers, in every shell, and that it is text and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

from routilux_tui.cli.complete import candidates
from routilux_tui.cli.main import COMMANDS
from routilux_tui.cli.shell_words import bash_quoted, split_line
from routilux_tui.state.job_state import JobState
from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}
SETUP = {
    "bash": "source <(routilux-tui completion bash)",
    "zsh": "autoload -U compinit && compinit -u -D; source <(routilux-tui completion zsh)",
    "fish": "routilux-tui completion fish | source",
}
#: What a file may call its job. The first three run in a shell that expands them.
HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned; ",
    "a b  c",
    "'quo\"ted",
    "*?[x]{a,b}",
    "!event #hash",
    "back\\slash\\",
    "co:lon=equal@at",
    "ü日本é",
    "%s%n ${x} <>|&~",
    "esc\x1b[31m\tx",
    "new\nline",
]


@pytest.fixture
def place(world: Path) -> Path:
    """An empty folder to type in, with a program that notes down how it is called."""
    (world / "bin").mkdir()
    program = world / "bin/routilux-tui"
    program.write_text(
        "#!/bin/sh\n"
        'case "$1" in complete|completion) '
        f'exec "{sys.executable}" -m routilux_tui "$@";; esac\n'
        f'for one in "$@"; do printf "%s\\000" "$one"; done > "{world}/called.new"\n'
        f'mv "{world}/called.new" "{world}/called"\n'
    )
    program.chmod(0o755)
    (world / "place").mkdir()
    return world / "place"


class Shell:
    """A shell on a terminal of its own."""

    def __init__(self, name: str, place: Path) -> None:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        self._called = place.parent / "called"
        path = f"{place.parent}/bin:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "> "}
        self._terminal = pexpect.spawn(name, SHELLS[name], cwd=place, env=env, timeout=30)
        self._terminal.setwinsize(50, 200)
        self._terminal.sendline(f"{SETUP[name]}; echo re''ady")
        self._terminal.expect("ready")

    def call(self, keys: str) -> list[str]:
        """The arguments that the program is called with when this is typed."""
        self._called.unlink(missing_ok=True)
        self._terminal.send(f"routilux-tui {keys}; echo do''ne\r")
        self._terminal.expect("done\r")
        return self._called.read_bytes().decode().split("\0")[:-1]

    def close(self) -> None:
        """End it."""
        self._terminal.close(force=True)


@pytest.mark.parametrize("shell", SHELLS)
def test_no_name_of_a_job_is_run_or_changed_by_a_shell(shell: str, place: Path) -> None:
    ids = [f"job{n:02}-{text}" for n, text in enumerate(HOSTILE)]
    for job_id in ids:
        state = JobState("f")
        state._job_id = job_id
        state.save(place.parent / f"state/routilux-tui/jobs/{ids.index(job_id)}.json")
    terminal = Shell(shell, place)
    try:
        for n, job_id in enumerate(ids):
            if shell == "fish" and {"\n", "\t"} & set(job_id):
                continue  # fish can't be given such a candidate, so it is given none
            assert terminal.call(f"show job{n:02}\t") == ["show", job_id]
    finally:
        terminal.close()
    assert [one.name for one in place.iterdir()] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_files_commands_options_and_choices(shell: str, place: Path) -> None:
    for name in (
        "$(touch pwned).json",
        "two words.json",
        "we:ird.json",
        "-dash.json",
        "at@home.json",
    ):
        (place / name).write_text("{}")
    for name in ("attach", "log", "folder"):
        (place / name).mkdir()
    (place / "folder/inside.py").write_text("def one() -> Flow: ...\nOther = 1\n")
    terminal = Shell(shell, place)
    try:
        assert terminal.call("att\tx") == ["attach", "x"]
        assert terminal.call("lo\tx") == ["log", "x"]
        assert terminal.call("canc\t--fo\t") == ["cancel", "--force"]
        assert terminal.call("--po\t") == ["--poll"]
        assert terminal.call("run fol\tins\t") == ["run", "folder/inside.py"]
        assert terminal.call("run folder/inside.py:\t") == ["run", "folder/inside.py:one"]
        assert terminal.call("open two\t") == ["open", "two words.json"]
        assert terminal.call("open we\t") == ["open", "we:ird.json"]
        assert terminal.call("open we:\t") == ["open", "we:ird.json"]
        assert terminal.call("open at@\t") == ["open", "at@home.json"]
        assert terminal.call("open at@h\t") == ["open", "at@home.json"]
        assert terminal.call("open \\$\t") == ["open", "$(touch pwned).json"]
        assert terminal.call("open 'tw\t") == ["open", "two words.json"]
        assert terminal.call("open ./-\t") == ["open", "./-dash.json"]
        assert terminal.call("run --theme da\t") == ["run", "--theme", "dark"]
        assert terminal.call("tail --of his\t") == ["tail", "--of", "history"]
    finally:
        terminal.close()
    assert not (place / "pwned").exists()


def test_running_jobs_and_their_routines_are_offered(flows: str) -> None:
    job = tui("run", f"{flows}:stuck", "-p", "seconds=60", "--detach").stdout.strip()
    assert [one.value for one in candidates(["pause", job[:4]])] == [job]
    assert [one.value for one in candidates(["pause", "@"])] == ["@last"]
    assert [one.value for one in candidates(["history", job, "--routine", ""])] == ["stuck"]
    assert [one.value for one in candidates([""])] == list(COMMANDS)


def test_a_flows_file_is_read_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nfirst = Flow()\ndef b_flow(): ...\n")
    found = candidates(["run", f"{path}:"])
    assert [one.value for one in found] == [f"{path}:first", f"{path}:b_flow"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_bash_is_given_means_the_same_to_bash(text: str) -> None:
    for typed in ("", "$'"):
        quoted = bash_quoted(text, split_line(typed)[1])
        script = f"printf %s {typed}{quoted}{chr(39) if typed else ''}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        assert done.stdout == text
        words, last = split_line(f"A=1 x {typed}{quoted}", ":=@")
        assert (words[1:], last.value) == ([text], text)


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_a_script_that_the_shell_takes(shell: str) -> None:
    script = tui("completion", shell).stdout
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
