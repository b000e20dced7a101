"""Where no memory is left, nothing that was confirmed is lost, and no process ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from routilux_tui import JobState
from routilux_tui.store.journal import Journal
from routilux_tui.store.locks import is_locked, lock_path

if TYPE_CHECKING:
    from pathlib import Path

EACH_ALLOCATION_FAILS = """
import _testcapi
from routilux_tui.job.jsonable import dumps, encode
from routilux_tui.runner import protocol
from routilux_tui.store.encoding import encoded
value = {"a": ["x" * 50] * 40, "b": [{"n": n, "f": 2.5} for n in range(50)]}
change = (1, "emit", "r", "e", value, 1.5, None, [])
for call in (
    lambda: encode(value),
    lambda: dumps(value),
    lambda: encoded("emit", change),
    lambda: protocol.answer(1, value),
):
    call()
    failed = 0
    for n in range(300):
        _testcapi.set_nomemory(n, n + 1)
        try:
            call()
        except MemoryError:
            failed += 1
        finally:
            _testcapi.remove_mem_hooks()
    print(failed)
"""

ONE_ALLOCATION_FAILS = """
import sys, _testcapi
from routilux_tui import JobState
from routilux_tui.job.jsonable import decode
from routilux_tui.store.change_buffer import ChangeBuffer
def make_all(calls, n):
    calls = iter(list(calls))
    _testcapi.set_nomemory(n, n + 1)
    for call, change in calls:
        try:
            call(change)
        except MemoryError as error:
            assert error.__traceback__.tb_next is None  # it was not even called
            call(change)
for n in range(1, 100):
    job, buffer = JobState("f"), ChangeBuffer(int, int)
    buffer.follow(job)
    emit, run, ran = (job._dispatch[kind] for kind in ("emit", "run", "ran"))
    changes = [
        (1, "run", 7, "a", 1.5),
        (2, "emit", "a", "e", {"n": 1, "text": "x"}, 1.5, 7, []),
        (3, "emit", "a", "e", {"deep": [{"n": 2.5}] * 9, "more": None}, 1.5, 7, []),
        (4, "ran", 7, "a", "completed", 2.5, None),
        (5, "emit", "a", "e", {"odd": {1}, "none": float("inf")}, 1.5, None, []),
    ]
    make_all(zip((run, emit, emit, ran, emit), changes), n)
    _testcapi.remove_mem_hooks()
    for _ in range(2):  # it could not be written the first time
        line = bytes(buffer.line())
    assert line.endswith(b"]\\n") and line.count(b"\\n") == 1, line
    assert decode(line)[:4] == [list(change) for change in changes[:4]], line
    assert decode(line)[4][4] == {"odd": [1], "none": float("inf")}, line
    buffer.clear()
    assert buffer.is_empty and not buffer.line()
"""

LITTLE_MEMORY = """
import os, resource, signal, sys, time
from routilux_tui import JobState
from routilux_tui.store.journal import Journal
told = []
state = JobState("f")
journal = Journal(state, sys.argv[1], told.append)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + (48 << 20), resource.RLIM_INFINITY))
confirmed, n = 0, 0
while not told and n < 3000:
    n += 1
    for kind in ("shared", "routine"):
        try:
            change = ("shared", n, "x" * 500_000)
            if kind == "routine":
                change = ("routine", "a", {"status": "completed"})
            state.make(*change, time.time())
            state.make("status", "running", time.time())
        except MemoryError:
            pass
        if journal.flush():
            confirmed = state.seq
os.write(1, f"{confirmed} {len(told)} {told[0] if told else None}".encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_allocation_that_fails_ends_the_process() -> None:
    pytest.importorskip("_testcapi")
    words = [sys.executable, "-c", EACH_ALLOCATION_FAILS]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[0]) > 0  # the others have another way


def test_an_allocation_that_fails_loses_no_change_and_breaks_no_line() -> None:
    pytest.importorskip("_testcapi")
    words = [sys.executable, "-c", ONE_ALLOCATION_FAILS]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_is_confirmed_with_the_last_memory_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    words = [sys.executable, "-c", LITTLE_MEMORY, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert done.returncode == -9, done.stderr[-2000:]
    confirmed, told, why = done.stdout.split(" ", 2)
    assert (told, why) == ("1", "no room in memory: the job's process gets no more")
    kept = JobState.load(path)
    assert (kept.unread, kept.missing) == ("", "")
    assert kept.seq >= int(confirmed) > 0


def test_a_lock_that_is_another_s_by_now_is_left(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    former = Journal(JobState("f"), path)
    for one in tmp_path.rglob("*"):
        if one.is_file():
            one.unlink()  # somebody tidies up while it runs
    later = Journal(JobState("g"), path)
    former.abandon()
    assert is_locked(path)
    later.close()
    assert not lock_path(path).exists()
