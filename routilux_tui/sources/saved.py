"""Saved jobs: folders, files and globs of them as a list."""

from __future__ import annotations

import asyncio
import glob
import os
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from routilux_tui.errors import JobFileMissing
from routilux_tui.job.status import has_ended
from routilux_tui.runner.paths import make_private
from routilux_tui.sources.entry_reader import EntryReader
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.sources.scanning import (
    Stamp,
    changed_paths,
    is_changes_folder,
    is_closed,
    is_job_file,
    is_there,
    scan,
    stamp,
)
from routilux_tui.sources.watching import POLL_EVERY, watch
from routilux_tui.store.locks import is_locked
from routilux_tui.views.formatting import limit
from routilux_tui.views.shapes import ABANDONED, EntryBatch, JobEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


_FIRST, _SLICE = 100, 2500
_LOOK = 1.0
"""Seconds between two looks at whether those jobs that say that they run are run by anybody."""
_REST = 50.0
"""Such a look, at hundreds of them, is followed by a rest that is so many times as long."""
_HALF_WRITTEN = 0.15
"""Seconds after which a file that can't be read is looked at again."""


class SavedSource:
    """The saved jobs of folders, files and globs.

    Args:
        paths: what to list.
        recursive: with the subfolders of folders.
        poll: look instead of waiting for events.

    Raises:
        JobFileMissing: when a path is neither there nor a pattern.
    """

    def __init__(
        self,
        paths: list[str],
        *,
        recursive: bool = False,
        poll: bool = False,
        must_exist: bool = True,
    ) -> None:
        self._poll = poll
        self._deep = recursive
        self._folders: list[str] = []
        self._files: set[str] = set()
        self._patterns: list[tuple[str, ...]] = []
        for name in paths:
            place = Path(name).expanduser().absolute()
            if place.is_dir():
                self._folders.append(str(place))
            elif is_there(place):
                self._files.add(str(place))
            elif glob.has_magic(name):
                self._patterns.append(place.parts)
            elif must_exist:
                raise JobFileMissing(f"{name}: there is no such file or folder.")
            else:
                make_private(place)
                self._folders.append(str(place))

    def _is_listed(self, path: str) -> bool:
        if path in self._files:
            return True
        folder, _, name = path.rpartition(os.sep)
        if is_changes_folder(folder):
            return False
        if self._deep:
            within = any(path.startswith(one + os.sep) for one in self._folders)
        else:
            within = folder in self._folders
        parts = Path(path).parts if self._patterns else ()
        return (within and is_job_file(name)) or any(_fits(parts, one) for one in self._patterns)

    def _stamps(self) -> dict[str, Stamp]:
        """Every file, with what tells one state of it from the next."""
        found = {path: stamp(path) for path in self._files}
        for folder in self._folders:
            found.update(scan(folder, recursive=self._deep))
        for pattern in self._patterns:
            for path in glob.iglob(str(Path(*pattern)), recursive=True):  # noqa: PTH207 - any shape
                if not is_changes_folder(path.rpartition(os.sep)[0]):
                    found[path] = stamp(path)
        return found

    def _watched(self) -> tuple[list[Path], bool]:
        """The folders to watch, and whether with their subfolders."""
        folders = {*self._folders, *(path.rpartition(os.sep)[0] for path in self._files)}
        deep = self._deep
        for pattern in self._patterns:
            fixed = next(n for n, part in enumerate(pattern) if glob.has_magic(part))
            folders.add(str(Path(*pattern[:fixed])))
            deep = deep or fixed < len(pattern) - 1
        return sorted(map(Path, folders)), deep

    async def entries(self) -> AsyncIterator[EntryBatch]:
        """The newest first, the rest in slices, then what changes, as soon as it is read."""
        reader = EntryReader()
        try:
            stamps = await asyncio.to_thread(self._stamps)
            reader.put(sorted(stamps, key=stamps.__getitem__, reverse=True))
            good: dict[str, JobEntry] = {}
            step = _FIRST
            while True:
                rows = await reader.get(step, wait=False)
                good.update((one.key, one) for one in rows if not one.error)
                yield EntryBatch(rows, loading=reader.left)
                step = _SLICE
                if not rows or not reader.waiting:
                    break
            closed = [one for one in self._folders if is_closed(one)]
            if closed:
                yield EntryBatch([_closed_line(one) for one in closed])
            async for batch in self._follow(reader, stamps, good):
                yield batch
        finally:
            reader.close()

    async def _follow(
        self, reader: EntryReader, stamps: dict[str, Stamp], good: dict[str, JobEntry]
    ) -> AsyncIterator[EntryBatch]:
        """What changes from now on, and the rows of files that took long to be read."""
        folders, deep = self._watched()
        polling: list[str] = []
        changes = watch(folders, recursive=deep, poll=self._poll, on_polling=polling.append)
        torn: set[str] = set()
        events = asyncio.ensure_future(anext(changes))
        rows = asyncio.ensure_future(reader.get())
        run: set[str] = set()
        killed = asyncio.ensure_future(_killed(good, run))
        try:
            while True:
                await asyncio.wait((events, rows, killed), return_when=asyncio.FIRST_COMPLETED)
                if killed.done():
                    reader.put(killed.result())
                    killed = asyncio.ensure_future(_killed(good, run))
                if rows.done():
                    batch = [_row(one, reader, good, torn) for one in rows.result()]
                    rows = asyncio.ensure_future(reader.get())
                    shown = [one for one in batch if one is not None]
                    if shown:
                        yield EntryBatch(shown, loading=reader.left)
                if polling:
                    yield EntryBatch([_polling_line(polling.pop())])
                if not events.done():
                    continue
                changed, events = events.result(), asyncio.ensure_future(anext(changes))
                if not changed:
                    # watching begins only now, so that our own reading is no event
                    now = await asyncio.to_thread(self._stamps)
                    changed, stamps = changed_paths(stamps, now), now
                gone = self._put_changed(changed, reader, stamps, good)
                if gone:
                    yield EntryBatch(gone=gone)
        except StopAsyncIteration:
            return
        finally:
            for one in (events, rows, killed):
                one.cancel()
            await asyncio.gather(events, rows, killed, return_exceptions=True)
            await changes.aclose()

    def _put_changed(
        self,
        changed: set[str],
        reader: EntryReader,
        stamps: dict[str, Stamp],
        good: dict[str, JobEntry],
    ) -> list[str]:
        """Have what changed read anew; returns what is gone."""
        listed = sorted(filter(self._is_listed, changed))
        gone = []
        for path in listed:
            stamps.pop(path, None)
            if is_there(path):
                stamps[path] = stamp(path)
            else:
                good.pop(path, None)
                gone.append(path)
        reader.put(path for path in listed if path in stamps)
        return gone

    def handle(self, key: str) -> SavedHandle:
        """A handle on a file."""
        return SavedHandle(Path(key), poll=self._poll)

    async def close(self) -> None:
        """Nothing is held open but while `entries` is iterated."""


async def _killed(good: dict[str, JobEntry], run: set[str]) -> list[str]:
    """Wait until nobody runs jobs any more that somebody ran: no file tells of that.

    ``run`` has those that are run by somebody, whatever their files say: one that says "pending"
    may have begun since, and its file is not written anew for that.
    """
    took = 0.0
    while True:
        await asyncio.sleep(max(_LOOK, _REST * took))
        began = time.monotonic()
        open_ones = [one for one in good.values() if not has_ended(one.status) and not one.badge]
        said = {one.key for one in open_ones if one.status == "running"}
        held = await asyncio.to_thread(_held, [one.key for one in open_ones])
        took = time.monotonic() - began
        left = [one.key for one in open_ones if one.key in run | said and one.key not in held]
        run.clear()
        run |= held
        for key in said.intersection(left):  # so that it is read anew once
            good[key] = msgspec.structs.replace(good[key], badge=ABANDONED)
        if left:
            return left


def _held(keys: list[str]) -> set[str]:
    """Those of the files that somebody runs; one thread looks at all, for there may be hundreds."""
    return {key for key in keys if is_locked(Path(key))}


def _closed_line(folder: str) -> JobEntry:
    """A line of the list that says why there are no others."""
    why = f"{folder}: you may not read it"
    return JobEntry(key=f"closed {folder}", place="host", host="saved jobs", error=why)


def _polling_line(why: str) -> JobEntry:
    """A line of the list that says how it is followed."""
    why = f"followed by polling, every {limit(POLL_EVERY)}: {why}"
    return JobEntry(key="polling", place="host", host="saved jobs", error=why)


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path fits a pattern, part by part; ``**`` stands for any number of them."""
    if not pattern:
        return not parts
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        return any(_fits(parts[n:], rest) for n in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], first) and _fits(parts[1:], rest)


def _row(
    entry: JobEntry, reader: EntryReader, good: dict[str, JobEntry], torn: set[str]
) -> JobEntry | None:
    """A row that was read, to be shown: a half-written file keeps its last good line.

    None where it is read once more first, or is gone meanwhile.
    """
    if not is_there(entry.key):
        return None
    if entry.badge == "torn" and entry.key in good:
        if entry.key in torn:
            torn.discard(entry.key)
            return msgspec.structs.replace(good[entry.key], badge="writing")
        torn.add(entry.key)
        asyncio.get_running_loop().call_later(_HALF_WRITTEN, reader.put, [entry.key])
        return None
    torn.discard(entry.key)
    if not entry.error:
        good[entry.key] = entry
    return entry
