"""Running a script of routilux again: all of it, or what one of its jobs had not done.

The library can't go on with a job whose process has ended. What can be done is to run the script,
or the flow of it that was named, anew, and have the same job of it begin with the inputs that the
earlier one had not done, in place of its entry. All else of the script runs as it did.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible
from routilux_tui.job import status as statuses
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.tasks import Task
from routilux_tui.runner.launch_record import KEY, flow_to_resume
from routilux_tui.runner.launch_spec import LaunchSpec
from routilux_tui.runner.script import Script, script_of
from routilux_tui.runner.script_launch import start_script
from routilux_tui.runner.script_messages import INEXACT
from routilux_tui.views.naming import command, launch_names

if TYPE_CHECKING:
    from routilux_tui.job.model import Job
    from routilux_tui.runner.script_launch import ScriptRun


class ScriptRepetition:
    """A script that is to be run again, looked at before anything is started.

    Args:
        job: a job of it, as its file has it.
        path: that file, for people.
        params: parameters that replace those of the earlier run, of a flow that was named.
        routines: send what these had not done, in place of the entry; empty to run the whole.
        only_failed: send the inputs that failed for good, in place of the entry.

    Raises:
        NotPossible: when its file does not say how it was run, or by somebody else; when its script
            still runs; when there is nothing to send, or some of it is not kept as it was.
    """

    def __init__(
        self,
        job: Job,
        path: str,
        params: dict[str, Any],
        *,
        routines: list[str],
        only_failed: bool = False,
    ) -> None:
        record = job.extra.get(KEY)
        begun = flow_to_resume(record, job.job_id, path, method="again", any_source=True)
        own = record if isinstance(record, dict) else {}
        self.script = _script_of(begun.flow, str(own.get("path") or ""))
        self.job_id = job.job_id
        self.number = int(own.get("script_job") or 1)
        self.params = {**(begun.params or {}), **params}
        self.args = [as_text(one) for one in own.get("args") or ()]
        self.name, self.labels = launch_names(record)
        self._entry, self._python = str(own.get("entry") or ""), str(own.get("python") or "")
        self._cwd, self._workers = begun.cwd, begun.workers
        #: What is sent, as `pending_tasks` has it, and what is not, by routine.
        self.tasks: list[dict[str, Any]] = []
        self.left_out: Counter[str] = Counter()
        if only_failed or routines:
            _refuse_while_it_runs(job, own, path)
        if only_failed:
            self._take([one.to_plain() for one in job.failed_tasks], None)
            self._check(job, path, "no input failed for good")
        elif routines:
            self._take(job.to_plain(lists=False)["pending_tasks"], routines)
            self._check(job, path, f"{' and '.join(routines)} had done all of its inputs")
        self.reason = "its failed inputs" if only_failed else "what it had not done"
        if not self.tasks:
            self.reason = "the whole"

    def _take(self, undone: list[Any], routines: list[str] | None) -> None:
        for one in undone:
            if not isinstance(one, dict):
                continue
            routine = str(one.get("slot_routine_id"))
            if routines is None or routine in routines:
                self.tasks.append(one)
            else:
                self.left_out[routine] += 1

    def _check(self, job: Job, path: str, nothing: str) -> None:
        """See to it that what is sent is there, and as it was."""
        if not self.tasks:
            others = ", ".join(f"{name} ({count:,})" for name, count in self.left_out.items())
            hint = f"These had not: {others}." if others else "Run the whole again: leave it away."
            raise NotPossible(f"{path}: {nothing}.", hint)
        known = job.flow_shape.get(INEXACT)
        for plain in self.tasks:
            task = Task.from_plain(plain, 0)
            event = f"{task.source_id}.{task.source_event}"
            what = known.get(event) if isinstance(known, dict) else None
            if what:
                raise NotPossible(
                    f"{path}: inputs from {event} are not kept as they were: "
                    f"JSON can't hold one of their values ({what}).",
                    "Run the whole again.",
                )

    def start(
        self, *, workers: int = 0, read_only: bool = False, keep: str = "", log_size: int = 0,
        is_followed: bool = False,
    ) -> ScriptRun:  # fmt: skip
        """Start the script.

        Raises:
            FlowLoadError: when no Python with routilux 0.10 or 0.11 is found.
            NotPossible: when its log can't be kept.
        """
        spec = LaunchSpec(
            flow=self.place,
            job_id="",
            socket="",
            log="",
            params=self.params,
            name=self.name,
            labels=self.labels,
            entry=self._entry,
            workers=workers or self._workers,
            cwd=self._cwd,
            read_only=read_only,
            keep=keep,
            log_size=log_size,
            parent=self.job_id,
            reason=self.reason,
            tasks=self.tasks,
        )
        python = self._python if os.access(self._python, os.X_OK) else ""
        return start_script(
            self.script, self.args, spec, python=python, is_followed=is_followed, job=self.number
        )

    @property
    def place(self) -> str:
        """What is run, as its user names it."""
        name = self.script.name
        return f"{self.script.place}:{name}" if name else self.script.place


def _script_of(flow: str, file: str) -> Script:
    """The script that a job was run from; its file is known to be there."""
    place, _, name = flow.partition(":")
    if place == file:
        found = script_of(flow, named_python=True)
        if found is not None:
            return found
    return Script(place, file, place, name)


def _refuse_while_it_runs(job: Job, launch: dict[str, Any], path: str) -> None:
    """Refuse to do a second time what may be done just now.

    Raises:
        NotPossible: when the job's script runs, if only by itself, its runner being gone.
    """
    pid, file = launch.get("script_process"), str(launch.get("path"))
    try:
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        command_line = b""
    if b"bootstrap.py" in command_line and os.fsencode(file) in command_line:
        if statuses.has_ended(job.status):
            return
        raise NotPossible(
            f"{path}: its script still runs, as process {pid}, and may do it itself.",
            f"Wait for its end, or end it: {command('cancel', '--force', Path(path))}, "
            f"or kill {pid}, should its runner be gone.",
        )
