"""Reporting which handler prints a line, before it is printed.

The line itself goes where it goes without us; whoever reads it there knows by its text whose it is.
"""

from __future__ import annotations

import io
import sys
from typing import Any

from .thread_state import here

_LONGEST = 4_000
"""Characters of a line at most that is told."""


def report_prints() -> None:
    """Have it told what handlers print from now on."""
    for level, stream in (("print", sys.stdout), ("stderr", sys.stderr)):
        if isinstance(stream, io.TextIOWrapper):
            setattr(stream, "write", _reporting(stream.write, level))


def _reporting(write: Any, level: str) -> Any:
    def write_and_report(text: Any) -> Any:
        place = here()
        job = place.job
        if job is not None and isinstance(text, str):
            *lines, rest = (place.printed.get(level, "") + text).split("\n")
            place.printed[level] = rest[: _LONGEST + 1]
            for line in lines:
                if len(line) <= _LONGEST:
                    job.report("printed", place.task, job.active.get(place.task, ""), level, line)
        return write(text)

    return write_and_report
