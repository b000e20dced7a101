"""Finding the jobs that run on this machine, by their sockets."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import NoSuchJob
from routilux_tui.job.status import has_ended
from routilux_tui.runner.announce import announcements, withdraw
from routilux_tui.runner.paths import safe_socket_folder, socket_folder
from routilux_tui.runner.survey import PATIENCE, Found, Survey, survey
from routilux_tui.store.locks import lock_owner
from routilux_tui.views.naming import jobs_named

if TYPE_CHECKING:
    from collections.abc import Container


def sockets(without: Container[Path] = ()) -> list[Path]:
    """The sockets of this user's jobs, oldest first; stale ones among them.

    Args:
        without: those that are left out.

    Raises:
        UnsafeFolder: when the folder is not safe.
    """
    places = {Path(one.socket) for one in announcements()}
    if os.path.exists(socket_folder()):  # noqa: PTH110 - a Path's raises where one may not look
        places.update(safe_socket_folder().glob("*.sock"))
    found = []
    for path in places:
        if path in without:
            continue
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found)]


def socket_of_file(path: str) -> Path | None:
    """The socket that the lock of a job's file names; None where nobody holds it, or names none."""
    owner = lock_owner(Path(os.path.realpath(path)))
    return Path(str(owner["socket"])) if owner and owner.get("socket") else None


def running_jobs(patience: float = PATIENCE) -> list[Found]:
    """The jobs that answer, oldest first. What is left of dead ones is cleared away.

    Raises:
        UnsafeFolder: when the socket folder is not safe.
    """
    return all_jobs(patience).answering


def all_jobs(
    patience: float = PATIENCE, file: str = "", also: str = "", without: Container[Path] = ()
) -> Survey:
    """The jobs that answer, and the runners that don't. What is left of dead ones is cleared away.

    Args:
        patience: seconds that all of them together are given.
        file: a job's file; its job is among them even where its socket is nowhere to be found.
        also: what else is asked of each, as in `survey`.
        without: sockets that are not asked.

    Raises:
        UnsafeFolder: when the socket folder is not safe.
    """
    places = sockets(without)
    named = socket_of_file(file) if file else None
    if named is not None and named not in places:
        places.append(named)
    found = survey(places, patience, also)
    for path in found.dead:
        with contextlib.suppress(OSError):
            path.unlink()
    for one in announcements():
        if not os.path.lexists(one.socket) and not Path(f"/proc/{one.pid}").exists():
            withdraw(one)
    return found


def is_stale(path: Path) -> bool:
    """Whether nobody listens at a socket any more."""
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    probe.settimeout(1.0)
    try:
        probe.connect(str(path))
    except OSError as error:
        return error.errno == errno.ECONNREFUSED
    finally:
        probe.close()
    return False


def find_job(name: str = "", jobs: list[Found] | None = None) -> Found:
    """The running job of a name.

    Args:
        name: its id, a unique beginning of it, its flow's name where only one runs, ``@last``
            for the one that was started last, or nothing for the only one there is.
        jobs: the jobs to choose from; by default those that answer now.

    Raises:
        NoSuchJob: when there is none, or more than one.
    """
    jobs = running_jobs() if jobs is None else jobs
    if not jobs:
        raise NoSuchJob("No job is running on this machine.", "Start one: routilux-tui run FLOW")
    if name == "@last":
        return jobs[-1]
    matching = jobs_named(name, jobs) if name else jobs
    if len(matching) > 1:  # one that has ended still answers for as long as somebody looks at it
        matching = [one for one in matching if not has_ended(one.header.status)] or matching
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(f"{one.hello.job_id[:8]} ({one.hello.flow_id})" for one in matching or jobs)
    if not matching:
        raise NoSuchJob(f"No running job is called {name!r}.", f"There are: {listed}.")
    what = f"called {name!r}" if name else "running"
    raise NoSuchJob(f"More than one job is {what}.", f"Name one of: {listed}.")
