"""The files of a job: how one is opened, what lies beside it, and who runs it.

A job's file has a journal beside it while the job runs, and a lock that its process holds.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path

from routilux_tui.errors import JobFileError, JobFileHostile, JobFileMissing, NotPossible

LARGE = 16 << 20
"""Bytes from which on a file's history is left in it."""
MAX_SIZE = 768 << 20
"""Bytes of a file that are read whole at the most."""

_READ_AHEAD = 1 << 16
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


def lock_path(path: Path) -> Path:
    """The file whose lock tells that somebody runs the job of a file."""
    return path.with_name(f".{path.name}.lock")


def job_file_of_lock(lock: Path) -> Path | None:
    """The job's file that a lock is for; None where it is no such lock."""
    path = lock.with_name(lock.name[1:].removesuffix(".lock") or "x")
    return path if lock_path(path) == lock else None


def acquire_lock(path: Path) -> int:
    """Lock a job's file for this process; the lock goes with the process, however it ends.

    Raises:
        JobFileError: when the lock can't be written.
        NotPossible: when another process runs the job.
    """
    while True:
        try:
            handle = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise NotPossible(
                f"{path}: another process runs this job.", "Attach to it instead."
            ) from None
        with contextlib.suppress(OSError):
            if os.fstat(handle).st_ino == lock_path(path).stat().st_ino:
                return handle
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether some process runs the job of a file."""
    try:
        handle = os.open(lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def unwritable(path: Path, error: OSError) -> JobFileError:
    """Our own error for one of the system's about a file that is written."""
    return JobFileError(
        f"{path}: it can't be written: {error.strerror or error}.", "Make room, or save elsewhere."
    )
