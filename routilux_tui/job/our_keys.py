"""The keys of a job's file that are ours, and that routilux ignores: written and read back.

A new field of a job is an attribute of `data.JobData`, altered by a kind of change (`change_kinds`,
which names the part that it is of, `JOB_PARTS`), and has a key here in `OWN_KEYS`, `own_plain` and
`fill_own`, and its place in `file_places.FILE`. If viewers have rows of it that may be altered in
place, `runner.backend._IN_PLACE` names the part, too.

``tests/extension_points/test_new_field.py`` and ``tests/job/test_change_kinds.py`` check all of
them, and say which is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.breakpoints import breakpoint_from
from routilux_tui.job.data import MOST_CONTROLS, shape_routines
from routilux_tui.job.fold_alerts import alert_from
from routilux_tui.job.jsonable import as_text
from routilux_tui.job.numbers import as_number, is_id
from routilux_tui.job.questions import Question
from routilux_tui.job.record import MOST_TRACEBACKS
from routilux_tui.job.statistics import Statistics
from routilux_tui.job.tasks import MOST_FAILED, FailedTask, Task

if TYPE_CHECKING:
    from routilux_tui.job.data import JobData

#: Keys of ours beside the field's own; each is left out where there is nothing to say.
OWN_KEYS = (
    "seq",
    "journaled",
    "next_task",
    "running",
    "workers",
    "slot_data",
    "flow_shape",
    "controls",
    "failed_tasks",
    "failed_count",
    "dropped_tasks",
    "tracebacks",
    "statistics",
    "said_progress",
    "expected",
    "questions",
    "breakpoints",
    "alerts",
    "alert_count",
    "last_alert",
)


def own_plain(job: JobData) -> dict[str, Any]:
    """Those of `OWN_KEYS` that have something to say."""
    own: dict[str, Any] = {"next_task": job.next_task_id} if job.next_task_id > 1 else {}
    if job.running:
        own["running"] = [[task_id, *where] for task_id, where in job.running.items()]
    workers = [[task_id, one] for task_id, one in job.workers.items() if task_id in job.running]
    if workers:
        own["workers"] = workers
    if job.slot_data:
        own["slot_data"] = [
            [routine_id, slot, data] for (routine_id, slot), data in job.slot_data.items()
        ]
    if job.flow_shape:
        own["flow_shape"] = job.flow_shape
    if job.controls:
        own["controls"] = list(job.controls)
    if job.failed_tasks:
        own["failed_tasks"] = [one.to_plain() for one in job.failed_tasks]
        own["failed_count"] = job.failed_count
    if job.dropped_tasks:
        own["dropped_tasks"] = [one.to_plain() for one in job.dropped_tasks]
    if job.tracebacks:
        own["tracebacks"] = list(job.tracebacks)
    if job.said_progress:
        own["said_progress"] = {name: list(one) for name, one in job.said_progress.items()}
    if job.expected:
        own["expected"] = [[*key, *numbers] for key, numbers in job.expected.items()]
    if job.alerts:
        own["alerts"] = {name: dict(one) for name, one in job.alerts.items()}
    if job.alert_count:
        own["alert_count"], own["last_alert"] = job.alert_count, job.last_alert
    if job.breakpoints:
        own["breakpoints"] = list(job.breakpoints.values())
    if job.questions:
        own["questions"] = [one.to_plain() for one in job.questions.values()]
    job.statistics.sort_in(job.running)
    statistics = job.statistics.to_plain()
    if statistics:
        own["statistics"] = statistics
    return own


def fill_own(job: JobData, plain: dict[str, Any]) -> None:
    """Take over `OWN_KEYS`; whatever is of another type than ours is left."""
    for entry in _entries(plain, "slot_data"):
        if isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], dict):
            job.slot_data[str(entry[0]), str(entry[1])] = entry[2]
    number = plain.get("next_task")
    if is_id(number):
        job.next_task_id = max(job.next_task_id, number)
    for entry in _entries(plain, "running"):
        if isinstance(entry, list) and len(entry) == 3 and is_id(entry[0]):
            task_id, routine_id, at = entry
            if isinstance(routine_id, str) and as_number(at):
                job.running[task_id] = (routine_id, as_number(at))
    for entry in _entries(plain, "workers"):
        if isinstance(entry, list) and len(entry) == 2 and is_id(entry[0]):
            job.workers[entry[0]] = as_text(entry[1])
    progress = plain.get("said_progress")
    for name, one in (progress if isinstance(progress, dict) else {}).items():
        if isinstance(one, list) and len(one) == 2 and as_number(one[1]):
            job.said_progress[name] = [as_number(one[0]), as_number(one[1])]
    for entry in _entries(plain, "expected"):
        if isinstance(entry, list) and len(entry) == 4 and all(map(is_id, entry[2:])):
            job.expected[str(entry[0]), str(entry[1])] = entry[2:]
    alerts = plain.get("alerts")
    for name, entry in (alerts if isinstance(alerts, dict) else {}).items():
        rule = alert_from(entry)
        if rule is not None:
            job.alerts[str(name)] = rule
    count, last = plain.get("alert_count"), plain.get("last_alert")
    if is_id(count) and isinstance(last, dict):
        job.alert_count, job.last_alert = count, last
    for entry in _entries(plain, "breakpoints"):
        found = breakpoint_from(entry)
        if found is not None:
            job.breakpoints[found["number"]] = found
            job.next_breakpoint = max(job.next_breakpoint, found["number"] + 1)
    for entry in _entries(plain, "questions"):
        question = Question.from_plain(entry)
        if question is not None:
            job.questions[question.number] = question
            job.next_question = max(job.next_question, question.number + 1)
    job.statistics = Statistics.from_plain(plain.get("statistics"))
    job.statistics.restore(job.outstanding, job.running)
    shape = plain.get("flow_shape")
    if isinstance(shape, dict):
        job.flow_shape = shape
        job.flow_routines = shape_routines(shape)
    controls = [one for one in _entries(plain, "controls") if isinstance(one, dict)]
    job.controls = controls[-MOST_CONTROLS:]
    if "failed_tasks" in plain:
        failed = [one for one in _entries(plain, "failed_tasks") if isinstance(one, dict)]
        job.failed_tasks = [FailedTask.from_plain(one) for one in failed[:MOST_FAILED]]
        count = plain.get("failed_count")
        job.failed_count = max(count if is_id(count) else 0, len(job.failed_tasks))
    if "dropped_tasks" in plain:
        dropped = [one for one in _entries(plain, "dropped_tasks") if isinstance(one, dict)]
        job.dropped_tasks = [Task.from_plain(one, 0) for one in dropped[:MOST_FAILED]]
    if "tracebacks" in plain:
        texts = [one for one in _entries(plain, "tracebacks") if isinstance(one, str)]
        job.tracebacks = texts[:MOST_TRACEBACKS]
        job.traceback_numbers = {text: n for n, text in enumerate(job.tracebacks)}


def _entries(plain: dict[str, Any], name: str) -> list[Any]:
    value = plain.get(name)
    return value if isinstance(value, list) else []
