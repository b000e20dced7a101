"""Foreign text is shown, and never obeyed."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from routilux_tui.views.text import printable


@given(st.text(st.characters()))
def test_no_terminal_obeys_what_is_printable(text: str) -> None:
    shown = printable(text)
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in shown)


def test_every_character_that_a_terminal_may_obey_is_shown_as_a_code() -> None:
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            assert printable(char) != char, hex(point)


@given(st.text(st.characters()))
def test_ascii_means_ascii(text: str) -> None:
    shown = printable(text, ascii_only=True)
    assert shown.isascii()
    assert shown.isprintable()


def test_escapes_are_visible() -> None:
    assert printable("a\x1b[31mb\nc\u202ed") == "a␛[31mb⏎c\\u202ed"
    assert printable("[bold]日本語") == "[bold]日本語"
    assert printable("é\x1b…", ascii_only=True) == "e\\e..."
