"""A job's breakpoints, as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from routilux_tui.job.jsonable import as_text
from routilux_tui.views.provenance import label_of

if TYPE_CHECKING:
    from routilux_tui.job.model import Job


class Breakpoint(msgspec.Struct, frozen=True):
    """A condition before whose tasks a job pauses; ``at`` is ISO 8601, or empty."""

    number: int
    condition: str
    by: str = ""
    at: str = ""


def breakpoints(job: Job) -> list[Breakpoint]:
    """The breakpoints that are set on a job."""
    with job.lock:
        return [
            Breakpoint(
                one["number"], one["condition"], label_of(one["who"]), as_text(one.get("at"))
            )
            for one in job.breakpoints.values()
        ]
