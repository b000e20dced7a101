"""A live job in a process of its own: started, seen, steered, killed, taken up again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from routilux_tui import Flow, JobState, Routine, serve
from routilux_tui.errors import (
    ConditionError,
    FlowLoadError,
    NoSuchJob,
    NotPossible,
    ProtocolMismatch,
    ReadOnly,
    Unreachable,
)
from routilux_tui.runner import paths, protocol
from routilux_tui.runner.client import Client, connect
from routilux_tui.runner.discover import find_job, is_stale, running_jobs
from routilux_tui.runner.launch import resume_job, start_job
from routilux_tui.store.files import journal_path
from routilux_tui.views.shapes import HISTORY, LOG, Filter
from tests.flows import write_flows


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def test_a_job_runs_to_its_end_and_says_so_in_its_file(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 20})
    with Client(started.socket) as client:
        assert client.wait("", 20).status == "completed"
        routines = {row.routine_id: row for row in client.routines()}
        assert routines["sink"].runs == 20
    state = JobState.load(started.path)
    assert (state.status, len(state.shared_log)) == ("completed", 20)
    _gone(started.pid)
    assert not Path(started.socket).exists()
    assert not journal_path(started.path).exists()


def _gone(pid: int, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            # a dead process whose threads are still going may hold its socket and its lock
            dead = Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
            if dead and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1:
                return
        except OSError:
            return
        time.sleep(0.02)
    pytest.fail("the runner has not ended")


def test_pause_resume_wait_and_cancel_over_the_socket(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 10_000, "pace": 0.002})
    with Client(started.socket) as client:
        assert client.wait("records > 10", 10).outcome == "met"
        client.call("pause", reason="lunch")
        header = client.wait_for_status({"paused"}, 5)
        assert header.note == "lunch"
        assert len(JobState.load(started.path).pending_tasks) == header.counts["pending"] > 0
        with pytest.raises(NotPossible, match="paused"):
            client.call("pause")
        with pytest.raises(ConditionError, match="Did you mean"):
            client.wait("recrds > 1", 1)
        client.call("resume")
        assert client.wait("records > 60", 10).outcome == "met"
        assert client.wait("records < 0", 0.05).outcome == "timeout"
        client.call("cancel", reason="enough")
        assert client.wait("records > 100000", 10).outcome == "ended"
    _gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "cancelled"
    assert state.routine_states["_cancellation"]["reason"] == "enough"


def test_windows_are_cut_where_the_job_lives(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 50})
    with Client(started.socket) as client:
        client.wait("", 10)
        window = client.window(HISTORY, -3, 1 << 52, Filter(name="out"))
        assert (window.total, len(window.rows)) == (50, 3)
        assert client.window(LOG, 0, 1, Filter()).rows[0].text == "item 0 [bold]\x1b[31m"
        assert client.call("find", section=LOG, text="ITEM 33", start=0) == 33
        assert client.item(HISTORY, 0)["event_name"] == "start"


@pytest.mark.parametrize("name", ["broken", "nothing"])
def test_a_flow_that_can_not_be_loaded_is_told_at_once(name: str, flows: str) -> None:
    with pytest.raises(FlowLoadError) as told:
        start_job(f"{flows}:{name}")
    if name == "broken":
        assert "the factory is broken" in told.value.traceback
        assert "routilux_tui/flow" not in told.value.traceback
    assert running_jobs() == []
    assert not list(paths.jobs_folder().glob("*.json"))


def test_it_outlives_a_hangup_and_is_put_down_resumably_by_sigterm(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 300, "pace": 0.005})
    os.kill(started.pid, signal.SIGHUP)
    with Client(started.socket) as client:
        assert client.wait("records > 20", 10).outcome == "met"
    os.kill(started.pid, signal.SIGTERM)
    _gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "paused"
    assert "SIGTERM" in state.pause_points[-1]["reason"]
    again = resume_job(started.path, f"{flows}:counting")
    with Client(again.socket) as client:
        assert client.wait("", 20).status == "completed"
    log = [one["message"].split()[1] for one in JobState.load(started.path).shared_log]
    assert log == [str(n) for n in range(300)]


def test_a_killed_runner_is_taken_up_where_it_was(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 200, "pace": 0.01})
    with Client(started.socket) as client:
        client.wait("records > 50", 10)
    os.kill(started.pid, signal.SIGKILL)
    _gone(started.pid)
    assert is_stale(Path(started.socket))
    assert running_jobs() == []
    assert not Path(started.socket).exists()
    assert JobState.load(started.path).status == "running"
    again = resume_job(started.path, f"{flows}:counting")
    with Client(again.socket) as client:
        client.call("pause")  # it must not be through before the other has tried
        with pytest.raises(NotPossible, match="another process"):
            resume_job(started.path, f"{flows}:counting")
        client.call("resume")
        assert client.wait("", 20).status == "completed"
    log = [one["message"].split()[1] for one in JobState.load(started.path).shared_log]
    assert sorted(set(log), key=int) == [str(n) for n in range(200)]


def test_an_older_file_says_what_can_not_be_taken_up(flows: str) -> None:
    from tests.conftest import DATA

    with pytest.raises(NotPossible, match="memory address"):
        resume_job(str(DATA / "jobs/0.10.0/paused-pending.json"), f"{flows}:counting")


def test_force_ends_a_handler_that_does_not_listen(flows: str) -> None:
    started = start_job(f"{flows}:stuck")
    with Client(started.socket) as client:
        client.call("cancel", reason="now", force=True, grace=0.2)
    _gone(started.pid)
    state = JobState.load(started.path)
    assert state.status == "cancelled"
    told = state.routine_states["_cancellation"]
    assert (told["forced"], told["running"]) == (True, ["stuck"])


def test_force_ends_a_handler_that_did_not_listen_to_a_cancel_before(flows: str) -> None:
    started = start_job(f"{flows}:stuck")
    with Client(started.socket) as client:
        client.call("cancel", reason="enough")
        with pytest.raises(NotPossible, match="is cancelled"):
            client.call("cancel", reason="again")
        client.call("cancel", force=True, grace=0.2)
    _gone(started.pid)
    told = JobState.load(started.path).routine_states["_cancellation"]
    assert (told["forced"], told["running"], told["reason"]) == (True, ["stuck"], "enough")


def test_a_read_only_runner_takes_no_control(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 500, "pace": 0.01}, read_only=True)
    with Client(started.socket) as client:
        for method in ("pause", "resume", "cancel"):
            with pytest.raises(ReadOnly):
                client.call(method)
        assert client.header().status == "running"


def test_a_job_is_found_by_what_people_call_it(flows: str) -> None:
    with pytest.raises(NoSuchJob, match="No job is running"):
        find_job()
    first = start_job(f"{flows}:counting", {"n": 500, "pace": 0.02})
    assert find_job().hello.job_id == first.job_id
    second = start_job(f"{flows}:stuck")
    assert find_job("stuck").hello.job_id == second.job_id
    assert find_job(first.job_id[:6]).hello.job_id == first.job_id
    assert find_job("@last").hello.job_id == second.job_id
    for name in ("", "nobody"):
        with pytest.raises(NoSuchJob):
            find_job(name)


class Emitter(Routine):
    def __init__(self) -> None:
        super().__init__()
        self.define_slot("trigger", handler=self.go)
        self.define_slot("next", handler=self.go)
        self.define_event("next", ["n"])

    def go(self, n: int = 0) -> None:
        if n < 3000:
            time.sleep(0.0005)
            self.emit("next", n=n + 1)


def _own_flow() -> tuple[Flow, JobState]:
    flow = Flow("own")
    flow.add_routine(Emitter(), "a")
    flow.connect("a", "next", "a", "next")
    return flow, flow.execute("a")


def test_a_job_of_any_program_is_served_with_one_line() -> None:
    flow, state = _own_flow()
    with serve(flow, state):
        found = find_job("own")
        with Client(found.socket) as client:
            client.call("pause")
            client.wait_for_status({"paused"}, 5)
            client.call("resume")
            client.call("cancel")
    assert state.status == "cancelled"
    assert running_jobs() == []


def test_a_name_means_the_job_that_still_runs() -> None:
    ended, going_on = JobState("f"), JobState("f")
    ended.status = "completed"
    going_on.status = "running"
    with serve(ended):
        assert find_job("f").hello.job_id == ended.job_id
        with serve(going_on):
            assert find_job("f").hello.job_id == going_on.job_id
            assert find_job().hello.job_id == going_on.job_id


def test_a_client_that_behaves_badly_harms_nobody() -> None:
    flow, state = _own_flow()
    with serve(flow, state) as server:
        path = str(server.path)
        watcher = Client(path)
        watcher.call("subscribe", fps=30)
        bad = [
            b"\0\xff\n",
            b"x" * 400_000,
            b'{"jsonrpc":"2.0"',
            b"[" * 5000 + b"\n",
            b"GET /\r\n\r\n",
        ]
        bad.append(protocol.request(1, "hello", {"protocol": 1}) * 3 + b'{"id":4,"method":7}\n')
        bad.append(
            protocol.request(1, "hello", {"protocol": 1})
            + protocol.request(2, "window", {"section": "history", "start": "x"})
            + protocol.request(3, "nonsense", {})
        )
        for talk in bad:
            with _raw(path) as one:
                _send(one, talk)
                one.settimeout(2)
                try:
                    while one.recv(65536):
                        pass
                except OSError:
                    pass
        with _raw(path) as endless:
            for _ in range(1024):  # a line of a gigabyte, as far as it is let
                if not _send(endless, b"x" * (1 << 20)):
                    break
            else:
                pytest.fail("a gigabyte was swallowed")
        for _ in range(10_000):  # as fast as the door lets them in, or not
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
                one.setblocking(False)
                one.connect(path)
        silent = []
        for _ in range(200):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(1)
            try:
                one.connect(path)
                silent.append(one)
            except OSError:
                one.close()
        for one in silent:
            one.close()
        deaf = _raw(path)
        _send(deaf, protocol.request(1, "hello", {"protocol": 1}))
        _send(deaf, protocol.request(2, "subscribe", {"fps": 30}))
        for number in range(200):
            _send(
                deaf,
                protocol.request(number, "window", {"section": HISTORY, "start": 0, "stop": 900}),
            )
        assert watcher.header().job_id == state.job_id
        assert flow.wait_for_completion(30, state)
        deaf.close()
        watcher.close()
    assert state.status == "completed"
    assert state.routine_states["a"]["runs"] == 3001


def _greeted(path: str, fps: float) -> tuple[socket.socket, BinaryIO]:
    """A viewer that has subscribed, and the lines that it is sent."""
    one = _raw(path)
    one.settimeout(8)
    lines = one.makefile("rb")
    _send(one, protocol.request(1, "hello", {"protocol": 1}))
    _send(one, protocol.request(2, "subscribe", {"fps": fps}))
    lines.readline()
    lines.readline()
    return one, lines


def _frame(lines: BinaryIO) -> dict[str, Any]:
    """The next frame."""
    while (message := protocol.parse(lines.readline())).get("method") != "frame":
        pass
    frame: dict[str, Any] = message["params"]
    return frame


def test_a_viewer_of_few_frames_holds_up_no_other(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.01})
    slow, _ = _greeted(started.socket, 0.1)
    quick, lines = _greeted(started.socket, 30)
    seen = [_frame(lines)["seq"] for _ in range(20)]
    assert seen == sorted(set(seen))
    slow.close()
    quick.close()


def test_a_viewer_that_is_stopped_holds_up_no_other(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 100_000, "pace": 0.01})
    deaf, _ = _greeted(started.socket, 30)
    everything = {"section": HISTORY, "start": 0, "stop": 1000}
    deaf.settimeout(1)
    try:
        for number in range(10_000):
            deaf.sendall(protocol.request(number, "window", everything))
    except TimeoutError:
        pass  # it is full, both ways
    quick, lines = _greeted(started.socket, 30)
    seen = [_frame(lines)["seq"] for _ in range(20)]
    assert seen == sorted(set(seen))
    deaf.close()
    quick.close()


def test_a_viewer_that_comes_takes_no_news_from_the_others() -> None:
    state = JobState("f")
    with serve(state) as server:
        first, lines = _greeted(str(server.path), 0.5)
        state.update_shared_data("a", 1)
        others = [_greeted(str(server.path), 30)[0] for _ in range(3)]
        assert "data" in _frame(lines)["stale"]
        for one in (first, *others):
            one.close()


def _raw(path: str) -> socket.socket:
    one = socket.socket(socket.AF_UNIX)
    connect(one, path, 5.0)
    one.settimeout(0.5)
    return one


def _send(one: socket.socket, talk: bytes) -> bool:
    try:
        one.sendall(talk)
    except OSError:
        return False
    return True


def test_versions_that_can_not_talk_name_both(monkeypatch: pytest.MonkeyPatch) -> None:
    state = JobState("f")
    with serve(state) as server:
        monkeypatch.setattr(protocol, "VERSION", 99)
        with pytest.raises(
            ProtocolMismatch, match=r"protocol 99.*protocol 1|protocol 1.*protocol 99"
        ):
            _talk_as_other_version(str(server.path))


def _talk_as_other_version(path: str) -> None:
    """Speak version 99 to a server that was started with version 1 in a process of its own."""
    one = _raw(path)
    one.settimeout(5)
    # the server shares this process's module, so it speaks 99 too: ask it as version 1
    _send(one, protocol.request(1, "hello", {"protocol": 1, "version": "0.0.1"}))
    line = one.makefile("rb").readline()
    one.close()
    raise protocol.raised(json.loads(line)["error"])


def test_every_error_of_ours_has_a_code() -> None:
    from routilux_tui import errors

    kinds = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.RoutiluxTuiError)
    }
    assert set(protocol.CODES.values()) == kinds
    for kind in kinds:
        told = json.loads(protocol.refusal(1, kind("what", "how")))["error"]
        again = protocol.raised(told)
        assert (type(again), again.message, again.hint) == (kind, "what", "how")


def test_sockets_have_a_place_whatever_the_folders_are_called(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = world / ("d" * 90)
    deep.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert len(os.fsencode(paths.socket_folder())) + 42 <= 107


def test_a_state_folder_that_can_not_be_made_is_told(
    flows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nothing")
    with pytest.raises(NotPossible, match="nothing can be kept there") as told:
        start_job(f"{flows}:counting", {})
    assert "XDG_STATE_HOME" in told.value.hint


def test_a_folder_that_is_not_ours_alone_is_refused(world: Path) -> None:
    from routilux_tui.errors import UnsafeFolder

    folder = paths.safe_socket_folder()
    folder.chmod(0o755)
    with pytest.raises(UnsafeFolder, match="chmod 700"):
        paths.safe_socket_folder()
    folder.rmdir()
    (world / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(world / "elsewhere")
    with pytest.raises(UnsafeFolder, match="link"):
        paths.safe_socket_folder()
    folder.unlink()
    folder.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(folder, 12345, 12345)
        with pytest.raises(UnsafeFolder, match="another user"):
            paths.safe_socket_folder()


@pytest.mark.skipif(os.getuid() != 0, reason="ONLY ROOT can become a second user")
def test_another_user_is_refused_even_where_the_folder_lets_him_in(world: Path) -> None:
    state = JobState("f")
    with serve(state) as server:
        for folder in (world, world / "run", server.path.parent):
            folder.chmod(0o755)
        server.path.chmod(0o666)
        code = (
            "import os, socket, sys; os.setgid(12345); os.setuid(12345)\n"
            "s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])\n"
            's.sendall(b\'{"id":1,"method":"hello","params":{"protocol":1}}\\n\')\n'
            "print(s.recv(100))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(server.path)],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.stdout.strip() == "b''" or "BrokenPipe" in done.stderr or "Reset" in done.stderr


def test_nobody_there_is_a_clear_error(world: Path) -> None:
    with pytest.raises(Unreachable, match="nobody answers"):
        Client(world / "nothing.sock")


def test_a_full_disk_pauses_the_job_and_room_lets_it_go_on(flows: str, world: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("ONLY ROOT can mount a small disk")
    disk = world / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(disk)]).returncode:
        pytest.skip("NO MOUNT is allowed here")
    try:
        started = start_job(
            f"{flows}:counting",
            {"n": 400, "pace": 0.005, "pad": 10_000},
            save=str(disk / "j.json"),
        )
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
        with Client(started.socket) as client:
            assert client.wait('status == "paused"', 20).outcome == "met"
            assert "no room on the disk" in client.header().note
            filler.unlink()
            assert client.wait("", 30).status == "completed"
        _gone(started.pid)
        state = JobState.load(disk / "j.json")
        assert len(state.shared_log) == 400
        assert (
            len(
                {
                    record.data["n"]
                    for record in state.execution_history[1:]
                    if record.event_name == "out"
                }
            )
            == 400
        )
    finally:
        subprocess.run(["umount", "-l", str(disk)])
