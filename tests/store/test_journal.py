"""The journal: what a killed process had done is not lost, and is not done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from routilux_tui.errors import NotPossible
from routilux_tui.state.job_state import JobState
from routilux_tui.store.files import journal_path
from routilux_tui.store.journal import Journal
from routilux_tui.store.locks import is_locked
from tests.processes import until

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_not_in_the_file_is_in_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state = JobState("f")
    journal = Journal(state, path)
    for number in range(50):
        state.record_execution("a", "e", {"n": number, "nan": float("nan"), "b": b"x"})
    state.update_shared_data("k", {1, 2})
    journal.flush()
    again = JobState.load(path)
    assert [record.data["n"] for record in again.execution_history] == list(range(50))
    assert str(again.execution_history[0].data["nan"]) == "nan"
    assert again.shared_data == {"k": [1, 2]}
    assert again.seq == state.seq
    journal.close()
    assert not journal_path(path).exists()
    assert len(JobState.load(path).execution_history) == 50


def test_the_journal_has_what_was_emitted_whatever_is_done_to_it_later(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state = JobState("f")
    journal = Journal(state, path)
    numbers = (1.5, -0.0, 1e308, 2**70, True, None, float("inf"), float("-inf"))
    for number in numbers:
        data = {"n": number, "list": [number]}
        state.record_execution("a", "e", data)
        data["n"] = data["list"][0] = "changed"
        state.record_execution("a", "e", {"n": number})
    journal.flush()
    read_back = [record.data["n"] for record in JobState.load(path).execution_history]
    assert read_back == [number for one in numbers for number in (one, one)]
    journal.close()


def test_what_ends_no_handler_is_written_soon_after_handlers_that_end(tmp_path: Path) -> None:
    """The thread that writes it stands back while handlers write: not for longer."""
    path = tmp_path / "j.json"
    state = JobState("f")
    journal = Journal(state, path)
    for n in range(20):
        state.make("emit", "a", "out", {"n": n}, time.time(), None, [(n, "b", "in")])
        for _ in range(n % 4):
            state.make("run", n, "b", time.time())
            state.make("ran", n, "b", "completed", time.time(), None)
            time.sleep(0.002)
        state.append_to_shared_log({"n": n})
        until(lambda: JobState.load(path).seq == state.seq)
    assert [one["n"] for one in JobState.load(path).shared_log] == list(range(20))
    journal.close()


def test_a_torn_last_line_is_dropped_and_the_rest_counts(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state = JobState("f")
    journal = Journal(state, path)
    for number in range(5):
        state.record_execution("a", "e", {"n": number})
        journal.flush()
    content = journal_path(path).read_bytes().rstrip(b"\0")
    journal_path(path).write_bytes(content[:-9])
    assert len(JobState.load(path).execution_history) == 4
    for garbage in (b"", b"\0" * 100, b"[]\n", b'{"journal":1}\n[[1]]\n', b"\xff\xfe"):
        journal_path(path).write_bytes(garbage)
        assert JobState.load(path).job_id == state.job_id


def test_a_snapshot_keeps_what_comes_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    state = JobState("f")
    journal = Journal(state, path)
    for number in range(2000):
        state.record_execution("a", "e", {"n": number})
        if number % 500 == 250:
            journal.write_snapshot()
    journal.flush()
    assert [one.data["n"] for one in JobState.load(path).execution_history] == list(range(2000))
    journal.close()


def test_one_file_is_locked_by_one_process(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    journal = Journal(JobState("f"), path)
    assert is_locked(path)
    with pytest.raises(NotPossible, match="another process"):
        Journal(JobState("f"), path)
    journal.close()
    assert not is_locked(path)


WORK = """
import os, sys, time
from routilux_tui import Flow, JobState, Routine
from routilux_tui.store import journal as journals
from routilux_tui.store.journal import Journal

journals.SEAL_CHANGES = int(sys.argv[3])
marks = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

class Source(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_event("out", ["n"])
    def go(self):
        for n in range(400):
            self.emit("out", n=n)
        os.write(marks, b"source\\n")

class Sink(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go)
    def go(self, n):
        os.write(marks, b"begin %d\\n" % n)
        time.sleep(0.0001)

class Adder(Routine):
    def __init__(self):
        super().__init__()
        self.define_slot("in", handler=self.go, merge_strategy=lambda old, new: {
            "sum": old.get("sum", 0) + new["n"]})
    def go(self, data):
        pass

flow = Flow("kill", "concurrent", 2)
flow.add_routine(Source(), "source")
flow.add_routine(Sink(), "sink")
flow.add_routine(Adder(), "adder")
flow.connect("source", "out", "sink", "in")
flow.connect("source", "out", "adder", "in")
if os.path.exists(sys.argv[2]):
    state = JobState.load(sys.argv[2])
else:
    state = JobState("kill")
execution = flow.prepare(state, 2)
journal = Journal(state, sys.argv[2])

def ended(change):
    if change[1] == "ran" and change[3] == "sink":
        os.write(marks, b"end %d\\n" % change[2])

state.subscribe(ended)
os.write(1, b"go\\n")
if state.status == "completed":
    sys.exit()
if state.status == "pending":
    execution.start("source", {})
else:
    execution.resume()
execution.wait()
journal.close()
"""


@pytest.mark.parametrize("part", range(20))
def test_no_handler_runs_twice_and_none_is_lost_however_often_it_is_killed(
    part: int, tmp_path: Path
) -> None:
    """Five jobs in each part, killed twice each at random moments: a hundred jobs in all."""
    chance = random.Random(part)
    seal_at = ["20000", "50", "400"][part % 3]  # segments are sealed meanwhile, too
    script = tmp_path / "work.py"
    script.write_text(WORK)
    for number in range(5):
        marks, path = tmp_path / f"marks{number}", tmp_path / f"job{number}.json"
        kills = 0
        while True:
            process = subprocess.Popen(
                [sys.executable, str(script), str(marks), str(path), seal_at],
                stdout=subprocess.PIPE,
            )
            assert process.stdout is not None
            process.stdout.readline()
            if kills < 2:
                time.sleep(chance.random() * 0.06)
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                process.communicate()
                continue
            process.communicate(timeout=30)
            assert process.returncode == 0
            break
        state = JobState.load(path)
        assert state.status == "completed"
        _judge(marks.read_text().split("\n"), state)


def _judge(marks: list[str], state: JobState) -> None:
    ends = [line for line in marks if line.startswith("end ")]
    assert len(ends) == len(set(ends)), "a handler that had completed ran again"
    sent = [one.data["n"] for one in state.execution_history if one.event_name == "out"]
    assert sorted(sent) == list(range(400)), "an event was lost, or read_back twice"
    begun = {int(line.split()[1]) for line in marks if line.startswith("begin ")}
    assert begun == set(range(400)), "a task was lost"
    assert state.slot_data["adder", "in"]["sum"] == sum(range(400))
    assert not state.outstanding
