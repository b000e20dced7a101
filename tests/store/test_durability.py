"""What is kept is kept as it was: snapshots, torn journals, copies, locks, leftovers."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.errors import JobFileError, NotPossible
from routilux_tui.store.files import journal_path
from routilux_tui.store.job_file import Snapshot, temporary_path
from routilux_tui.store.journal import Journal
from routilux_tui.store.locks import acquire_lock, is_locked, lock_path
from routilux_tui.store.reading import load_job
from routilux_tui.store.recovery import LOST, MISSING
from routilux_tui.store.removal import remove_job

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.json"


@pytest.fixture
def running(path: Path) -> Iterator[tuple[JobState, Journal]]:
    """A job that runs, with ten records in its journal."""
    state = JobState("f")
    journal = Journal(state, path)
    state.status = "running"
    for n in range(10):
        state.record_execution("a", "e", {"n": n})
        journal.flush()
    yield state, journal
    with contextlib.suppress(JobFileError):
        journal.close()
    journal.abandon()


def test_a_snapshot_is_the_job_as_it_was_when_it_was_taken() -> None:
    state = JobState("f")
    state.make("slot", 1, "a", "in", "append", {"n": 1}, time.time())
    state.update_shared_data("nested", {"list": [1]})
    state.update_routine_state("a", {"result": [1]})
    state.add_deferred_event("a", "later", {"list": [1]})
    state._set_paused("why", {"list": [1]})
    snapshot = Snapshot(state)
    state.make("slot", 2, "a", "in", "append", {"n": 2}, time.time())
    for nested in (
        state.shared_data["nested"]["list"],
        state.routine_states["a"]["result"],
        state.deferred_events[0]["data"]["list"],
        state.pause_points[0]["checkpoint"]["list"],
    ):
        nested.append(2)
    plain = json.loads(b"".join(snapshot.pieces()))
    assert plain["slot_data"] == [["a", "in", {"n": [1]}]]
    assert "2]" not in json.dumps(plain)
    assert plain["seq"] == state.seq - 1


DEFERRED = """
import os, signal, sys
from routilux_tui import Flow, JobState, Routine
from routilux_tui.store.journal import Journal
from routilux_tui.store.removal import remove_job
from routilux_tui.store.reading import load_job

class One(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=lambda: None)
        self.define_slot("in", handler=lambda n: None)
        self.define_event("later", ["n"])

path, deadly = sys.argv[1:]
flow = Flow("deferred")
flow.add_routine(One(), "one")
flow.connect("one", "later", "one", "in")
state = load_job(path, into=JobState, strict=True)
execution = flow.prepare(state)
journal = Journal(state, path)

def die(change):
    if change[1] == deadly:
        os.kill(os.getpid(), signal.SIGKILL)

state.subscribe(die)
execution.resume()
execution.wait()
journal.close()
"""


@pytest.mark.parametrize("deadly", ["deferred_sent", "emit", "run", "ran"])
def test_a_deferred_event_is_emitted_once_wherever_it_is_killed(deadly: str, path: Path) -> None:
    state = JobState("deferred")
    state.status = "running"
    for n in range(3):
        state.add_deferred_event("one", "later", {"n": n})
    state._set_paused("x")
    state.save(path)
    for kill in (deadly, deadly, "none"):
        subprocess.run([sys.executable, "-c", DEFERRED, str(path), kill], timeout=60)
    state = JobState.load(path)
    assert state.status == "completed"
    assert [one.data["n"] for one in state.execution_history if one.event_name == "later"] == [
        0,
        1,
        2,
    ]


def test_what_a_killed_save_leaves_is_used_by_the_next_one(path: Path) -> None:
    temporary_path(path).write_bytes(b"x" * 5000)
    JobState("f").save(path)
    assert [one.name for one in path.parent.iterdir()] == ["j.json"]
    JobState.load(path)


def test_two_who_save_at_once_do_not_write_into_one_file(path: Path) -> None:
    with temporary_path(path).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"half")
        other.flush()
        JobState("f").save(path)
        assert temporary_path(path).read_bytes() == b"half"
    JobState.load(path)


@pytest.mark.parametrize("how", ["link", "symlink", "copy", "copy in another folder"])
def test_a_job_is_run_once_whatever_its_file_is_called(
    how: str, path: Path, running: tuple[JobState, Journal]
) -> None:
    state, journal = running
    other = path.with_name("other.json")
    if how == "link":
        other.hardlink_to(path)
    elif how == "symlink":
        other.symlink_to(path)
    else:
        if how != "copy":
            other = path.parent / "sub" / "other.json"
            other.parent.mkdir()
        shutil.copy(path, other)
        shutil.copy(journal_path(path), journal_path(other))
    journal.write_snapshot()
    with pytest.raises(NotPossible, match="another process"):
        Journal(JobState.load(other), other)
    if how == "symlink":
        assert len(JobState.load(other).execution_history) == 10
    journal.close()
    Journal(JobState.load(other), other).close()
    assert state.status == "running"


def test_a_copy_without_its_journal_says_so(
    path: Path, running: tuple[JobState, Journal], tmp_path: Path
) -> None:
    copy = shutil.copy(path, tmp_path / "copy.json")
    assert JobState.load(copy).unread == MISSING
    with pytest.raises(JobFileError, match="missing") as caught:
        load_job(copy, into=JobState, strict=True)
    assert caught.value.hint == "Take it up where its journal lies beside it, or copy that along."
    running[0]._set_paused("x")
    running[1].write_snapshot()
    copy = shutil.copy(path, tmp_path / "copy.json")
    assert load_job(copy, into=JobState, strict=True).status == "paused"


@pytest.mark.parametrize("name", [("a", 1), frozenset([1]), b"x", None, 7, object()])
def test_names_and_keys_of_any_kind_are_read_back_from_the_journal(
    path: Path, running: tuple[JobState, Journal], name: object
) -> None:
    state, journal = running
    state.record_execution(name, name, {})
    state.send_output(name, name, {})
    state.update_routine_state(name, {"status": "done"})
    state.update_shared_data(name, 1)
    assert state.get_shared_data(name) == 1
    state.add_deferred_event(name, name, {})
    state.update_shared_data("after", 2)
    journal.flush()
    again = load_job(path, into=JobState, strict=True)
    assert (again.shared_data["after"], again.get_shared_data(name)) == (2, 1)
    journal.write_snapshot()


def test_a_forked_child_holds_nothing_and_writes_nothing(
    path: Path, running: tuple[JobState, Journal]
) -> None:
    state, journal = running
    before = journal_path(path).read_bytes()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            state.record_execution("a", "e", {"n": "child"})
            state.status = "failed"
        while True:
            time.sleep(60)
    try:
        assert journal_path(path).read_bytes() == before
        state.status = "completed"
        journal.close()
        assert not is_locked(path)
        Journal(JobState.load(path), path).close()
        assert JobState.load(path).status == "completed"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_a_lock_is_had_while_others_look_at_it_all_the_time(path: Path) -> None:
    lock_path(path).touch()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_locked(path)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for one in lookers:
        one.start()
    try:
        for _ in range(5):
            os.close(acquire_lock(path))
            lock_path(path).write_text("")  # its owner is gone
    finally:
        stop.set()
        for one in lookers:
            one.join()


def test_where_nothing_can_be_locked_a_process_id_stands_for_the_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert not is_locked(path)
    handle = acquire_lock(path)
    assert is_locked(path)
    with pytest.raises(NotPossible):
        acquire_lock(path)
    os.close(handle)
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock_path(path).write_text(f"{ended.pid} 1\n")
    assert not is_locked(path)
    os.close(acquire_lock(path))


def test_where_nothing_can_be_locked_no_process_holds_a_lock_that_has_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOSYS, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # nobody has asked of it yet
    started = Path(f"/proc/{ended.pid}/stat").read_text().rpartition(")")[2].split()[19]
    lock_path(path).write_text(f"{ended.pid} {started}\n")
    assert not is_locked(path)
    os.close(acquire_lock(path))
    ended.wait()


def test_where_nothing_can_be_locked_a_save_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    JobState("f").save(path)
    assert [one.name for one in path.parent.iterdir()] == ["j.json"]


def test_what_killed_saves_left_goes_with_the_job(path: Path) -> None:
    JobState("f").save(path)
    for name in (".j.json.tmp", ".j.json.abc.tmp"):
        path.with_name(name).write_text("half")
    path.with_name(".j.jsonx.abc.tmp").write_text("another's")
    remove_job(path)
    assert [one.name for one in path.parent.iterdir()] == [".j.jsonx.abc.tmp"]


@pytest.mark.parametrize("torn", range(8))
def test_an_end_that_was_copied_in_part_is_torn_and_nothing_else(
    torn: int, path: Path, running: tuple[JobState, Journal]
) -> None:
    running[1].abandon()
    content = journal_path(path).read_bytes().rstrip(b"\0")
    begin = content.rstrip(b"\n").rfind(b"\n") + 1
    last = bytearray(content[begin:])
    step = len(last) // 4
    if torn < 4:  # a piece of the copy is missing, the rest is there
        last[torn * step : (torn + 1) * step] = bytes(step)
    else:
        last[max(1, (torn - 4) * step) :] = b""
    journal_path(path).write_bytes(content[:begin] + last + bytes(5000))
    state = load_job(path, into=JobState, strict=True)
    assert [one.data["n"] for one in state.execution_history] == list(range(9))


def test_a_damaged_line_amid_others_is_no_torn_end(
    path: Path, running: tuple[JobState, Journal]
) -> None:
    running[1].abandon()
    content = journal_path(path).read_bytes().rstrip(b"\0")
    lines = content.split(b"\n")
    lines[4] = bytes(len(lines[4]))
    journal_path(path).write_bytes(b"\n".join(lines))
    assert "line 5" in JobState.load(path).unread


def test_a_journal_whose_beginning_is_lost_is_told(
    path: Path, running: tuple[JobState, Journal]
) -> None:
    running[1].abandon()
    content = journal_path(path).read_bytes().rstrip(b"\0")
    journal_path(path).write_bytes(bytes(200) + content[200:])
    assert JobState.load(path).unread == LOST
    with pytest.raises(JobFileError, match="lost"):
        load_job(path, into=JobState, strict=True)


MEMORY = """
import resource, sys
from routilux_tui import JobState
from routilux_tui.store.journal import Journal
state = JobState("f")
journal = Journal(state, sys.argv[1])
state.status = "running"
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + 6_000_000, used + 6_000_000))
held = []
for n in range(4000):
    state.record_execution("a", "e", {"n": n, "pad": "x" * 3000})
    state.make("ran", n, "a", "completed", 1.0, None)
    del state.execution_history[:]
print(n)
import os; os._exit(0)
"""


def test_little_memory_costs_no_change(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "3999\n", done.stderr
    state = JobState.load(path)
    assert [one.data["n"] for one in state.execution_history] == list(range(4000))
