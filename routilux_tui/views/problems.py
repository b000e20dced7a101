"""Errors by their kind, with the inputs that have them and what all of these have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import preview
from routilux_tui.views.code_lines import code_lines
from routilux_tui.views.insight import FailingInput, ProblemRow
from routilux_tui.views.moment import bounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.error_kinds import Problem
    from routilux_tui.job.tasks import FailedTask, Task
    from routilux_tui.views.insight import CodeLine
    from routilux_tui.views.moment import Moment

#: Kinds of error that are shown.
MOST_PROBLEMS = 50
_NONE = object()
_MOST_DIGITS = 9
_FRAME = re.compile(r'  File "([^"]*)", line (\d+), in (.*)\n(?:    (.*)\n)?')


def problems(moment: Moment) -> list[ProblemRow]:
    """Errors by kind: those that gave up first, then the most frequent."""
    gave_up: dict[int, list[FailedTask]] = {}
    for failed in moment.job.failed_tasks:
        if failed.task.problem is not None:
            gave_up.setdefault(failed.task.problem, []).append(failed)
    retrying: dict[int, list[Task]] = {}
    for tasks in moment.retrying().values():
        for task in tasks:
            if task.problem is not None:
                retrying.setdefault(task.problem, []).append(task)
    dropped: dict[int, list[Task]] = {}
    for task in moment.job.dropped_tasks:
        if task.problem is not None:
            dropped.setdefault(task.problem, []).append(task)
    numbered = list(enumerate(moment.statistics.problems.kinds))
    numbered.sort(key=lambda one: (-len(gave_up.get(one[0], ())), -one[1].count))
    return [
        _problem(
            moment,
            number,
            kind,
            gave_up.get(number, []),
            retrying.get(number, []),
            dropped.get(number, []),
        )
        for number, kind in numbered[:MOST_PROBLEMS]
    ]


def _problem(
    moment: Moment,
    number: int,
    kind: Problem,
    gave_up: list[FailedTask],
    retrying: list[Task],
    dropped: list[Task],
) -> ProblemRow:
    trace, place, line, (code, code_note) = _raised(moment, kind)
    due = min((task.due for task in retrying if task.due), default=0.0)
    return ProblemRow(
        number=number,
        routine_id=kind.routine_id,
        error_type=kind.error_type,
        message=kind.message,
        kind=kind.kind,
        count=kind.count,
        inputs=kind.inputs,
        retrying=len(retrying),
        gave_up=len(gave_up),
        dropped=len(dropped),
        next_try=timestamps.to_iso(due) if due else "",
        first=timestamps.to_iso(kind.first),
        last=timestamps.to_iso(kind.last),
        common=_special(moment, kind),
        place=place,
        line=line,
        code=code,
        code_note=code_note,
        traceback=trace,
        worker=kind.worker,
        form=kind.form,
        samples=[
            *(_retried(moment, task) for task in retrying[:5]),
            *(_given_up(moment, one) for one in gave_up[:5]),
            *(_dropped(moment, task) for task in dropped[:5]),
        ][:5],
    )


def _raised(moment: Moment, kind: Problem) -> tuple[str, str, str, tuple[list[CodeLine], str]]:
    """The traceback of a kind's last error, the place and line that raised it, and lines before."""
    traces = moment.job.tracebacks
    if kind.trace is None or not 0 <= kind.trace < len(traces):
        return "", "", "", ([], "")
    stack = traces[kind.trace]
    place = line = ""
    around: tuple[list[CodeLine], str] = [], ""
    if frames := _FRAME.findall(stack):
        path, number, name, line = frames[-1]
        place = f"{path.rpartition('/')[2]}:{number} in {name}"
        if not kind.worker and len(number) < _MOST_DIGITS:  # a worker may be another machine's
            around = code_lines(path, int(number), line, kind.last)
    own = f"{kind.error_type}: {kind.message}" if kind.error_type else kind.message
    return f"{stack}{own}", place, line, around


def _special(moment: Moment, kind: Problem) -> dict[str, Any]:
    """What the inputs of a kind have in common, but for what those that went well have, too."""
    if not kind.common or kind.inputs < 2:
        return {}
    one = moment.statistics.routines.get(kind.routine_id)
    usual = (one.usual if one is not None else None) or {}
    return {key: value for key, value in kind.common.items() if usual.get(key, _NONE) != value}


def failing(moment: Moment, number: int, start: int, stop: int) -> list[FailingInput]:
    """The inputs of one kind of problem: those that are tried again first."""
    stop = min(stop, start + 200)
    job = moment.job
    tasks = [task for tasks in moment.retrying().values() for task in tasks]
    found: list[tuple[Callable[[Moment, Any], FailingInput], Any]] = [
        *((_retried, task) for task in tasks if task.problem == number),
        *((_given_up, one) for one in job.failed_tasks if one.task.problem == number),
        *((_dropped, task) for task in job.dropped_tasks if task.problem == number),
    ]
    return [described(moment, one) for described, one in found[max(0, start) : max(0, stop)]]


def _retried(moment: Moment, task: Task) -> FailingInput:
    return FailingInput(
        task.id,
        task.routine_id,
        preview(moment.delivered(task)),
        task.retry_count,
        task.max_retries + 1,
        timestamps.to_iso(task.due) if task.due else "",
        error=task.error,
        at=timestamps.to_iso(task.created_at),
        input=bounded(moment.delivered(task)),
    )


def _dropped(moment: Moment, task: Task) -> FailingInput:
    return msgspec.structs.replace(_retried(moment, task), next_try="", dropped=True)


def _given_up(moment: Moment, failed: FailedTask) -> FailingInput:
    task = failed.task
    return FailingInput(
        task.id,
        task.routine_id,
        preview(moment.delivered(task)),
        task.retry_count + 1,
        max(task.max_retries, task.retry_count) + 1,
        gave_up=True,
        error=failed.error,
        at=timestamps.to_iso(failed.at),
        input=bounded(moment.delivered(task)),
    )
