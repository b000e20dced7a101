"""A shell's quoting, both ways: what a line means that is being typed, and how to type a text.

Nothing is expanded: ``$HOME`` and ``$(...)`` on the line are text like any other.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PLAIN = re.compile(r"[\w./:@%+,=-]+")
_KEPT_BREAKS = "$@"
"""Word breaks that bash counts to what comes after them (readline's special prefixes)."""
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e", "\\": "\\\\", "'": "\\'"}
_MEANT = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "E": "\x1b", "a": "\a", "b": "\b"}
_CODE = re.compile(r"x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})")


class Typed(NamedTuple):
    """The word under the cursor.

    ``value`` is what it means so far; ``head`` is the part of it that the shell leaves as it is,
    up to the last word break or the quote that is open; ``quote`` is that quote.
    """

    value: str
    head: str
    quote: str


def split_line(line: str, breaks: str = "") -> tuple[list[str], Typed]:
    """The words of a line up to the cursor, and more of the last of them.

    Args:
        line: as it was typed.
        breaks: the characters after which bash begins to complete anew, as ``:`` and ``=``.

    Returns:
        The words without their quotes; the last is empty after a blank. Assignments before the
        command (``A=1 routilux-tui``) are left out.
    """
    words: list[str] = []
    value, head, quote, inside = "", "", "", False
    at = 0
    while at < len(line):
        char = line[at]
        at += 1
        if quote == "$'" and char == "\\" and at < len(line):
            text, at = _ansi(line, at)
            value += text
        elif quote:
            escapes = quote == '"' and char == "\\" and line[at : at + 1] in {'"', "\\", "$", "`"}
            if escapes and at < len(line):
                value += line[at]
                at += 1
            elif char == quote[-1]:
                quote = ""
            else:
                value += char
        elif char in "'\"" or (char == "$" and line[at : at + 1] == "'"):
            at += char == "$"
            quote, head, inside = ("$'" if char == "$" else char), value, True
        elif char == "\\" and at < len(line):
            value, inside = value + line[at], True
            at += 1
        elif char in " \t\n":
            if inside:
                words.append(value)
            value, head, inside = "", "", False
        else:
            value, inside = value + char, True
            if char in breaks:
                head = value[:-1] if char in _KEPT_BREAKS else value
    words.append(value)
    while len(words) > 1 and re.match(r"[A-Za-z_]\w*=", words[0]):
        del words[0]
    return words, Typed(value, head, quote)


def unquoted(word: str) -> str:
    """What a word means that is being typed."""
    return split_line(word)[1].value


def _ansi(line: str, at: int) -> tuple[str, int]:
    """The character of an escape of ``$'...'``, and where it ends."""
    code = _CODE.match(line, at)
    if code is not None:
        number = int(next(filter(None, code.groups())), 16)
        if line[at] == "x" and number > 0x7F:  # a byte, as file names hold them
            return chr(0xDC00 + number), code.end()
        return chr(number), code.end()
    return _MEANT.get(line[at], line[at]), at + 1


def bash_quoted(text: str, typed: Typed) -> str | None:
    """A text as bash takes it literally, to go on from what was typed.

    Returns:
        The text, or None where the quote that is open can't hold it.
    """
    if typed.quote == "$'":
        return _in_ansi(text)
    if typed.quote:
        barred = "'" if typed.quote == "'" else '"$`\\!'
        return text if text.isprintable() and not set(barred) & set(text) else None
    if not text.isprintable():
        return f"$'{_in_ansi(text)}'"
    quoted = "".join(char if _PLAIN.fullmatch(char) else f"\\{char}" for char in text)
    is_path = text.startswith("~") and typed.value.startswith("~") and not typed.head
    return quoted[1:] if is_path and quoted.startswith("\\~") else quoted


def _in_ansi(text: str) -> str:
    quoted = ""
    for char in text:
        code = ord(char)
        if char in _NAMED:
            quoted += _NAMED[char]
        elif 0xDC80 <= code <= 0xDCFF:
            quoted += f"\\x{code - 0xDC00:02x}"
        elif not char.isprintable():
            quoted += f"\\x{code:02x}" if code < 0x80 else f"\\U{code:08x}"
        else:
            quoted += char
    return quoted
