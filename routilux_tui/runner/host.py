"""The process that owns a live job: it loads the flow, runs it, keeps its file and serves it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import NotPossible, RoutiluxTuiError
from routilux_tui.flow.loading import check_params, load_flow
from routilux_tui.job import status as statuses
from routilux_tui.runner import protocol
from routilux_tui.runner.backend import Backend
from routilux_tui.runner.launch import LaunchResult, LaunchSpec
from routilux_tui.runner.paths import job_path
from routilux_tui.runner.server import Server
from routilux_tui.state.job_state import JobState
from routilux_tui.store.journal import Journal
from routilux_tui.store.reading import load_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.flow.engine import Execution
    from routilux_tui.job.data import Change

logger = logging.getLogger("routilux_tui.runner")

LINGER = 1.0
"""Seconds that a runner goes on answering after its job has ended."""
_FULL = "no room on the disk: "


class Host:
    """Runs one job to its end."""

    def __init__(self, spec: LaunchSpec) -> None:
        self.spec = spec
        self.ending = threading.Event()
        self._status_changed = threading.Event()
        flow, params = load_flow(spec.flow, spec.params)
        if spec.resume:
            self.state = load_job(spec.resume, into=JobState, strict=True)
            flow.flow_id = self.state.flow_id or flow.flow_id
            self.path = Path(spec.resume)
        else:
            self.state = JobState(flow.flow_id)
            self.state._job_id = spec.job_id
            self.path = Path(spec.save or job_path(flow.flow_id, spec.job_id))
        workers = spec.workers or flow.max_workers
        self.execution: Execution = flow.prepare(self.state, workers)
        entry = "" if spec.resume else (spec.entry or flow.entry_routine())
        if spec.resume:
            self.execution.check_resume()
        else:
            check_params(flow, entry, params)
        self.journal = Journal(self.state, self.path, self._on_disk_full, self._on_disk_free)
        self.state.subscribe(self._note_change)
        self.backend = Backend(
            self.state,
            self.execution,
            read_only=spec.read_only,
            path=str(self.path),
            log=spec.log,
        )
        self.server = Server(self.backend, Path(spec.socket), self._force)
        self._entry, self._params = entry, params
        with self._cleanup_on_error():
            self.server.start()

    def begin(self) -> None:
        """Have the first handler called; what a handler does to this process, it may do now."""
        with self._cleanup_on_error():
            if self.spec.resume:
                self.execution.resume()
            else:
                self.execution.start(self._entry, self._params)

    @contextlib.contextmanager
    def _cleanup_on_error(self) -> Iterator[None]:
        """Leave nothing behind of a job that can't be begun."""
        try:
            yield
        except BaseException:
            self.server.stop()
            self.journal.close()
            if not self.spec.resume and not self.spec.save:
                self.path.unlink(missing_ok=True)
            raise

    def _note_change(self, change: Change) -> None:
        if change[1] == "status":
            self._status_changed.set()

    def run(self) -> None:
        """Keep the job's file true until it has ended, and answer a little longer."""
        while not self.ending.is_set():
            self._status_changed.wait()
            self._status_changed.clear()
            status = self.state.status
            if statuses.has_ended(status):
                break
            if status == "paused":
                self.journal.write_snapshot()
        if self.ending.is_set():
            self._suspend()
        else:
            self.execution.wait()
        self.journal.close()
        until = time.monotonic() + LINGER
        while time.monotonic() < until and not self.ending.is_set():
            self.ending.wait(0.05)
        while self.server.clients and not self.ending.is_set():
            self.ending.wait(0.2)
        self.server.stop()

    def _suspend(self) -> None:
        """Somebody wants this process to end: leave a file that can be taken up again."""
        with contextlib.suppress(NotPossible):
            self.execution.pause("the runner was told to end (SIGTERM)")
        self.execution.wait(5.0)

    def end(self, *_: Any) -> None:
        """A signal's way to ask for `_suspend`."""
        self.ending.set()
        self._status_changed.set()

    # A full disk

    def _on_disk_full(self, reason: str) -> None:
        self.backend.note = f"{_FULL}{reason}"
        with contextlib.suppress(NotPossible):
            self.execution.pause(f"{_FULL}{reason}")

    def _on_disk_free(self) -> None:
        self.backend.note = ""
        self.execution.wait(30.0)
        points = self.state.pause_points
        why = points[-1].get("reason", "") if points and isinstance(points[-1], dict) else ""
        if self.state.status == "paused" and str(why).startswith(_FULL):
            with contextlib.suppress(NotPossible):
                self.execution.resume()

    # A forced cancel

    def _force(self, reason: str, grace: float) -> None:
        threading.Thread(target=self._kill, args=(reason, grace), daemon=True).start()

    def _kill(self, reason: str, grace: float) -> None:
        if self.execution.wait(grace):
            return
        still = self.execution.handlers()
        note = "_failure" if self.state.get_routine_state("_failure") else "_cancellation"
        account = {"dropped": 0, **(self.state.get_routine_state(note) or {})}
        account |= {"forced": True, "running": still} | ({"reason": reason} if reason else {})
        self.state.update_routine_state(note, account)
        self.journal.close()
        self.server.stop()
        os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> int:
    """Read the order from standard input, say on the pipe how it went, and run the job."""
    pipe = os.fdopen(int(sys.argv[1]), "wb")
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=LaunchSpec)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        host = Host(spec)
        signal.signal(signal.SIGTERM, host.end)
        result = LaunchResult(
            job_id=host.state.job_id,
            socket=spec.socket,
            path=str(host.path),
            log=spec.log,
            pid=os.getpid(),
        )
        _report(pipe, result)  # where the job is, should its first handler end this process
        host.begin()
    except BaseException as error:
        detail = msgspec.json.decode(protocol.refusal(None, error))["error"]
        if not isinstance(error, RoutiluxTuiError):
            logger.exception("The job can't be started")
        _report(pipe, LaunchResult(error=detail, traceback=getattr(error, "traceback", "")))
        return getattr(error, "exit_code", 1)
    _report(pipe, result)
    with contextlib.suppress(OSError):
        pipe.close()
    host.run()
    return 0


def _report(pipe: Any, result: LaunchResult) -> None:
    with contextlib.suppress(OSError):
        pipe.write(msgspec.json.encode(result) + b"\n")
        pipe.flush()
