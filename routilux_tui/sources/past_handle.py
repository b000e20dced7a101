"""A job in its past: the same face as any other job, and a way to go from moment to moment.

It is read from the job's file and its changes, by whoever looks: the process that runs the job
has no part in it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from routilux_tui.errors import NotPossible
from routilux_tui.sources.base import ACTIONS
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.sources.search_process import SearchProcess, is_costly
from routilux_tui.store.large_file import open_job, wait_counted
from routilux_tui.views.replay import Replay
from routilux_tui.views.replay_shapes import Point, Seek
from routilux_tui.views.shapes import SECTIONS, Frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from routilux_tui.job.model import Job
    from routilux_tui.views.critical_path import CriticalPath
    from routilux_tui.views.projection import Projection
    from routilux_tui.views.timeline import Timeline

WHY_NOT = "the past is shown: Esc leads back to now"


class PastHandle(SavedHandle):
    """A job of this machine in its past. Nothing can be asked of it but what it was.

    Args:
        path: its file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._replay: Replay | None = None
        self._seeking = asyncio.Lock()
        self._search = SearchProcess(path)

    @property
    def cannot(self) -> Mapping[str, str]:
        """Nothing can be done in the past."""
        return dict.fromkeys(ACTIONS, WHY_NOT)

    @property
    def is_gone(self) -> bool:
        """What it says of itself was true then."""
        return False

    async def open(self) -> None:
        """Read where its changes are; the last moment is shown."""
        self._replay = await asyncio.to_thread(Replay, self.path, self._read_whole)
        await self.seek(Seek())

    def _read_whole(self) -> Job:
        job = open_job(self.path)
        wait_counted(job)
        return job

    async def seek(self, seek: Seek) -> Point:
        """Go to a moment; a search that is under way for another is ended.

        Raises:
            UsageError, ConditionError: when no moment is meant.
            NotPossible: when there is no such moment, or it can't be known.
            JobFileMissing: when the changes that lead there can't be read.
        """
        replay = self._opened_replay()
        await self.stop()
        async with self._seeking:
            if is_costly(seek):
                found = await self._search.find(seek)
                point = await asyncio.to_thread(replay.show, found)
            else:
                point = await asyncio.to_thread(replay.seek, seek)
            self._show(replay.projection)
        return point

    async def stop(self) -> None:
        """End a search that is under way where it is."""
        self._search.stop()
        if self._replay is not None:
            self._replay.stop()

    def state(self) -> Frame:
        """The moment that is shown, as a frame."""
        routines = list(self.routines.values())
        return Frame(seq=0, header=self.header, routines=routines, stale=list(SECTIONS))

    async def detail(
        self, begin: float, end: float, columns: int, *, fold: bool, expanded: Sequence[str]
    ) -> Timeline:
        """A stretch of time drawn from the changes themselves; see `Replay.detail`."""
        draw = self._opened_replay().detail
        return await asyncio.to_thread(draw, begin, end, columns, fold=fold, expanded=expanded)

    async def chain(self, record: int | None = None) -> CriticalPath:
        """What led to a record, or what the job's end waited for; see `Replay.chain`."""
        return await asyncio.to_thread(self._opened_replay().chain, record)

    async def marks(self, columns: int) -> list[str]:
        """What matters of all of the job, on so many columns: a key of `MARKS` each, or empty."""
        return await asyncio.to_thread(self._opened_replay().marks, columns)

    def _opened_replay(self) -> Replay:
        if self._replay is None:
            raise NotPossible(f"{self.path}: it is not open.")
        return self._replay

    def _note_of(self, _projection: Projection) -> str:
        """What is not known of the moment."""
        return self._replay.point.note if self._replay is not None else ""

    async def changes(self) -> AsyncIterator[Frame]:
        """The past does not change."""
        none: list[Frame] = []
        for frame in none:
            yield frame

    async def close(self) -> None:
        """Let go, and end a search."""
        await self.stop()
        self._replay = None
        await super().close()
