"""The table of the kinds of change is true: what it does not name, a change leaves as it was."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from routilux_tui import JobState
from routilux_tui.job import change_kinds as parts
from routilux_tui.job.change_kinds import ERRORS, FAILED, KINDS, RUNS, TASKS, kinds_altering
from routilux_tui.job.changes import FOLD
from tests.job.random_changes import RandomChanges

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.job.tasks import Task

#: The attributes of a job that make up a part.
ATTRIBUTES = {
    parts.STATUS: ("_status",),
    parts.CURRENT: ("_current_routine_id",),
    parts.HISTORY: ("_history",),
    parts.FAILED: ("failed_tasks", "failed_count", "dropped_tasks"),
    parts.ROUTINES: ("_routine_states",),
    parts.SHAPE: ("flow_shape", "flow_routines"),
    parts.PROGRESS: ("said_progress", "expected"),
    parts.DEFERRED: ("_deferred_events",),
    parts.QUESTIONS: ("questions",),
    parts.PAUSES: ("_pause_points",),
    parts.LOG: ("_shared_log",),
    parts.OUTPUT: ("_output_log",),
    parts.SHARED: ("_shared_data",),
    parts.SLOTS: ("slot_data",),
    parts.TRACEBACKS: ("tracebacks", "traceback_numbers"),
    parts.CONTROL_LOG: ("controls",),
    parts.BREAKPOINTS: ("breakpoints",),
    parts.ALERTS: ("alerts", "alert_count", "last_alert"),
    parts.IDENTITY: ("_flow_id", "_job_id", "extra", "_created"),
}
#: Looked at by `tasks_of` and by the counts.
OF_TASKS = {"outstanding", "running", "workers", "_pending_tasks"}
#: What every change may alter, and what is of this process alone.
OF_ANY = {
    *("lock", "seq", "_listeners", "_dispatch", "_updated", "pending_ends", "statistics"),
    *("next_task_id", "next_question", "next_breakpoint", "is_in_order", "last_started"),
    *("unread", "missing", "execution", "output_handler"),
}


def tasks_of(job: JobState) -> Any:
    """What waits and runs, with its input; not what the engine notes of a task beside that."""

    def plain(task: Task) -> Any:
        kept = (task.data, task.due, task.on_hold, task.retry_count, task.skip)
        return task.id, task.routine_id, task.slot, *kept

    job.statistics.sort_in(job.running)
    queued = {name: one.queued for name, one in job.statistics.routines.items() if one.queued}
    held = len(job.pending_tasks)
    return repr(([plain(one) for one in job.outstanding.values()], job.running, queued, held))


def count_of(*names: str) -> Callable[[JobState], Any]:
    def counts(job: JobState) -> Any:
        states = [one for one in job._routine_states.values() if isinstance(one, dict)]
        return [sum(one.get(name) or 0 for one in states) for name in names]

    return counts


LOOKS: dict[str, Callable[[JobState], Any]] = {
    TASKS: tasks_of,
    RUNS: count_of("runs"),
    ERRORS: count_of("errors", "retries"),
    **{
        part: lambda job, names=names: repr([getattr(job, name) for name in names])
        for part, names in ATTRIBUTES.items()
    },
}


def test_every_kind_is_carried_out_and_every_attribute_of_a_job_is_in_a_part() -> None:
    assert KINDS.keys() == FOLD.keys()
    assert LOOKS.keys() == set(parts.JOB_PARTS)
    named = {one for names in ATTRIBUTES.values() for one in names}
    own = vars(JobState("a")).keys() & vars(JobState.__mro__[1]("a")).keys()
    nameless = own - named - OF_TASKS - OF_ANY
    assert not nameless, (
        f"Of job.data.JobData {sorted(nameless)} is of no part: name it in ATTRIBUTES here, the part "
        "in job.change_kinds.JOB_PARTS, and its key in job.our_keys"
    )
    assert named | OF_TASKS <= own


@pytest.mark.parametrize("seed", range(3))
def test_a_change_alters_the_parts_that_its_kind_names(seed: int) -> None:
    often = ["emit", "run", "ran", "retry", "run", "ran", "emit", "ask"]
    changes = RandomChanges(random.Random(seed), [*KINDS, *often, *often, *often])
    before = {part: look(changes.job) for part, look in LOOKS.items()}
    made = set()
    for n, kind in enumerate(changes):
        made.add(kind)
        after = {part: look(changes.job) for part, look in LOOKS.items()}
        altered = {part for part in LOOKS if after[part] != before[part]}
        assert altered <= KINDS[kind].alters, changes.last
        for part in altered:
            assert parts.kind_of(changes.last) in kinds_altering({part}), changes.last
        before = after
        if n > 1200:
            break
    assert made == set(KINDS)


def test_a_handler_that_ended_well_is_no_error() -> None:
    assert parts.RAN_WELL not in kinds_altering({ERRORS, FAILED})
    assert parts.RAN_WELL in kinds_altering({TASKS})
