"""What a job's flow is made of: routines in their order, and the connections between them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from routilux_tui.job import status as statuses

if TYPE_CHECKING:
    from routilux_tui.job.model import Job


MOST_ROUTINES = 5000
"""Routines that are shown at the most."""
_MOST_LINKS = 50_000


class Link(NamedTuple):
    """A connection: an event of one routine goes to a slot of another."""

    source: str
    event: str
    target: str
    slot: str


class FlowShape(msgspec.Struct, frozen=True, kw_only=True):
    """A flow, as far as a job tells it.

    ``workers`` is how many handlers may run at once, 0 where that is not known. Where
    ``is_whole`` is false the job tells no connections: its file was written by a program that
    does not keep them.
    """

    flow_id: str
    routines: list[str]
    links: list[Link] = []
    workers: int = 0
    is_whole: bool = True


def flow_shape_of(job: Job) -> FlowShape:
    """The flow of a job; what is odd in its file is left out. The job's lock is held."""
    shape = job.flow_shape
    first = islice(job.routine_states, MOST_ROUTINES)  # a file may have a million
    states = [one for one in first if statuses.is_routine(one)]
    workers = shape.get("workers")
    return FlowShape(
        flow_id=job.flow_id,
        routines=list(dict.fromkeys([*job.flow_routines[:MOST_ROUTINES], *states])),
        links=[
            Link(*one[:4])
            for one in _listed(shape.get("connections"))[:_MOST_LINKS]
            if isinstance(one, list) and len(one) >= 4 and all(type(end) is str for end in one[:4])
        ],
        workers=workers if type(workers) is int and workers > 0 else 0,
        is_whole=isinstance(shape.get("connections"), list),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
