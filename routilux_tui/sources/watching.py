"""Following folders: which files appeared, changed or went, as they do.

Always folders, never single files: a file that is replaced by a rename is lost to a watch of
its own. By the kernel's events where they come, else by polling: time in nanoseconds, size and
inode tell every save apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.sources.scanning import changed_paths, is_job_file, is_link, scan, stamp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from routilux_tui.sources.scanning import Stamp

POLL_EVERY = 0.25
"""Seconds between two scans where there are no events."""
CHECK_EVERY = 1.0
"""Seconds between two looks at what events don't tell."""
_HANDLE = getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC
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
    folders: Iterable[Path],
    *,
    recursive: bool = False,
    poll: bool = False,
    on_polling: Callable[[str], None] | None = None,
) -> AsyncGenerator[set[str], None]:
    """The job files that appeared, changed or went since the last time.

    An empty set says that whoever cares is to look himself for what changed before: it comes
    first, and whenever a folder was removed, made anew or replaced. From then on nothing is missed.

    Args:
        folders: the folders; one need not be there yet.
        recursive: with their subfolders.
        poll: scan instead of waiting for events.
        on_polling: called with the reason when events would be waited for, and can't be.
    """
    folders = list(folders)
    while True:
        why = "" if poll else await asyncio.to_thread(_why_no_events, folders, recursive=recursive)
        if why and on_polling is not None:
            on_polling(why)
        if poll or why:
            changes = _by_polling(folders, recursive=recursive)
        elif not all(folder.is_dir() for folder in folders):
            changes = _by_polling(folders, recursive=recursive, until_there=True)
        else:
            changes = _by_events(folders, recursive=recursive)
        try:
            async with contextlib.aclosing(changes):
                async for changed in changes:
                    yield changed
        except (OSError, RuntimeError) as error:  # watchfiles has one of its own for inotify's
            poll = True
            if on_polling is not None:
                on_polling(str(error).partition(" (")[0])


def _why_no_events(folders: list[Path], *, recursive: bool) -> str:
    """Why no events come from some of the folders; empty where they do."""
    if any(map(needs_polling, folders)):
        return "no events come from a folder of another machine"
    if recursive and any(_has_linked_folder(folder) for folder in folders):
        return "no events come from a folder behind a link"
    return ""


def _has_linked_folder(folder: Path) -> bool:
    found = os.walk(folder)
    return any(is_link(f"{place}/{name}") for place, names, _ in found for name in names)


async def _by_events(folders: list[Path], *, recursive: bool) -> AsyncGenerator[set[str], None]:
    """By the kernel's events, until a folder is no longer the one that is watched.

    What no event tells is looked at once a second: the folders themselves, and the targets of
    links, which may lie anywhere.
    """
    from watchfiles import awatch

    with contextlib.ExitStack() as opened:
        identities = []
        try:
            for folder in folders:
                # held open, so that no folder which is made anew can have the same inode
                handle = os.open(folder, _HANDLE)
                opened.callback(os.close, handle)
                identities.append(_identity(handle))
        except FileNotFoundError:
            return
        links = await asyncio.to_thread(_link_stamps, folders, recursive=recursive)
        stop = asyncio.Event()
        events = awatch(
            *folders,
            recursive=recursive,
            step=10,
            debounce=50,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=int(CHECK_EVERY * 1000),
            yield_on_timeout=True,
        )
        upcoming = asyncio.ensure_future(anext(events))
        checked = time.monotonic()
        try:
            await asyncio.sleep(0)  # its first step begins to watch
            if upcoming.done():
                upcoming.result()  # it can't
            yield set()
            while True:
                changed = {path for _, path in await upcoming if is_job_file(Path(path).name)}
                upcoming = asyncio.ensure_future(anext(events))
                links.update((path, stamp(path)) for path in changed if is_link(path))
                if time.monotonic() - checked >= CHECK_EVERY / 2:
                    checked = time.monotonic()
                    if [_identity(folder) for folder in folders] != identities:
                        return
                    moved = {path: now for path in links if (now := stamp(path)) != links[path]}
                    links.update(moved)
                    changed.update(moved)
                if changed:
                    yield changed
        except StopAsyncIteration:
            return
        finally:
            stop.set()
            upcoming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, RuntimeError):
                await upcoming


def _identity(folder: Path | int) -> tuple[int, int] | None:
    """What tells a folder from another of its name; None where there is none."""
    try:
        found = os.stat(folder)  # noqa: PTH116 - or an open one
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _link_stamps(folders: list[Path], *, recursive: bool) -> dict[str, Stamp]:
    """The files among those of the folders that are links, each with the stamp of its target."""
    found: dict[str, Stamp] = {}
    for folder in folders:
        files = scan(str(folder), recursive=recursive)
        found.update((path, one) for path, one in files.items() if is_link(path))
    return found


async def _by_polling(
    folders: list[Path], *, recursive: bool, until_there: bool = False
) -> AsyncGenerator[set[str], None]:
    """By scanning; with ``until_there`` until all folders are there."""

    def scan_all() -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        for folder in folders:
            found.update(scan(str(folder), recursive=recursive))
        return found

    before = await asyncio.to_thread(scan_all)
    yield set()
    while True:
        await asyncio.sleep(POLL_EVERY)
        if until_there and all(folder.is_dir() for folder in folders):
            return
        now = await asyncio.to_thread(scan_all)
        changed, before = changed_paths(before, now), now
        if changed:
            yield changed
