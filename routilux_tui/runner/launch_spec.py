"""What a runner is told to do, and what it tells whoever started it."""

from __future__ import annotations

from typing import Any

import msgspec

from routilux_tui.views.choosing import Sent, TaskSelection  # noqa: TC001 - fields' types
from routilux_tui.views.editing import Edited
from routilux_tui.views.shapes import AlertRule  # noqa: TC001 - a field's type


class ScriptSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A script of routilux to be run; see `routilux_tui.runner.script.Script`.

    ``stdout`` and ``stderr`` are descriptors of who follows what it prints; -1 for nobody.
    """

    place: str
    file: str
    module: str
    name: str
    is_bare: bool
    args: list[str]
    python: str
    version: str
    stdout: int
    stderr: int
    job: int = 1
    """Which of its jobs begins with ``LaunchSpec.tasks``, and has a ``parent``."""


class Predecessor(msgspec.Struct, frozen=True, kw_only=True):
    """A job that has to end, or with ``must_complete`` to complete, before another begins."""

    job_id: str
    path: str
    must_complete: bool = False


class RetrySpec(msgspec.Struct, frozen=True, kw_only=True):
    """What of a job that has ended is to be sent again; see `TaskSteering.retry`."""

    wanted: TaskSelection
    edit: Edited | None = None
    reason: str = ""
    via: str = ""

    def as_request(self) -> dict[str, Any]:
        """The parameters of a request for the same."""
        edit = self.edit or Edited()
        named: dict[str, Any] = msgspec.to_builtins(self.wanted)
        return {**named, "input": edit.input, "edit": edit.patch, "reason": self.reason}


class LaunchSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner is to do. ``resume`` names a saved job to take up in place of a new one."""

    flow: str
    job_id: str
    socket: str
    log: str
    params: dict[str, Any] = {}
    name: str = ""
    labels: dict[str, str] = {}
    after: list[Predecessor] = []
    parent: str = ""
    """The id of the job that is run again, and in ``reason`` what of it."""
    reason: str = ""
    tasks: list[dict[str, Any]] = []
    """What to run in place of the entry, as a file's ``pending_tasks`` has it."""
    changed: list[str] = []
    """Parameters that were given anew, and must not be left out in silence."""
    states: dict[str, Any] = {}
    """The states of routines that are not run again, as an earlier job left them."""
    shared: dict[str, Any] = {}
    """The shared data to begin with."""
    entry: str = ""
    save: str = ""
    force: bool = False
    workers: int = 0
    executor: str = ""
    resume: str = ""
    retry: RetrySpec | None = None
    """Of a job in ``resume`` that has ended: what it is taken up for."""
    read_only: bool = False
    keep: str = ""
    alerts: list[AlertRule] = []
    cwd: str = ""
    """The folder to run in; the present one by default."""
    log_size: int = 0
    max_history_size: int | None = None
    history_ttl_seconds: float | None = None
    script: ScriptSpec | None = None
    queue: str = ""
    """The queue in which it waits for its turn, and in ``queue_limit`` how many run at once."""
    queue_limit: int = 0
    place: int = -1
    """The descriptor of a place in it, given to the runner because its turn has come."""


class LaunchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner tells whoever started it."""

    job_id: str = ""
    socket: str = ""
    path: str = ""
    log: str = ""
    pid: int = 0
    sent: Sent | None = None
    """What was sent again."""
    queued: str = ""
    """For what the job waits, where it has not begun; its runner has ended."""
    error: dict[str, Any] | None = None
    traceback: str = ""
    exit_code: int | None = None
    """Of a script, when it has ended."""
