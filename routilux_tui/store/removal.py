"""What a job takes on the disk, and removing it: its file, its journal and its changes."""

from __future__ import annotations

import contextlib
import glob
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.store.files import journal_name, journal_path
from routilux_tui.store.job_file import temporary_path
from routilux_tui.store.locks import lock_path
from routilux_tui.store.printed import printed_files
from routilux_tui.store.segments import changes_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OF_CHANGES = (".seg", ".journal", ".new")


def change_files(path: Path) -> Iterator[Path]:
    """The files that hold a job's changes: its journal, and what is in its folder of segments."""
    yield journal_path(path)
    yield Path(f"{journal_name(str(path))}.new")
    folder = changes_folder(path)
    if folder.is_symlink():
        return
    with contextlib.suppress(OSError):
        for one in folder.iterdir():
            if one.suffix in _OF_CHANGES or one.name == "index.json":
                yield one


def size_of(files: Iterable[Path]) -> int:
    """How many bytes of the disk files take; those that are gone take none."""
    size = 0
    for one in files:
        with contextlib.suppress(OSError):
            size += one.stat().st_blocks * 512
    return size


def remove_changes(path: Path) -> None:
    """Remove the changes of a job's file, and nothing else that may lie among them."""
    for one in list(change_files(path)):
        with contextlib.suppress(OSError):
            one.unlink()
    with contextlib.suppress(OSError):
        changes_folder(path).rmdir()


def remove_job(path: Path) -> None:
    """Remove a saved job, with all that lies beside its file.

    Raises:
        OSError: when the file itself can't be removed.
    """
    path.unlink(missing_ok=True)
    remove_changes(path)
    temporary = temporary_path(path)
    others = path.parent.glob(f"{glob.escape(temporary.stem)}.*.tmp")
    for one in (lock_path(path), temporary, *others, *printed_files(path)):
        with contextlib.suppress(OSError):
            one.unlink()
