"""Removing saved jobs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from routilux_tui import JobState
from routilux_tui.store.journal import Journal
from tests.cli.program import tui

if TYPE_CHECKING:
    from pathlib import Path


def test_rm_asks_and_removes(world: Path) -> None:
    path = world / "j.json"
    JobState("f").save(path)
    tui("rm", str(path), code=1, stdin="n\n")
    assert "rm -y" in tui("rm", str(path), code=2).stderr
    assert path.exists()
    tui("rm", str(path), stdin="y\n")
    assert not path.exists()


def test_a_job_that_is_named_twice_is_removed_once(world: Path) -> None:
    path = world / "j.json"
    JobState("f").save(path)
    done = tui("rm", "-y", "--json", str(path), str(path), os.path.relpath(path))
    assert done.stdout.count("removed") == 1
    assert not path.exists()


def test_a_link_to_a_job_that_runs_is_no_other_job_and_one_to_a_saved_job_is_but_a_link(
    world: Path,
) -> None:
    path, link = world / "j.json", world / "link.json"
    link.symlink_to(path)
    state = JobState("f")
    journal = Journal(state, path)
    state.status = "running"
    assert "is running" in tui("rm", "-y", str(link), code=1).stderr
    assert link.is_symlink()
    state.status = "cancelled"  # while a handler has not returned its runner is there
    refused = tui("rm", "-y", str(path), code=1).stderr
    assert "is cancelled, and its process has not ended" in refused
    assert f"cancel --force {path}" in refused
    state.status = "completed"
    journal.close()
    assert "the link, and not the job" in tui("rm", "-y", str(link)).stderr
    assert path.exists()
    assert not link.is_symlink()
