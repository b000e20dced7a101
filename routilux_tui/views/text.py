"""Foreign text made harmless before it is painted or printed.

Job data may hold escape sequences, markup, line separators and characters that turn the
direction of writing. People see all of it, as visible escapes; terminals obey none of it.
"""

from __future__ import annotations

import re
import unicodedata

_BIDI_AND_INVISIBLE = (
    "\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001345f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_HARMFUL = re.compile(
    rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff\U000e0000-\U000e0fff{_BIDI_AND_INVISIBLE}]"
)
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_NAMED = {"\n": "⏎", "\t": "→", "\r": "␍", "\x1b": "␛"}
_NAMED_ASCII = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e"}


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    named = _NAMED.get(char)
    if named:
        return named
    return _code(char)


def _escape_ascii(found: re.Match[str]) -> str:
    char = found.group()
    named = _NAMED_ASCII.get(char)
    if named:
        return named
    plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return plain if plain.isprintable() and plain else _code(char)


def _code(char: str) -> str:
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def printable(text: str, *, ascii_only: bool = False) -> str:
    """Text as one line that no terminal obeys: control characters become visible escapes.

    Args:
        text: anything, lone surrogates included.
        ascii_only: leave nothing but the printable part of ASCII.
    """
    if ascii_only:
        return (
            text if text.isascii() and text.isprintable() else _NOT_ASCII.sub(_escape_ascii, text)
        )
    return text if text.isascii() and text.isprintable() else _HARMFUL.sub(_escape, text)


def cells(text: str) -> int:
    """How many cells of a terminal a text takes that is printable."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in {"W", "F"} for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in {"Mn", "Me"} for char in text)


def without_controls(text: str) -> str:
    """Text without what a terminal would obey, as wide as before: for the last place before it.

    Who makes text for people uses `printable`, which shows what is taken out here.
    """
    return text if text.isascii() and text.isprintable() else _HARMFUL.sub("", text)


def escaped(text: str, *, ascii_only: bool = False) -> str:
    """JSON that no terminal obeys: what is harmful in its strings is escaped, as JSON does it.

    Args:
        text: JSON without blanks between its parts.
        ascii_only: escape all that is not ASCII.
    """
    return (_NOT_ASCII if ascii_only else _HARMFUL).sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    pair = found.group().encode("utf-16-be", "surrogatepass")
    units = (pair[at : at + 2] for at in range(0, len(pair), 2))
    return "".join(f"\\u{unit[0]:02x}{unit[1]:02x}" for unit in units)
