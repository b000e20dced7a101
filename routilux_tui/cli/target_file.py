"""The file that a command writes what it makes of a job into: never the job's own, nor a folder."""

from __future__ import annotations

from pathlib import Path

from routilux_tui.errors import UsageError
from routilux_tui.store.segments import changes_folder


def target_file(named: str, place: str, *, is_replaced: bool = False) -> Path:
    """The file that a user named to be written.

    Args:
        named: as it was given.
        place: the file of the job that is read, if it is kept in one.
        is_replaced: whether another is put in its place, so that it can be no pipe and no device.

    Raises:
        UsageError: when it must not be written over.
    """
    target = Path(named)
    if target.is_dir():
        raise UsageError(f"{target} is a folder.", "Name the file that is written.")
    if is_replaced and target.exists() and not target.is_file():
        raise UsageError(f"{target} is no regular file.", "Name another.")
    if place and target.exists():
        own = Path(place)
        kept = changes_folder(own).resolve()
        if target.samefile(own) or kept in target.resolve().parents:
            raise UsageError(f"{target} is the job's own file.", "Name another.")
    return target
