"""The runs of one flow that this machine knows: those that run, and the newest saved ones."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.job import timestamps
from routilux_tui.runner.paths import saved_runs_of
from routilux_tui.sources.live import socket_handle
from routilux_tui.sources.live_entries import running_entries
from routilux_tui.sources.saved_entry import read_entry
from routilux_tui.sources.saved_handle import SavedHandle

if TYPE_CHECKING:
    from routilux_tui.sources.base import Handle
    from routilux_tui.views.shapes import JobEntry

#: A job's file that is larger takes too long to be read only for a comparison.
_LARGEST = 64 << 20


def saved_runs(flow_id: str, most: int, until: float = math.inf) -> list[JobEntry]:
    """The newest saved jobs of the state folder that are named after a flow, but huge ones.

    Args:
        flow_id: the flow's name.
        most: so many of them.
        until: those that began after that, in seconds since the epoch, are left out.
    """
    found = [(path, path.stat()) for path in saved_runs_of(flow_id)]
    newest = sorted(found, key=lambda one: -one[1].st_mtime)
    small = [path for path, stat in newest if stat.st_size <= _LARGEST]
    entries = (read_entry(path) for path in small)
    own = (
        one
        for one in entries
        if one.flow_id == flow_id and (timestamps.to_epoch(one.created_at) or 0.0) <= until
    )
    return list(islice(own, most))


def runs_of_flow(flow_id: str, most: int) -> list[JobEntry]:
    """The newest runs of a flow, those that run now among them, in no order."""
    live = [one for one in running_entries() if one.flow_id == flow_id]
    known = {one.path for one in live}
    return [*live, *(one for one in saved_runs(flow_id, most) if one.path not in known)]


def handle_of(entry: JobEntry, *, fps: float, read_only: bool) -> Handle:
    """A handle, not yet open, on a job of this machine."""
    if entry.place == "live":
        return socket_handle(Path(entry.key), fps=fps, read_only=read_only)
    return SavedHandle(Path(entry.path))
