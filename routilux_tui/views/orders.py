"""The orders that a list of jobs can be in, for the dashboard and the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job import timestamps
from routilux_tui.views.list_line import progress_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.views.shapes import JobEntry


def _when(at: str) -> float:
    return timestamps.to_epoch(at) or 0.0


#: The columns that a list can be sorted by, and what by: the newest and the most come first.
JOB_ORDERS: dict[str, Callable[[JobEntry], Any]] = {
    "updated": lambda one: -_when(one.updated_at),
    "created": lambda one: -_when(one.created_at),
    "status": lambda one: one.status,
    "flow": lambda one: one.flow_id.casefold(),
    "job": lambda one: one.job_id,
    "routines": lambda one: -(one.routines_done / (one.routines_total or 1)),
    "records": lambda one: -one.records,
    "errors": lambda one: -one.errors,
    "queue": lambda one: -one.queued,
    "progress": lambda one: -(progress_of(one) or 0.0),
    "size": lambda one: -one.size,
    "file": lambda one: one.path,
    "host": lambda one: one.host,
}
