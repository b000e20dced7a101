"""The clipboard of the terminal that the reader sits at: by tmux, or by OSC 52; else a file.

See the xterm control sequences, "Manipulate Selection Data". As tmux comes, it lets no such
sequence of a program through, so in it the text is given to tmux itself.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import time
from typing import TYPE_CHECKING

from routilux_tui.runner.paths import make_private

if TYPE_CHECKING:
    from pathlib import Path

_TMUX_ANSWERS = 3.0
"""Seconds that tmux is given."""
MOST_BYTES = 74_000
"""Of text; many terminals take no sequence of more than 100,000 bytes."""


def sequence(text: str) -> str | None:
    """What to write to the terminal; None where the text is too long for it."""
    content = text.encode("utf-8", "replace")
    if len(content) > MOST_BYTES:
        return None
    osc = f"\x1b]52;c;{base64.b64encode(content).decode()}\x07"
    if os.environ.get("STY"):
        parts = [osc[n : n + 700] for n in range(0, len(osc), 700)]
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return osc


def is_in_tmux() -> bool:
    """Whether tmux stands between us and the reader's terminal."""
    return bool(os.environ.get("TMUX"))


async def to_tmux(text: str) -> bool:
    """Have tmux keep a text in its buffer, and hand it on to its terminal; whether it did."""
    for more in (["-w"], []):  # older ones know no -w, which hands it on
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            process = await asyncio.create_subprocess_exec(
                "tmux", "load-buffer", *more, "-",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            content = text.encode("utf-8", "replace")
            await asyncio.wait_for(process.communicate(content), _TMUX_ANSWERS)
            if process.returncode == 0:
                return True
    return False


def to_file(text: str, folder: Path) -> Path:
    """Write a text that is too long for the terminal to a file of its own."""
    make_private(folder)
    path = folder / time.strftime("copied-%Y%m%d-%H%M%S.txt")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path
