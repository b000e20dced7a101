"""What conditions see of a job, of one of its tasks, or of a job's line in a list."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from routilux_tui.job.status import KILLED, has_ended, is_routine, routine_is_done
from routilux_tui.views.condition_figures import MEASURED, OF_ENTRY, OF_JOB, Measured, small
from routilux_tui.views.figures import figures, outlook
from routilux_tui.views.flow_shape import MOST_ROUTINES
from routilux_tui.views.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.views.estimate import EarlierRun
    from routilux_tui.views.shapes import JobEntry

_PENDING: dict[str, Any] = {
    "status": "pending",
    "runs": 0,
    "errors": 0,
    "retries": 0,
    "retry_count": 0,
    "active": 0,
    "execution_time": 0.0,
    "error": "",
    "queue": 0,
    "p95": 0.0,
    "rate": 0.0,
    "error_type": "",
}


def context_of(
    job: Job,
    earlier: Sequence[EarlierRun] = (),
    now: float | None = None,
    names: frozenset[str] | None = None,
    *,
    gone: bool = False,
) -> dict[str, Any]:
    """What a condition on a job sees; ``earlier`` are runs of its flow, the newest first.

    ``now`` is the moment, in seconds since the epoch; by default the present one. ``names`` are
    those that are asked for, where the others are not wanted: most cost nothing to tell. ``gone``
    says that the process that ran it was killed: then that is its ``status``.

    ``age`` is in seconds. ``progress`` is the part that is done, 0 to 1, and 1 only when the job
    has completed, -1 where it is not known; ``eta`` is the seconds that are left, -1 where no end
    is known. ``queue`` counts the tasks that wait, ``oldest`` is for how many seconds the first of
    them does; ``waiting`` is true while the job stands still until a person answers, ``questions``
    counts what it asks; ``silent_for`` is how many seconds nothing has changed;
    ``slower_than_usual`` is how many times as long as earlier runs it takes, 0 where that is not
    known.
    A routine has ``queue``, ``p95`` and ``rate`` (in the last minute, a second), and is ``idle``
    between two inputs. ``shared`` is the shared data; ``log_last`` and ``output_last`` are the
    last entries.
    """
    with job.lock:
        plain = {
            name: value(job) for name, value in OF_JOB.items() if names is None or name in names
        }
        if gone and "status" in plain:
            plain["status"] = KILLED
        if names is not None and names <= plain.keys():
            return plain
        moment = Moment(job, now=now, earlier=earlier, gone=gone)
        seen = outlook(moment)
        is_over = has_ended(job.status)
        routines = {
            name: {**_PENDING, **small(routine)}
            for name, routine in islice(job.routine_states.items(), MOST_ROUTINES)
            if is_routine(name) and isinstance(routine, dict)
        }
        for name in job.flow_routines:
            routines.setdefault(name, dict(_PENDING))
        for one in figures(moment):
            routine = routines.setdefault(one.routine_id, dict(_PENDING))
            own = job.routine_states.get(one.routine_id)
            measured = {"queue": one.queued, "p95": one.p95 or 0.0, "rate": one.rate}
            for key, value in measured.items():
                if not isinstance(own, dict) or key not in own:  # a user's own value stands
                    routine[key] = value
            if not is_over and one.state == "idle" and routine_is_done(str(routine["status"])):
                routine["status"] = "idle"
        known = Measured(job, now, seen, routines)
        return {**plain, **{name: value(known) for name, value in MEASURED.items()}}


def context_of_task(
    routine: str,
    slot: str,
    data: Any,
    source: str | None = None,
    event: str | None = None,
    tries: int = 0,
) -> dict[str, Any]:
    """What a breakpoint's condition sees of a task beside its job: its input, and what sent it."""
    return {
        "routine": routine,
        "slot": slot,
        "data": small(data) if isinstance(data, dict) else {},
        "source": source or "",
        "event": event or "",
        "tries": tries,
    }


def context_of_entry(entry: JobEntry) -> dict[str, Any]:
    """What a condition that filters a list sees of a job."""
    return {name: value(entry) for name, value in OF_ENTRY.items()}
