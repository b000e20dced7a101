"""Saved jobs: folders, files and globs of them as a list."""

from __future__ import annotations

import asyncio
import glob
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import JobFileMissing
from routilux_tui.runner.paths import make_private
from routilux_tui.sources.saved_entry import read_header
from routilux_tui.sources.saved_handle import SavedHandle
from routilux_tui.sources.scanning import (
    Stamp,
    changed_paths,
    is_changes_folder,
    is_job_file,
    is_there,
    scan,
    stamp,
)
from routilux_tui.sources.watching import POLL_EVERY, watch
from routilux_tui.views.shapes import (
    EntryBatch,
    JobEntry,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


_FIRST, _SLICE = 100, 2500
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
        """The newest first, the rest in slices, then what changes, one by one."""
        good: dict[str, JobEntry] = {}
        stamps = await asyncio.to_thread(self._stamps)
        paths = sorted(stamps, key=stamps.__getitem__, reverse=True)
        at, step = 0, _FIRST
        while at < len(paths) or at == 0:
            part = paths[at : at + step]
            batch = await asyncio.to_thread(_read_all, part)
            good.update((one.key, one) for one in batch if not one.error)
            at, step = at + max(1, len(part)), _SLICE
            yield EntryBatch(batch, loading=max(0, len(paths) - at))
        folders, deep = self._watched()
        polling: list[str] = []
        changes = watch(folders, recursive=deep, poll=self._poll, on_polling=polling.append)
        async for events in changes:
            if polling:
                yield EntryBatch([_polling_line(polling.pop())])
            changed = events
            if not events:
                # watching begins only now, so that our own reading is no event
                now = await asyncio.to_thread(self._stamps)
                changed, stamps = changed_paths(stamps, now), now
            listed = sorted(filter(self._is_listed, changed))
            for path in listed:
                stamps.pop(path, None)
                if is_there(path):
                    stamps[path] = stamp(path)
            if listed:
                yield await self._read(listed, good)

    async def _read(self, paths: list[str], good: dict[str, JobEntry]) -> EntryBatch:
        """Read anew what changed; a half-written file keeps its last good line."""
        changed, gone = [], []
        for path in paths:
            if not is_there(path):
                good.pop(path, None)
                gone.append(path)
                continue
            entry = await asyncio.to_thread(read_header, path)
            if entry.badge == "torn" and entry.key in good:
                await asyncio.sleep(_HALF_WRITTEN)
                entry = await asyncio.to_thread(read_header, path)
            if entry.badge == "torn" and entry.key in good:
                import msgspec

                entry = msgspec.structs.replace(good[entry.key], badge="writing")
            elif not entry.error:
                good[entry.key] = entry
            changed.append(entry)
        return EntryBatch(changed, gone)

    def handle(self, key: str) -> SavedHandle:
        """A handle on a file."""
        return SavedHandle(Path(key), poll=self._poll)

    async def close(self) -> None:
        """Nothing is held open but while `entries` is iterated."""


def _polling_line(why: str) -> JobEntry:
    """A line of the list that says how it is followed."""
    words = f"followed by polling, every {POLL_EVERY:g} s: {why}"
    return JobEntry(key="polling", place="host", host="saved jobs", error=words)


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path fits a pattern, part by part; ``**`` stands for any number of them."""
    if not pattern:
        return not parts
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        return any(_fits(parts[n:], rest) for n in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], first) and _fits(parts[1:], rest)


def _read_all(paths: list[str]) -> list[JobEntry]:
    return [read_header(path) for path in paths]
