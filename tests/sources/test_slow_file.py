"""A file that takes long to be read holds up no other row, nor what changes meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

import pytest

from routilux_tui.sources import entry_reader
from routilux_tui.sources.saved import SavedSource
from routilux_tui.state.job_state import JobState
from tests.sources.test_saved import Follower

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("slow", [1, 3])
async def test_rows_come_while_a_file_does_not_answer(
    slow: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    read = entry_reader.read_entry

    def read_slowly(path: str) -> object:
        if "slow" in path:
            answers.wait(30)
        return read(path)

    monkeypatch.setattr(entry_reader, "read_entry", read_slowly)
    names = [f"{n}.json" for n in range(40)]
    late = [f"slow{n}.json" for n in range(slow)]
    for name in [*names, *late]:
        JobState("f").save(tmp_path / name)
    follower = Follower(SavedSource([str(tmp_path)]))
    await follower.until(lambda one: one.keys() == set(names))
    state = JobState.load(tmp_path / "7.json")
    state.record_execution("a", "e", {})
    state.save(tmp_path / "7.json")
    await follower.until(lambda one: one["7.json"].records == 1)
    (tmp_path / late[0]).unlink()
    answers.set()
    await follower.until(lambda one: one.keys() == {*names, *late[1:]})
    await follower.end()


async def test_a_file_that_changes_while_it_is_read_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, answers = threading.Event(), threading.Event()
    read = entry_reader.read_entry

    def read_slowly(path: str) -> object:
        row = read(path)
        begun.set()
        answers.wait(30)
        return row

    monkeypatch.setattr(entry_reader, "read_entry", read_slowly)
    path = tmp_path / "a.json"
    JobState("f").save(path)
    follower = Follower(SavedSource([str(tmp_path)]))
    assert await asyncio.to_thread(begun.wait, 10)
    state = JobState.load(path)
    state.record_execution("a", "e", {})
    state.save(path)
    answers.set()
    await follower.until(lambda one: "a.json" in one and one["a.json"].records == 1)
    await follower.end()


@pytest.mark.skipif(os.getuid() == 0, reason="root MAY READ every folder")
async def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    follower = Follower(SavedSource([str(folder)]))
    told = f"{folder}: you may not read it"
    await follower.until(lambda one: [row.error for row in one.values()] == [told])
    await follower.end()
    folder.chmod(0o700)
