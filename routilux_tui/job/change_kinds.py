"""Every kind of change, in one table: its arguments, what it alters, how it is written.

So one from a file is looked at before it is carried out, and whoever keeps something of a job knows
what is stale after it. How each is carried out stands in the ``fold_*`` files.

A new kind is a line in `KINDS`, and has a name in

- a ``fold_*`` file: a function that carries it out, in the table at the file's end; a new file's
  table is one of `job.changes.FOLD`;
- if it alters a part that none did: `JOB_PARTS`, and `our_keys`, where a new part of a job begins;
- if it moves tasks: `views.task_spans`, `views.spans`, `views.chrome_trace`, `views.critical_path`;
  they read its time, a ``t`` among its arguments; what it does to tasks that wait is followed by
  `data.JobData.renew_held`, by `statistics.Statistics.recount`, and, if they stand in another order
  or are others than their change said, by `fold_single_tasks._is_as_queued_no_more`;
- if it queues new ones: `fold_tasks.QUEUEING`, `store.list_growth`, which also says their ids;
- if it adds to the history, the log or the outputs: `store.list_growth`;
- if it starts or ends handlers: `runner.script_engine._MOVES`;
- if only the engine makes it: `views.critical_path._OF_THE_ENGINE`; if alerts are to look at once:
  `runner.alerts._WAKING`;
- `store.encoding`, if its values are always plain, or a key that may be none (`_ALWAYS_PLAIN`,
  `_KEYED`);
- `views.kept_moments`: words for it, if its own name are none, and whether `{` and `}` stop there.

``tests/extension_points/test_new_kind_of_change.py`` checks them, and says which is missing; that
one alters what it says, and no more, ``tests/job/test_change_kinds.py`` does.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.job import timestamps
from routilux_tui.job.numbers import is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from routilux_tui.job.listeners import Change


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


#: What a letter of `Kind.arguments` stands for.
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "*": lambda _value: True,
    "s": lambda value: type(value) is str,
    "S": lambda value: value is None or type(value) is str,
    "k": lambda value: not isinstance(value, (dict, list)),
    "d": lambda value: type(value) is dict,
    "D": lambda value: value is None or type(value) is dict,
    "i": is_id,
    "I": lambda value: value is None or is_id(value),
    "l": lambda value: type(value) is list and all(map(is_id, value)),
    "q": lambda value: type(value) is list and all(map(_is_task, value)),
    "t": lambda value: _is_number(value) and timestamps.is_time(value),
    "n": _is_number,
}


class Kind(NamedTuple):
    """What is known of a kind of change, beside how it is carried out."""

    #: What its arguments are: a letter of `_CHECKS` each; after a dot come those that may be
    #: missing, as older versions write none.
    arguments: str
    #: The parts of a job that it alters.
    alters: frozenset[str]
    #: Whether the engine goes on only when it is written.
    at_once: bool = False
    #: Whether it says what is so already, and may be carried out twice.
    repeatable: bool = False
    #: Whether its data is in the job as it is, and so in every keyframe.
    nested: bool = False


#: The parts of a job, by what a change alters together: `TASKS` is what waits and runs, with its
#: input; `RUNS` and `ERRORS` count for all routines.
STATUS, CURRENT, HISTORY, TASKS, FAILED = "status", "current", "history", "tasks", "failed"
ROUTINES, RUNS, ERRORS, SHAPE, PROGRESS = "routines", "runs", "errors", "shape", "progress"
DEFERRED, QUESTIONS, PAUSES, LOG, OUTPUT = "deferred", "questions", "pauses", "log", "output"
SHARED, SLOTS, TRACEBACKS, CONTROL_LOG = "shared", "slots", "tracebacks", "controls"
BREAKPOINTS, ALERTS, IDENTITY = "breakpoints", "alerts", "identity"
JOB_PARTS = (
    *(STATUS, CURRENT, HISTORY, TASKS, FAILED, ROUTINES, RUNS, ERRORS, SHAPE, PROGRESS, DEFERRED),
    *(QUESTIONS, PAUSES, LOG, OUTPUT, SHARED, SLOTS, TRACEBACKS, CONTROL_LOG, BREAKPOINTS, ALERTS),
    IDENTITY,
)

#: Stands for a handler that has ended without an error, which alters less.
RAN_WELL = "ran well"


def _alters(*parts: str) -> frozenset[str]:
    return frozenset(parts)


#: Every kind of change.
KINDS = {
    "status": Kind("st", _alters(STATUS), at_once=True, repeatable=True),
    "current": Kind("S", _alters(CURRENT)),
    "set": Kind("s*t", frozenset(JOB_PARTS), nested=True),
    "routine": Kind("k*t", _alters(ROUTINES, RUNS, ERRORS), nested=True),
    "no_routine": Kind("kt", _alters(ROUTINES, RUNS, ERRORS)),
    "emit": Kind("ss*tIq", _alters(HISTORY, TASKS, PROGRESS)),
    "queue": Kind("q*tSS", _alters(TASKS)),
    "record": Kind("kk*t.II", _alters(HISTORY)),
    "traceback": Kind("s", _alters(TRACEBACKS), nested=True),
    "shape": Kind("d", _alters(SHAPE)),
    "control": Kind("sdst", _alters(CONTROL_LOG)),
    "progress": Kind("snnt", _alters(PROGRESS)),
    "expect": Kind("ssit", _alters(PROGRESS)),
    "run": Kind("ist", _alters(TASKS, ROUTINES, RUNS, CURRENT)),
    "worker": Kind("ist", _alters(TASKS)),
    "ran": Kind("isstD", _alters(TASKS, ROUTINES, ERRORS, FAILED), at_once=True, repeatable=True),
    "retry": Kind("istdnt", _alters(TASKS, ROUTINES, ERRORS), at_once=True),
    "pause_point": Kind("*t", _alters(PAUSES), nested=True),
    "shared": Kind("k*t", _alters(SHARED), nested=True),
    "unshared": Kind("kt", _alters(SHARED)),
    "log": Kind("*t", _alters(LOG)),
    "output": Kind("kk*t", _alters(OUTPUT)),
    "deferred": Kind("kk*t", _alters(DEFERRED), nested=True),
    "deferred_sent": Kind("", _alters(DEFERRED)),
    "breakpoint": Kind("isdt", _alters(BREAKPOINTS)),
    "breakpoint_off": Kind("it", _alters(BREAKPOINTS)),
    "alert_rule": Kind("sdt", _alters(ALERTS)),
    "alert_off": Kind("st", _alters(ALERTS)),
    "alert": Kind("sst", _alters(ALERTS), at_once=True),
    "alert_over": Kind("st", _alters(ALERTS)),
    "ask": Kind("isdtI", _alters(QUESTIONS)),
    "reminded": Kind("it", _alters(QUESTIONS)),
    "answered": Kind("iddt", _alters(QUESTIONS), at_once=True),
    "slot": Kind("isss*t", _alters(SLOTS, TASKS), nested=True),
    # A pause holds what waits, an end drops it; people do the same by keep_back and remove.
    "hold": Kind("lt", _alters(TASKS, ROUTINES), at_once=True, repeatable=True),
    "take_up": Kind("t", _alters(TASKS, ROUTINES, RUNS, ERRORS)),
    "drop": Kind("lt", _alters(TASKS, ROUTINES, FAILED), repeatable=True),
    "again": Kind("iiDt", _alters(TASKS, FAILED)),
    "undrop": Kind("lt", _alters(TASKS, FAILED)),
    "give_up": Kind("it", _alters(TASKS, ROUTINES, FAILED)),
    "due": Kind("lt", _alters(TASKS)),
    "keep_back": Kind("lt", _alters(TASKS)),
    "let_go": Kind("lt", _alters(TASKS)),
    "remove": Kind("lt", _alters(TASKS, ROUTINES)),
    "first": Kind("lt", _alters(TASKS)),
}

#: Where in a change of each kind its time stands.
TIME_PLACES = {
    name: kind.arguments.find("t") + 2 for name, kind in KINDS.items() if "t" in kind.arguments
}


def kinds_altering(parts: Iterable[str]) -> frozenset[str]:
    """The kinds of change, and `RAN_WELL`, that alter any of these parts of a job."""
    wanted = frozenset(parts)
    well = KINDS["ran"].alters - {ERRORS, FAILED}
    effects = {**{name: kind.alters for name, kind in KINDS.items()}, RAN_WELL: well}
    return frozenset(name for name, alters in effects.items() if not wanted.isdisjoint(alters))


def kind_of(change: Change) -> str:
    """The kind of a change, or `RAN_WELL`."""
    kind: str = change[1]
    return RAN_WELL if kind == "ran" and (len(change) < 7 or change[6] is None) else kind


def _is_task(value: Any) -> bool:
    return type(value) is list and len(value) == 3 and has_shape("iss", value)


def has_shape(shape: str, values: list[Any]) -> bool:
    """Whether values are of the kinds that the letters of a shape name."""
    least, checks = _checks(shape)
    if not least <= len(values) <= len(checks):
        return False
    for check, value in zip(checks, values, strict=False):  # some may be missing at the end
        if check is not None and not check(value):
            return False
    return True


@cache
def _checks(shape: str) -> tuple[int, tuple[Callable[[Any], bool] | None, ...]]:
    """How many values a shape needs, and a check for each; None where any value is right."""
    needed, _, optional = shape.partition(".")
    letters = needed + optional
    return len(needed), tuple(None if one == "*" else _CHECKS[one] for one in letters)
