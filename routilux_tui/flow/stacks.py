"""Where a handler is at this moment, as text: the frames of its thread or its coroutine."""

from __future__ import annotations

import sys
import threading
import traceback
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import FrameType

#: Where the engine's own frames are, which say nothing of a handler.
_OUR_ENGINE = str(Path(__file__).parent)
#: What begins a thread, and a worker process: that says nothing of the handler in it.
_BEGINNINGS = frozenset({threading.__file__, "<string>"})
_DEEPEST = 200
"""Coroutines that wait for one another at the most; one that waits for itself ends so."""


def stack_of_thread(number: int | None) -> str:
    """Where a thread is, by its number; empty where there is none."""
    frame = sys._current_frames().get(number or 0)
    return "" if frame is None else _told(traceback.extract_stack(frame))


def stack_of_coroutine(coroutine: Coroutine[Any, Any, Any], number: int | None) -> str:
    """Where a coroutine is, which the event loop of a thread runs; empty where it has ended.

    One that waits is seen by those that it waits for, one that runs by its thread.
    """
    frames: list[tuple[FrameType, int]] = []
    one: Any = coroutine
    while one is not None and len(frames) < _DEEPEST:
        is_coroutine = hasattr(one, "cr_frame")
        frame = getattr(one, "cr_frame", None) if is_coroutine else getattr(one, "gi_frame", None)
        if frame is None:
            break
        if getattr(one, "cr_running" if is_coroutine else "gi_running", False):
            return stack_of_thread(number)
        frames.append((frame, frame.f_lineno))
        one = getattr(one, "cr_await" if is_coroutine else "gi_yieldfrom", None)
    return _told(traceback.StackSummary.extract(iter(frames))) if frames else ""


def _told(frames: traceback.StackSummary) -> str:
    """Frames as text, without the engine's own, unless there are no others."""
    own = [one for one in frames if not one.filename.startswith(_OUR_ENGINE)]
    own = list(dropwhile(lambda one: one.filename in _BEGINNINGS, own))
    return "".join(traceback.format_list(own or frames))
