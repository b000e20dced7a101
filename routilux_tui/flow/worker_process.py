"""What a worker process does: it takes calls of handlers from its job's process, one at a time.

It ends as soon as nobody holds the other end of its connection any more.
"""

from __future__ import annotations

import os
import threading
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from routilux_tui.flow import context
from routilux_tui.flow.calls import ASK_STACK, Stack, pack_message, sendable_end, unpack_call
from routilux_tui.flow.remote_job import RemoteJob, run_call
from routilux_tui.flow.worker_output import WorkerOutput
from routilux_tui.job.forking import blank, release_in_children

if TYPE_CHECKING:
    from routilux_tui.flow.calls import Message


class Worker:
    """One worker process.

    Args:
        calls: the file number of the connection by which calls come, and messages go.
        control: that of a pipe: a byte in it says that the job has been cancelled, or asks where
            the handler is; its end, that the job's process is gone.
    """

    fork_lock: threading.RLock | None = None

    def __init__(self, calls: int, control: int) -> None:
        self._connection = Connection(calls)
        self._control = control
        self._sending = threading.Lock()
        self._is_cancelled = False
        self._job: RemoteJob | None = None
        release_in_children(self)
        threading.Thread(target=self._watch, daemon=True).start()

    def release_in_child(self) -> None:
        """This is a child that a handler has forked: the connection is its parent's."""
        blank(self._connection.fileno())
        blank(self._control)

    def _watch(self) -> None:
        while asked := os.read(self._control, 1):
            job = self._job
            if asked == ASK_STACK:
                if job is not None:
                    self._send(Stack(job.stack()))
                continue
            self._is_cancelled = True
            if job is not None:
                job.set_cancelled()
        os._exit(0)

    def _send(self, message: Message) -> None:
        content = pack_message(message)
        with self._sending:
            self._connection.send_bytes(content)

    def run(self) -> None:
        """Take call after call, until there can be no more."""
        output = WorkerOutput(self._send)
        while True:
            try:
                content = self._connection.recv_bytes()
            except (EOFError, OSError):
                return
            try:
                call = unpack_call(content)
                self._job = RemoteJob(call, self._send)
                if self._is_cancelled:
                    self._job.set_cancelled()
                output.is_open = True
                error, text = run_call(call, self._job)
            except BaseException as problem:
                error, text = problem, ""
            output.close()
            self._send(sendable_end(error, text))
            self._job = None


def main(calls: int, control: int) -> None:
    """Be a worker process."""
    context.IS_WORKER_PROCESS = True
    Worker(calls, control).run()
