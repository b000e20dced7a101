"""Jobs are found wherever their sockets are, and wrong answers harm no other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import threading
import time
from pathlib import Path

import pytest

from routilux_tui import JobState, serve
from routilux_tui.errors import NotConfirmed, Unreachable
from routilux_tui.runner import paths, protocol
from routilux_tui.runner.announce import Announcement, announce, announcements, withdraw
from routilux_tui.runner.client import Client
from routilux_tui.runner.discover import all_jobs, find_job, running_jobs
from routilux_tui.runner.launch import resume_job, start_job
from routilux_tui.store.locks import lock_owner, lock_path
from tests.conftest import run
from tests.flows import write_flows
from tests.processes import assert_gone, until


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def test_a_socket_that_is_gone_is_made_anew(flows: str, world: Path) -> None:
    started = start_job(f"{flows}:stuck", {"seconds": 600})
    shutil.rmtree(world / "run")  # as the last logout does
    until(running_jobs)
    [found] = running_jobs()
    assert found.hello.job_id == started.job_id
    assert stat_of(found.socket) == 0o600
    assert stat_of(found.socket.parent) == 0o700


def stat_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_where_no_runtime_folder_can_be_made_there_is_another(
    flows: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(world))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/nothing")
    started = start_job(f"{flows}:stuck", {"seconds": 600})
    assert Path(started.socket).parent.parent == world


def test_a_job_is_found_with_another_runtime_and_temporary_folder(
    flows: str, world: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(world))
    monkeypatch.setattr("tempfile.tempdir", None)
    started = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.01})  # as cron does
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(world / "run"))
    monkeypatch.setenv("TMPDIR", str(world / "state"))
    assert find_job("counting").hello.job_id == started.job_id
    done = run([*command, "pause", started.job_id[:8]])
    assert done.returncode == 0, done.stderr
    done = run([*command, "cancel", started.job_id[:8]])
    assert done.returncode == 0, done.stderr


def test_a_jobs_file_leads_to_it_with_another_state_folder_too(
    flows: str, world: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.01})
    owner = lock_owner(Path(started.path))
    assert owner is not None
    assert (owner["pid"], owner["socket"]) == (started.pid, started.socket)
    monkeypatch.setenv("XDG_STATE_HOME", str(world / "other"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(world / "elsewhere"))
    done = run([*command, "pause", started.path])
    assert done.returncode == 0, done.stderr


def test_a_job_that_does_not_answer_is_not_said_not_to_run(flows: str, command: list[str]) -> None:
    import signal

    started = start_job(f"{flows}:stuck", {"seconds": 600})
    os.kill(started.pid, signal.SIGSTOP)
    for name in (started.job_id[:8], "@last", started.path):
        done = run([*command, "pause", name])
        assert done.returncode in {3, 4}
        assert "No job is running" not in done.stderr
        assert "not running" not in done.stderr
    os.kill(started.pid, signal.SIGCONT)


HELLO = {"protocol": 1, "version": "1", "job_id": "x"}
WRONG = {
    "no job_id": [protocol.answer(1, {"protocol": 1, "version": "1"})],
    "a list": [protocol.answer(1, [1, 2])],
    "nothing": [protocol.answer(1, None)],
    "a job_id that is none": [protocol.answer(1, {**HELLO, "job_id": 7})],
    "a wrong header": [protocol.answer(1, HELLO), protocol.answer(2, {"status": 4})],
    "no JSON": [b"\0\xff\n"],
    "a wrong error": [b'{"id":1,"error":[1]}\n'],
    "a huge number": [b'{"id":1,"result":' + b"9" * 100_000 + b"}\n"],
    "deep": [b"[" * 100_000 + b"\n"],
    "silence": [b""],
    "half a line": [b'{"id":1'],
}


def _impostor(path: Path, answers: list[bytes], endless: bytes = b"") -> socket.socket:
    """Somebody who answers with what is given, whatever is asked."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(16)

    def answer(one: socket.socket) -> None:
        with contextlib.suppress(OSError), one:
            for text in answers:
                one.recv(65536)
                one.sendall(text)
            while endless:
                one.sendall(endless)
                time.sleep(0.01)
            one.recv(65536)

    def meet() -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = listening.accept()
                threading.Thread(target=answer, args=(one,), daemon=True).start()

    threading.Thread(target=meet, daemon=True).start()
    return listening


def test_wrong_answers_break_nothing_else(command: list[str]) -> None:
    state = JobState("good")
    with serve(state), contextlib.ExitStack() as stack:
        folder = paths.safe_socket_folder()
        for n, answers in enumerate(WRONG.values()):
            stack.enter_context(_impostor(folder / f"wrong-{n}.sock", answers))
        stack.enter_context(_impostor(folder / "drip.sock", [b""], b"x"))
        stack.enter_context(_impostor(folder / "flood.sock", [b""], b"x" * (1 << 20)))
        found = all_jobs(1.0).answering
        assert [one.hello.job_id for one in found] == [state.job_id]
        for words in (["ps"], ["ps", "--json"], ["show", "good"]):
            done = run([*command, *words])
            assert done.returncode == 0, done.stderr
            assert "Traceback" not in done.stderr
            assert state.job_id[:8] in done.stdout


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_a_clear_error(name: str) -> None:
    path = paths.safe_socket_folder() / "wrong.sock"
    with (
        _impostor(path, WRONG[name]),
        pytest.raises((Unreachable, NotConfirmed)),
        Client(path, 0.5) as client,
    ):
        client.header()


def test_a_lock_that_others_merely_look_at_is_taken(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 5, "pace": 10})
    with Client(started.socket) as client:
        client.call("cancel")
    assert_gone(started.pid)
    state = JobState("counting")
    path = Path(started.path).with_name("held.json")
    state.status = "paused"
    state.save(str(path))
    lock_path(path).touch()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.001):
            with lock_path(path).open() as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                time.sleep(0.05)

    threading.Thread(target=look, daemon=True).start()
    again = resume_job(str(path), f"{flows}:counting")
    over.set()
    assert_gone(again.pid)


def test_what_is_announced_anew_is_read_anew(world: Path) -> None:
    for place in ("first", "other", "third"):
        announce(Announcement(job_id="abcd", socket=str(world / place), pid=os.getpid()))
        assert [one.socket for one in announcements()] == [str(world / place)]
    withdraw(announcements()[0])
    assert announcements() == []
