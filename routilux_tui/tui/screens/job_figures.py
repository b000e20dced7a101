"""Judging a condition on the jobs of a list by figures that the list has not: each is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from routilux_tui.sources.base import Source
    from routilux_tui.views.list_condition import ListCondition
    from routilux_tui.views.shapes import JobEntry

_AT_ONCE = 16
"""Jobs that are asked at the same time."""


async def judged_jobs(
    source: Source, condition: ListCondition, jobs: Iterable[JobEntry]
) -> AsyncIterator[dict[str, bool]]:
    """Whether a condition holds, by the jobs' keys, a few of them at a time.

    One that needs figures does not of a job that can't be read or does not answer.
    """
    wanted = list(jobs)
    for at in range(0, len(wanted), _AT_ONCE):
        some = wanted[at : at + _AT_ONCE]
        found = await asyncio.gather(*(_holds(source, condition, one) for one in some))
        yield {one.key: holds for one, holds in zip(some, found, strict=True)}


async def _holds(source: Source, condition: ListCondition, one: JobEntry) -> bool:
    if not condition.needs_figures:
        return condition.holds(one)
    if not condition.can_ask(one):
        return False
    handle = source.handle(one.key)
    try:
        await handle.open()
        return condition.holds_with(one, await handle.context())
    except RoutiluxTuiError:  # it has gone meanwhile
        return False
    finally:
        await handle.close()
