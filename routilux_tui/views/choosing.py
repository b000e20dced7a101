"""Which tasks of a job somebody means: one by its number, those of a routine or a kind, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.job import status as statuses
from routilux_tui.job.queue_actions import GIVEN_UP
from routilux_tui.job.tasks import last_error
from routilux_tui.views.formatting import counted
from routilux_tui.views.naming import command
from routilux_tui.views.shapes import Header  # noqa: TC001 - a field's type

if TYPE_CHECKING:
    from pathlib import Path

    from routilux_tui.job.model import Job
    from routilux_tui.job.tasks import FailedTask, Task


class TaskSelection(msgspec.Struct, frozen=True, kw_only=True):
    """Which failed tasks are meant: exactly one of these says so.

    ``kind`` is the number of a kind of error in the job's insight, or its type, or a part of its
    message. ``every`` means all that failed and, unless ``only_failed``, what was dropped when the
    job failed or was cancelled, too.
    """

    task: int | None = None
    routine: str = ""
    kind: str = ""
    every: bool = False
    only_failed: bool = False

    @property
    def is_for_failed(self) -> bool:
        """Whether nothing is meant but what has failed."""
        return self.only_failed or not (self.every or self.task is not None)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of a request about tasks.

    ``tasks`` has the ids of those that will run, or that were given up; ``told`` says in words
    what was meant. ``socket`` is where the job is run from now on, where that is somewhere else.
    """

    header: Header
    tasks: list[int] = []
    told: str = ""
    socket: str = ""


class Chosen(NamedTuple):
    """The tasks that are meant: failed for good, waiting for another try, dropped."""

    failed: list[FailedTask]
    waiting: list[Task]
    dropped: list[Task]

    @property
    def is_dropped_alone(self) -> bool:
        """Whether none of them has failed."""
        return not self.failed and not self.waiting and not any(t.retry_count for t in self.dropped)

    def summary(self) -> str:
        """How many they are, in words: ``2 inputs of price, and 30 dropped tasks``."""
        names: dict[str, int] = {}
        tried = [one for one in self.dropped if one.retry_count]
        for task in [*(one.task for one in self.failed), *self.waiting, *tried]:
            names[task.routine_id] = names.get(task.routine_id, 0) + 1
        parts = [f"{counted(number, 'input')} of {name}" for name, number in names.items()]
        if len(self.dropped) > len(tried):
            parts.append(counted(len(self.dropped) - len(tried), "dropped task"))
        return ", ".join(parts[:-1]) + f"{' and ' if len(parts) > 1 else ''}{parts[-1]}"


def selection_of(params: dict[str, Any]) -> TaskSelection:
    """What a request names.

    Raises:
        UsageError: when it names nothing, or more than one thing.
    """
    names = TaskSelection.__struct_fields__
    fields = {name: params[name] for name in names if params.get(name) is not None}
    if isinstance(fields.get("kind"), int):
        fields["kind"] = str(fields["kind"])
    try:
        wanted = msgspec.convert(fields, TaskSelection)
    except msgspec.ValidationError as error:
        raise UsageError(f"Which tasks are meant can't be understood: {error}.") from error
    if (wanted.task is not None) + bool(wanted.routine) + bool(wanted.kind) + wanted.every != 1:
        raise UsageError(
            "Say which inputs are meant.", "One of: --task N, --routine R, --kind K, --all"
        )
    return wanted


def choose(job: Job, wanted: TaskSelection, name: str | Path = "") -> Chosen:
    """The tasks of a job that are meant; its lock is held.

    Args:
        job: the job.
        wanted: what is meant.
        name: what the job is called where somebody is told what else to do; by default its id.

    Raises:
        NotPossible: when there are none; the message says what there is.
    """
    is_meant = _meaning(job, wanted)
    failed = [
        one
        for one in job.failed_tasks
        if is_meant(one.task, one.error) and (one.status != GIVEN_UP or wanted.task is not None)
    ]
    waiting = [
        task
        for task in job.outstanding.values()
        if task.retry_count and task.id not in job.running and is_meant(task, "")
    ]
    dropped: list[Task] = []
    if statuses.has_ended(job.status):
        for task in job.dropped_tasks:  # among them such as had failed, and waited for another try
            if is_meant(task, "") and (task.retry_count or not wanted.is_for_failed):
                dropped.append(task)  # noqa: PERF401 - with its reason
    if not failed and not waiting and not dropped:
        raise NotPossible(_why_none(job, wanted), _what_else(job, name or job.job_id))
    return Chosen(failed, waiting, dropped)


def _meaning(job: Job, wanted: TaskSelection) -> Any:
    if wanted.task is not None:
        return lambda task, _error: task.id == wanted.task
    if wanted.routine:
        return lambda task, _error: task.routine_id == wanted.routine
    if wanted.every:
        return lambda _task, _error: True
    return _with_error(job, wanted.kind)


def _with_error(job: Job, text: str) -> Any:
    """Of a kind of error that is named by its number, type or form; or with a text in their own."""
    kinds = job.statistics.problems.kinds
    if text.isdecimal():
        return lambda task, _error: task.problem == int(text)
    numbers = {
        number
        for number, one in enumerate(kinds)
        if text in {one.error_type, one.kind, one.form, f"{one.error_type}: {one.form}"}
    }
    return lambda task, error: task.problem in numbers or text in (error or last_error(task, kinds))


def _what_else(job: Job, name: str | Path) -> str:
    """Where to look for what failed, or what can be done with a job in which no input has."""
    if job.dropped_tasks and not any(one.status != GIVEN_UP for one in job.failed_tasks):
        return f"What it dropped runs, too, with: {command('retry', name, '--all')}"
    if job.failed_count or not statuses.has_ended(job.status):
        return f"What failed: {command('show', name, '--problems')}"
    return f"The whole, as a new job: {command('again', name)}"


def _why_none(job: Job, wanted: TaskSelection) -> str:
    kept = len(job.failed_tasks)
    beyond = f" ({job.failed_count:,} failed, {kept:,} are kept)" if job.failed_count > kept else ""
    if wanted.task is not None:
        return f"Task {wanted.task} has not failed, or was sent again already{beyond}."
    if wanted.routine:
        return f"No input of {wanted.routine!r} has failed{beyond}."
    if wanted.kind:
        return f"No input has an error of kind {wanted.kind!r}{beyond}."
    return f"No input has failed{beyond}."
