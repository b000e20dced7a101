"""Following folders: which files appeared, changed or went, as they do.

Always folders, never single files: a file that is replaced by a rename is lost to a watch of
its own. By the kernel's events where they come, else by looking: time in nanoseconds, size and
inode tell every save apart.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

SUFFIX = ".json"
POLL_EVERY = 0.25
"""Seconds between two looks where there are no events."""
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "virtiofs", "fuse.grpcfuse"}
)

Stamp = tuple[int, int, int]


def is_job_file(path: Path) -> bool:
    """Whether a name may be a job's file: not hidden, not a temporary one."""
    return path.suffix == SUFFIX and not path.name.startswith(".")


def scan(folder: Path, *, recursive: bool) -> dict[Path, Stamp]:
    """The job files of a folder, with what tells one state of a file from the next."""
    found: dict[Path, Stamp] = {}
    waiting, seen = [folder], set()
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    path = Path(entry.path)
                    try:
                        if recursive and entry.is_dir() and not entry.name.startswith("."):
                            inode = entry.stat().st_ino
                            if inode not in seen:  # a symbolic link may lead in a circle
                                seen.add(inode)
                                waiting.append(path)
                        elif is_job_file(path):
                            found[path] = stamp(path)
                    except OSError:
                        if is_job_file(path):
                            found[path] = (0, 0, 0)
        except OSError:
            continue
    return found


def stamp(path: Path) -> Stamp:
    """What tells one state of a file from the next; zeros where there is no file.

    A journal beside it counts as a part of it.
    """
    try:
        told = path.stat()
    except OSError:
        return (0, 0, 0)
    return (told.st_mtime_ns, told.st_size, told.st_ino)


def is_there(path: Path) -> bool:
    """Whether there is something at a path, a broken link included."""
    return os.path.lexists(path)


def needs_polling(folder: Path) -> bool:
    """Whether a folder is on a kind of mount from which no events come."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        place = str(folder.resolve())
    except OSError:
        return False
    best, kind = "", ""
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) > 2:
            mount = parts[1].replace("\\040", " ")
            inside = place == mount or place.startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best):
                best, kind = mount, parts[2]
    return kind in _REMOTE


async def watch(
    folders: Iterable[Path], *, recursive: bool = False, poll: bool = False
) -> AsyncIterator[set[Path]]:
    """The job files that appeared, changed or went since the last time."""
    folders = list(folders)
    if not poll and all(folder.is_dir() for folder in folders):
        poll = any(needs_polling(folder) for folder in folders)
    else:
        poll = True
    if poll:
        async for changed in _by_looking(folders, recursive=recursive):
            yield changed
        return
    from watchfiles import awatch

    stop = asyncio.Event()
    try:
        async for events in awatch(
            *folders,
            recursive=recursive,
            step=10,
            debounce=50,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=1000,
        ):
            changed = {path for _, name in events if is_job_file(path := Path(name))}
            if changed:
                yield changed
    finally:
        stop.set()


async def _by_looking(folders: list[Path], *, recursive: bool) -> AsyncIterator[set[Path]]:
    def look() -> dict[Path, Stamp]:
        found: dict[Path, Stamp] = {}
        for folder in folders:
            found.update(scan(folder, recursive=recursive))
        return found

    before = await asyncio.to_thread(look)
    while True:
        await asyncio.sleep(POLL_EVERY)
        now = await asyncio.to_thread(look)
        changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        before = now
        if changed:
            yield changed
