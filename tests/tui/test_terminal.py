"""The installed program in a real terminal, by its keys; and what is left of the terminal."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

import pexpect
import pyte
import pytest
from textual.worker import WorkerFailed

from routilux_tui.runner.launch import start_job
from routilux_tui.state.job_state import JobState
from routilux_tui.tui.app import _report
from tests.flows import write_flows

if TYPE_CHECKING:
    from pathlib import Path

SHOWN_AGAIN = ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?2004l")


class Terminal:
    """A terminal of so many cells with a program in it."""

    def __init__(
        self,
        words: list[str],
        columns: int = 100,
        lines: int = 30,
        program: tuple[str, ...] = ("-m", "routilux_tui"),
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        for name in ("COLUMNS", "LINES"):  # these would be believed more than the terminal
            env.pop(name, None)
        self.child = pexpect.spawn(
            sys.executable,
            [*program, *words],
            dimensions=(lines, columns),
            encoding="utf-8",
            env=env,
            timeout=20,
        )
        self.child.delaybeforesend = None
        self.modes = termios.tcgetattr(self.child.child_fd)
        self.written = ""
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                text = self.child.read_nonblocking(65536, timeout=1)
            except pexpect.TIMEOUT:
                continue
            except (pexpect.EOF, OSError, ValueError):
                return
            with self._lock:
                self.written += text
                # pyte does not know the keyboard protocol's sequences
                self._stream.feed(re.sub(r"\x1b\[[<>=][0-9;]*[a-zA-Z]", "", text))

    def text(self) -> str:
        with self._lock:
            return "\n".join(self.screen.display)

    def until(self, *texts: str, within: float = 15.0) -> str:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            shown = self.text()
            if all(text in shown for text in texts):
                return shown
            time.sleep(0.02)
        pytest.fail(f"{texts} never came:\n{self.text()}\n{self.written[-800:]!r}")

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def _is_alive(self) -> bool:
        try:
            return bool(self.child.isalive())
        except pexpect.ExceptionPexpect:  # the thread that reads has seen its end in this moment
            return False

    def ended(self, within: float = 15.0) -> int:
        deadline = time.monotonic() + within
        while self._is_alive():
            if time.monotonic() > deadline:
                pytest.fail(f"it has not ended:\n{self.text()}")
            time.sleep(0.02)
        self._reader.join(2)
        code = self.child.exitstatus
        return code if code is not None else -int(self.child.signalstatus or 0)

    def is_as_found(self) -> bool:
        """No alternate screen, no mouse, a cursor; echo and lines as they were."""
        modes = termios.tcgetattr(self.child.child_fd)
        same = modes[:4] == self.modes[:4]
        return same and all(_last(self.written, code) for code in SHOWN_AGAIN)


def _last(written: str, code: str) -> bool:
    """Whether the last word about a mode is this one."""
    other = code[:-1] + ("l" if code.endswith("h") else "h")
    return written.rfind(code) >= written.rfind(other)


@pytest.fixture
def flows(world: Path) -> str:
    return write_flows(world)


def test_run_pause_resume_wait_cancel_and_leave_by_keys(flows: str, world: Path) -> None:
    saved = world / "my jobs" / "a.json"
    saved.parent.mkdir()
    words = ["-p", "n=50000", "-p", "pace=0.01", "--save", str(saved)]
    terminal = Terminal(["run", f"{flows}:counting", *words])
    terminal.until("▶ running", "counting", "1 Flow 2", "5 History")
    terminal.press("p")
    terminal.until("Pause the job")
    terminal.press("lunch\r")
    terminal.until("‖ paused", "lunch")
    terminal.press("9")
    terminal.until("reason and checkpoint", "lunch")
    terminal.press("r")
    terminal.until("▶ running")
    terminal.press("w")
    terminal.until("Wait until")
    terminal.press("recrds > 1")
    terminal.until("Did you mean 'records'?")
    terminal.press("\x15records > 60")
    terminal.until("this job can judge it")
    terminal.press("\r")
    terminal.until("The condition holds")
    terminal.press("c")
    shown = terminal.until("Cancel counting")
    assert re.search(r"Cancel counting [0-9a-f]{8}\?", shown)
    terminal.press("y")
    terminal.until("⊘ cancelled")
    terminal.press("q")
    assert terminal.ended() == 0
    assert f"is cancelled. See it again: routilux-tui show '{saved}'" in terminal.written
    assert terminal.is_as_found()


def test_the_job_goes_on_when_the_dashboard_is_left_and_can_be_come_back_to(flows: str) -> None:
    terminal = Terminal(["run", f"{flows}:counting", "-p", "n=50000", "-p", "pace=0.01"])
    terminal.until("▶ running")
    terminal.press("q")
    assert terminal.ended() == 0
    assert "Come back: routilux-tui attach" in terminal.written
    again = Terminal(["attach"])
    again.until("▶ running", "counting")
    beside = Terminal(["attach", "counting"])
    beside.until("▶ running", "counting")
    beside.press("p")
    beside.press("\r")
    again.until("‖ paused")
    for one in (again, beside):
        one.press("q")
        assert one.ended() == 0


def test_a_file_is_left_without_a_word_of_a_job_that_goes_on() -> None:
    from tests.conftest import DATA

    terminal = Terminal(["open", str(DATA / "jobs/0.11.0/paused-pending.json")])
    terminal.until("‖ waits for you")
    terminal.press("q")
    assert terminal.ended() == 0
    assert "goes on" not in terminal.written


def test_a_job_that_does_not_answer_is_not_said_to_go_on(flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 50_000, "pace": 0.01})
    terminal = Terminal(["attach"])
    terminal.until("▶ running")
    os.kill(started.pid, signal.SIGKILL)
    terminal.until("no answer for")
    terminal.press("q")
    assert terminal.ended() == 0
    assert "does not answer. Look for it: routilux-tui ps" in terminal.written


def test_attach_where_several_run_gives_a_choice(flows: str) -> None:
    for _ in range(2):
        start_job(f"{flows}:stuck", {"seconds": 600})
    start_job(f"{flows}:counting", {"n": 50_000, "pace": 0.01})
    terminal = Terminal(["attach"])
    terminal.until("▶ 3 running", "stuck", "counting")
    terminal.press("/counting\r")
    terminal.until("1 of 3")
    terminal.press("\r")
    terminal.until("1 Flow 2", "▶ running")
    terminal.press("q")
    assert terminal.ended() == 0
    assert "Come back: routilux-tui attach" in terminal.written


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_whatever_signal_ends_it_the_terminal_is_as_it_was(number: int, flows: str) -> None:
    started = start_job(f"{flows}:counting", {"n": 50_000, "pace": 0.01})
    terminal = Terminal(["attach"])
    terminal.until("▶ running")
    os.kill(terminal.child.pid, number)
    assert terminal.ended() == 128 + number
    assert terminal.is_as_found()
    assert JobState.load(started.path).status == "running"


def test_a_paused_job_costs_the_terminal_nothing(flows: str) -> None:
    start_job(f"{flows}:counting", {"n": 50_000, "pace": 0.01})
    terminal = Terminal(["attach"])
    terminal.until("▶ running")
    terminal.press("p")
    terminal.until("Pause the job")
    terminal.press("\r")
    terminal.until("‖ paused")
    for key in ("", "?"):  # the help's cursor blinks where nobody sees it
        terminal.press(key)
        time.sleep(2.0)
        before = len(terminal.written)
        time.sleep(2.0)
        assert terminal.written[before:] == ""
    terminal.press("\x1b")
    time.sleep(0.5)
    terminal.press("q")
    assert terminal.ended() == 0


def test_no_color_means_none(flows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    start_job(f"{flows}:counting", {"n": 500, "pace": 0.01})
    terminal = Terminal(["attach"])
    terminal.until("▶ running")
    terminal.press("q")
    assert terminal.ended() == 0
    codes = re.findall(r"\x1b\[([0-9;]*)m", terminal.written)
    painted = {code for one in codes for code in one.split(";") if code}
    assert not {code for code in painted if int(code) >= 30}, painted


def test_the_list_opens_a_file_and_its_value(world: Path) -> None:
    from tests.conftest import DATA

    terminal = Terminal(["open", str(DATA / "jobs/0.11.0")])
    terminal.until("Jobs 60", "concurrent")
    terminal.press("/")
    terminal.until("and a condition")
    terminal.press("big-1k")
    terminal.until("order-pipeline", "1 of 60")
    terminal.press("\r")
    time.sleep(0.3)
    terminal.press("\r")
    terminal.until("✓ done", "Hist")
    terminal.press("5")
    time.sleep(0.3)
    terminal.press("\r")
    terminal.until('"_type": "ExecutionRecord"')
    terminal.press("\x1b")
    terminal.until("5 History 994")
    terminal.press("p")
    terminal.until("Can't pause: the job is completed")
    terminal.press("q")
    assert terminal.ended() == 0


def test_a_crash_report_tells_where_a_worker_failed(world: Path) -> None:
    try:
        sys.exit(1 // 0)
    except ZeroDivisionError as error:
        path = _report(WorkerFailed(error))
    assert path is not None
    report = path.read_text()
    assert "test_a_crash_report" in report
    assert report.rstrip().endswith("ZeroDivisionError")
