"""The files of a job: how one is opened, and what lies beside it.

A job's file has a journal beside it while the job runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from routilux_tui.errors import (
    JobFileError,
    JobFileHostile,
    JobFileMissing,
    JobFileTorn,
    UnknownKind,
)

LARGE = 16 << 20
"""Bytes from which on a file's history is left in it."""
MAX_SIZE = 768 << 20
"""Bytes of a file that are read whole at the most."""

_READ_AHEAD = 1 << 16
_BEGINNING = 1 << 16
_OPEN_ERRORS = {
    errno.ENOENT: (JobFileMissing, "there is no such file"),
    errno.ENOTDIR: (JobFileMissing, "a part of its path is no folder"),
    errno.EACCES: (JobFileError, "you may not read it"),
    errno.ELOOP: (JobFileHostile, "its symbolic links go in a circle"),
    errno.ENXIO: (JobFileHostile, "it is no regular file"),
    errno.ENAMETOOLONG: (JobFileError, "its name is too long"),
}


def read_regular(place: str, limit: int = MAX_SIZE) -> bytes:
    """The content of a regular file; never waits on a pipe or a device.

    Raises:
        JobFileMissing, JobFileHostile, JobFileError: as the file is.
    """
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise file_error(place, error) from error
    except ValueError:
        raise JobFileError(f"{place!r}: its name holds a NUL.") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise JobFileHostile(f"{place}: it is {kind}.", "Name a saved job.")
        if status.st_size > limit:
            raise JobFileHostile(
                f"{place}: it is larger ({status.st_size:,} bytes) than what is read "
                f"whole ({limit:,} bytes)."
            )
        parts, size = [], 0
        while size < limit:
            # as much as is left, and a little: it may grow while it is read
            part = os.read(handle, min(limit, max(status.st_size, size + _READ_AHEAD)) - size + 1)
            if not part:
                break
            parts.append(part)
            size += len(part)
    except OSError as error:
        raise file_error(place, error) from error
    finally:
        os.close(handle)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_job_file(place: str) -> bytes:
    """The content of a job's file; what is plainly none is not read whole.

    Raises:
        JobFileMissing, JobFileHostile, JobFileError: as `read_regular`.
        JobFileTorn: when it begins with nothing.
        UnknownKind: when it begins with what is no JSON object.
    """
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return read_regular(place)  # which says why
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return read_regular(place)
        begin = os.read(handle, _BEGINNING)
    except OSError:
        begin = b"{"
    finally:
        os.close(handle)
    first = begin.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0")[:1]
    if not first:
        raise JobFileTorn(f"{place}: it is empty.", "It may be being written: look again.")
    if first not in b"{[":
        raise UnknownKind(f"{place}: it is no JSON.", "A saved job begins with '{'.")
    return read_regular(place)


def file_error(place: str, error: OSError) -> JobFileError:
    """Our own error for one of the system's about a file that is read."""
    kind, message = _OPEN_ERRORS.get(error.errno or 0, (JobFileError, error.strerror or str(error)))
    return kind(f"{place}: {message}.")


def journal_name(place: str) -> str:
    """Where the journal of a job's file is, as text."""
    return f"{place}.journal"


def journal_path(path: str | os.PathLike[str]) -> Path:
    """Where the journal of a job's file is."""
    return Path(journal_name(os.fspath(path)))


def flush_folder(folder: Path) -> None:
    """Have the disk know the names in a folder."""
    with contextlib.suppress(OSError):  # not every file system can flush a folder
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def unwritable(path: Path, error: OSError) -> JobFileError:
    """Our own error for one of the system's about a file that is written."""
    return JobFileError(
        f"{path}: it can't be written: {error.strerror or error}.", "Make room, or save elsewhere."
    )
