"""Conditions on a job, in CEL, the Common Expression Language.

``status == "paused" || routines.validator.retry_count >= 2``. A condition sees counts and last
values, never the whole history. What names an unknown thing is an error at once, not a wait
for ever.
"""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ConditionError
from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import to_plain
from routilux_tui.job.status import has_ended, is_routine, routine_is_done
from routilux_tui.views import shapes as views
from routilux_tui.views.cel import column_of, compile_cel
from routilux_tui.views.figures import figures, outlook
from routilux_tui.views.flow_shape import MOST_ROUTINES
from routilux_tui.views.list_line import progress_of
from routilux_tui.views.moment import Moment
from routilux_tui.views.naming import launch_names
from routilux_tui.views.questions import count_open, waits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
_LONGEST = 4000
_MOST_ITEMS = 200
_MOST_VALUES = 5000
_LONGEST_TEXT = 100_000
_LARGE: Any = object()
"""Stands for what a condition is not shown."""


class Condition:
    """A compiled condition.

    Args:
        text: the CEL expression; its result must be true or false.

    Raises:
        ConditionError: when it does not parse.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        if not self.text:
            raise ConditionError("The condition is empty.", 'Try: status == "paused"')
        if len(self.text) > _LONGEST:
            raise ConditionError("The condition is too long.")
        try:
            self._program = compile_cel(self.text)
            self._names = [str(name) for name in self._program.variables()]
        except Exception as error:
            raise _unparsed(self.text, error) from None

    @property
    def names(self) -> frozenset[str]:
        """The names of a job's that it asks for."""
        return frozenset(self._names) - _bound_names(self.text)

    def holds(self, context: Mapping[str, Any]) -> bool:
        """Whether it is true.

        Raises:
            ConditionError: when it names what is not there, or is neither true nor false.
        """
        try:
            result = self._program.execute(self._with_labels(context))
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ConditionError(
                f"The condition can't be judged: {reason}", _way_out(self.text, context)
            ) from None
        if not isinstance(result, bool):
            raise ConditionError(
                f"The condition gives {str(result)[:40]!r}, neither true nor false.",
                'Compare it with something: status == "paused"',
            )
        return result

    def _with_labels(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """The context, with each label that is asked for: one that a job has not is empty."""
        labels = dict.fromkeys(_named("labels", self.text), "")
        return {**context, "labels": {**labels, **context.get("labels", {})}}

    def check(self, context: Mapping[str, Any]) -> None:
        """Raise ConditionError if it can't be judged on such a job, whichever way it turns."""
        self.check_names(context)
        self.holds(context)

    def check_names(self, context: Mapping[str, Any]) -> None:
        """Raise ConditionError if it names what such a job has not."""
        import difflib

        bound = _bound_names(self.text)
        for name in self._names:
            if name not in context and name not in bound:
                near = difflib.get_close_matches(name, list(context), 1)
                raise ConditionError(
                    f"A job has no {name!r}.",
                    f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(context)}.",
                )
        for unknown in _unknown_routines(self.text, context):
            there = list(context.get("routines", {}))
            near = difflib.get_close_matches(unknown, there, 1)
            raise ConditionError(
                f"The job has no routine {unknown!r}.",
                f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(there) or 'none'}.",
            )


def _unparsed(text: str, error: Exception) -> ConditionError:
    """Where a condition does not parse; the library's own words are long, and tell its grammar."""
    column = column_of(error)
    if column is None or "\n" in text:
        reason = " ".join(str(error).split())[:160]
        return ConditionError(f"The condition does not parse: {reason}")
    at = column - 1
    rest = text[at:].strip()
    if not rest:
        return ConditionError("The condition is not complete.", "Something is missing at its end.")
    hint = "Equality is written with two: ==" if re.match(r"=(?!=)", rest) else ""
    return ConditionError(
        f"The condition does not parse: {rest[:24]!r} is not understood at column {at + 1}.", hint
    )


def _bound_names(text: str) -> set[str]:
    """Names that a comprehension binds: the ``x`` of ``list.all(x, ...)``."""
    return set(re.findall(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,", text))


def _unknown_routines(text: str, context: Mapping[str, Any]) -> list[str]:
    return [one for one in _named("routines", text) if one not in context.get("routines", {})]


def _named(table: str, text: str) -> list[str]:
    """What is asked for of a table: ``fetch`` of ``routines.fetch.runs > 1``."""
    bare = re.sub(r'(?<!\[)"(?:\\.|[^"\\])*"', '""', text)
    found = re.findall(rf'\b{table}\.([A-Za-z_]\w*)(?!\w*\()|\b{table}\["([^"]+)"\]', bare)
    macros = {"all", "exists", "exists_one", "map", "filter", "size"}
    return [a or b for a, b in found if a not in macros]


def _way_out(text: str, context: Mapping[str, Any]) -> str:
    if "shared." in text:
        return "What may come later is asked for with has(): has(shared.key) && shared.key == 1"
    return f"A job has: {', '.join(context)}."


def context_of(
    job: Job,
    earlier: Sequence[EarlierRun] = (),
    now: float | None = None,
    names: frozenset[str] | None = None,
) -> dict[str, Any]:
    """What a condition on a job sees; ``earlier`` are runs of its flow, the newest first.

    ``now`` is the moment, in seconds since the epoch; by default the present one. ``names`` are
    those that are asked for, where the others are not wanted: most cost nothing to tell.

    ``age`` is in seconds. ``progress`` is the part that is done, 0 to 1, and 1 only when the job
    has completed; ``eta`` is the seconds that are left, -1 where no end is known. ``queue`` counts
    the tasks that wait, ``oldest`` is for how many seconds the first of them does; ``waiting`` is
    true while the job stands still until a person answers, ``questions`` counts what it asks;
    ``silent_for`` is how many seconds nothing has changed;
    ``slower_than_usual`` is how many times as long as earlier runs it takes, 0 where that is not
    known.
    A routine has ``queue``, ``p95`` and ``rate`` (in the last minute, a second), and is ``idle``
    between two inputs. ``shared`` is the shared data; ``log_last`` and ``output_last`` are the
    last entries.
    """
    with job.lock:
        plain = {name: tell(job) for name, tell in _PLAIN.items() if names is None or name in names}
        if names is not None and names <= plain.keys():
            return plain
        moment = Moment(job, now=now, earlier=earlier)
        seen = outlook(moment)
        is_over = has_ended(job.status)
        routines = {
            name: {**_PENDING, **_small(routine)}
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
        done = sum(routine_is_done(str(one["status"])) for one in routines.values())
        guess = done / len(routines) if routines else 0.0
        progress = seen.progress if seen.progress is not None else min(guess, 0.99)
        created = timestamps.to_epoch(job.created_at)
        return {
            **plain,
            "age": max(0.0, (now or time.time()) - created) if created is not None else 0.0,
            "progress": progress,
            "eta": -1.0 if seen.low is None or seen.high is None else (seen.low + seen.high) / 2,
            "queue": seen.queued,
            "oldest": seen.oldest or 0.0,
            "silent_for": seen.silent or 0.0,
            "slower_than_usual": seen.slower or 0.0,
            "routines": routines,
        }


def _sum_of(count: str) -> Callable[[Job], int]:
    """What counts a number of all routines' states together."""

    def tell(job: Job) -> int:
        states = islice(job.routine_states.items(), MOST_ROUTINES)
        return sum(
            _count(state, count)
            for name, state in states
            if is_routine(name) and isinstance(state, dict)
        )

    return tell


def _last(entries: Sequence[Any]) -> Any:
    value = _bounded(entries[-1], [_MOST_VALUES]) if entries else {}
    return {} if value is _LARGE else value


def _count(routine: dict[str, Any], name: str) -> int:
    value = routine.get(name)
    return value if isinstance(value, int) and value.bit_length() <= 63 else 0


def _small(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values as a condition may see them: what is large is left out, however deep it lies."""
    left = [_MOST_VALUES]
    pairs = ((str(key), _bounded(value, left)) for key, value in islice(values.items(), 1000))
    return {key: value for key, value in pairs if value is not _LARGE}


def _bounded(value: Any, left: list[int]) -> Any:
    """A value as a condition may see it, or `_LARGE`; ``left`` counts down the values to come."""
    left[0] -= 1
    if left[0] < 0:
        return _LARGE
    if isinstance(value, dict):
        if len(value) > _MOST_ITEMS:
            return _LARGE
        pairs = ((str(key), _bounded(one, left)) for key, one in list(value.items()))
        return {key: one for key, one in pairs if one is not _LARGE}
    if isinstance(value, (list, tuple, set, frozenset)):
        if len(value) > _MOST_ITEMS:
            return _LARGE
        items = (_bounded(one, left) for one in list(value))
        return [one for one in items if one is not _LARGE]
    if isinstance(value, int) and value.bit_length() > 63:
        return _LARGE
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return _LARGE
    return to_plain(value)


#: What is told of a job without measuring anything, by its name.
_PLAIN: dict[str, Callable[[Job], Any]] = {
    "status": lambda job: job.status,
    "flow_id": lambda job: job.flow_id,
    "job_id": lambda job: job.job_id,
    "name": lambda job: launch_names(job.extra.get("launch"))[0],
    "labels": lambda job: launch_names(job.extra.get("launch"))[1],
    "current": lambda job: job.current_routine_id or "",
    "records": lambda job: len(job.execution_history),
    "runs": _sum_of("runs"),
    "errors": _sum_of("errors"),
    "retries": _sum_of("retries"),
    "pending": lambda job: len(job.pending_tasks) or len(job.outstanding) - len(job.running),
    "deferred": lambda job: len(job.deferred_events),
    "pauses": lambda job: len(job.pause_points),
    "logs": lambda job: len(job.shared_log),
    "outputs": lambda job: len(job.output_log),
    "waiting": waits,
    "questions": count_open,
    "shared": lambda job: _small(job.shared_data),
    "log_last": lambda job: _last(job.shared_log),
    "output_last": lambda job: _last(job.output_log),
}


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
        "data": _small(data) if isinstance(data, dict) else {},
        "source": source or "",
        "event": event or "",
        "tries": tries,
    }


def _part_done(entry: JobEntry) -> float:
    """The part of a job that is done; by its routines where nothing else is known."""
    known = progress_of(entry)
    if known is not None:
        return known
    return min(entry.routines_done / entry.routines_total, 0.99) if entry.routines_total else 0.0


def context_of_entry(entry: JobEntry) -> dict[str, Any]:
    """What a condition that filters a list sees of a job."""
    created = timestamps.to_epoch(entry.created_at)
    updated = timestamps.to_epoch(entry.updated_at)
    now = time.time()
    return {
        "status": entry.status,
        "flow_id": entry.flow_id,
        "job_id": entry.job_id,
        "name": entry.name,
        "labels": entry.labels,
        "host": entry.host,
        "place": entry.place,
        "live": entry.place == "live",
        "records": entry.records,
        "errors": entry.errors,
        "routines_done": entry.routines_done,
        "routines_total": entry.routines_total,
        "size": entry.size,
        "path": entry.path,
        "badge": entry.badge,
        "questions": entry.questions,
        "waiting": entry.questions > 0 and entry.status == "paused",
        "queue": entry.queued,
        "progress": _part_done(entry),
        "age": max(0.0, now - created) if created is not None else 0.0,
        "updated": max(0.0, now - updated) if updated is not None else 0.0,
    }


def examples(header: views.Header, routines: list[views.RoutineRow]) -> list[str]:
    """Conditions that make sense on this very job, for whoever has to write one."""
    conditions = ['status == "paused"' if header.status == "running" else 'status == "running"']
    conditions.append(f"records >= {max(100, header.counts.get(views.HISTORY, 0) * 2)}")
    if routines:
        active = next((one for one in routines if one.status == "running"), routines[-1])
        name = active.routine_id
        place = f"routines.{name}" if name.isidentifier() else f'routines["{name}"]'
        conditions.append(f"{place}.queue > 100")
        conditions.append(f"{place}.runs >= {max(10, active.runs * 2)}")
    conditions.append("errors > 0" if not header.errors else f"errors > {header.errors}")
    conditions.append("retries >= 2")
    return conditions


def breakpoint_examples(routines: list[str]) -> list[str]:
    """Conditions on the tasks of a job's routines, for whoever has to write one."""
    name = routines[-1] if routines else "price"
    return [
        f'routine == "{name}"',
        f'routine == "{name}" && data.amount > 1000',
        "tries > 0",
        "errors > 0",
        "queue > 1000",
    ]
