"""What is measured of a job, as it is shown: routines' figures, problems, what runs now, the end.

All of it is small, whatever the length of the job, and asked for by its *parts*, so that only what
is shown is computed and sent. Times of day are ISO 8601 or empty, spans are in seconds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from routilux_tui.job.tasks import LONGEST_ERROR
from routilux_tui.views.earlier import Usual  # noqa: TC001 - a field's type

OUTLOOK, FIGURES, PROBLEMS, NOW = "outlook", "figures", "problems", "now"
#: What may be asked for, and is told of a job by itself.
PARTS = (OUTLOOK, FIGURES, PROBLEMS, NOW)
#: Beside these: what of all that was usual in earlier runs, which must be read for it.
USUAL = "usual"

#: What a routine is at this moment, and how that is shown: glyph, ASCII stand-in, word.
ROUTINE_APPEARANCES: dict[str, tuple[str, str, str]] = {
    "running": ("▶", ">", "running"),
    "idle": ("○", "o", "idle"),
    "not yet": ("·", ".", "not yet"),
    "failed": ("✗", "x", "failed"),
    "held": ("‖", "=", "held"),
    "stopped": ("⊘", "/", "stopped"),
    "done": ("✓", "+", "done"),
}


class RoutineFigures(msgspec.Struct, array_like=True, frozen=True):
    """What one routine does now, and did.

    ``state`` is a key of `ROUTINE_APPEARANCES`: ``idle`` ran and may get more, ``failed`` did for
    good, ``done`` is said when the job has ended. ``queued`` counts tasks that wait for it,
    ``retrying`` those of them that wait for another try; ``oldest`` is for how long the first of
    them waits. ``done`` counts tasks that it is done with, and ``rate`` is how many handlers ended
    a second in the last minute, tries that are made again among them. ``p50``, ``p95`` and
    ``longest`` are run times within 2 %, of all runs; ``minute_p95`` of the last minute;
    ``wait_p50`` and ``wait_p95`` waits in the queue; None where there are none. ``spark`` has how
    many ended in each of the last seconds, oldest first: as many as are known, at most 60. ``busy``
    is how long its handlers ran in all. ``done`` may be an estimate, of a file that has many
    records and no statistics.
    """

    routine_id: str
    state: str = "not yet"
    queued: int = 0
    running: int = 0
    done: int = 0
    rate: float = 0.0
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None
    minute_p95: float | None = None
    wait_p50: float | None = None
    wait_p95: float | None = None
    errors: int = 0
    retries: int = 0
    retrying: int = 0
    oldest: float | None = None
    last_error: str = ""
    busy: float = 0.0
    spark: list[int] = []
    done_is_estimate: bool = False


class FailingInput(msgspec.Struct, frozen=True):
    """A task that failed: what it was given, how often it was tried of how often it may be.

    ``next_try`` is when it is tried again; empty where it ``gave_up``, or was ``dropped`` with
    the other tasks when its job ended. ``text`` is the input in one line.
    """

    task: int
    routine_id: str
    text: str
    tries: int = 1
    most_tries: int = 1
    next_try: str = ""
    gave_up: bool = False
    error: str = ""
    at: str = ""
    input: Any = None
    dropped: bool = False


class CodeLine(msgspec.Struct, frozen=True):
    """A line of code, with its number in its file."""

    number: int
    text: str


class ProblemRow(msgspec.Struct, frozen=True, kw_only=True):
    """Errors of one kind: one routine, one type, one message but for its values.

    ``number`` names it in `Handle.failing`. ``count`` is how often, ``inputs`` in how many tasks;
    of those ``retrying`` will be tried again (the first of them at ``next_try``), ``gave_up`` will
    not, and ``dropped`` would have been, had their job not ended. ``common`` is what all their
    inputs have in common, and those of tasks that went well have not: key -> value. ``line`` is the
    line of code that raised, ``place`` where it is (``price.py:42 in convert``); ``code`` has the
    lines up to that one, ``code_note`` says why it has none, where there is something to be said;
    ``worker`` the process that raised last, where that is not the job's own. ``samples`` are the
    first of the inputs. ``message`` is the last one's; where they differ, ``form`` is what all have
    in common (``bad item …``).
    """

    number: int
    routine_id: str
    error_type: str
    message: str
    kind: str
    count: int = 0
    inputs: int = 0
    retrying: int = 0
    gave_up: int = 0
    next_try: str = ""
    first: str = ""
    last: str = ""
    common: dict[str, Any] = {}
    place: str = ""
    line: str = ""
    code: list[CodeLine] = []
    code_note: str = ""
    traceback: str = ""
    worker: str = ""
    samples: list[FailingInput] = []
    form: str = ""
    dropped: int = 0

    @property
    def failing(self) -> int:
        """How many inputs there are that have not gone well since."""
        return self.retrying + self.gave_up + self.dropped

    @property
    def error(self) -> str:
        """The error in a line, true of all of them: where their messages differ, it says so."""
        text = self.message
        if self.form:
            has_words = any(letter.isalpha() for letter in self.form)
            text = self.form if has_words else f"{self.form} (the last: {self.message})"
        is_said = not self.error_type or f"{text}:".startswith(f"{self.error_type}:")
        return text if is_said else f"{self.error_type}: {text}"

    def is_last(self, failing: FailingInput) -> bool:
        """Whether an input has the error that came last, of which the traceback is."""
        last = f"{self.error_type}: {self.message}" if self.error_type else self.message
        return failing.error[:LONGEST_ERROR] == last[:LONGEST_ERROR]


class RunningHandler(msgspec.Struct, frozen=True, kw_only=True):
    """A handler that runs: for how long, beside its routine's median and 95th percentile."""

    task: int
    routine_id: str
    slot: str = ""
    since: str = ""
    elapsed: float = 0.0
    median: float | None = None
    p95: float | None = None
    tries: int = 1
    most_tries: int = 1
    thread: str = ""
    text: str = ""
    input: Any = None


class NextTask(msgspec.Struct, frozen=True):
    """A task that comes next, behind how many others; ``due`` where it waits for another try.

    ``on_hold``: it does not start until somebody lets it go. ``tries`` is how often it failed.
    """

    task: int
    routine_id: str
    behind: int
    text: str = ""
    due: str = ""
    on_hold: bool = False
    tries: int = 0


PAUSING = "pausing"
#: What handlers that still run are in the way of, and how that is said of each of them.
AWAITED: dict[str, str] = {
    PAUSING: "awaited by the pause",
    "cancelled": "cancelled, still runs",
    "failed": "job failed, still runs",
    "completed": "job ended, still runs",
}


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What runs at this moment, the longest first, and what comes next of all that is queued.

    ``killed_after`` is the last that is known of a job whose process was killed while these
    handlers ran, and by which their times are reckoned; empty where that is not so.
    ``awaited`` is what the handlers are in the way of, one of `AWAITED`: a pause that was asked,
    or the job's end; ``awaited_since`` when that was asked, where it is known.
    """

    handlers: list[RunningHandler] = []
    coming: list[NextTask] = []
    queued: int = 0
    killed_after: str = ""
    awaited: str = ""
    awaited_since: str = ""


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """How far the job is, and when it ends.

    ``word`` is its status in words that are true at this moment. ``done`` of ``total`` are tasks
    (of those known so far), ``rate`` is how many handlers end a second. ``progress`` (0 to 1),
    ``low`` and ``high`` (seconds left) are None where they are not known; ``eta`` says it in words,
    ``basis`` how it is known. ``slower`` is how many times as long it takes as ``earlier_runs`` of
    the same flow with the same parameters did, None where these are too few. ``said_done`` of
    ``said_total`` is the flow's own word, where one routine gives it. ``approximate`` says why
    figures are not exact; empty where they are. ``done_is_estimate`` while the records of a large
    file are still being counted. ``elapsed`` is for how many seconds it has run, without the time
    in which it was paused or nobody ran it; None where it is not known. ``is_overdue``: it
    should have ended by now.
    """

    word: str
    done: int = 0
    total: int = 0
    queued: int = 0
    rate: float = 0.0
    spark: list[int] = []
    workers: int = 0
    busy: int = 0
    progress: float | None = None
    low: float | None = None
    high: float | None = None
    eta: str = ""
    basis: str = ""
    slower: float | None = None
    earlier_runs: int = 0
    errors: int = 0
    retrying: int = 0
    gave_up: int = 0
    oldest: float | None = None
    silent: float | None = None
    said_done: float = 0.0
    said_total: float = 0.0
    approximate: str = ""
    done_is_estimate: bool = False
    elapsed: float | None = None
    is_overdue: bool = False


class Insight(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that were asked for, as of the moment ``at``; the others are as they begin."""

    at: str
    outlook: Outlook | None = None
    figures: list[RoutineFigures] = []
    problems: list[ProblemRow] = []
    problems_beyond: int = 0
    now: Now | None = None
    usual: Usual | None = None
