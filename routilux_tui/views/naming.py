"""Which of several jobs a name means: one rule for whatever is asked of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST_PREFIX = 4
"""Letters of an id that stand for it at least: fewer are typed by mistake too easily."""


class HasName(Protocol):
    """What a job is found by."""

    @property
    def job_id(self) -> str:
        """Its id."""

    @property
    def flow_id(self) -> str:
        """Its flow's name."""


_Job = TypeVar("_Job", bound=HasName)


def jobs_named(name: str, jobs: Sequence[_Job]) -> list[_Job]:
    """The jobs that a name may mean: that of exactly this id, else those of a flow or a prefix.

    Args:
        name: a job's id, at least four letters that it begins with, or its flow's name.
        jobs: the jobs to choose from; their order is kept.
    """
    exact = [one for one in jobs if one.job_id == name]
    if exact or not name:
        return exact
    is_prefix = len(name) >= SHORTEST_PREFIX
    return [
        one for one in jobs if one.flow_id == name or (is_prefix and one.job_id.startswith(name))
    ]
