"""Notices of the terminal that the reader sits at: by OSC 9, 777 or 99, whichever it knows.

In tmux they go through to its terminal, where ``allow-passthrough`` lets them; a bell rings in any
case, if the rule says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from routilux_tui.views.text import printable

_TMUX_ANSWERS = 2.0
_LONGEST = 200
#: Terminals by the beginning of what they call themselves, and the sequence that they know.
_KNOWN = {
    "xterm-kitty": 99,
    "kitty": 99,
    "foot": 99,
    "rxvt": 777,
    "wezterm": 777,
    "xterm-ghostty": 777,
    "ghostty": 777,
}


def sequence(title: str, text: str, terminal: str, *, in_tmux: bool) -> str:
    """What to write to a terminal so that it shows a notice.

    Args:
        title: what it is about.
        text: the rest.
        terminal: what the terminal calls itself; one that nobody knows is given OSC 9.
        in_tmux: whether it goes through tmux.
    """
    title, text = _clean(title), _clean(text)
    number = next((n for name, n in _KNOWN.items() if terminal.lower().startswith(name)), 9)
    if number == 99:
        osc = f"\x1b]99;i=1:d=0;{title}\x1b\\\x1b]99;i=1:p=body;{text}\x1b\\"
    elif number == 777:
        osc = f"\x1b]777;notify;{title};{text}\x1b\\"
    else:
        osc = f"\x1b]9;{title}: {text}\x1b\\"
    if in_tmux:
        doubled = osc.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    return osc


def _clean(text: str) -> str:
    """Text that no terminal takes for a part of the sequence."""
    return printable(text).replace(";", ",").replace("\\", "/")[:_LONGEST]


async def terminal_name() -> str:
    """What the terminal calls itself; in tmux, the one that tmux is shown on."""
    if os.environ.get("TMUX"):
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            process = await asyncio.create_subprocess_exec(
                "tmux", "display-message", "-p", "#{client_termname}",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            output, _ = await asyncio.wait_for(process.communicate(), _TMUX_ANSWERS)
            return output.decode("utf-8", "replace").strip()
        return ""
    program = os.environ.get("TERM_PROGRAM", "")
    term = os.environ.get("TERM", "")
    return program if any(program.lower().startswith(name) for name in _KNOWN) else term
