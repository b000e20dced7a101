"""How the terminal is left, whatever ends the dashboard; real ptys, real signals."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pexpect
import pytest

from routilux_tui.runner.launch import start_job
from tests.flows import write_flows
from tests.processes import until
from tests.tui.test_terminal import Terminal


@pytest.fixture
def dashboard(world: Path) -> Terminal:
    start_job(f"{write_flows(world)}:counting", {"n": 50_000, "pace": 0.01})
    terminal = Terminal(["attach"])
    terminal.until("▶ running")
    return terminal


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _until_state(pid: int, states: str) -> None:
    deadline = time.monotonic() + 10
    while _state(pid) not in states:
        assert time.monotonic() < deadline, _state(pid)
        time.sleep(0.02)


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(dashboard: Terminal) -> None:
    pid = dashboard.child.pid
    os.kill(pid, signal.SIGTSTP)
    _until_state(pid, "T")
    until(dashboard.is_as_found)
    os.kill(pid, signal.SIGCONT)
    dashboard.until("▶ running")
    dashboard.press("?")
    dashboard.until("Keys")
    dashboard.press("\x1b")
    dashboard.until("▶ running")
    dashboard.press("q")
    assert dashboard.ended() == 0
    assert dashboard.is_as_found()


def _go_on(dashboard: Terminal, painted: str) -> None:
    """Continue it, and wait until it has painted all anew, in a terminal that is its own again."""
    before = len(dashboard.written)
    os.kill(dashboard.child.pid, signal.SIGCONT)
    deadline = time.monotonic() + 15
    while painted not in dashboard.written[before:]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_key_ctrl_z_stops_the_dashboard_as_it_does_every_program(dashboard: Terminal) -> None:
    pid = dashboard.child.pid
    dashboard.press("\x1a")
    _until_state(pid, "T")
    until(dashboard.is_as_found)  # what it wrote last may still be on its way
    _go_on(dashboard, "▶ running")
    dashboard.press("p")
    dashboard.until("Pause the job")
    dashboard.press("\x1a")  # with a question on the screen, too
    _until_state(pid, "T")
    _go_on(dashboard, "A reason, if you like")
    dashboard.press("\x15\r")
    dashboard.until("‖ paused")
    dashboard.press("q")
    assert dashboard.ended() == 0


@pytest.mark.parametrize(
    "name", ["SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGPROF", "SIGXCPU"]
)
def test_every_signal_that_ends_a_program_gives_the_terminal_back(
    dashboard: Terminal, name: str
) -> None:
    number = getattr(signal, name)
    os.kill(dashboard.child.pid, number)
    assert dashboard.ended() == 128 + number
    assert dashboard.is_as_found()


ENDED_EARLY = """
import os, signal, sys
from routilux_tui.tui.terminal import driver
write, number, at = driver.Writer.write, int(sys.argv[1]), sys.argv[2]

def write_and_end(self, text):
    write(self, text)
    if at in text:
        os.kill(os.getpid(), number)

driver.Writer.write = write_and_end
from routilux_tui.cli.main import main
raise SystemExit(main(["attach"]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
@pytest.mark.parametrize("at", ["?1049h", "?25l", "?1004h", "?2004h"])
def test_a_signal_amid_the_first_steps_gives_the_terminal_back(
    world: Path, number: int, at: str
) -> None:
    start_job(f"{write_flows(world)}:stuck", {"seconds": 600})
    terminal = Terminal([str(int(number)), at], program=("-c", ENDED_EARLY))
    assert terminal.ended() == 128 + number
    assert terminal.is_as_found()


STOPPED_AMID_A_WRITE = """
import os, queue, signal
put = queue.Queue._put

def put_and_stop(self, item):
    put(self, item)
    if isinstance(item, str) and "running" in item:
        queue.Queue._put = put
        os.kill(os.getpid(), signal.SIGTSTP)  # the queue's lock is ours now

queue.Queue._put = put_and_stop
from routilux_tui.cli.main import main
raise SystemExit(main(["attach"]))
"""


def test_ctrl_z_amid_a_write_does_not_hang(world: Path) -> None:
    start_job(f"{write_flows(world)}:counting", {"n": 50_000, "pace": 0.01})
    env = {**os.environ, "TERM": "xterm-256color"}
    words = ["-c", STOPPED_AMID_A_WRITE]
    child = pexpect.spawn(sys.executable, words, dimensions=(30, 100), env=env)
    child.expect(b"\x1b\\[\\?1049l", timeout=15)
    _until_state(child.pid, "T")
    os.kill(child.pid, signal.SIGCONT)
    child.expect(b"Flow", timeout=15)
    child.send("q")
    child.expect(pexpect.EOF, timeout=15)
    child.close()
    assert child.exitstatus == 0


def test_a_stop_without_warning_does_no_harm(dashboard: Terminal) -> None:
    pid = dashboard.child.pid
    os.kill(pid, signal.SIGSTOP)
    _until_state(pid, "T")
    os.kill(pid, signal.SIGCONT)
    dashboard.until("▶ running")
    dashboard.press("q")
    assert dashboard.ended() == 0
    assert dashboard.is_as_found()


def test_a_terminal_that_vanishes_without_a_signal_ends_the_dashboard(world: Path) -> None:
    start_job(f"{write_flows(world)}:counting", {"n": 50_000, "pace": 0.01})
    pid, master = os.forkpty()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        code = (
            "import signal; signal.signal = (lambda real: lambda n, h: None if n == signal.SIGHUP"
            " else real(n, h))(signal.signal); from routilux_tui.cli.main import main;"
            " import asyncio.unix_events as u; real = u._UnixSelectorEventLoop.add_signal_handler;"
            " u._UnixSelectorEventLoop.add_signal_handler = lambda self, n, *a: None"
            " if n == signal.SIGHUP else real(self, n, *a); raise SystemExit(main(['attach']))"
        )
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-c", code])
    seen = b""
    deadline = time.monotonic() + 15
    while b"running" not in seen:
        assert time.monotonic() < deadline, seen[-500:]
        seen += os.read(master, 65536)
    os.close(master)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
