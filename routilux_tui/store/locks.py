"""Who runs a job: a lock beside its file, and one on its id for this machine.

Both go with the process that holds them, however it ends. The lock beside the file tells
everybody who sees the folder that somebody runs the job; the one on the id keeps a copy, a hard
link or another way to the same file from being run beside it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from routilux_tui.errors import JobFileError, RunElsewhere
from routilux_tui.job.jsonable import decode, dumps
from routilux_tui.store.files import NO_LOCKS, read_regular, unwritable

_WAIT = 2.0
"""Seconds that a lock is tried for: whoever looks at it holds it for a moment, too."""
_OWNER_SIZE = 1 << 16
_HAS_ABSTRACT_NAMES: bool = sys.platform.startswith("linux")


def lock_path(path: Path) -> Path:
    """The file whose lock tells that somebody runs the job of a file."""
    return path.with_name(f".{path.name}.lock")


def job_file_of_lock(lock: Path) -> Path | None:
    """The job's file that a lock is for; None where it is no such lock."""
    path = lock.with_name(lock.name[1:].removesuffix(".lock") or "x")
    return path if lock_path(path) == lock else None


def acquire_lock(path: Path) -> int:
    """Lock a job's file for this process; the lock goes with the process, however it ends.

    Where the file system knows no locks, the process's id in the lock's file stands for it.

    Raises:
        JobFileError: when the lock can't be written.
        RunElsewhere: when another process runs the job.
    """
    deadline = time.monotonic() + _WAIT
    while True:
        try:
            handle = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(path, error) from error
        supported = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            supported = error.errno not in NO_LOCKS
        else:
            with contextlib.suppress(OSError):
                if os.fstat(handle).st_ino == lock_path(path).stat().st_ino:
                    write_lock_owner(handle)
                    return handle
            os.close(handle)
            continue
        owner = _is_owner_alive(handle)
        if not supported and not owner:
            write_lock_owner(handle)
            return handle
        os.close(handle)
        if owner or time.monotonic() > deadline:
            raise RunElsewhere(
                f"{path}: another process runs this job.", "Attach to it instead."
            ) from None
        import random

        time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - so that two who try don't meet again


def remove_lock(path: Path, handle: int) -> None:
    """Remove a lock's file that this process holds open, unless it is another's by now."""
    with contextlib.suppress(OSError):
        if os.fstat(handle).st_ino == lock_path(path).stat().st_ino:
            lock_path(path).unlink()


def is_locked(path: Path) -> bool:
    """Whether some process runs the job of a file."""
    try:
        handle = os.open(lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in NO_LOCKS or _is_owner_alive(handle)
    else:
        return False
    finally:
        os.close(handle)


def lock_owner(path: Path) -> dict[str, Any] | None:
    """What the process that runs the job of a file says of itself: its ``pid``, its ``socket``.

    Empty where it says nothing; None where nobody runs the job.
    """
    if not is_locked(path):
        return None
    try:
        _, _, owner_json = read_regular(str(lock_path(path)), _OWNER_SIZE).partition(b"\n")
        owner = decode(owner_json)
    except (ValueError, JobFileError):
        return {}
    return owner if isinstance(owner, dict) else {}


def write_lock_owner(handle: int, owner: dict[str, Any] | None = None) -> None:
    """Name this process in the lock's file; a full disk is no reason not to run the job."""
    owner_json = b"" if owner is None else dumps(owner) + b"\n"
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {_started_at(os.getpid())}\n".encode() + owner_json, 0)


def _is_owner_alive(handle: int) -> bool:
    """Whether the process that a lock's file names runs still, and is no later one."""
    try:
        pid, started = os.pread(handle, 100, 0).split(b"\n")[0].split()
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return started.decode("ascii", "replace") == _started_at(int(pid))


def _started_at(pid: int) -> str:
    """When a process began, in ticks since the machine did; `-` where that is not known.

    Empty for one that has ended, and that nobody has asked of yet.
    """
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in {"Z", "X"} else rest[18]
    except (OSError, IndexError, ValueError):
        return "-"


def acquire_job_id(job_id: str, path: Path) -> int:
    """Reserve a job's id on this machine for this process; returns the handle that holds it.

    Raises:
        RunElsewhere: when another process of this user runs a job of that id.
    """
    import hashlib

    name = (
        f"routilux-tui-{os.getuid()}-{hashlib.sha256(job_id.encode(errors='replace')).hexdigest()}"
    )
    taken = RunElsewhere(
        f"{path}: another process on this machine runs job {job_id[:40]}, from this file or from a "
        "copy of it.",
        "Attach to it instead.",
    )
    if _HAS_ABSTRACT_NAMES:
        # A name that stands in no folder: no other XDG_RUNTIME_DIR and no tidying loses it.
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            holder.bind(f"\0{name}")
        except OSError as error:
            holder.close()
            if error.errno == errno.EADDRINUSE:
                raise taken from None
            raise unwritable(path, error) from error
        return holder.detach()
    import tempfile

    place = Path(tempfile.gettempdir()) / f"{name}.lock"
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            os.close(handle)
            raise taken from None
    return handle
