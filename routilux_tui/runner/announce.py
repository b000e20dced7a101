"""Where live jobs answer, written in the state folder, which outlives a login.

The sockets' folder is emptied at the last logout, and is another one for cron, or with another
``TMPDIR``. What is written here leads to a job all the same.
"""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from pathlib import Path

import msgspec

from routilux_tui.runner.paths import make_private, safe_name, state_folder


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """Where a live job answers, who runs it, and its file."""

    job_id: str
    socket: str
    pid: int
    path: str = ""


def announce(job: Announcement) -> None:
    """Write down where a job answers; where that can't be written, its socket alone tells it."""
    place = _place(job.job_id)
    fresh = place.with_suffix(f".{os.getpid()}.new")
    with contextlib.suppress(OSError):
        make_private(place.parent)
        fresh.touch(mode=0o600)
        fresh.write_bytes(msgspec.json.encode(job))
        fresh.replace(place)


def withdraw(job: Announcement) -> None:
    """The job answers no more; what another process has announced of it meanwhile stays."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        if _read(_place(job.job_id)) == job:
            _place(job.job_id).unlink()


def announcements() -> list[Announcement]:
    """All that is written down, that of processes which were killed among it."""
    found = []
    with contextlib.suppress(OSError), os.scandir(state_folder() / "running") as places:
        for place in places:
            if place.name.endswith(".json"):
                with contextlib.suppress(OSError, msgspec.MsgspecError):
                    now = place.stat()
                    found.append(_known(place.path, now.st_ino, now.st_mtime_ns))
    return found


def _place(job_id: str) -> Path:
    return state_folder() / "running" / f"{safe_name(job_id)[:36]}.json"


@lru_cache(maxsize=2048)
def _known(place: str, _inode: int, _changed: int) -> Announcement:
    """One that was read before is not read again: a list looks at hundreds of them each second."""
    return _read(Path(place))


def _read(place: Path) -> Announcement:
    with place.open("rb") as file:
        return msgspec.json.decode(file.read(1 << 16), type=Announcement)
