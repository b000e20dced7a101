"""Removing saved jobs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path


def test_rm_asks_and_removes(world: Path) -> None:
    from routilux_tui import JobState

    path = world / "j.json"
    JobState("f").save(path)
    tui("rm", str(path), code=1, stdin="n\n")
    assert "rm -y" in tui("rm", str(path), code=2).stderr
    assert path.exists()
    tui("rm", str(path), stdin="y\n")
    assert not path.exists()


def test_a_job_that_is_named_twice_is_removed_once(world: Path) -> None:
    from routilux_tui import JobState

    path = world / "j.json"
    JobState("f").save(path)
    done = tui("rm", "-y", "--json", str(path), str(path), os.path.relpath(path))
    assert done.stdout.count("removed") == 1
    assert not path.exists()
