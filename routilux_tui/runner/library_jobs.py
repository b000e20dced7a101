"""Jobs of routilux itself that run in this process, observed for `serve`."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import NotPossible
from routilux_tui.job.jsonable import decode
from routilux_tui.runner.script_engine import ScriptEngine
from routilux_tui.runner.script_messages import apply_message, job_of_message
from routilux_tui.tap.attaching import attach, detach
from routilux_tui.tap.messages import Messages
from routilux_tui.tap.observatory import Observatory
from routilux_tui.tap.patching import observatory_here, patch, version
from routilux_tui.tap.ring import Reader, Writer, make_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routilux_tui.state.job_state import JobState

logger = logging.getLogger("routilux_tui.runner")

_IDLE = 0.5
_REPORTED_WITHIN = 10.0


def is_library_flow(flow: Any) -> bool:
    """Whether a flow is one of routilux itself."""
    return any(kind.__module__.partition(".")[0] == "routilux" for kind in type(flow).__mro__)


class LibraryJobs:
    """The library's jobs of this process, as long as they are served."""

    def __init__(self) -> None:
        memory = make_memory(tempfile.gettempdir())
        wake, called = os.pipe()
        orders, self._orders = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(called, False)
        self.observatory = Observatory(Messages(Writer(memory, called)))
        self._reader = Reader(memory, wake)
        self._jobs: dict[int, tuple[JobState, ScriptEngine]] = {}
        self._arrived = threading.Condition()
        self.unhooked = sys.modules["routilux.flow.event_loop"].execute_task
        lacking = patch(self.observatory)
        if lacking:
            raise NotPossible(
                f"Jobs of routilux {version()} can't be served: it has no {lacking[0]}.",
                "Jobs of routilux 0.10 and 0.11 can.",
            )
        self.observatory.start_orders(orders)
        threading.Thread(target=self._read, name="library jobs", daemon=True).start()

    def _read(self) -> None:
        while True:
            lines = self._reader.take()
            for line in lines.splitlines():
                try:
                    number, kind, *args = decode(line)
                    if number:
                        self._take(number, kind, args)
                except Exception:
                    logger.exception("A message of a job is not understood: %r", line[:200])
            if not lines:
                self._reader.wait(_IDLE)

    def _take(self, number: int, kind: str, args: list[Any]) -> None:
        if kind != "job":
            if number in self._jobs:
                apply_message(*self._jobs[number], kind, args)
            return
        state = job_of_message(args[0])
        engine = ScriptEngine(state, partial(self._order, number))
        state.make("shape", args[0]["shape"])
        with self._arrived:
            self._jobs[number] = state, engine
            self._arrived.notify_all()

    def _order(self, number: int, what: str, **more: Any) -> None:
        line = msgspec.json.encode({"do": what, "job": number, **more}) + b"\n"
        os.write(self._orders, line)

    @contextlib.contextmanager
    def observed(self, flow: Any, state: Any) -> Iterator[tuple[JobState, ScriptEngine]]:
        """Our copy of a job of the library, kept true as long as the ``with`` block lasts."""
        self.observatory.messages.gone = False
        job = attach(self.observatory, flow, state, self.unhooked)
        with self._arrived:
            if not self._arrived.wait_for(lambda: job.number in self._jobs, _REPORTED_WITHIN):
                raise NotPossible("The job is not heard of.")
        try:
            yield self._jobs[job.number]
        finally:
            detach(self.observatory, job)
            del self._jobs[job.number]
            if not self._jobs:
                self.observatory.messages.gone = True


_here: list[LibraryJobs] = []
_making = threading.Lock()


def library_jobs() -> LibraryJobs:
    """What observes the library in this process; made when first asked for.

    Raises:
        NotPossible: when this version of the library can't be observed, or its jobs are already,
            by the runner that runs this script.
    """
    with _making:
        if not _here:
            if observatory_here() is not None:
                raise NotPossible("The runner of this script serves all of its jobs already.")
            _here.append(LibraryJobs())
        return _here[0]
