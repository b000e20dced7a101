"""What is told of an exception in a handler: one line, and its traceback's last lines."""

from __future__ import annotations

import os
import traceback
from types import TracebackType

LINES = 12
LONGEST = 8_000
_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def is_ours(filename: str) -> bool:
    """Whether a frame's code is of this package."""
    return filename.startswith(_FOLDER)


def detail(error: BaseException) -> dict[str, str]:
    """What a routine's state tells of an error."""
    lines = _formatted(error).splitlines()
    return {"error": _cut(one_line(error)), "traceback": _cut("\n".join(lines[-LINES:]))}


def trace_text(error: BaseException) -> str:
    """Where an error was raised: its traceback but for its own lines, which its record has."""
    try:
        own = "".join(traceback.format_exception_only(type(error), error))
    except Exception:
        own = ""
    text = _formatted(error)
    return _cut(text[: -len(own)] if own and text.endswith(own) else text)


def _formatted(error: BaseException) -> str:
    try:
        trace = without_ours(error.__traceback__)
        return "".join(traceback.format_exception(type(error), error, trace))
    except Exception:
        return one_line(error)


def one_line(error: BaseException) -> str:
    """An error's type and message, whatever its ``__str__`` does."""
    try:
        text = str(error)
    except Exception:
        text = "(its message can't be told)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n... ({len(text):,} characters) ...\n{text[-half:]}"


def without_ours(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this package; the user's own are as they were."""
    frames = []
    while trace is not None:
        if not is_ours(trace.tb_frame.f_code.co_filename):
            frames.append(trace)
        trace = trace.tb_next
    rest: TracebackType | None = None
    for one in reversed(frames):
        rest = TracebackType(rest, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return rest


def step_out(error: BaseException) -> None:
    """Take the caller's frame out of an error's traceback; a bare ``raise`` must follow.

    So a script's traceback reads as it does without us (from Python 3.11 on).
    """
    trace = error.__traceback__
    if trace is not None and is_ours(trace.tb_frame.f_code.co_filename):
        error.__traceback__ = trace.tb_next
