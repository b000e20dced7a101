"""Running a job again: a new job with the flow and the parameters of an earlier one.

The earlier job is never changed. The new one says in the record of its start whose run it repeats.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible
from routilux_tui.job import status as statuses
from routilux_tui.job.model import Job
from routilux_tui.runner.again_from import restart_from
from routilux_tui.runner.launch import launch
from routilux_tui.runner.launch_record import KEY, FlowToResume, flow_to_resume, script_ended
from routilux_tui.runner.launch_spec import LaunchSpec
from routilux_tui.runner.paths import log_path, socket_path
from routilux_tui.store.reading import load_job
from routilux_tui.views.naming import command, launch_names

if TYPE_CHECKING:
    import os

    from routilux_tui.runner.launch_spec import LaunchResult


#: What a task had of the job in which it failed.
_OF_THE_OLD_JOB = (
    *("task_id", "retry_count", "emitted", "problem", "error", "due", "queued_at", "merged"),
)


class Repetition:
    """A job that is to be run again, looked at before anything is started.

    Args:
        path: the file of the earlier job.
        params: parameters that replace those of the earlier job.
        flow: the flow; by default that of the earlier job, as its source is now.
        only_failed: send again the inputs that failed for good, and nothing else.
        routine: begin with every input that had entered this routine; what is not reached from
            there is kept as done. With ``only_failed``, with those of it that failed.

    Raises:
        JobFileError: when the file holds no readable job.
        NotPossible: when it does not say what it was started with, or has no failed inputs.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        params: dict[str, Any],
        *,
        flow: str = "",
        only_failed: bool = False,
        routine: str = "",
    ) -> None:
        job = load_job(path, into=Job, strict=True)
        if job.library:
            raise script_ended(job, str(path))
        record = job.extra.get(KEY)
        begun = FlowToResume(flow) if flow else flow_to_resume(
            record, job.job_id, str(path), method="again", any_source=True
        )  # fmt: skip
        own = record if isinstance(record, dict) else {}
        self.job_id = job.job_id
        self.flow = begun.flow
        self.params = {**(begun.params or {}), **params}
        self._changed = list(params)
        self.name, self.labels = launch_names(record)
        self.entry = str(own.get("entry") or "") if not flow else ""
        self.kept: dict[str, Any] = {}
        self._shared: dict[str, Any] = {}
        self._reason = "the whole"
        self.tasks: list[dict[str, Any]] = []
        if routine:
            restart = restart_from(job, str(path), routine)
            self.tasks, self.kept, self._shared = restart
            self._reason = f"from {routine}"
        if only_failed:
            failed = _failed(job, str(path))
            self.tasks = [one for one in failed if routine in {"", one["slot_routine_id"]}]
            self._reason = f"its failed inputs{f' of {routine}' if routine else ''}"
            if not self.tasks:
                raise NotPossible(f"{path}: no input of {routine!r} failed for good.")
        self._begun = begun

    def start(
        self, *, workers: int = 0, read_only: bool = False, keep: str = "", log_size: int = 0
    ) -> LaunchResult:
        """Start the new job; returns when it runs.

        Raises:
            FlowLoadError: when the flow can't be loaded; with the user's traceback.
            UsageError: when a parameter is one of the entry, and that is not run.
            RoutiluxTuiError: as the runner refuses.
        """
        job_id = str(uuid.uuid4())
        return launch(
            LaunchSpec(
                flow=self.flow,
                job_id=job_id,
                socket=str(socket_path(job_id)),
                log=str(log_path(job_id)),
                params=self.params,
                name=self.name,
                labels=self.labels,
                entry=self.entry,
                workers=workers or self._begun.workers,
                executor=self._begun.executor,
                cwd=self._begun.cwd,
                alerts=list(self._begun.alerts),
                read_only=read_only,
                keep=keep,
                log_size=log_size,
                parent=self.job_id,
                reason=self._reason,
                tasks=self.tasks,
                changed=self._changed,
                states=self.kept,
                shared=self._shared,
            )
        )


def _failed(job: Job, path: str) -> list[dict[str, Any]]:
    """The tasks of a job that failed for good, as a job that has not run them holds them.

    Raises:
        NotPossible: when it has not ended, or none failed, or not all of them are known.
    """
    if not statuses.has_ended(job.status):
        raise NotPossible(
            f"{path}: its job is {job.status}, and has not ended.",
            f"Wait for its end, or go on with it: {command('resume', Path(path))}",
        )
    if not job.failed_tasks:
        raise NotPossible(f"{path}: no input failed for good.", "Run the whole again.")
    if job.failed_count > len(job.failed_tasks):
        raise NotPossible(
            f"{path}: {job.failed_count:,} inputs failed, and {len(job.failed_tasks):,} are kept.",
            "Run the whole again.",
        )
    tasks = []
    for one in job.failed_tasks:
        plain = one.task.to_plain()
        for key in _OF_THE_OLD_JOB:
            plain.pop(key, None)
        tasks.append(plain)
    return tasks
