"""What a terminal sends that is no key: its answers, which are taken out of what is read.

A terminal that is asked for its colours, its version or its clipboard, by us or by whoever had
it before, may answer late, in pieces, and while the dashboard reads keys. Textual takes what it
does not know for keys, so that `rgb:` resumes a job. Here only what is known to be a key, the
mouse, a paste or a report that Textual waits for goes on; all else is dropped.

The grammar is that of ECMA-48: control sequences (CSI) and control strings (OSC, DCS, ...).
"""

from __future__ import annotations

import re

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

ESCAPE = "\x1b"
ESCAPE_DELAY = 0.1
"""Seconds after which an escape alone is the Escape key."""
PATIENCE = 3.0
"""Seconds of silence after which a sequence that has begun is given up."""
MOST = 1 << 20
"""Characters of a control string at most; the clipboard's may be long."""

_STRINGS = "]P_^X"
_C1 = {"\x90": "\x1bP", "\x98": "\x1bX", "\x9b": "\x1b[", "\x9d": "\x1b]", "\x9e": "\x1b^",
       "\x9f": "\x1b_"}  # fmt: skip
EIGHT_BIT = {0xDC80 + n: 0x80 + n if n < 0x20 else 0xFFFD for n in range(0x80)}
"""Bytes that are no UTF-8 ("surrogateescape"), as what they are to a terminal of eight bits."""
_ENDED_BY = re.compile("[\x07\x18\x1a\x1b\x9c]")
_PASTE, _PASTE_END = "\x1b[200~", "\x1b[201~"
_KNOWN = re.compile(
    r"\x1b\[(?:[\d:;]*[u~ABCDEFHPQRSIO]|<[\d;]+[mM]|[\d;]+M|\?\d+;\d\$y|48;[\d:;]+t)\Z"
)


class AnswerFilter:
    """Takes a terminal's answers out of what is read from it, whole or in pieces."""

    def __init__(self) -> None:
        self._begun = ""
        self._since = 0.0
        self._pasting = False
        self._escaped_at = float("-inf")

    def feed(self, text: str, now: float) -> str:
        """What is left of a piece of input: whole keys, mouse events, pastes and known reports.

        Args:
            text: what was read.
            now: the time by a clock that never goes back, in seconds.
        """
        if self._begun and now - self._since > PATIENCE:
            self._begun = ""
        late = text[:1] in {"[", "]", "P", "_", "^"} and now - self._escaped_at < PATIENCE
        if late and not self._begun:
            # the escape before these was an answer's first piece, and not the key
            self._begun = ESCAPE
        self._escaped_at = float("-inf")
        self._since = now
        text, self._begun = self._begun + text, ""
        kept: list[str] = []
        at = 0
        while at < len(text):
            end, keep = self._unit(text, at)
            if end < 0:
                self._begun = text[at : at + MOST]
                break
            if keep:
                kept.append(text[at:end])
            at = end
        return "".join(kept)

    def escape_is_due(self, now: float) -> bool:
        """Whether an escape that came alone is the Escape key; it is taken when it is."""
        if self._begun != ESCAPE or now - self._since < ESCAPE_DELAY:
            return False
        self._begun = ""
        self._escaped_at = now
        return True

    @property
    def is_waiting(self) -> bool:
        """Whether an escape may become the Escape key soon."""
        return self._begun == ESCAPE

    def _unit(self, text: str, at: int) -> tuple[int, bool]:
        """Where a key or a sequence ends (negative: not yet), and whether it goes on."""
        if self._pasting:
            return self._rest_of_paste(text, at)
        first = text[at]
        if first in _C1:
            start, body = _C1[first], at + 1
        elif first != ESCAPE:
            return at + 1, True
        elif at + 1 == len(text):
            return -1, False
        else:
            start, body = text[at : at + 2], at + 2
        if start[1] in _STRINGS:
            return self._string(text, body), False
        if start[1] == "[":
            return self._control(text, at, body)
        if start[1] == "O":  # the keys of the keypad, and F1 to F4
            return (body + 1, True) if body < len(text) else (-1, False)
        if start[1] == ESCAPE:
            return at + 1, True
        return body, True

    @staticmethod
    def _string(text: str, body: int) -> int:
        """Where a control string ends."""
        found = _ENDED_BY.search(text, body)
        if found is None:
            return -1
        if found.group() != ESCAPE:
            return found.end()
        if found.end() == len(text):
            return -1
        return found.end() + 1 if text[found.end()] == "\\" else found.start()

    def _control(self, text: str, at: int, body: int) -> tuple[int, bool]:
        """Where a control sequence ends, and whether it is one that is known."""
        if text[body : body + 1] == "[":  # F1 to F5 of the Linux console
            return (body + 2, True) if body + 1 < len(text) else (-1, False)
        for end in range(body, len(text)):
            one = text[end]
            if one in {ESCAPE, "\x18", "\x1a"}:
                return end if one == ESCAPE else end + 1, False
            if "\x20" <= one <= "\x3f" and not (
                one == "$" and text[at : end + 1] in ANSI_SEQUENCES_KEYS
            ):
                continue
            sequence = text[at : end + 1]
            if sequence == "\x1b[M":  # the mouse as it was of old: three characters follow
                return (end + 4, True) if end + 4 <= len(text) else (-1, False)
            self._pasting = sequence == _PASTE
            return end + 1, bool(sequence in ANSI_SEQUENCES_KEYS or _KNOWN.match(sequence))
        return -1, False

    def _rest_of_paste(self, text: str, at: int) -> tuple[int, bool]:
        """All of a paste goes on as it is; of its end, a piece may be at hand alone."""
        end = text.find(_PASTE_END, at)
        if end >= 0:
            self._pasting = False
            return end + len(_PASTE_END), True
        for cells in range(len(_PASTE_END) - 1, 0, -1):
            if text.endswith(_PASTE_END[:cells], at):
                return (len(text) - cells, True) if len(text) - cells > at else (-1, False)
        return len(text), True
