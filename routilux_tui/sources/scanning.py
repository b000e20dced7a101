"""The job files of a folder, each with what tells one state of it from the next."""

from __future__ import annotations

import os

SUFFIX = ".json"

Stamp = tuple[int, int, int]


def is_job_file(name: str) -> bool:
    """Whether a file's name may be a job's: not hidden, not a temporary one."""
    return name.endswith(SUFFIX) and not name.startswith(".")


def is_changes_folder(name: str) -> bool:
    """Whether a folder's name says that a job's changes lie in it, and no jobs."""
    return name.endswith(f"{SUFFIX}.changes")


def is_closed(folder: str) -> bool:
    """Whether a folder, or one above it, may not be read."""
    try:
        with os.scandir(folder):
            return False
    except PermissionError:
        return True
    except OSError:
        return False


def scan(folder: str, *, recursive: bool) -> dict[str, Stamp]:
    """The job files of a folder, with what tells one state of a file from the next."""
    found: dict[str, Stamp] = {}
    waiting, seen = [folder], set()
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if is_changes_folder(entry.name):
                        continue
                    if recursive and not entry.name.startswith(".") and _is_folder(entry):
                        inode = entry.stat().st_ino
                        if inode not in seen:  # a symbolic link may lead in a circle
                            seen.add(inode)
                            waiting.append(entry.path)
                    elif is_job_file(entry.name):
                        found[entry.path] = _stamp(entry)
        except OSError:
            continue
    return found


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _stamp(entry: os.DirEntry[str]) -> Stamp:
    try:
        found = entry.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """What tells one state of a file from the next; zeros where there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116 - of thousands, at every scan
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def is_there(path: str | os.PathLike[str]) -> bool:
    """Whether there is something at a path, a broken link included."""
    return os.path.lexists(path)


def is_link(path: str) -> bool:
    """Whether a path is a symbolic link."""
    return os.path.islink(path)  # noqa: PTH114 - of thousands


def changed_paths(before: dict[str, Stamp], now: dict[str, Stamp]) -> set[str]:
    """The files whose stamps differ, those that came or went among them."""
    return {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
