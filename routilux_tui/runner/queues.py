"""Queues: how many jobs of one name run at once on this machine, and which wait for their turn.

A queue is a folder. ``waiting/`` has a ticket for each job that waits, in their order; ``running/``
a file for each that runs, locked by its runner, so that one that was killed holds no place. There
is no daemon: whoever ends, comes or looks starts what may begin.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import JobFileError, NotPossible
from routilux_tui.runner.paths import make_private, queues_folder, safe_name
from routilux_tui.store.files import NO_LOCKS
from routilux_tui.store.locks import is_locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from routilux_tui.runner.launch_spec import LaunchSpec


class _Ticket(msgspec.Struct, frozen=True):
    """A job that waits: the file that it is kept in, and what its runner is to be told.

    It is signed as the start of a job is: what it names is run only if we have written it.
    """

    path: str
    spec: dict[str, Any]
    signature: str = ""


class JobQueue:
    """One queue of this machine.

    Args:
        name: its name.
        limit: how many of its jobs run at once; by default as it was last told.
    """

    def __init__(self, name: str, limit: int = 0) -> None:
        self.name = name
        self._folder = queues_folder() / safe_name(name)
        self._waiting = self._folder / "waiting"
        self._running = self._folder / "running"
        self._limit = limit

    def take(self, job_id: str) -> int | None:
        """A place for a job, held by the handle that is returned; None where it has to wait."""
        with self._locked():
            if self._tickets() or self._free() < 1:
                return None
            return self._hold(job_id)

    def enqueue(self, spec: LaunchSpec, path: Path) -> None:
        """Have a job wait, whose file nobody keeps; it begins at once if a place is free by now."""
        from routilux_tui.runner.launch_record import signature_of

        to_start = msgspec.structs.replace(
            spec, cwd=spec.cwd or str(Path.cwd()), save=str(path), force=True
        )
        plain = msgspec.json.decode(msgspec.json.encode(to_start))
        signature = signature_of(plain, spec.job_id, make_key=True)
        with self._locked():
            ticket = self._waiting / f"{time.time_ns():020}-{safe_name(spec.job_id)}"
            fresh = ticket.with_name(f".{ticket.name}")
            fresh.touch(mode=0o600)
            fresh.write_bytes(msgspec.json.encode(_Ticket(str(path), plain, signature)))
            fresh.replace(ticket)
            self._start_waiting()

    def release(self, job_id: str, handle: int) -> None:
        """Give a place back, and start what waits for it."""
        with self._locked():
            (self._running / safe_name(job_id)).unlink(missing_ok=True)
            os.close(handle)
            self._start_waiting()

    def start_waiting(self) -> None:
        """Start what may begin."""
        if self._tickets():
            with self._locked():
                self._start_waiting()

    def place_of(self, job_id: str) -> str:
        """Which of how many waiting jobs a job is, in words; empty where it does not wait."""
        ids = [one.name.partition("-")[2] for one in self._tickets()]
        if safe_name(job_id) not in ids:
            return ""
        return f"{ids.index(safe_name(job_id)) + 1} of {len(ids)} in queue {self.name}"

    def expects(self, job_id: str) -> bool:
        """Whether a job waits here, or has a place: it begins, or is not quite gone."""
        if self.place_of(job_id):
            return True
        try:
            handle = os.open(self._running / safe_name(job_id), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone decide who begins.

        Raises:
            NotPossible: where the file system knows no locks.
        """
        for folder in (self._waiting, self._running):
            make_private(folder)
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(handle)
            limit = self._folder / "limit"
            if self._limit:
                limit.write_text(f"{self._limit}\n")
            else:
                with contextlib.suppress(OSError, ValueError):
                    self._limit = int(limit.read_text())
            yield
        finally:
            os.close(handle)

    def _lock(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            raise NotPossible(
                f"{self._folder}: queues need locks, and its file system has none.",
                "Have the state folder elsewhere ($XDG_STATE_HOME), or run without --queue.",
            ) from None

    def _tickets(self) -> list[Path]:
        return sorted(one for one in self._waiting.glob("*") if not one.name.startswith("."))

    def _free(self) -> int:
        """How many places are free; what was left by runners that were killed is cleared away."""
        taken = 0
        for place in self._running.iterdir():
            handle = os.open(place, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                place.unlink()
            except BlockingIOError:
                taken += 1
            finally:
                os.close(handle)
        return max(1, self._limit) - taken

    def _hold(self, job_id: str) -> int:
        place = self._running / safe_name(job_id)
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle

    def _start_waiting(self) -> None:
        free = self._free()
        for ticket in self._tickets():
            if free < 1:
                return
            spec = _spec_of(ticket)
            if spec is not None:
                handle = self._hold(spec.job_id)
                try:
                    _start(spec, handle)
                    free -= 1
                finally:
                    os.close(handle)  # its runner has it by now
            ticket.unlink()


def start_waiting_jobs(limits: Mapping[str, int]) -> None:
    """Start what may begin in any queue: a runner that was killed starts nothing by itself.

    Args:
        limits: how many jobs of a queue run at once, for those of which that is known anew.
    """
    if not queues_folder().is_dir():
        return
    named = {safe_name(name): (name, limit) for name, limit in limits.items()}
    for folder in queues_folder().iterdir():
        with contextlib.suppress(OSError):
            JobQueue(*named.get(folder.name, (folder.name, 0))).start_waiting()


def _spec_of(ticket: Path) -> LaunchSpec | None:
    """What is to be started for a ticket; None where its job waits no more, or it is not ours."""
    import hmac

    from routilux_tui.runner.launch_record import signature_of
    from routilux_tui.runner.launch_spec import LaunchSpec
    from routilux_tui.store.large_file import open_job

    try:
        waiting = msgspec.json.decode(ticket.read_bytes(), type=_Ticket)
        spec = msgspec.convert(waiting.spec, LaunchSpec)
        job = open_job(waiting.path)
    except (OSError, msgspec.MsgspecError, JobFileError):
        return None  # it was removed: nobody wants it any more
    signature = signature_of(waiting.spec, spec.job_id)
    if not signature or not hmac.compare_digest(signature, waiting.signature):
        _warn("%s was not written by this program, and is not started", ticket)
        return None
    if job.job_id != spec.job_id or job.status != "pending" or is_locked(Path(waiting.path)):
        return None
    return spec


def _start(spec: LaunchSpec, handle: int) -> None:
    """Start a runner to which a place is given; nobody waits for what it says."""
    from routilux_tui.runner.launch import start_runner

    try:
        process, reading = start_runner(msgspec.structs.replace(spec, place=handle), (handle,))
    except NotPossible as error:
        _warn("Job %s is not started: %s", spec.job_id, error)
        return
    os.close(reading)
    process.returncode = 0  # it is on its own


def _warn(message: str, *values: object) -> None:
    """Say it in the runner's log; whoever only lists jobs loads no logging."""
    import logging

    logging.getLogger("routilux_tui.runner").warning(message, *values)
