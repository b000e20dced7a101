"""Which file a new job may be kept in: nothing that somebody may still want is overwritten."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from routilux_tui.errors import JobFileError, NotPossible
from routilux_tui.job.status import has_ended
from routilux_tui.store.files import unwritable
from routilux_tui.store.large_file import open_job
from routilux_tui.views.naming import command

if TYPE_CHECKING:
    from pathlib import Path

_ELSEWHERE = "Save elsewhere, or overwrite it all the same: --force"


def check_save_file(path: Path, flow_id: str, *, force: bool = False) -> None:
    """Refuse a file that is no job of this flow which has ended.

    Args:
        path: the file that the user named; it need not be there.
        flow_id: the flow of the job that is to be kept in it.
        force: take any regular file; a folder, a pipe or a device is never replaced.

    Raises:
        NotPossible: when there is something else.
        JobFileError: when it can't be looked at.
    """
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            found = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise NotPossible(f"{path}: it is no regular file.", "Save elsewhere.")
    if force or not found.st_size:
        return
    try:
        job = open_job(path)
    except JobFileError:
        raise NotPossible(f"{path}: it is there, and is no saved job.", _ELSEWHERE) from None
    if job.flow_id != flow_id:
        raise NotPossible(f"{path}: it is a job of another flow, {job.flow_id!r}.", _ELSEWHERE)
    if not has_ended(job.status):
        raise NotPossible(
            f"{path}: its job is {job.status}, and has not ended.",
            f"Save elsewhere, or go on with it: {command('resume', path)}",
        )
