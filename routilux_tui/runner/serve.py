"""Making a job that runs in any program visible to ``ps``, ``attach`` and the dashboard."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible
from routilux_tui.runner.backend import Backend
from routilux_tui.runner.paths import socket_path
from routilux_tui.runner.server import Server
from routilux_tui.state.job_state import JobState

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serve(flow: Any, job_state: Any = None, *, read_only: bool = False) -> Iterator[Server]:
    """Serve a job of this process for as long as the ``with`` block lasts.

    ``with serve(flow, job_state):`` shows it with its controls, ``with serve(job_state):``
    without any. With nobody watching, nothing is done for a change. A flow and a job of routilux
    0.10 or 0.11 itself are served, too; handlers that run when it begins are not shown.

    Args:
        flow: the flow that runs the job, or the job's state alone.
        job_state: the job's state.
        read_only: refuse every control.

    Raises:
        NotPossible: when the first argument is no flow and no state, or the flow never ran it.
        UnsafeFolder: when the socket folder is not ours alone.
    """
    if job_state is not None and not isinstance(job_state, JobState):
        from routilux_tui.runner.library_jobs import is_library_flow, library_jobs

        if not is_library_flow(flow):
            raise NotPossible("serve() is given a flow and a job state, or a job state alone.")
        with library_jobs().observed(flow, job_state) as (state, steering):
            backend = Backend(state, steering, read_only=read_only)
            with _serving(Server(backend, socket_path(state.job_id))) as server:
                yield server
        return
    engine = None
    if job_state is None:
        if not isinstance(flow, JobState):
            raise NotPossible("serve() is given a flow and a job state, or a job state alone.")
        job_state = flow
        engine = job_state.execution
    else:
        engine = flow.execution_of(job_state) or flow.prepare(job_state)
    backend = Backend(job_state, engine, read_only=read_only)
    with _serving(Server(backend, socket_path(job_state.job_id))) as server:
        yield server


@contextmanager
def _serving(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()
