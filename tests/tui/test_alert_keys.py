"""Terminals that show a job ring and notify, once; `A` says of what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.tui.terminal.notices import sequence
from tests.asking import write_asking
from tests.processes import until
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path


def rung(terminal: Terminal) -> int:
    """How often its bell rang; a sequence of the terminal's may end with the same character."""
    return re.sub(r"\x1b\][^\x07\x1b]*\x07", "", terminal.written).count("\x07")


def test_a_rule_is_set_by_keys_and_rings_where_the_job_is_shown(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TERM_PROGRAM", raising=False)
    job = start_job(write_asking(world), {"n": 2})
    with Client(job.socket) as client:
        client.wait_for_status({"paused"}, 30)
        here = Terminal(["attach", job.job_id], columns=80, lines=24)
        there = Terminal([], columns=80, lines=24)
        here.until("waits for you")
        there.until("booker")
        here.press("A")
        here.until("Who is told of this job", "tell me: waits for you")
        here.press("j\r")
        here.until("You are told: waits for you")
        until(lambda: client.header().alerts == 1)
        for terminal in (here, there):
            until(lambda terminal=terminal: "\x1b]9;waits for you: booker" in terminal.written)
        assert rung(here) == rung(there) == 1
        here.press("A")
        here.until("tell no more: waits for you  told 1 times")
        here.press("q")
        until(lambda: "Who is told" not in here.text())
        client.call("answer", question="1", choice="yes")
        client.call("answer", question="2", choice="yes")
        for terminal in (here, there):
            terminal.press("q")
            terminal.ended()
            assert terminal.written.count("\x1b]9;") == 1


@pytest.mark.parametrize(
    ("terminal", "begins"),
    [
        ("xterm-256color", "\x1b]9;"),
        ("xterm-kitty", "\x1b]99;"),
        ("rxvt-unicode", "\x1b]777;notify;"),
    ],
)
def test_no_text_of_a_job_gets_out_of_a_notice(terminal: str, begins: str) -> None:
    hostile = "a\x1b]52;c;eA==\x07;p=title;\x9cb\\"
    for in_tmux in (False, True):
        code = sequence(hostile, hostile, terminal, in_tmux=in_tmux)
        bare = code[len("\x1bPtmux;") : -2].replace("\x1b\x1b", "\x1b") if in_tmux else code
        assert bare.startswith(begins)
        assert "\x07" not in code
        assert "\x9c" not in code
        assert bare.count("\x1b]52") == 0
        assert "52,c" in bare
