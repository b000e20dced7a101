"""What a terminal answers is never taken for keys, whole or in pieces, late or not."""

from __future__ import annotations

import itertools
import os
import time
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from routilux_tui.runner.client import Client
from routilux_tui.runner.launch import start_job
from routilux_tui.tui.terminal.answers import PATIENCE, AnswerFilter
from routilux_tui.views.shapes import JOB
from tests.flows import write_flows
from tests.tui.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = (
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1b]10;rgba:dcdc/dcdc/dcdc/ffff\x1b\\",
    "\x1b]4;1;rgb:cccc/0000/0000\x07",
    "\x1b]52;c;cnJycnJycg==\x07",
    "\x1b]l a title with rpcq\x1b\\",
    "\x1bP>|XTerm(390)\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1bP1$r0;1mp\x1b\\",
    "\x1bP!|00000000\x1b\\",
    "\x1b_Gi=1;OK\x1b\\",
    "\x1b[>41;390;0c",
    "\x1b[?64;1;2;6;9;15c",
    "\x1b[=0c",
    "\x1b[?1u",
    "\x1b[0n",
    "\x1b[?997;1n",
    "\x1b[8;24;80t",
    "\x9d11;rgb:1e1e/1e1e/1e1e\x9c",
)
KEYS = (
    "a", "é", "漢", "\r", "\t", "\x03", "\x1b[A", "\x1bOP", "\x1b[1;5C", "\x1b[15~", "\x1b[97;5u",
    "\x1b[<0;10;12M", "\x1b[M !!", "\x1b[I", "\x1b[200~ \x1b]0;rpcq\x07 \x1b[201~", "\x1b[?2026;2$y",
    "\x1b[48;24;80;480;800t", "\x1b[[A", "\x1b[3$", "\x1bx",
)  # fmt: skip


def cut(text: str, places: list[int]) -> list[str]:
    """A text in pieces."""
    at = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[first:last] for first, last in itertools.pairwise(at)]


@given(
    parts=st.lists(st.sampled_from([*ANSWERS, *KEYS]), max_size=8),
    places=st.lists(st.integers(0, 400), max_size=6),
)
def test_keys_go_on_and_answers_do_not_however_they_are_cut(
    parts: list[str], places: list[int]
) -> None:
    answers = AnswerFilter()
    kept = "".join(answers.feed(piece, 1.0) for piece in cut("".join(parts), places))
    assert kept == "".join(part for part in parts if part in KEYS)


def test_an_answer_whose_escape_came_long_before_is_swallowed() -> None:
    answers = AnswerFilter()
    assert answers.feed("\x1b", 1.0) == ""
    assert not answers.escape_is_due(1.05)
    assert answers.escape_is_due(1.2)
    assert answers.feed("]11;rgb:1e1e", 1.9) == ""
    assert answers.feed("/1e1e/1e1e\x07p", 2.5) == "p"


def test_an_answer_without_an_end_does_not_take_the_keys_for_ever() -> None:
    answers = AnswerFilter()
    assert answers.feed("\x1b]11;rgb:", 1.0) == ""
    assert answers.feed("1e", 2.0) == ""
    assert answers.feed("p", 2.1 + PATIENCE) == "p"


def test_the_escape_key_and_what_is_typed_after_it_are_keys() -> None:
    answers = AnswerFilter()
    answers.feed("\x1b", 1.0)
    assert answers.escape_is_due(1.2)
    assert answers.feed("p", 1.3) == "p"
    assert answers.feed("]", 1.4) == "]"


def test_a_paused_job_stays_paused_whatever_its_terminal_answers(world: Path) -> None:
    started = start_job(f"{write_flows(world)}:counting", {"n": 50_000, "pace": 0.01})
    with Client(started.socket) as client:
        client.call("pause")
        client.wait_for_status({"paused"}, 10)
    terminal = Terminal(["attach"])
    terminal.until("‖ paused")
    for answer in ANSWERS[:-1]:
        half = len(answer) // 2
        for pieces in ([answer], [answer[:half], answer[half:]], ["\x1b", answer[1:]]):
            for piece in pieces:
                terminal.press(piece)
                time.sleep(0.02)
    for answer in ("\x9d11;rgb:rrrr/0000/cccc\x9c", "\x90>|rpcq\x9c", "\x9b>41;390;0c"):
        os.write(terminal.child.fileno(), answer.encode("latin-1"))  # a terminal of eight bits
        time.sleep(0.02)
    for one in "\x1b]11;rgb:1e1e/0000/cccc\x07":
        terminal.press(one)
        time.sleep(0.15)  # longer than an escape is waited for
    terminal.press("?")
    terminal.until("Keys", "Cancel the job")
    terminal.press("q")
    terminal.until("‖", "counting")  # the lone escape led to the list
    with Client(started.socket) as client:
        assert client.header().status == "paused"
        controls = client.item(JOB, "controls")
    assert [one["action"] for one in controls] == ["pause"]  # ours above, and nobody else's
    assert "Cancel counting" not in terminal.written
    assert "resuming" not in terminal.written
    helped = terminal.written.replace("Pause the job; you", "").replace("Pause the job.", "")
    assert "Pause the job" not in helped
    terminal.press("q")
    assert terminal.ended() == 0
