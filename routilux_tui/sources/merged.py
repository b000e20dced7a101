"""Several sources as one list: a job that runs stands there once, with its runner's word."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.views.shapes import EntryBatch, JobEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable

    from routilux_tui.sources.base import Handle, Source


class MergedSource:
    """Sources in the order of their weight: what an earlier one has of a file counts.

    Args:
        sources: the sources; of jobs with the same path, the first source's is shown.
    """

    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources
        self._source_of: dict[str, Source] = {}

    async def entries(self) -> AsyncIterator[EntryBatch]:
        """The jobs of all, then what changes in any."""
        queue: asyncio.Queue[tuple[int, EntryBatch]] = asyncio.Queue()

        async def feed(number: int, source: Source) -> None:
            try:
                async for batch in source.entries():
                    await queue.put((number, batch))
            except (RoutiluxTuiError, OSError) as error:  # it ends, and the others go on
                line = JobEntry(key=f"source {number}", place="host", error=str(error))
                await queue.put((number, EntryBatch([line])))

        tasks = [asyncio.ensure_future(feed(n, one)) for n, one in enumerate(self._sources)]
        merger = EntryMerger()
        loading = [1] * len(self._sources)  # until its first word
        try:
            while True:
                number, batch = await queue.get()
                loading[number] = batch.loading
                for one in batch.changed:
                    self._source_of[one.key] = self._sources[number]
                changed, gone = merger.take(number, batch)
                yield EntryBatch(changed, gone, sum(loading))
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    def handle(self, key: str) -> Handle:
        """A handle on a job, from the source that listed it."""
        return self._source_of[key].handle(key)

    async def close(self) -> None:
        """Stop following."""
        for source in self._sources:
            await source.close()


class EntryMerger:
    """What several sources have, and of each file only what the first of them has.

    A batch costs by what is in it, not by how many jobs there are.
    """

    def __init__(self) -> None:
        self._place_of: dict[tuple[int, str], Hashable] = {}
        self._at: dict[Hashable, dict[int, dict[str, JobEntry]]] = {}
        self._shown: dict[Hashable, dict[str, JobEntry]] = {}

    def take(self, number: int, batch: EntryBatch) -> tuple[list[JobEntry], list[str]]:
        """What is to be shown anew after a source's batch, and the keys to take away."""
        touched: dict[Hashable, None] = {}
        fresh = {one.key: one for one in batch.changed}
        for key in (*batch.gone, *fresh):
            place = self._place_of.pop((number, key), None)
            if place is not None:
                self._at[place][number].pop(key, None)
                touched[place] = None
        for one in fresh.values():
            place = (one.host, one.path) if one.path else (number, one.key)
            self._place_of[number, one.key] = place
            self._at.setdefault(place, {}).setdefault(number, {})[one.key] = one
            touched[place] = None
        changed: dict[str, JobEntry] = {}
        gone: set[str] = set()
        for place in touched:
            held = {n: jobs for n, jobs in self._at.pop(place).items() if jobs}
            before, now = self._shown.pop(place, {}), {}
            if held:
                self._at[place] = held
                now = self._shown[place] = dict(held[min(held)])
            changed.update((key, one) for key, one in now.items() if before.get(key) != one)
            gone.update(before.keys() - now.keys())
        return list(changed.values()), sorted(gone - changed.keys())
