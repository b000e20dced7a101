"""Following folders: which files appeared, changed or went, as they do.

Always folders, never single files: a file that is replaced by a rename is lost to a watch of
its own. By the kernel's events where they come, else by polling: time in nanoseconds, size and
inode tell every save apart.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.sources.scanning import changed_paths, is_job_file, scan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable

    from routilux_tui.sources.scanning import Stamp

POLL_EVERY = 0.25
"""Seconds between two scans where there are no events."""
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "virtiofs", "fuse.grpcfuse"}
)


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
) -> AsyncIterator[set[str]]:
    """The job files that appeared, changed or went since the last time.

    The first set is empty: from then on nothing is missed, and what came before is to be looked
    for by who cares.
    """
    folders = list(folders)
    if poll or not all(folder.is_dir() and not needs_polling(folder) for folder in folders):
        changes = _by_polling(folders, recursive=recursive)
    else:
        changes = _by_events(folders, recursive=recursive)
    async with contextlib.aclosing(changes):
        async for changed in changes:
            yield changed


async def _by_events(folders: list[Path], *, recursive: bool) -> AsyncGenerator[set[str], None]:
    from watchfiles import awatch

    stop = asyncio.Event()
    events = awatch(
        *folders,
        recursive=recursive,
        step=10,
        debounce=50,
        watch_filter=None,
        stop_event=stop,
        rust_timeout=1000,
    )
    upcoming = asyncio.ensure_future(anext(events))
    try:
        await asyncio.sleep(0)  # its first step begins to watch
        yield set()
        while True:
            changed = {path for _, path in await upcoming if is_job_file(Path(path).name)}
            upcoming = asyncio.ensure_future(anext(events))
            if changed:
                yield changed
    except StopAsyncIteration:
        return
    finally:
        stop.set()
        upcoming.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await upcoming


async def _by_polling(folders: list[Path], *, recursive: bool) -> AsyncGenerator[set[str], None]:
    def scan_all() -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        for folder in folders:
            found.update(scan(str(folder), recursive=recursive))
        return found

    before = await asyncio.to_thread(scan_all)
    yield set()
    while True:
        await asyncio.sleep(POLL_EVERY)
        now = await asyncio.to_thread(scan_all)
        changed, before = changed_paths(before, now), now
        if changed:
            yield changed
