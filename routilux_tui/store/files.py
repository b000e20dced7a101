"""The files of a job: how one is opened, and what lies beside it.

A job's file has a journal beside it while the job runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import (
    JobFileError,
    JobFileHostile,
    JobFileMissing,
    JobFileTorn,
    UnknownKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = 16 << 20
"""Bytes from which on a file's history is left in it."""
MAX_SIZE = 768 << 20
"""Bytes of a file that are read whole at the most."""

NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
"""What a file system answers that knows no locks."""
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
    with _opened(place) as handle:
        return _content(place, handle, limit, [])


def read_job_file(place: str) -> bytes:
    """The content of a job's file; what is plainly none is not read whole.

    Raises:
        JobFileMissing, JobFileHostile, JobFileError: as `read_regular`.
        JobFileTorn: when it begins with nothing.
        UnknownKind: when it begins with what is no JSON object.
    """
    with _opened(place) as handle:
        begin = os.read(handle, _BEGINNING)
        first = begin.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0")[:1]
        if not first:
            raise JobFileTorn(f"{place}: it is empty.", "It may be being written: look again.")
        if first not in b"{[":
            raise UnknownKind(f"{place}: it is no JSON.", "A saved job begins with '{'.")
        if len(begin) < _BEGINNING:
            return _content(place, handle, MAX_SIZE, [begin])
        os.lseek(handle, 0, os.SEEK_SET)  # read again in one piece: pieces would be copied
        return _content(place, handle, MAX_SIZE, [])


@contextlib.contextmanager
def _opened(place: str) -> Iterator[int]:
    """A handle on a regular file, open to be read."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise file_error(place, error) from error
    except ValueError:
        raise JobFileError(f"{place!r}: its name holds a NUL.") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise JobFileHostile(f"{place}: it is {kind}.", "Name a saved job.")
        yield handle
    except OSError as error:
        raise file_error(place, error) from error
    finally:
        os.close(handle)


def _content(place: str, handle: int, limit: int, parts: list[bytes]) -> bytes:
    """What a file holds, of which some parts were read."""
    whole = os.fstat(handle).st_size
    if whole > limit:
        raise JobFileHostile(
            f"{place}: it is larger ({whole:,} bytes) than what is read whole ({limit:,} bytes)."
        )
    size = sum(map(len, parts))
    while size < limit:
        # as much as is left, and a little: it may grow while it is read
        part = os.read(handle, min(limit, max(whole, size + _READ_AHEAD)) - size + 1)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


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
