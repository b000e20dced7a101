"""Several sources as one list: a job that runs stands there once, with its runner's word."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from routilux_tui.job.views import EntryBatch, JobEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from routilux_tui.sources.base import Handle, Source


class MergedSource:
    """Sources in the order of their weight: what an earlier one has of a file counts.

    Args:
        sources: the sources; of jobs with the same path, the first source's is shown.
    """

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources
        self._of: dict[str, Source] = {}

    async def entries(self) -> AsyncIterator[EntryBatch]:
        """The jobs of all, then what changes in any."""
        queue: asyncio.Queue[tuple[int, EntryBatch]] = asyncio.Queue()

        async def feed(number: int, source: Source) -> None:
            async for batch in source.entries():
                await queue.put((number, batch))

        tasks = [asyncio.ensure_future(feed(n, one)) for n, one in enumerate(self._sources)]
        known: list[dict[str, JobEntry]] = [{} for _ in self._sources]
        shown: dict[str, JobEntry] = {}
        loading = [1] * len(self._sources)  # until its first word
        try:
            while True:
                number, batch = await queue.get()
                mine = known[number]
                mine.update((one.key, one) for one in batch.changed)
                for key in batch.gone:
                    mine.pop(key, None)
                loading[number] = batch.loading
                for one in batch.changed:
                    self._of[one.key] = self._sources[number]
                now = self._together(known)
                changed = [one for key, one in now.items() if shown.get(key) != one]
                gone = [key for key in shown if key not in now]
                shown = now
                yield EntryBatch(changed, gone, sum(loading))
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    @staticmethod
    def _together(known: list[dict[str, JobEntry]]) -> dict[str, JobEntry]:
        taken: set[tuple[str, str]] = set()
        now: dict[str, JobEntry] = {}
        for mine in known:
            fresh = {
                key: one
                for key, one in mine.items()
                if not one.path or (one.host, one.path) not in taken
            }
            now.update(fresh)
            taken.update((one.host, one.path) for one in fresh.values())
        return now

    def handle(self, key: str) -> Handle:
        """A handle on a job, from the source that listed it."""
        return self._of[key].handle(key)

    async def close(self) -> None:
        """Stop following."""
        for source in self._sources:
            await source.close()
