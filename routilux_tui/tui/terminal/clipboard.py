"""The clipboard of the terminal that the reader sits at, by OSC 52; a file where that can't be.

See the xterm control sequences, "Manipulate Selection Data", and tmux's "passthrough".
"""

from __future__ import annotations

import base64
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 74_000
"""Of text; many terminals take no sequence of more than 100,000 bytes."""


def sequence(text: str) -> str | None:
    """What to write to the terminal; None where the text is too long for it."""
    content = text.encode("utf-8", "replace")
    if len(content) > MOST_BYTES:
        return None
    osc = f"\x1b]52;c;{base64.b64encode(content).decode()}\x07"
    if os.environ.get("TMUX"):
        return "\x1bPtmux;" + osc.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if os.environ.get("STY"):
        parts = [osc[n : n + 700] for n in range(0, len(osc), 700)]
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return osc


def to_file(text: str, folder: Path) -> Path:
    """Write a text that is too long for the terminal to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / time.strftime("copied-%Y%m%d-%H%M%S.txt")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path
