"""One job of a script: our copy of it, its file, its socket."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.errors import JobFileError, NotPossible, RoutiluxTuiError
from routilux_tui.job import status as statuses
from routilux_tui.job import timestamps
from routilux_tui.runner.backend import Backend
from routilux_tui.runner.force_cancel import record_forced_end, record_stopped
from routilux_tui.runner.full_disk import FullDisk
from routilux_tui.runner.paths import job_path, jobs_folder, log_path, make_private, socket_path
from routilux_tui.runner.save_file_check import check_save_file
from routilux_tui.runner.script_engine import ScriptEngine
from routilux_tui.runner.script_messages import apply_message, job_of_message
from routilux_tui.runner.server import Server
from routilux_tui.store.journal import Journal
from routilux_tui.store.retention import apply_keep, parse_keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.runner.launch_spec import LaunchSpec

logger = logging.getLogger("routilux_tui.runner")

LINGER = 1.0
"""Seconds that a job of a script is answered for after its end; longer while it is looked at."""


class ScriptJob:
    """A job that a script runs.

    Args:
        message: what the script says of it at its beginning.
        spec: what the runner was told; the script's log is that of all of its jobs.
        launch: how the script was started; kept in the job's file.
        save: its file; empty for one in the state folder, where it goes, too, when the file may
            not be overwritten.
        order: sends an order to the script for this job.
        force: ends the script by force.
    """

    def __init__(
        self,
        message: dict[str, Any],
        spec: LaunchSpec,
        launch: dict[str, Any],
        save: str,
        order: Callable[..., None],
        force: Callable[[str, float], None],
    ) -> None:
        self.state = state = job_of_message(message)
        state.extra["launch"] = launch
        if spec.max_history_size is not None:
            state.max_history_size = spec.max_history_size
        if spec.history_ttl_seconds is not None:
            state.history_ttl_seconds = spec.history_ttl_seconds
        self._keep = spec.keep
        self.path = job_path(state.flow_id, state.job_id)
        note = ""
        if save:
            try:
                check_save_file(Path(save), state.flow_id, force=spec.force)
                self.path = Path(save)
            except (NotPossible, JobFileError) as error:
                note = error.message
                logger.warning("Job %s is kept in %s: %s", state.job_id, self.path, note)
        self.engine = ScriptEngine(state, order)
        self.closed = False
        self._ended_at = 0.0
        if self.path.parent == jobs_folder():
            make_private(self.path.parent)
        disk = FullDisk(self.engine)
        self.journal = Journal(state, self.path, disk.is_full, disk.is_free)
        self.backend = Backend(
            state,
            self.engine,
            read_only=spec.read_only,
            path=str(self.path),
            log=spec.log,
            flush=self.journal.flush,
        )
        self.backend.note = note
        disk.backend = self.backend
        state.make("shape", message["shape"])
        self.socket = socket_path(state.job_id)
        self.server = Server(
            self.backend,
            self.socket,
            force,
            lambda place: self.journal.set_owner(msgspec.to_builtins(place)),
        )
        self._was_paused = False
        with contextlib.suppress(OSError):
            os.link(spec.log, log_path(state.job_id))
        self.server.start()
        self.backend.alerts.begin(spec.alerts)

    def take(self, kind: str, args: list[Any]) -> None:
        """Carry out what the script says of the job; see `routilux_tui.tap.messages`."""
        if self.closed:
            logger.warning("Job %s has ended, and yet: %s", self.state.job_id, kind)
            return
        apply_message(self.state, self.engine, kind, args)

    def update_file(self) -> None:
        """Keep the file true: at a pause, and for good when the job has been over for a while."""
        if self.closed:
            return
        paused = self.state.status == "paused"
        if paused and not self._was_paused:
            self.journal.write_snapshot()
        self._was_paused = paused
        has_ended = statuses.has_ended(self.state.status) and not self.state.running
        if not has_ended and not self.engine.gone:
            self._ended_at = 0.0
        elif not self._ended_at:
            self._ended_at = time.monotonic()
            self.backend.alerts.check()  # before it is over
            self.journal.write_snapshot()  # whoever looks at it may do so for long
        elif time.monotonic() - self._ended_at > LINGER and not self.server.clients:
            self.close()

    def script_ended(self, why: str, *, as_told: bool = False) -> None:
        """The script has ended. What it left undone is told, and kept.

        Args:
            why: how it has ended.
            as_told: it ended well, or because we were told to end; a paused job stays as it is.
        """
        if self.closed:
            return
        state = self.state
        with state.lock:
            if state.status == "cancelled":
                record_stopped(state, "its script has ended")
            now, left = time.time(), len(state.outstanding)
            if left and state.status != "paused":  # no handler runs any more, and none will
                state.make("take_up", now)
                state.make("hold", list(state.outstanding), now)
            if state.status == "paused" and not as_told:
                point = {"timestamp": timestamps.to_iso(now), "reason": f"{why}: it can't go on"}
                state.make("pause_point", point, now)
            if state.status == "running":
                reason = f"{why} before the job"
                if left:
                    had = "task had" if left == 1 else "tasks had"
                    reason = f"{reason}: {left} {had} not run to its end"
                state.make("routine", "_failure", {"reason": reason, "dropped": 0}, now)
                state.make("status", "failed", now)
        self.engine.end(why)

    def suspend(self, reason: str) -> None:
        """Pause the job, should it run; it is told when it is paused."""
        with contextlib.suppress(NotPossible):
            self.engine.pause(reason)

    def record_force(self, reason: str) -> None:
        """The script is about to be ended by force, with its handlers."""
        if self.closed:
            return
        with self.state.lock:
            record_forced_end(self.state, reason)
        self.close()

    def close(self) -> None:
        """Write the file a last time, and answer no more."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(OSError, RoutiluxTuiError):
            self.journal.close()
        self.journal.abandon()
        if self._keep:
            apply_keep(self.path, parse_keep(self._keep))
        self.server.stop()
        # It waits for commands, and there are other jobs to hear of.
        threading.Thread(target=self.backend.alerts.close, name="alerts' end").start()
