"""What TAB offers, in every shell."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path


def test_bash_completes_commands_options_and_jobs(flows: str, world: Path) -> None:
    job = tui("run", f"{flows}:stuck", "-p", "seconds=60", "--detach").stdout.strip()
    (world / "bin").mkdir()
    program = world / "bin/routilux-tui"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m routilux_tui "$@"\n')
    program.chmod(0o755)
    script = tui("completion", "bash").stdout
    for words, expected in {
        ("routilux-tui", "canc"): "cancel",
        ("routilux-tui", "cancel", "--fo"): "--force",
        ("routilux-tui", "pause", job[:4]): job,
        ("routilux-tui", "pause", "@"): "@last",
    }.items():
        line = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _routilux_tui"
        done = subprocess.run(
            ["bash", "-c", f'{script}\n{line}\necho "${{COMPREPLY[@]}}"'],
            env={**os.environ, "PATH": f"{world}/bin:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
        assert done.stdout.split() == [expected], (words, done.stdout, done.stderr)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_that_the_shell_takes(shell: str) -> None:
    script = tui("completion", shell).stdout
    assert "cancel" in script
    if shell == "bash":
        done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
