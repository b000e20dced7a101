"""Saved jobs: folders of them as a list, and one of them as a handle that is only read."""

from __future__ import annotations

import asyncio
import glob
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import JobFileError, JobFileMissing, NotPossible
from routilux_tui.sources.headers import file_note, read_header
from routilux_tui.sources.scanning import (
    Stamp,
    changed_paths,
    is_changes_folder,
    is_job_file,
    is_there,
    scan,
    stamp,
)
from routilux_tui.sources.watching import watch
from routilux_tui.store.files import journal_path
from routilux_tui.store.large_file import is_counted, open_job, wait_counted
from routilux_tui.store.locks import is_locked
from routilux_tui.views.conditions import Condition, context_of
from routilux_tui.views.projection import Projection
from routilux_tui.views.shapes import (
    SECTIONS,
    EntryBatch,
    Filter,
    Frame,
    Header,
    JobEntry,
    RoutineRow,
    WaitResult,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from routilux_tui.job.jsonable import Plain
    from routilux_tui.views.flow_shape import FlowShape

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
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        changes = watch(folders, recursive=deep, poll=self._poll)
        async for events in changes:
            # it begins only now, so that our own reading is no event
            changed = events or changed_paths(stamps, await asyncio.to_thread(self._stamps))
            listed = sorted(filter(self._is_listed, changed))
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


class SavedHandle:
    """A job in a file, followed as the file changes. It can be read, and nothing else.

    Args:
        path: the file.
        poll: look instead of waiting for events.
    """

    def __init__(self, path: Path, *, poll: bool = False) -> None:
        self.path = path
        self._poll = poll
        self._header = Header(job_id="", flow_id="", status="")
        self._routines: dict[str, RoutineRow] = {}
        self._projection: Projection | None = None
        self._stamp = self._current_stamp()
        self._changed = asyncio.Condition()

    @property
    def header(self) -> Header:
        """The job in a line."""
        return self._header

    @property
    def routines(self) -> Mapping[str, RoutineRow]:
        """Every routine, by its id."""
        return self._routines

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self.path)

    @property
    def cannot(self) -> Mapping[str, str]:
        """A file takes no controls; the reason tells the way out."""
        if is_locked(self.path):
            why = "this is the job's file; attach to the job itself to steer it"
        else:
            why = f"nobody runs it; take it up: routilux-tui resume {self.path.name} FLOW"
        return dict.fromkeys(("pause", "resume", "cancel", "force"), why)

    @property
    def is_live(self) -> bool:
        """A file is not."""
        return False

    @property
    def stale_since(self) -> float | None:
        """A file is never stale: what it says is what there is."""
        return None

    async def open(self) -> None:
        """Read the file."""
        await self._read()

    async def close(self) -> None:
        """Let go."""
        self._projection = None

    async def _read(self) -> None:
        self._stamp = self._current_stamp()

        def read() -> Projection:
            return Projection(open_job(self.path))

        projection = await asyncio.to_thread(read)
        self._show(projection)

    def _show(self, projection: Projection) -> None:
        note = file_note(projection, self.path)
        if not is_counted(projection.job):
            note = "its records are being counted"
        self._projection = projection
        self._header = projection.header(note=note)
        self._routines = {row.routine_id: row for row in projection.routines()}

    async def changes(self) -> AsyncIterator[Frame]:
        """A frame whenever the file has a new state; a half-written one keeps the last."""
        import msgspec

        if await self._count():
            yield self._frame()
        async for _ in watch([self.path.parent], poll=self._poll):
            if self._stamp == self._current_stamp():
                continue
            for pause in (0.0, 0.05, 0.2):
                await asyncio.sleep(pause)
                try:
                    await self._read()
                    break
                except JobFileMissing:
                    self._header = msgspec.structs.replace(self._header, note="the file is gone")
                    break
                except JobFileError:
                    self._header = msgspec.structs.replace(
                        self._header, note="the file is being written; this is its last good state"
                    )
            async with self._changed:
                self._changed.notify_all()
            yield self._frame()
            if await self._count():
                yield self._frame()

    def _current_stamp(self) -> tuple[Stamp, Stamp]:
        """What tells this state of the file, and of its journal, from the next."""
        return stamp(self.path), stamp(journal_path(self.path))

    async def _count(self) -> bool:
        """Wait until the records of a large file are counted; whether that changed anything."""
        projection = self._projection
        if projection is None or is_counted(projection.job):
            return False
        await asyncio.to_thread(wait_counted, projection.job)
        self._show(projection)
        return True

    def _frame(self) -> Frame:
        return Frame(
            seq=0,
            header=self._header,
            routines=list(self._routines.values()),
            stale=list(SECTIONS),
        )

    def _opened(self) -> Projection:
        if self._projection is None:
            raise NotPossible(f"{self.path}: it is not open.")
        return self._projection

    async def window(self, section: str, start: int, stop: int, where: Filter) -> Window:
        """Rows ``start`` to ``stop`` of those that ``where`` leaves."""
        views = self._opened()
        if where:
            return await asyncio.to_thread(views.window, section, start, stop, where)
        return views.window(section, start, stop, where)

    async def item(self, section: str, n: int | str) -> Plain:
        """The whole value behind a row."""
        return self._opened().item(section, n)

    async def flow(self) -> FlowShape:
        """What the job's flow is made of."""
        return self._opened().flow()

    async def find(
        self, section: str, text: str, start: int, *, back: bool, where: Filter
    ) -> int | None:
        """Position of the next row that holds ``text``."""
        views = self._opened()

        def search() -> int | None:
            return views.find(section, text, start, back=back, where=where)

        return await asyncio.to_thread(search)

    async def pause(self, reason: str = "") -> Header:
        """Refused."""
        del reason
        raise self._refusal("pause")

    async def resume(self) -> Header:
        """Refused."""
        raise self._refusal("resume")

    async def cancel(self, reason: str = "", *, force: bool = False, grace: float = 10.0) -> Header:
        """Refused."""
        del reason, force, grace
        raise self._refusal("cancel")

    def _refusal(self, action: str) -> NotPossible:
        return NotPossible(f"{self.path}: it can't be asked to {action}: {self.cannot[action]}.")

    async def set_read_only(self, on: bool) -> None:
        """A file takes no controls in any case."""

    async def wait(self, until: str = "", timeout: float | None = None) -> WaitResult:
        """Wait until the file says so."""
        from routilux_tui.job import status as statuses

        condition = Condition(until) if until else None

        async def judge() -> WaitResult:
            while True:
                state = self._opened().job
                ended = statuses.has_ended(state.status)
                if condition is not None and condition.holds(context_of(state)):
                    return WaitResult("met", state.status)
                if ended:
                    return WaitResult("ended" if condition else "met", state.status)
                async with self._changed:
                    await self._changed.wait()

        try:
            return await asyncio.wait_for(judge(), timeout)
        except (asyncio.TimeoutError, TimeoutError):
            return WaitResult("timeout", self._header.status, f"not within {timeout:g} s")

    async def check(self, condition: str) -> None:
        """Raise ConditionError if this job can't judge the condition."""
        Condition(condition).check(context_of(self._opened().job))
