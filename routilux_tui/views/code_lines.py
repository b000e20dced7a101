"""The lines of code around one that raised, from its file, as far as that is still what it was."""

from __future__ import annotations

import os
import stat
import textwrap
from functools import lru_cache
from pathlib import Path

from routilux_tui.job.jsonable import shortened
from routilux_tui.views.insight import CodeLine

LINES = 3
"""How many lines are shown: the one that raised is the last of them."""
_LONGEST = 2 << 20
"""Bytes of a file that is read: no code is longer."""
_WIDEST = 400
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK


def code_lines(path: str, number: int, line: str, raised_at: float) -> tuple[list[CodeLine], str]:
    """The lines up to the one that raised, and what else is to be said of them.

    They are there only where the file is a plain one that has not been written since, and has
    that line where it was: what a job's file names is read for nothing else.

    Args:
        path: the file, as a traceback names it.
        number: of the line, from 1.
        line: its text, as the traceback has it.
        raised_at: when it raised, in seconds since the epoch.
    """
    if not line.strip() or not Path(path).is_absolute():
        return [], ""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return [], "its file is not here"
    except (OSError, ValueError):
        return [], ""
    if not stat.S_ISREG(status.st_mode):  # to open a device or a pipe may do something
        return [], ""
    found = _read(path, number, line.strip(), status.st_mtime_ns)
    if status.st_mtime > raised_at or (found is not None and not found):
        return [], "its file has changed since"
    return list(found or ()), ""


@lru_cache(256)
def _read(path: str, number: int, line: str, _written: int) -> tuple[CodeLine, ...] | None:
    """The lines, none where that one is not where it was; None where the file can't be read."""
    try:
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            status = os.fstat(file.fileno())  # it may be another one by now
            if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST:
                return None
            lines = file.read(_LONGEST).decode("utf-8", "replace").split("\n")
    except (OSError, ValueError):
        return None
    if not 1 <= number <= len(lines) or lines[number - 1].strip() != line:
        return ()
    first = max(1, number - LINES + 1)
    kept = [one.expandtabs().rstrip() for one in lines[first - 1 : number]]
    shown = textwrap.dedent("\n".join(kept)).split("\n")
    return tuple(CodeLine(n, shortened(one, _WIDEST)) for n, one in enumerate(shown, first))
