"""A kill, or a full disk, at every step of writing, sealing and streaming: nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState
from routilux_tui.errors import JobFileError
from routilux_tui.store import journal as journals
from routilux_tui.store.files import journal_path
from routilux_tui.store.journal import Journal
from routilux_tui.store.reading import load_job
from routilux_tui.store.sealing import Sealer, Unsealed
from tests.sampling import every

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = 24
TAKE_ROOM = frozenset({"open", "write", "fsync", "posix_fallocate", "replace", "mkdir"})
#: What the store asks of the system; each call is a step at which something may happen.
STEPS = (
    "open",
    "write",
    "fsync",
    "posix_fallocate",
    "replace",
    "unlink",
    "mkdir",
    "close",
    "pread",
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEAL_CHANGES", 12)
    monkeypatch.setattr(journals, "BLOCK_CHANGES", 6)


def work(path: Path, done: Callable[[int], None]) -> None:
    """Run a job from where its file has it to its end; it is saved whole in the middle, too."""
    state = load_job(path, into=JobState, strict=True) if path.exists() else JobState("f")
    journal = Journal(state, path)
    if state.status == "pending":
        state.status = "running"
    first = sum(one.event_name == "out" for one in state.execution_history)
    for n in range(first, ROUNDS):
        at = time.time()
        state.make("emit", "a", "out", {"n": n}, at, None, [(n + 1, "b", "in")])
        state.make("run", n + 1, "b", at)
        state.append_to_shared_log({"n": n})
        state.make("ran", n + 1, "b", "completed", at, None)
        if journal.flush():
            done(n)
        journal.rotate()
        if n % 3 == 0:
            journal._sealer.seal_waiting()
        if n == ROUNDS // 2:
            journal.write_snapshot()
    if state.status == "running":
        state.status = "completed"
    for _ in range(50):
        try:
            journal.close()
            break
        except JobFileError:
            time.sleep(0.01)


def marks_of(file: Any, n: int) -> None:
    file.write(b"%d\n" % n)


def in_child(path: Path, marks: Path, at_step: Callable[[int, str], None]) -> int:
    """Work in a child process with something done before each step; its exit code."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        count = [0]
        for name in STEPS:
            real = getattr(os, name)

            def step(*args: Any, _real: Any = real, _name: str = name, **named: Any) -> Any:
                count[0] += 1
                at_step(count[0], _name)
                return _real(*args, **named)

            setattr(os, name, step)
        with marks.open("ab", buffering=0) as file:
            work(path, lambda n: marks_of(file, n))
            file.write(b"steps %d\n" % count[0])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def check(path: Path, marks: Path) -> None:
    """All that was done is in the job, once; nothing of it is missing."""
    marked = [int(line) for line in marks.read_text().split("\n") if line.isdigit()]
    assert len(marked) == len(set(marked)), "what had been done was done again"
    if not path.exists():
        assert not marked
        return
    state = load_job(path, into=JobState, strict=True)
    assert (state.missing, state.unread) == ("", "")
    sent = [one.data["n"] for one in state.execution_history if one.event_name == "out"]
    assert sent == list(range(len(sent)))
    logged = [one["n"] for one in state.shared_log]
    assert logged == sorted(set(logged))
    assert set(marked) <= set(logged)
    assert state.routine_states.get("b", {"runs": 0})["runs"] >= len(marked)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def steps_of(folder: Path) -> int:
    in_child(folder / "whole.json", folder / "whole", lambda *_: None)
    return int((folder / "whole").read_text().split("steps ")[1])


@pytest.mark.parametrize("part", range(4))
def test_a_kill_at_any_step_loses_nothing_and_does_nothing_twice(part: int, tmp_path: Path) -> None:
    steps = steps_of(tmp_path)
    assert steps > 100
    for number in range(1 + every(3) * part, steps, 4 * every(6)):
        path, marks = tmp_path / f"{number}.json", tmp_path / f"{number}.marks"
        marks.touch()
        in_child(path, marks, lambda n, _, number=number: kill() if n == number else None)
        check(path, marks)
        # and again, early, while what was left is sealed
        in_child(path, marks, lambda n, _, number=number: kill() if n == 20 + number % 40 else None)
        check(path, marks)
        assert in_child(path, marks, lambda *_: None) == 0
        check(path, marks)
        state = JobState.load(path)
        assert state.status == "completed"
        assert sum(one.event_name == "out" for one in state.execution_history) == ROUNDS
        assert not journal_path(path).exists()


@pytest.mark.parametrize("part", range(2))
def test_a_disk_that_is_full_at_any_step_loses_nothing(part: int, tmp_path: Path) -> None:
    steps = steps_of(tmp_path)

    def fail(n: int, name: str, number: int) -> None:
        if number <= n < number + 4 and name in TAKE_ROOM:
            raise OSError(errno.ENOSPC, "no space is left")

    for number in range(1 + every(5) * part, steps, 2 * every(10)):
        path, marks = tmp_path / f"{number}.json", tmp_path / f"{number}.marks"
        marks.touch()
        with contextlib.suppress(OSError):
            in_child(path, marks, lambda n, name, number=number: fail(n, name, number))
        check(path, marks)
        in_child(path, marks, lambda *_: None)
        check(path, marks)
        sent = [one for one in JobState.load(path).execution_history if one.event_name == "out"]
        assert len(sent) == ROUNDS


def test_a_kill_while_a_job_is_taken_up_whose_journal_had_just_begun(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    child = os.fork()
    if not child:
        state = JobState("f")
        journal = Journal(state, path)
        state.status = "running"
        for n in range(30):
            state.append_to_shared_log({"n": n})
        journal.flush()
        journal.rotate()
        journal._sealer.seal_waiting()
        os._exit(0)
    os.waitpid(child, 0)
    for step in range(1, 60):
        folder = tmp_path / str(step)
        folder.mkdir()
        shutil.copytree(tmp_path / "j.json.changes", folder / "j.json.changes")
        for name in ("j.json", "j.json.journal"):
            shutil.copy(tmp_path / name, folder / name)
        (folder / "marks").touch()
        at = folder / "j.json"
        in_child(at, folder / "marks", lambda n, _, step=step: kill() if n == step else None)
        kept = load_job(at, into=JobState, strict=True)
        assert [one["n"] for one in kept.shared_log][:30] == list(range(30)), step


def test_a_kill_while_a_job_is_taken_up_whose_former_journal_is_sealed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j.json"
    child = os.fork()
    if not child:
        state = JobState("f")
        journal = Journal(state, path)
        state.status = "running"
        for n in range(5):
            state.append_to_shared_log({"n": n})
        journal.flush()
        os._exit(0)
    os.waitpid(child, 0)
    put = Sealer.put

    def put_and_seal(sealer: Sealer, unsealed: Unsealed) -> None:
        put(sealer, unsealed)
        sealer.seal_waiting()  # as its thread does, where that is quick

    monkeypatch.setattr(Sealer, "put", put_and_seal)
    for step in range(1, 60):
        folder = tmp_path / str(step)
        folder.mkdir()
        for name in ("j.json", "j.json.journal"):
            shutil.copy(tmp_path / name, folder / name)
        (folder / "marks").touch()
        at = folder / "j.json"
        in_child(at, folder / "marks", lambda n, _, step=step: kill() if n == step else None)
        kept = load_job(at, into=JobState, strict=True)
        assert [one["n"] for one in kept.shared_log][:5] == list(range(5)), step
