"""How long the changes of jobs that have ended are kept: a time, a size, or not at all."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple

from routilux_tui.job import status as statuses
from routilux_tui.store.files import journal_path
from routilux_tui.store.locks import is_locked
from routilux_tui.store.removal import change_files, remove_changes, size_of
from routilux_tui.store.segments import changes_folder

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_HEAD = 64 << 10
_STATUS = re.compile(rb'\n  "status": "(\w{1,40})",\n')
_NUMBER = r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*"


def parse_age(text: str) -> float:
    """Seconds of a text such as ``30d``, ``12h``, ``90m``.

    Raises:
        ValueError: when it is none.
    """
    found = re.fullmatch(rf"{_NUMBER}([smhdw])", text)
    if found is None:
        raise ValueError("an age is a number with s, m, h, d or w: 30d")
    return float(found[1]) * _SECONDS[found[2]]


def parse_size(text: str) -> float:
    """Bytes of a text such as ``1GB``, ``500MB``.

    Raises:
        ValueError: when it is none.
    """
    found = re.fullmatch(rf"{_NUMBER}([kKMGT]?B)", text)
    if found is None:
        raise ValueError("a size is a number with B, KB, MB, GB or TB: 1GB")
    return float(found[1]) * _BYTES[found[2].upper()]


class Keep(NamedTuple):
    """What is kept of the changes of jobs that have ended; None is no limit."""

    seconds: float | None = None
    size: float | None = None
    nothing: bool = False


def parse_keep(text: str) -> Keep:
    """What ``30d``, ``1GB``, ``none`` or the empty text (all, for ever) says.

    Raises:
        ValueError: when it is something else.
    """
    if not text:
        return Keep()
    if text == "none":
        return Keep(nothing=True)
    if text.endswith("B"):
        return Keep(size=parse_size(text))
    try:
        return Keep(seconds=parse_age(text))
    except ValueError:
        raise ValueError("it is an age (30d), a size (1GB) or none") from None


def apply_keep(path: Path, keep: Keep) -> None:
    """Remove what is not to be kept: of a job that has ended, and of those beside its file.

    Nothing is removed of a job that runs, is paused or was killed.
    """
    if keep.nothing:
        if _has_ended(path):
            remove_changes(path)
        return
    if keep.seconds is None and keep.size is None:
        return
    kept = []
    for folder in path.parent.glob("*.changes"):
        job = folder.with_name(folder.name.removesuffix(".changes"))
        if changes_folder(job) == folder and _has_ended(job):
            kept.append((_changed_at(job), job))
    total = 0
    for at, job in sorted(kept, reverse=True):
        total += size_of(change_files(job))
        is_old = keep.seconds is not None and at < time.time() - keep.seconds
        if is_old or (keep.size is not None and total > keep.size):
            remove_changes(job)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _has_ended(path: Path) -> bool:
    """Whether a job of ours has ended, and all of it is in its file."""
    return not journal_path(path).exists() and not is_locked(path) and says_its_end(path)


def says_its_end(path: Path) -> bool:
    """Whether a job's file alone, without its journal, has its end, by a look at its beginning."""
    try:
        with path.open("rb") as file:
            found = _STATUS.search(file.read(_HEAD))
    except OSError:
        return False
    return found is not None and statuses.has_ended(found[1].decode())
