"""What a script prints: line by line, and with which handler prints a line told before.

The line itself goes where it goes without us; whoever reads it there knows by its text whose it is.
"""

from __future__ import annotations

import io
import sys
from functools import wraps
from typing import Any

from .errors import step_out
from .thread_state import here

_LONGEST = 4_000
"""Characters of a line at most that is told."""


def print_line_by_line() -> None:
    """Have each line printed as soon as it is whole, as at a terminal.

    Not each piece of one: the lines of two threads would be mixed.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def report_prints() -> None:
    """Have it told what handlers print from now on."""
    for level, stream in (("print", sys.stdout), ("stderr", sys.stderr)):
        if isinstance(stream, io.TextIOWrapper):
            setattr(stream, "write", _reporting(stream.write, level))


def _reporting(write: Any, level: str) -> Any:
    @wraps(write)
    def write_and_report(text: Any) -> Any:
        place = here()
        job = place.job
        if job is not None and isinstance(text, str):
            *lines, rest = (place.printed.get(level, "") + text).split("\n")
            place.printed[level] = rest[: _LONGEST + 1]
            for line in lines:
                if len(line) <= _LONGEST:
                    job.report("printed", place.task, job.active.get(place.task, ""), level, line)
        try:
            return write(text)
        except BaseException as error:
            step_out(error)
            raise

    return write_and_report
