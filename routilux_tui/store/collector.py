"""Python's garbage collector out of the way: of decoding much at once, and of a job that runs."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def freeze_collector() -> None:
    """Have the collector look no more at what this process has now: it is here for good.

    A full collection stops every handler for as long as it takes to look at all objects. Most
    are modules and classes: without them it takes a tenth.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Look for no garbage: nothing that is decoded is any, and looking takes most of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
