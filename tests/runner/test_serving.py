"""A job on its socket: viewers good and bad, and what they are sent."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from routilux_tui import Flow, JobState, Routine, serve
from routilux_tui.errors import (
    ProtocolMismatch,
    Unreachable,
)
from routilux_tui.runner import protocol
from routilux_tui.runner.client import Client, connect
from routilux_tui.runner.discover import find_job, running_jobs
from routilux_tui.runner.launch import start_job
from routilux_tui.views.shapes import HISTORY
from tests.flows import write_flows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


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
        error = kind("what")
        error.hint = "how"
        told = json.loads(protocol.refusal(1, error))["error"]
        again = protocol.raised(told)
        assert (type(again), again.message, again.hint) == (kind, "what", "how")


def test_nobody_there_is_a_clear_error(world: Path) -> None:
    with pytest.raises(Unreachable, match="nobody answers"):
        Client(world / "nothing.sock")
