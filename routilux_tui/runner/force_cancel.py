"""Ending a runner that does not answer, and recording in its job's file that it was ended.

A runner that answers does this by itself (see `routilux_tui.runner.host`). One that is stopped, or
whose handler never lets another thread run, can't.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import NotConfirmed, NotPossible
from routilux_tui.job import status as statuses
from routilux_tui.job.numbers import is_id
from routilux_tui.runner.client import check_peer, connect, peer_of, person
from routilux_tui.runner.discover import is_stale
from routilux_tui.runner.paths import safe_name
from routilux_tui.store.locks import job_file_of_lock

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.views.shapes import Header

_GONE_WITHIN = 5.0
#: What the command line of a worker process has in it.
_WORKER = b"from routilux_tui.flow.worker_process import main"
#: What a runner's command line has among its words; the second is that of version 0.1.
_RUNNERS = {b"routilux_tui.runner.host", b"routilux_tui.runner"}


def end_by_force(path: Path, reason: str = "") -> Header:
    """Kill the process group of the runner behind a socket; its job is cancelled by force.

    Raises:
        NotPossible: when the job runs in a program of its user's, which is not ours to end.
        NotConfirmed: when the process does not go.
        JobFileError: when the job's file can't be read or written.
    """
    pid = _runner_behind(path)
    files, workers = job_files_of(pid), _workers_of(pid)
    os.killpg(pid, signal.SIGKILL)
    for one in workers:  # each is in a session of its own
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    deadline = time.monotonic() + _GONE_WITHIN
    while not is_stale(path):
        if time.monotonic() > deadline:
            raise NotConfirmed(f"The runner (process {pid}) was killed, and is still there.")
        time.sleep(0.02)
    with contextlib.suppress(OSError):
        path.unlink()
    headers = [_record_cancel(file, reason) for file in files]  # a script may have several jobs
    own = [one for one in headers if safe_name(one.job_id)[:36] == path.stem]
    return (own or headers)[0]


def _runner_behind(path: Path) -> int:
    """The process that listens, which leads a group of its own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        connect(one, str(path), 2.0)
        check_peer(one, str(path))
        pid, _ = peer_of(one)
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        argv = []
    if not _RUNNERS & set(argv) or os.getpgid(pid) != pid:
        raise NotPossible(
            f"The job runs in a program of its own (process {pid}), which is not ended from here.",
            f"End that program: kill {pid}",
        )
    return pid


def _workers_of(pid: int) -> list[int]:
    """The worker processes of a runner, which run handlers of its job."""
    found = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children = (thread / "children").read_text().split()
            found += [int(one) for one in children if _is_worker(one)]
    return found


def _is_worker(pid: str) -> bool:
    return _WORKER in Path(f"/proc/{pid}/cmdline").read_bytes()


def job_files_of(pid: int) -> list[Path]:
    """The files of the jobs that a process keeps, told by the locks that it holds.

    Raises:
        NotPossible: when it holds none.
    """
    files: dict[Path, None] = {}
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            file = job_file_of_lock(handle.readlink())
            if file is not None:
                files[file] = None
    if not files:
        raise NotPossible(f"Process {pid} keeps no job's file: it is not ended from here.")
    return list(files)


def record_stopped(state: Job, why: str) -> int:
    """Record that the handlers of a job that run are ended with their process; its lock is held.

    What waits is dropped, and the inputs of the handlers are kept with it: whoever takes the job
    up again may send them.

    Returns:
        How many tasks are dropped that had not started.
    """
    now, running = time.time(), dict(state.running)
    waiting = len([task_id for task_id in state.outstanding if task_id not in running])
    if state.outstanding:
        state.make("drop", list(state.outstanding), now)
    for task_id, (routine_id, _) in running.items():
        state.make("ran", task_id, routine_id, "cancelled", now, {"error": f"stopped: {why}"})
    return waiting


def record_forced_end(state: Job, reason: str) -> None:
    """Record that a job is ended by force, with its handlers; its lock is held.

    One that has not ended is cancelled by it.

    Args:
        state: the job.
        reason: why, in the words of whoever asked; empty where he gave none.
    """
    names = [routine_id for routine_id, _ in state.running.values()]
    waiting = record_stopped(state, "its process was ended by force")
    note = "_failure" if state.status == "failed" else "_cancellation"
    former = state.routine_states.get(note)
    account = dict(former) if isinstance(former, dict) else {}
    before = account.get("dropped")
    account["dropped"] = waiting + (before if is_id(before) else 0)
    account["forced"], account["running"] = True, names
    if reason:
        account["reason"] = reason
    state.make("routine", note, account, time.time())
    if not statuses.has_ended(state.status):
        state.make("status", "cancelled", time.time())


def _record_cancel(file: Path, reason: str) -> Header:
    from routilux_tui.job.model import Job
    from routilux_tui.store.journal import Journal
    from routilux_tui.store.reading import load_job
    from routilux_tui.views.projection import Projection

    state = load_job(file, into=Job, strict=True)
    journal = Journal(state, file, read_at=state.seq)
    if not statuses.has_ended(state.status) or state.running:
        state.make("control", "cancel", person(os.getuid()), reason, time.time())
        record_forced_end(state, reason)
    journal.close()
    return Projection(state).header()
