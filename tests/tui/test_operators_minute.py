"""A person is told that something is wrong, and sees in a few keys what, why, and what to do.

From ``routilux-tui`` without arguments, over SSH, at 80x24: at most six keys and 40 KB each.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from routilux_tui.runner.launch import LaunchResult

STAGED = Path(__file__).parent.parent / "staged"
MOST_KEYS = 6
MOST_BYTES = 40_000


class Operator:
    """Somebody at a terminal who counts the keys."""

    def __init__(self) -> None:
        self.terminal = Terminal([], columns=80, lines=24)
        self.keys = 0

    def press(self, key: str, *seen: str) -> str:
        """Press a key, and wait until something is seen."""
        self.keys += 1
        self.terminal.press(key)
        return self.terminal.until(*seen, within=40)

    def is_done(self) -> None:
        """It was not more than it may be."""
        written = len(self.terminal.written.encode())
        assert self.keys <= MOST_KEYS
        assert written <= MOST_BYTES
        self.terminal.press("q")
        self.terminal.press("q")
        self.terminal.ended()


@pytest.fixture
def far(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    return world


def start(flow: str, **parameters: Any) -> LaunchResult:
    return start_job(f"{STAGED}/{flow}", parameters, workers=4)


def until(started: LaunchResult, holds: str) -> None:
    with Client(started.socket) as client:
        assert client.call("wait", patience=None, until=holds, timeout=60)["outcome"] == "met"


def test_the_inputs_that_fail_are_seen_with_what_they_have_in_common(far: Path) -> None:
    until(start("nightly_orders.py:flow", total=100_000, pace=0.002), "errors >= 4")
    operator = Operator()
    operator.terminal.until("nightly_orders", "running")
    seen = ("LookupError: rate service answered 404", "ord-000000", "ord-000397", "all:")
    where = ('currency = "EÜR"', "nightly_orders.py:", "in lookup")
    shown = operator.press("\r", "Problems", *seen, *where)
    assert re.search(r"LookupError: rate service answered 404 .*\d+. in \d", shown)
    operator.press("2", "Problems")
    operator.press("\r", "Traceback (most recent call last)", "its input", "ord-000000")
    operator.is_done()


def test_so_they_are_when_the_job_has_failed(far: Path) -> None:
    started = start("nightly_orders.py:failing", total=100_000, pace=0.002)
    deadline = time.monotonic() + 30
    while '"failed"' not in Path(started.path).read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    operator = Operator()
    operator.terminal.until("nightly_orders", "failed")
    seen = ("ord-000000", "gave up", "LookupError: rate service answered 404")
    operator.press("\r", "✗ failed", *seen)
    operator.press("2", "Problems")
    operator.press("\r", "Traceback (most recent call last)", "its input", "ord-000000")
    operator.is_done()


def test_what_holds_everybody_up_is_seen_with_where_it_is_now(far: Path) -> None:
    until(start("nightly_etl.py:flow", slow=3.0), "records > 8005")
    operator = Operator()
    operator.terminal.until("nightly_etl", "running")
    seen = (
        "enrich holds all 4 workers",
        "queued",
        "3 Now 4",
        "p95",
        "extract",
        "report",
        "payload",
    )
    shown = operator.press("\r", *seen)
    assert re.search(r"▶ .*enrich +3,\d{3} +4 ", shown), shown
    operator.press("3", "for  input")
    operator.press("\r", "ask_the_warehouse", "its input")
    operator.is_done()


@pytest.mark.parametrize("yes", [True, False])
def test_a_job_that_waits_for_a_person_is_answered_and_never_by_mistake(
    far: Path, yes: bool
) -> None:
    until(start("nightly_ledger.py:flow"), 'status == "paused"')
    operator = Operator()
    operator.terminal.until("nightly_ledger", "waits")
    shown = operator.press("\r", "waits for you", "four-eyes approval", "acc-0212")
    assert "held" in shown
    assert "booked" in shown
    if yes:
        operator.press("r", "Go on with nightly_ledger", "It waits for you")
        operator.press("y", "✓ done")
    else:
        operator.press("c", "Cancel nightly_ledger")
        operator.press("y", "⊘ cancelled")
    operator.is_done()


def test_a_runner_that_is_killed_under_an_open_screen_is_gone_and_why_says_so(far: Path) -> None:
    started = start("nightly_orders.py:flow", total=100_000, pace=0.002)
    until(started, "errors >= 4")
    operator = Operator()
    operator.terminal.until("nightly_orders", "running")
    operator.press("\r", "▶ running", "Problems")
    os.kill(started.pid, signal.SIGKILL)
    operator.terminal.until("? gone: its process was killed", "ord-000397", within=40)
    operator.press("!", "The process that ran it was killed", "wait for another try")
    operator.press("\x1b", "ord-000397")
    operator.is_done()
