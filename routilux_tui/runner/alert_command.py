"""Running a command of a user's for a job: an argv, never a line of a shell, for half a minute."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import Any, NamedTuple

COMMAND_WITHIN = 30.0
NOT_STARTED = 127
_LONGEST = 16_384
_READ_WITHIN = 1.0
"""Seconds that is waited for its output when it has ended: a child of it may hold it open."""


class Outcome(NamedTuple):
    """Its exit code, 127 where it can't be started, None where it took too long; its output."""

    code: int | None
    output: str = ""


def run_command(
    argv: list[str],
    job: bytes,
    job_id: str,
    *,
    captured: bool = False,
    within: float = COMMAND_WITHIN,
) -> Outcome:
    """Run a command to its end; what it has started is ended with it when it takes too long.

    Args:
        argv: the program and its arguments.
        job: what it is given on its standard input.
        job_id: the job, as ``ROUTILUX_TUI_JOB``.
        captured: keep the beginning of its output; else it prints where we do.
        within: seconds that it has.
    """
    where = subprocess.PIPE if captured else None
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=where,
            stderr=subprocess.STDOUT if captured else None,
            env={**os.environ, "ROUTILUX_TUI_JOB": job_id},
            start_new_session=True,  # so that all that it starts can be ended with it
        )
    except (OSError, ValueError) as error:
        return Outcome(NOT_STARTED, f"{argv[0]}: {error}")
    kept = bytearray()
    reader = threading.Thread(target=_drain, args=(process.stdout, kept), daemon=True)
    writer = threading.Thread(target=_give, args=(process.stdin, job), daemon=True)
    for one in (reader, writer):
        one.start()
    try:
        code: int | None = process.wait(within)
    except subprocess.TimeoutExpired:
        code = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    reader.join(_READ_WITHIN)
    return Outcome(code, bytes(kept).decode("utf-8", "replace"))


def _give(stream: Any, content: bytes) -> None:
    """Write all to a command; one that does not read it is no error."""
    with contextlib.suppress(OSError), stream:
        stream.write(content)


def _drain(stream: Any, kept: bytearray) -> None:
    """Read what a command prints, and keep the beginning."""
    if stream is None:
        return
    with contextlib.suppress(OSError), stream:
        while part := stream.read1(1 << 16):
            kept += part[: _LONGEST - len(kept)]
