"""Worker processes of one job: handlers that compute run side by side in them.

Each process has a connection of its own and runs one handler at a time, so one that is killed
takes nothing along but the handler that it was running.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from routilux_tui.errors import ExecutionError, JobCancelled, NotPossible
from routilux_tui.flow.calls import (
    ASK_STACK,
    CANCELLED,
    End,
    Stack,
    apply_message,
    not_begun,
    pack_call,
    raised_by,
    worker_name,
)
from routilux_tui.job.forking import blank, release_in_children

if TYPE_CHECKING:
    from typing import Any

    from routilux_tui.flow.context import Invocation
    from routilux_tui.flow.slot import Slot

_START = """
import sys
sys.path[:] = [place for place in sys.path if place] + sys.argv[3:4]
from routilux_tui.flow.worker_process import main
sys.path[:] = sys.argv[4:]
main(int(sys.argv[1]), int(sys.argv[2]))
"""
"""What we need ourselves is imported before the folder of the flow can be looked into."""
_PACKAGE = str(Path(__file__).parents[2])
_ENDS_WITHIN = 5.0
_TELLS_WITHIN = 1.0
_WAITS = "  It waits for a worker process.\n"
_SILENT = "  Its {} does not say: what it runs lets no other thread of it run.\n"


class _Process:
    """One worker process, and the connection to it."""

    def __init__(self) -> None:
        here, there = socket.socketpair()
        control, self._control = os.pipe()
        handles = (there.fileno(), control)
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-c", _START, *map(str, handles), _PACKAGE, *sys.path],
                stdin=subprocess.DEVNULL,
                pass_fds=handles,
                start_new_session=True,  # Ctrl-C in the terminal is the job's business
            )
        except BaseException:
            here.close()
            os.close(self._control)
            raise
        finally:
            there.close()
            os.close(control)
        self._connection = Connection(here.detach())
        self._is_open = True
        self._stack = ""
        self._has_told = threading.Event()

    @property
    def name(self) -> str:
        return f"worker process {self._popen.pid}"

    @property
    def worker(self) -> str:
        return worker_name(self._popen.pid)

    def send(self, content: bytes) -> None:
        self._connection.send_bytes(content)

    def cancel(self) -> None:
        if self._is_open:
            os.write(self._control, CANCELLED)

    def stack(self) -> str:
        """Where the handler is that it runs; empty where it does not say so in time."""
        self._has_told.clear()
        self._stack = ""
        if self._is_open:
            os.write(self._control, ASK_STACK)
            self._has_told.wait(_TELLS_WITHIN)
        return self._stack

    def note_stack(self, text: str) -> None:
        """It says where the handler is."""
        self._stack = text
        self._has_told.set()

    def receive(self) -> Any:
        return pickle.loads(self._connection.recv_bytes())  # noqa: S301 - our own process

    def kill(self) -> None:
        self._popen.kill()

    def blank(self) -> None:
        blank(self._connection.fileno())
        blank(self._control)

    def close(self) -> None:
        """Let it end: it does at the end of its control pipe, whatever it runs."""
        if self._is_open:
            self._is_open = False
            self._connection.close()
            os.close(self._control)

    def wait(self) -> str:
        """Wait for its end; returns how it ended, in words."""
        self.close()
        try:
            code = self._popen.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            code = self._popen.wait()
        if code >= 0:
            return f"{self.name} ended with exit code {code}"
        with contextlib.suppress(ValueError):
            name = signal.Signals(-code).name
            return f"{self.name} was killed by {name}"
        return f"{self.name} was killed by signal {-code}"


class ProcessPool:
    """Worker processes that are started when they are needed, and end with the job.

    Args:
        size: how many there may be at once; by default one for each processor.
    """

    fork_lock: threading.RLock | None = None

    def __init__(self, size: int = 0) -> None:
        self.size = size or _processors()
        self._idle: list[_Process] = []
        self._busy: dict[_Process, Invocation] = {}
        self._started = 0
        self._changed = threading.Condition()
        release_in_children(self)

    def release_in_child(self) -> None:
        """This is a forked child: the worker processes are its parent's."""
        for process in (*self._idle, *self._busy):
            process.blank()

    def run(self, invocation: Invocation, slot: Slot, data: dict[str, Any]) -> BaseException | None:
        """Run a handler in a worker process, and do to the job what it does; what it raised.

        Raises:
            SerializationError: when it can't be taken there.
            ExecutionError: when the process has ended under it.
        """
        content = pack_call(invocation, slot, data)
        process = self._take(invocation)
        if process is None:
            return not_begun()
        invocation.runs_in(process.worker)
        try:
            process.send(content)
            while not isinstance(message := process.receive(), End):
                if isinstance(message, Stack):
                    process.note_stack(message.text)
                    continue
                with contextlib.suppress(JobCancelled, NotPossible):  # the worker has been told
                    apply_message(invocation, message)
        except (EOFError, ConnectionError) as error:
            raise ExecutionError(f"The {self._drop(process)} while it ran this handler.") from error
        except BaseException:
            self._drop(process)
            raise
        self._give_back(process)
        return raised_by(invocation, message)

    def _take(self, invocation: Invocation) -> _Process | None:
        """A process for a handler, when one is free; None when its job is cancelled meanwhile."""
        job = invocation.job
        with self._changed:
            self._changed.wait_for(lambda: job.cancelled or self._idle or self._started < self.size)
            if job.cancelled:
                return None
            if self._idle:
                process = self._idle.pop()
                self._busy[process] = invocation
                return process
            self._started += 1
        try:
            process = _Process()
        except BaseException:
            with self._changed:
                self._started -= 1
                self._changed.notify()
            raise
        with self._changed:
            self._busy[process] = invocation
        return process

    def _give_back(self, process: _Process) -> None:
        with self._changed:
            del self._busy[process]
            self._idle.append(process)
            self._changed.notify()

    def _drop(self, process: _Process) -> str:
        """A process is of no use any more; returns how it ended."""
        with self._changed:
            self._busy.pop(process, None)
            self._started -= 1
            self._changed.notify()
        return process.wait()

    def cancel(self) -> None:
        """Tell the handlers that run that their job has been cancelled, and those that wait."""
        with self._changed:
            self._changed.notify_all()
            for process in self._busy:
                with contextlib.suppress(OSError):  # it has ended in this moment
                    process.cancel()

    def stack(self, task_id: int) -> str:
        """Where the handler of a task is at this moment; empty where it runs in none of them."""
        with self._changed:
            found = [one for one, given in self._busy.items() if given.task.id == task_id]
        if not found:
            return _WAITS
        with contextlib.suppress(OSError):  # it has ended in this moment
            return found[0].stack() or _SILENT.format(found[0].name)
        return ""

    def kill(self) -> None:
        """End those that run handlers: what holds one up entirely does not see this process end."""
        with self._changed:
            for process in self._busy:
                process.kill()

    def close(self) -> None:
        """Let the worker processes end; others are started when they are needed again."""
        with self._changed:
            idle, self._idle = self._idle, []
            self._started -= len(idle)
        for process in idle:
            process.close()
        if idle:  # somebody must wait for their ends, and not who holds the job's lock
            threading.Thread(target=lambda: [one.wait() for one in idle], name="reaper").start()


def _processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
