"""Every field of every screen with hostile text: what reaches the terminal is read byte by byte."""

from __future__ import annotations

import re
import time

import pytest

from tests.tui.test_terminal import Terminal

ESC = "\x1b[27u"
"""The key in its long form, which is the beginning of no other."""
OWN = re.compile(r"\x1b\[[<>=?]?[0-9;]*\$?[a-zA-Z]|\x1b\]22;[a-z]*(?:\x07|\x1b\\)|[\x07\r\n]")
"""What the dashboard itself writes: cursor and style, modes, and the bell."""
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def reads_clean(terminal: Terminal) -> None:
    written = terminal.written
    assert "Traceback" not in written
    left = OWN.sub("", re.sub(r"\x1b[^a-zA-Z]*\Z", "", written))  # one may be under way
    assert HARMFUL.search(left) is None, repr(
        left[max(0, HARMFUL.search(left).start() - 60) :][:120]
    )


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
@pytest.mark.parametrize("what", ["job", "list"])
def test_no_text_of_a_file_is_obeyed_wherever_it_is_painted(what: str, size: tuple) -> None:
    terminal = Terminal([what], *size, program=("-m", "tests.tui.hostile"))
    terminal.until("? keys" if what == "job" else "sorts: updated")
    keys = {
        "job": ["5", "\r", "q", "3", "4", "5", "6", "7", "8", "9", "1", "\r", "q", "!", "q", "5", "b", "q", "2", "\r", "q", "1", "\r", "q", "T", "f", ESC, "w", "x > 1",
                "\r", ESC, "p", "\r", "c", "n", "r", "/", "x\r", "z", "z", "?", "q", "\x10", ESC],
        "list": ["T", "T", "i", "s", "s", "s", "c", "n", "j", "c", "n", "p", ESC, "/", "= status", "\r",
                 ESC, "\r", "5", "\r", "q", ESC],
    }[what]  # fmt: skip
    for one in keys:
        terminal.press(one)
        time.sleep(0.15)  # so that most are painted; the verdict does not depend on it
    reads_clean(terminal)
    terminal.press("q")
    assert terminal.ended() == 0
    reads_clean(terminal)
