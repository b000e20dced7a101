"""Every field of every screen with hostile text: what reaches the terminal is read byte by byte."""

from __future__ import annotations

import re
import time

import pytest

from tests.tui.test_terminal import Terminal

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
        "job": ["5", "\r", "q", "3", "4", "5", "6", "7", "8", "9", "1", "\r", "q", "!", "q", "5", "b", "q", "2", "\r", "q", "1", "\r", "q", "T", "f", "\x1b", "w", "x > 1",
                "\r", "\x1b", "p", "\r", "c", "n", "r", "/", "x\r", "z", "z", "?", "q", "\x10", "\x1b"],
        "list": ["T", "T", "i", "s", "s", "s", "c", "n", "j", "c", "n", "p", "\x1b", "/", "= status", "\r",
                 "\x1b", "\r", "5", "\r", "q", "\x1b"],
    }[what]  # fmt: skip
    for one in keys:
        terminal.press(one)
        time.sleep(0.15)
    reads_clean(terminal)
    time.sleep(1.5)  # an escape that ends the palette is no beginning of a longer one
    terminal.press("q")
    terminal.ended()
    reads_clean(terminal)
