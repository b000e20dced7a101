"""What stands where in a job's file: the format's own words, names, texts, and the flow's data."""

from __future__ import annotations

from typing import NamedTuple

from routilux_tui.job.error_kinds import FAILURES
from routilux_tui.job.queue_actions import GIVEN_UP, QUEUED_BY_HAND

#: What tells a job at all: numbers, times, words of ours.
KEPT = "kept"
#: What the flow calls a part of it; one name stands in many places.
NAME = "name"
#: What was written for people.
TEXT = "text"
#: The flow's or a person's own: keys, texts and numbers, in any shape.
DATA = "data"


class Keys(NamedTuple):
    """An object. Its ``fields`` are the format's; the names of all others are somebody's own."""

    fields: dict[str, Place]
    others: Place = DATA


class Each(NamedTuple):
    """A list, each entry of which has the same in it; of anything else, that is in its place."""

    entry: Place


class Row(NamedTuple):
    """A list that has something else at each place."""

    entries: tuple[Place, ...]


Place = str | Keys | Each | Row


def _of(*groups: tuple[Place, str], others: Place = DATA) -> Keys:
    return Keys({name: place for place, names in groups for name in names.split()}, others)


_WHO = _of((TEXT, "name"), (KEPT, "uid pid tty host"))
#: A record's data: what the engine notes stands there where a flow's own does.
NOTED = _of((DATA, "error error_type traceback slot reason question worker"))
_RECORD = _of((KEPT, "_type timestamp task first trace"), (NAME, "routine_id event_name"))
_TASK = _of(
    (NAME, "slot_routine_id slot_name connection_source_routine_id connection_source_event_name"),
    (NAME, "connection_target_routine_id connection_target_slot_name"),
    (KEPT, "priority retry_count max_retries created_at task_id emitted queued_at again problem"),
    (KEPT, "due skip merged edited on_hold status failed_at"),
    (DATA, "data"),
    (TEXT, "error"),
)
_ROUTINE = _of(
    (KEPT, "status runs errors retries active started_at ended_at execution_time retry_count"),
    (KEPT, "start_time end_time"),
    (TEXT, "error last_error error_type traceback"),
    (DATA, "stats"),
)
_ANSWER = _of((NAME, "choice"), (DATA, "data"))
_QUESTION = Keys(
    {
        **_of(
            (KEPT, "number task asked_at due remind reminders answered_at"),
            (NAME, "routine_id event params"),
            (TEXT, "text"),
            (DATA, "data"),
        ).fields,
        "choices": Keys({}, Keys({})),
        "types": Keys({}, KEPT),
        "default": _ANSWER,
        "answer": _ANSWER,
        "who": _WHO,
    }
)
_PAUSE = Keys(
    {
        **_of(
            (KEPT, "timestamp pending_tasks_count queue_size active_tasks_count"),
            (TEXT, "reason"),
            (NAME, "current_routine_id"),
        ).fields,
        "checkpoint": _of((KEPT, "questions waits_for_answers breakpoint task")),
    }
)
_SHAPE = Keys(
    {
        "routines": Each(_of((NAME, "id slots events"), others=NAME)),
        "connections": Each(NAME),
        "workers": KEPT,
    },
    NAME,
)
_LAUNCH = Keys(
    {
        **_of(
            (KEPT, "sha256 workers version signature library"),
            (NAME, "entry name queue parent"),
            (TEXT, "flow path executor python cwd host user reason after alerts"),
        ).fields,
        "params": DATA,
        "labels": DATA,
        "executors": Keys({}, TEXT),
    }
)
_MEASURED = Keys(
    {
        **_of((KEPT, "counts run_time queue_wait recent windows activity")).fields,
        "usual": Row((KEPT, DATA)),
    }
)
_PROBLEM = _of(
    (NAME, "routine_id"),
    (TEXT, "error_type kind message form worker"),
    (KEPT, "trace count inputs first last samples"),
    (DATA, "common"),
)
_STATISTICS = Keys(
    {
        "clock": KEPT,
        "began": KEPT,
        "uptime": KEPT,
        "said_at": KEPT,
        "routines": Keys({}, _MEASURED),
        "problems": Keys({"kinds": Each(_PROBLEM), "rest": KEPT}),
    }
)
_ALERT = Keys(
    {
        "rule": _of((NAME, "name"), (TEXT, "when command"), (KEPT, "held repeat bell notify")),
        **_of((KEPT, "holds count at")).fields,
    }
)

#: Events that are the engine's own: a name that is one of them tells nothing of a flow.
OUR_EVENTS = FAILURES | QUEUED_BY_HAND | {GIVEN_UP, "start", "asked", "completed", "cancel"}
#: A job's file; keys that it does not name are a flow's or another program's.
FILE = Keys(
    {
        **_of(
            (KEPT, "_type status created_at updated_at seq next_task journaled failed_count"),
            (KEPT, "alert_count history_ttl_seconds max_history_size"),
            (NAME, "flow_id job_id current_routine_id"),
            (TEXT, "tracebacks"),
            (DATA, "shared_data"),
        ).fields,
        "execution_history": Each(Keys({**_RECORD.fields, "data": NOTED})),
        "routine_states": Keys({}, _ROUTINE),
        "pending_tasks": Each(_TASK),
        "failed_tasks": Each(_TASK),
        "dropped_tasks": Each(_TASK),
        "deferred_events": Each(Keys({**_RECORD.fields, "data": DATA})),
        "output_log": Each(
            _of((NAME, "routine_id output_type"), (KEPT, "timestamp"), (DATA, "data"))
        ),
        "shared_log": Each(_of((KEPT, "timestamp"), (DATA, "message level"))),
        "pause_points": Each(_PAUSE),
        "running": Each(Row((KEPT, NAME, KEPT))),
        "workers": Each(Row((KEPT, TEXT))),
        "slot_data": Each(Row((NAME, NAME, DATA))),
        "expected": Each(Row((NAME, NAME, KEPT, KEPT))),
        "said_progress": Keys({}, KEPT),
        "questions": Each(_QUESTION),
        "controls": Each(Keys({**_of((KEPT, "action at"), (TEXT, "reason")).fields, "who": _WHO})),
        "breakpoints": Each(
            Keys({**_of((KEPT, "number at"), (TEXT, "condition")).fields, "who": _WHO})
        ),
        "alerts": Keys({}, _ALERT),
        "last_alert": _of((NAME, "name"), (TEXT, "text"), (KEPT, "bell notify")),
        "flow_shape": _SHAPE,
        "launch": _LAUNCH,
        "statistics": _STATISTICS,
    }
)
