"""Stacks as they are without us, where a script looks at its own.

Between the library and a handler stand frames of this package: they are left out of what it prints.
"""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from typing import Any

from .errors import is_ours

_MARK = "_routilux_tui"


def hide_frames() -> None:
    """Leave our frames out of what `traceback` and `inspect` say of a stack from now on."""
    if hasattr(traceback.walk_stack, _MARK):
        return
    walk_stack, walk_tb = traceback.walk_stack, traceback.walk_tb
    outer_frames = inspect.getouterframes

    def walk_our_callers(f: Any) -> Any:
        frame = sys._getframe(1) if f is None else f
        return (one for one in walk_stack(frame) if not is_ours(one[0].f_code.co_filename))

    def walk_traceback(tb: Any) -> Any:
        return (one for one in walk_tb(tb) if not is_ours(one[0].f_code.co_filename))

    def getouterframes(frame: Any, context: int = 1) -> Any:
        return [one for one in outer_frames(frame, context) if not is_ours(one[1])]

    setattr(walk_our_callers, _MARK, True)
    for module, former, ours in (
        (traceback, walk_stack, walk_our_callers),
        (traceback, walk_tb, walk_traceback),  # what Pythons before 3.11 print tracebacks by
        (inspect, outer_frames, getouterframes),
    ):
        setattr(module, former.__name__, functools.wraps(former)(ours))
