"""The process that owns a live job: it loads the flow, runs it, keeps its file and serves it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import msgspec

from routilux_tui.errors import JobFileError, NotPossible, RoutiluxTuiError
from routilux_tui.flow.executors import executor_names
from routilux_tui.flow.loading import check_params, check_taken, load_flow
from routilux_tui.job import status as statuses
from routilux_tui.job.forking import blank, keep_for_children, release_in_children
from routilux_tui.runner import protocol
from routilux_tui.runner.after import wait_for_predecessors
from routilux_tui.runner.backend import Backend
from routilux_tui.runner.capture import Capture
from routilux_tui.runner.client import person
from routilux_tui.runner.earlier import earlier_runs
from routilux_tui.runner.force_cancel import record_forced_end, record_stopped
from routilux_tui.runner.full_disk import FullDisk
from routilux_tui.runner.kept_file import KeptFile
from routilux_tui.runner.launch_record import KEY, launch_record
from routilux_tui.runner.launch_spec import LaunchResult, LaunchSpec
from routilux_tui.runner.paths import job_path, jobs_folder, make_private
from routilux_tui.runner.process_end import HEAR_WITHIN, Shutdown, do_not_outlive_the_job, exit_now
from routilux_tui.runner.save_file_check import check_save_file
from routilux_tui.runner.server import Server
from routilux_tui.runner.turn import Turn
from routilux_tui.state.job_state import JobState
from routilux_tui.store.collector import freeze_collector
from routilux_tui.store.printed import LIMIT
from routilux_tui.store.reading import load_job
from routilux_tui.store.removal import remove_job
from routilux_tui.store.retention import apply_keep, parse_keep
from routilux_tui.views.cel import compile_cel
from routilux_tui.views.choosing import choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.flow.engine import Execution
    from routilux_tui.job.listeners import Change
    from routilux_tui.store.journal import Journal
    from routilux_tui.views.choosing import Sent

logger = logging.getLogger("routilux_tui.runner")

LINGER = 1.0
"""Seconds that a runner goes on answering after its job has ended."""
SUSPEND_WITHIN = 20.0
"""Seconds that handlers have to return when the runner is told to end."""
_TOLD_TO_END = "the runner was told to end (SIGTERM)"


class Host:
    """Runs one job to its end."""

    def __init__(self, spec: LaunchSpec, pipe: BinaryIO, turn: Turn) -> None:
        self.spec = spec
        self._pipe = pipe
        self.fork_lock: threading.RLock | None = None
        release_in_children(self)
        #: What was sent again, where the job was taken up for that.
        self.sent: Sent | None = None
        self.turn = turn
        self._status_changed = threading.Event()
        self.shutdown = Shutdown(self._status_changed.set)
        self.ending = self.shutdown.asked
        flow, params = load_flow(spec.flow, spec.params)
        read_at: int | None = None
        if spec.resume:
            self.state = load_job(spec.resume, into=JobState, strict=True)
            read_at = self.state.seq
            flow.flow_id = self.state.flow_id or flow.flow_id
            self.path = Path(spec.resume)
        else:
            self.state = JobState(flow.flow_id)
            self.state._job_id = spec.job_id
            if spec.max_history_size is not None:
                self.state.max_history_size = spec.max_history_size
            if spec.history_ttl_seconds is not None:
                self.state.history_ttl_seconds = spec.history_ttl_seconds
            self.path = Path(spec.save or job_path(flow.flow_id, spec.job_id))
            check_save_file(self.path, flow.flow_id, force=spec.force)
        workers = spec.workers or flow.max_workers
        self.execution: Execution = flow.prepare(self.state, workers, spec.executor or None)
        entry = "" if spec.resume else (spec.entry or flow.entry_routine())
        if spec.tasks:
            check_taken(params, spec.changed)
            self.state.shared_data = dict(spec.shared)
            self.state.routine_states = dict(spec.states)
            self.state.pending_tasks = spec.tasks
            self.state.status = "paused"
        if spec.retry is not None:
            self.execution.check_send_again(choose(self.state, spec.retry.wanted), spec.retry.edit)
        elif spec.resume or spec.tasks:
            self.execution.check_resume()
        else:
            check_params(flow, entry, params)
        self._entry, self._params = entry, params
        if not spec.resume:
            names = executor_names(flow, spec.executor or flow.executor)
            executor = names.pop("", "")
            self.state.extra[KEY] = launch_record(spec, workers, executor, names)
        if self.path.parent == jobs_folder():
            make_private(self.path.parent)
        disk = FullDisk(self.execution)
        self.file = KeptFile(self.state, self.path, disk, self.ending, spec.keep, read_at)
        # beside the file, whatever link leads to it
        self.capture = Capture(self.journal.path, spec.log_size or LIMIT)
        self.state.subscribe(self._note_status, kinds=frozenset({"status"}))
        self.backend = Backend(
            self.state,
            self.execution,
            read_only=spec.read_only,
            path=str(self.path),
            log=spec.log,
            flush=self.file.flush,
            is_ending=self.ending.is_set,
            earlier=partial(earlier_runs, self.state.flow_id, self.state.job_id, None),
        )
        disk.backend = self.backend
        self.backend.taking_up = self.file.taking_up
        self.server = Server(self.backend, Path(spec.socket), self._force, self.file.note_place)
        with self._cleanup_on_error():
            self.server.start()

    @property
    def journal(self) -> Journal:
        """What keeps the job's file at this moment."""
        return self.file.journal

    def begin(self) -> None:
        """Have the first handler called; what a handler does to this process, it may do now."""
        with self._cleanup_on_error():
            self._begin()

    def _begin(self) -> None:
        self.capture.start()
        self.backend.alerts.begin(self.spec.alerts)
        retry = self.spec.retry
        if retry is not None:
            who = person(os.getuid(), retry.via)
            self.sent = self.backend.retry(retry.wanted, retry.edit, retry.reason, who)
        elif self.spec.resume or self.spec.tasks:
            self.execution.resume()
        else:
            self.execution.start(self._entry, self._params)

    def begin_or_wait(self) -> str:
        """Begin if it is the job's turn; else leave its file, and return for what it waits."""
        if self.turn.may_begin():
            self.begin()
            return ""
        self.server.stop()
        self.journal.close()
        return self.turn.enqueue(self.path)

    def begin_after_others(self) -> None:
        """Wait until the jobs that go before it have ended; it may be cancelled meanwhile."""
        why = wait_for_predecessors(
            self.spec.after,
            self.ending,
            lambda: statuses.has_ended(self.state.status),
            partial(setattr, self.backend, "note"),
        )
        if self.ending.is_set():
            why = f"{_TOLD_TO_END} before it began"
        with contextlib.suppress(NotPossible):  # it has been cancelled just now
            if why:
                self.execution.cancel(why)
            else:
                self._begin()

    @contextlib.contextmanager
    def _cleanup_on_error(self) -> Iterator[None]:
        """Leave nothing behind of a job that can't be begun."""
        try:
            yield
        except BaseException:
            self.call_off()
            raise

    def call_off(self) -> None:
        """Leave nothing behind of a job that has not begun."""
        self.server.stop()
        with contextlib.suppress(JobFileError):
            self.journal.close()
        self.journal.abandon()
        if not self.spec.resume and not self.spec.save:
            remove_job(self.path)

    def _note_status(self, _change: Change) -> None:
        self._status_changed.set()

    def run(self) -> None:
        """Keep the job's file true until it has ended, and answer a little longer.

        While somebody looks at it, what failed may be sent again: then it goes on.
        """
        while True:
            self._run_to_its_end()
            self.backend.alerts.check()
            self.file.close(partial(setattr, self.backend, "note"))
            self.turn.end()
            self._serve_a_moment_longer()
            if self.file.leave():
                break
        self.server.stop()
        self.backend.alerts.close()
        self.capture.stop()
        if self.spec.keep:
            apply_keep(self.journal.path, parse_keep(self.spec.keep))

    def _run_to_its_end(self) -> None:
        while not self.ending.is_set():
            self._status_changed.wait(HEAR_WITHIN)
            self._status_changed.clear()
            status = self.state.status
            if statuses.has_ended(status):
                break
            if status == "paused":
                self.journal.write_snapshot()
        if self.ending.is_set():
            self._suspend()
        self._wait_for_handlers()

    def _serve_a_moment_longer(self) -> None:
        """Answer for a moment, and as long as somebody looks at the job, or until it goes on."""
        until = time.monotonic() + LINGER
        while not self.ending.is_set() and not self.file.goes_on():
            if time.monotonic() >= until and not self.server.clients:
                return
            self.ending.wait(0.05 if time.monotonic() < until else 0.2)

    def _suspend(self) -> None:
        """Somebody wants this process to end: leave a file that can be taken up again."""
        with contextlib.suppress(NotPossible):
            self.execution.pause(_TOLD_TO_END)

    def _wait_for_handlers(self) -> None:
        """Wait until no handler runs; when this process is to end, not for ever.

        The job's file stays locked all that time: nobody may take up a job whose handlers run.
        """
        deadline: float | None = None
        while not self.execution.wait(0.1):
            if self.ending.is_set():
                self._suspend()  # again, should somebody have called it off
                deadline = deadline or time.monotonic() + SUSPEND_WITHIN
            if self.shutdown.at_once.is_set() or (
                deadline is not None and time.monotonic() > deadline
            ):
                self._interrupt()

    def _interrupt(self) -> NoReturn:
        """End this process though handlers run; they are run again when the job is taken up."""
        self.server.stop()
        with self.state.lock:  # nothing is recorded of them any more
            names = self.execution.interrupt(_TOLD_TO_END)
            if statuses.has_ended(self.state.status):  # nobody runs them again
                record_stopped(self.state, _TOLD_TO_END)
            logger.warning("Ended while handlers ran, which run again: %s", ", ".join(names))
            self.journal.abandon()  # it has it all, and is quick
            self.execution.kill_workers()
            self.capture.stop()
            exit_now()

    def release_in_child(self) -> None:
        """This is a forked child: it ends by a signal as any other process does."""
        for name, handler in _HANDLERS_IN_CHILDREN.items():
            if signal.getsignal(name) in {self.shutdown.handle, _ignore, _call_off}:
                signal.signal(name, handler)
        if not self._pipe.closed:
            blank(self._pipe.fileno())

    # A forced cancel

    def _force(self, reason: str, grace: float) -> None:
        threading.Thread(target=self._kill, args=(reason, grace), daemon=True).start()

    def _kill(self, reason: str, grace: float) -> None:
        if self.execution.wait(grace):
            return
        with self.state.lock:
            if self.execution.wait(0):
                return
            record_forced_end(self.state, reason)
        with contextlib.suppress(JobFileError):
            self.journal.close()
        self.journal.abandon()
        self.server.stop()
        self.turn.end()
        self.execution.kill_workers()
        os.killpg(os.getpgid(0), signal.SIGKILL)


_HANDLERS_IN_CHILDREN: dict[signal.Signals, Any] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}


def main() -> int:
    """Read the launch spec from standard input, say on the pipe how it went, and run the job."""
    pipe = os.fdopen(int(sys.argv[-1]), "wb")
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=LaunchSpec)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Handlers, and not SIG_IGN: the programs that a handler of the job starts would inherit that.
    signal.signal(signal.SIGHUP, _ignore)
    signal.signal(signal.SIGINT, _ignore)
    signal.signal(signal.SIGTERM, _call_off)
    if spec.script is not None:
        from routilux_tui.runner.script_host import run_script

        return run_script(spec, spec.script, pipe, _report)
    compile_cel("true")  # ahead of a cel.py beside the flow
    turn, queued = Turn(spec), ""
    try:
        host = Host(spec, pipe, turn)
        signal.signal(signal.SIGTERM, host.shutdown.handle)
        keep_for_children(*_HANDLERS_IN_CHILDREN)
        result = LaunchResult(
            job_id=host.state.job_id,
            socket=spec.socket,
            path=str(host.path),
            log=spec.log,
            pid=os.getpid(),
        )
        # where the job is, should its first handler end this process
        if not (_report(pipe, result) or turn.is_given) or host.ending.is_set():
            host.call_off()  # whoever started it has left before it began
            return 1
        freeze_collector()
        if not spec.after:
            queued = host.begin_or_wait()
    except BaseException as error:
        turn.fail_before_start(str(error))
        detail = msgspec.json.decode(protocol.refusal(None, error))["error"]
        if not isinstance(error, (RoutiluxTuiError, SystemExit)):
            logger.exception("The job can't be started")
        _report(pipe, LaunchResult(error=detail, traceback=getattr(error, "traceback", "")))
        return getattr(error, "exit_code", 1)
    _report(pipe, msgspec.structs.replace(result, sent=host.sent, queued=queued))
    with contextlib.suppress(OSError):
        pipe.close()
    if queued:
        return 0
    try:
        if spec.after:
            host.begin_after_others()
        host.run()
    except BaseException:  # the journal has the job; a process that nobody steers is no help to it
        logger.exception("The runner of job %s ends by a fault of its own", host.state.job_id)
        exit_now(1)
    do_not_outlive_the_job()
    return 0


def _ignore(*_: Any) -> None:
    """Take a signal and do nothing."""


def _call_off(*_: Any) -> None:
    """SIGTERM before there is a job: end."""
    raise SystemExit(1)


def _report(pipe: Any, result: LaunchResult) -> bool:
    """Tell whoever started this runner; False when nobody listens any more."""
    try:
        pipe.write(msgspec.json.encode(result) + b"\n")
        pipe.flush()
    except OSError:
        return False
    return True
