"""The process that owns a script of routilux: it starts it, and keeps and serves its jobs.

The script runs in the interpreter that has its routilux, in a process of its own. What its jobs do
comes through shared memory (`routilux_tui.tap`); orders go back through a pipe. When this process
is killed, the script goes on by itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

import routilux_tui.tap
from routilux_tui import __version__
from routilux_tui.errors import FlowLoadError
from routilux_tui.job.jsonable import decode
from routilux_tui.runner.launch import BY_US, UNBUFFERED
from routilux_tui.runner.launch_record import hash_of, signature_of, user_name
from routilux_tui.runner.launch_spec import LaunchResult, LaunchSpec, ScriptSpec
from routilux_tui.runner.process_end import Shutdown
from routilux_tui.runner.script_job import ScriptJob
from routilux_tui.runner.script_output import ScriptOutput
from routilux_tui.tap.ring import PACE, Reader, make_memory, nameless_file

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("routilux_tui.runner")

SUSPEND_WITHIN = 20.0
"""Seconds that handlers have to return when the runner is told to end."""
_TOLD_TO_END = "the runner was told to end (SIGTERM)"
_BOOTSTRAP = Path(routilux_tui.tap.__file__).with_name("bootstrap.py")
_IDLE = 0.5
_OURS = (UNBUFFERED, BY_US)


class ScriptHost:
    """Runs one script to its end.

    Args:
        spec: what to run.
        script: the script's part of it.
        report: tells whoever started this process; False when nobody listens any more.
    """

    def __init__(
        self, spec: LaunchSpec, script: ScriptSpec, report: Callable[[LaunchResult], bool]
    ) -> None:
        self.spec = spec
        self.script = script
        self._report = report
        self.jobs: dict[int, ScriptJob] = {}
        self.shutdown = Shutdown(lambda: None)
        self._ending = self.shutdown.asked
        self._refused: FlowLoadError | None = None
        self._input = False
        self._hash = hash_of(Path(script.file))  # before it can be altered
        self._output = ScriptOutput(spec.log, (script.stdout, script.stderr), spec.log_size)
        stdout, stderr = self._output.ends
        memory = make_memory(str(Path(spec.log).parent))
        wake, called = os.pipe()
        orders, self._orders = os.pipe()
        os.set_blocking(wake, False)
        self._reader = Reader(memory, wake)
        order = {
            "memory": memory,
            "wake": called,
            "orders": orders,
            "printed": self._output.sources,
            "file": script.file,
            "module": script.module,
            "argv0": script.place,
            "name": script.name,
            "args": script.args,
            "params": spec.params,
            "entry": spec.entry,
            "workers": spec.workers,
            "fallback": script.is_bare,
        }
        handles = [memory, called, orders]
        if spec.tasks:  # in a file: there may be more than a command line takes
            instead = {"job": script.job, "tasks": [_task(one) for one in spec.tasks]}
            order["instead"] = handle = nameless_file(str(Path(spec.log).parent))
            handles.append(handle)
            with open(handle, "wb", closefd=False) as file:
                file.write(msgspec.json.encode(instead))
        try:
            self._process = subprocess.Popen(
                [script.python, str(_BOOTSTRAP), msgspec.json.encode(order).decode()],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={key: one for key, one in os.environ.items() if (key, one) != _OURS},
                pass_fds=(*handles, *self._output.sources),
            )
        finally:
            for handle in handles:
                os.close(handle)
        self._output.start()

    def run(self) -> int:
        """Follow the script to its end, and its jobs a little longer; returns its exit code."""
        self._report(LaunchResult(log=self.spec.log, pid=os.getpid()))
        updated_at = 0.0
        while True:
            has_news = self._read_script()
            if time.monotonic() - updated_at > 10 * PACE:
                updated_at = time.monotonic()
                self._update_jobs()
            if has_news:
                time.sleep(PACE)
                continue
            if self._process.poll() is not None:
                break
            if self._ending.is_set():
                self._suspend()
                break
            self._reader.wait(_IDLE, self._output.news)
        return self._close()

    def _suspend(self) -> None:
        """This process is told to end: hold the jobs, keep what they have not done, end them."""
        for job in self.jobs.values():
            job.suspend(_TOLD_TO_END)
        deadline = time.monotonic() + SUSPEND_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            self._read_script()
            if all(job.closed or job.engine.wait(0) for job in self.jobs.values()):
                break
            time.sleep(PACE)
        self._process.kill()

    def _close(self) -> int:
        code = self._process.wait()
        self._read_script()
        self._output.drain(self._update_jobs)
        self._read_script()
        why = "the script ended" if code == 0 else f"the script ended with exit code {code}"
        if code < 0:
            why = f"the script was ended by {signal.Signals(-code).name}"
        for job in self.jobs.values():
            job.script_ended(why, as_told=code == 0 or self._ending.is_set())
        refused = self._refused
        self._report(
            LaunchResult(
                exit_code=code if code >= 0 else 128 - code,
                log=self.spec.log,
                error=_plain_error(refused) if refused is not None else None,
                traceback=refused.traceback if refused is not None else "",
            )
        )
        while not self._ending.is_set() and (
            any(not job.closed for job in self.jobs.values()) or self._output.is_open()
        ):
            self._update_jobs()
            self._ending.wait(0.05 if any(not job.closed for job in self.jobs.values()) else _IDLE)
        self._read_script()
        for job in self.jobs.values():
            job.close()
        self._output.close()
        return code

    def _read_script(self) -> bool:
        """Take what the script has said and printed; whether there was anything."""
        printed = self._output.take()  # first: what is told of these lines is there by now
        lines = self._reader.take()
        for line in lines.splitlines():
            self._take(line)
        self._output.keep(printed)
        return bool(printed or lines)

    def _update_jobs(self) -> None:
        self._read_script()
        for job in self.jobs.values():
            job.update_file()

    # What the script says

    def _take(self, line: bytes) -> None:
        try:
            number, kind, *args = decode(line)
            if number:
                self._take_of_job(number, kind, args)
            else:
                self._take_of_process(kind, args)
        except Exception:
            logger.exception("A message of the script is not understood: %r", line[:200])

    def _take_of_job(self, number: int, kind: str, args: list[Any]) -> None:
        if kind == "printed":
            self._output.note_origin(number, *args)
            return
        if kind != "job":
            self.jobs[number].take(kind, args)
            return
        save = self.spec.save
        if save and self.jobs:
            path = Path(save)
            save = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        job = ScriptJob(
            args[0],
            self.spec,
            self._launch(number, str(args[0]["job_id"])),
            save,
            order=partial(self._order, number),
            force=lambda reason, grace: self._force(number, reason, grace),
        )
        self.jobs[number] = job
        self._output.begin_job(number, job.path)
        if self._input:
            job.backend.note = _INPUT
        self._report(
            LaunchResult(
                job_id=job.state.job_id,
                socket=str(job.socket),
                path=str(job.path),
                log=self.spec.log,
                pid=os.getpid(),
            )
        )

    def _launch(self, number: int, job_id: str) -> dict[str, Any]:
        script, spec = self.script, self.spec
        is_repeated = bool(spec.parent) and number == script.job
        launch = {
            "flow": f"{script.place}:{script.name}" if script.name else script.place,
            "path": script.file,
            "sha256": self._hash,
            "args": script.args,
            "params": spec.params,
            "entry": spec.entry,
            "workers": spec.workers,
            "python": script.python,
            "cwd": str(Path.cwd()),
            "name": spec.name,
            "labels": spec.labels,
            "library": f"routilux {script.version}",
            "version": __version__,
            "host": socket.gethostname(),
            "user": user_name(),
            "script_job": number,
            "script_process": self._process.pid,
            "parent": spec.parent if is_repeated else "",
            "reason": spec.reason if is_repeated else "",
        }
        return {**launch, "signature": signature_of(launch, job_id, make_key=True)}

    def _take_of_process(self, kind: str, args: list[Any]) -> None:
        if kind == "refused":
            message, hint, trace = args
            self._refused = FlowLoadError(message, hint, trace)
        elif kind == "unknown":
            version, lacking = args
            self._refused = FlowLoadError(
                f"{self.script.place} runs on routilux {version}, whose jobs can't be observed: "
                f"it has no {lacking[0]}.",
                "Only jobs of routilux 0.10 and 0.11 can be shown.",
            )
        elif kind == "input":
            self._input = True
            logger.warning(_INPUT)
            for job in self.jobs.values():
                job.backend.note = _INPUT
        elif kind == "deaf":
            logger.warning(_NO_CONTROL)
            for job in self.jobs.values():
                job.engine.refuse_controls(_NO_CONTROL)
        elif kind == "lost":
            logger.warning("A message was too long to be sent: %s", args)

    def _order(self, number: int, what: str, **more: Any) -> None:
        line = msgspec.json.encode({"do": what, "job": number, **more}) + b"\n"
        with contextlib.suppress(OSError):
            os.write(self._orders, line)

    # Force

    def _force(self, number: int, reason: str, grace: float) -> None:
        threading.Thread(target=self._kill, args=(number, reason, grace), daemon=True).start()

    def _kill(self, number: int, reason: str, grace: float) -> None:
        """End the script with all that runs in it, should a job of it not end by itself."""
        job = self.jobs[number]
        deadline = time.monotonic() + grace
        while not job.closed and not job.engine.wait(0.05):
            if time.monotonic() > deadline:
                job.record_force(reason)
                for other in self.jobs.values():
                    other.script_ended(f"the script was ended by force, for job {job.state.job_id}")
                    other.close()
                os.killpg(os.getpgid(0), signal.SIGKILL)


_NO_CONTROL = "its script has closed what orders come through"
_INPUT = "the script asks for input, and can't be given any here: it is told that there is none"


def _task(plain: dict[str, Any]) -> list[Any]:
    """A task of a file as the tap has it: routine, slot, data, and the event it came from."""
    keys = ("slot_routine_id", "slot_name", "data")
    source = ("connection_source_routine_id", "connection_source_event_name")
    return [*(plain[key] for key in keys), *(plain.get(key) for key in source)]


def _plain_error(error: FlowLoadError) -> dict[str, Any]:
    from routilux_tui.runner import protocol

    refusal: dict[str, Any] = msgspec.json.decode(protocol.refusal(None, error))["error"]
    return refusal


def run_script(
    spec: LaunchSpec, script: ScriptSpec, pipe: BinaryIO, report: Callable[..., bool]
) -> int:
    """Run the script of a launch spec in this process's care; returns an exit code."""
    os.set_blocking(pipe.fileno(), False)  # whoever reads nothing is not waited for
    try:
        host = ScriptHost(spec, script, lambda result: report(pipe, result))
    except OSError as error:
        refused = FlowLoadError(f"{script.python} can't be started: {error.strerror or error}.")
        report(pipe, LaunchResult(error=_plain_error(refused)))
        return 2
    signal.signal(signal.SIGTERM, host.shutdown.handle)
    host.run()
    return 0
