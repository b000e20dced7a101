"""What is shown of a job: frozen, small, the same from a live runner, a file or a far machine.

A job's long lists are never handed over whole. They are cut into *windows* of rows, by
section; a row holds a one-line preview, and the whole value is asked for by its position.
"""

from __future__ import annotations

import msgspec

ROUTINES = "routines"
HISTORY = "history"
LOG = "log"
PAUSES = "pauses"
DATA = "data"
OUTPUT = "output"
PENDING = "pending"
DEFERRED = "deferred"
#: What handlers printed and logged; kept beside the job's file, so no part of a job in memory.
PRINTED = "print"
#: Parts of the job as a whole, by name: ``launch``, ``controls``.
JOB = "job"
#: The inputs of tasks that are kept, by the ids of the tasks.
INPUT = "input"

#: Every section of a job: what may be cut into windows.
SECTIONS = (ROUTINES, HISTORY, LOG, PAUSES, DATA, OUTPUT, PENDING, DEFERRED)
#: Sections that only ever grow at the end: a row's position never changes.
APPENDED = (HISTORY, LOG, PAUSES, OUTPUT, PRINTED)


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One line of a section.

    ``n`` is its position in the whole section (from 0), whatever filter found it. ``at`` is
    the time as ISO 8601 with its offset, or as the file has it, or empty. ``name`` is the
    event of a record, the key of shared data, the type of an output, the slot of a pending
    task. ``text`` is a one-line preview. All text is raw data:
    whoever paints or prints it makes it harmless first. ``task`` and ``first`` are those of a
    record (see `ExecutionRecord`), or None.
    """

    n: int
    at: str = ""
    routine: str = ""
    name: str = ""
    text: str = ""
    task: int | None = None
    first: int | None = None


class RoutineRow(msgspec.Struct, array_like=True, frozen=True):
    """What one routine did so far. Times are ISO 8601 or empty; ``busy`` is in seconds.

    ``active`` counts its handlers that run right now; ``busy`` is the time that its
    handlers have run in all; ``error`` is the last error's one line.
    """

    routine_id: str
    status: str
    runs: int = 0
    errors: int = 0
    retries: int = 0
    active: int = 0
    started_at: str = ""
    ended_at: str = ""
    busy: float = 0.0
    error: str = ""


class Control(msgspec.Struct, frozen=True):
    """A control that was asked and that the job's state has not confirmed yet."""

    action: str
    reason: str = ""
    running: int = 0
    since: str = ""


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.

    ``when`` is CEL; it has to hold for ``held`` seconds. While it goes on to hold, it is told
    again after ``repeat`` seconds, then after twice as many, and so on; 0 for never. ``command`` is
    an argv.
    """

    name: str
    when: str
    held: float = 0.0
    repeat: float = 0.0
    bell: bool = True
    notify: bool = True
    command: list[str] = []


class AlertState(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a job, whether its condition holds, and how often and when it was told."""

    rule: AlertRule
    holds: bool = False
    count: int = 0
    at: str = ""


class LastAlert(msgspec.Struct, frozen=True, array_like=True):
    """The last that people were told of a job: by which rule, in what words, and how."""

    name: str
    text: str
    bell: bool = True
    notify: bool = True


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A job in a line. ``counts`` has the number of rows by section.

    ``routines_total`` is the number of routines in the flow where that is known, else of those that
    have a state. ``note`` says in words what else is true of it: why it is paused, how many tasks a
    cancel dropped, that nobody runs it. ``gone``: it says that it runs, and the process that ran it
    was killed. ``name`` and ``labels`` were given to it when it was started. ``progress`` (0 to 1,
    None where it is not known) is that of the `Outlook`, and ``reason`` the first of `views.why`,
    in some twenty cells, of a job that runs: both are told only where its line of a list is asked
    for. ``questions`` counts what it asks people and nobody has answered, ``reminders`` how often
    these were told once more. ``alerts`` counts what people were told of it by rules, ``told`` is
    the last of it. ``still_running`` counts the handlers that have not returned of a job that is to
    pause, or that has ended.
    """

    job_id: str
    flow_id: str
    status: str
    created_at: str = ""
    updated_at: str = ""
    current: str = ""
    counts: dict[str, int] = {}
    routines_done: int = 0
    routines_total: int = 0
    runs: int = 0
    errors: int = 0
    retries: int = 0
    note: str = ""
    by: str = ""
    gone: bool = False
    control: Control | None = None
    read_only: bool = False
    name: str = ""
    labels: dict[str, str] = {}
    progress: float | None = None
    reason: str = ""
    questions: int = 0
    reminders: int = 0
    alerts: int = 0
    told: LastAlert | None = None
    still_running: int = 0


class Filter(msgspec.Struct, frozen=True):
    """Which rows of a section: all parts that are not empty must match.

    ``routine`` and ``name`` match exactly; ``text`` is found anywhere in the routine, the
    name and the data, in any case of letters. ``task`` is looked at in what was printed alone.
    ``failures`` keeps the records of failures of every kind; of what was printed, of errors.
    """

    routine: str = ""
    name: str = ""
    text: str = ""
    task: int | None = None
    failures: bool = False

    def __bool__(self) -> bool:
        texts = self.routine or self.name or self.text
        return bool(texts) or self.failures or self.task is not None


class Window(msgspec.Struct, frozen=True):
    """Rows ``start`` to ``start + len(rows)`` of the ``total`` that a filter leaves.

    ``exact`` is false while ``total`` is still being counted.
    """

    section: str
    start: int
    total: int
    rows: list[Row]
    exact: bool = True


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """All that changed of a job since the frame before, merged.

    ``seq`` is the sequence number of the job's last change in it. ``routines`` holds the
    rows of the routines that changed. ``stale`` names the sections whose rows are not to be
    trusted any more (those that don't only grow, or all of them after a reload); what grew
    is told by the header's counts.
    """

    seq: int
    header: Header
    routines: list[RoutineRow] = []
    stale: list[str] = []


class WaitResult(msgspec.Struct, frozen=True):
    """How a wait ended: ``outcome`` is ``met``, ``ended`` (can't hold any more) or ``timeout``."""

    outcome: str
    status: str
    detail: str = ""


class JobEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job's line in the list.

    ``key`` is unique in its source. ``place`` is ``live``, ``saved`` or ``host`` (a machine's
    own line: its name and state). ``badge`` is one of `BADGES`, or empty where the status says
    all. ``error`` is why the file or the machine can't be read; then the rest may be empty.
    ``queued`` counts the tasks that have not started; ``note`` says why it is paused, failed or
    cancelled; ``progress``, ``reason``, ``questions``, ``reminders``,
    ``alerts``, ``told`` and ``still_running`` are those of the `Header`.
    """

    key: str
    place: str = "saved"
    host: str = ""
    status: str = ""
    flow_id: str = ""
    job_id: str = ""
    routines_done: int = 0
    routines_total: int = 0
    records: int = 0
    errors: int = 0
    created_at: str = ""
    updated_at: str = ""
    size: int = 0
    path: str = ""
    badge: str = ""
    error: str = ""
    name: str = ""
    labels: dict[str, str] = {}
    queued: int = 0
    note: str = ""
    progress: float | None = None
    reason: str = ""
    questions: int = 0
    reminders: int = 0
    alerts: int = 0
    told: LastAlert | None = None
    still_running: int = 0


SILENT = "silent"
ABANDONED = "abandoned"

#: The truth about a job, beyond its status, and what each badge means.
BADGES: dict[str, str] = {
    "live": "its runner answers",
    SILENT: "its runner runs, and does not answer",
    ABANDONED: "its file says running, and its runner was killed",
    "writing": "being written; the last good state is shown",
    "torn": "cut short",
    "future": "from the future: its times are after now",
    "newer": "from a newer version",
    "unknown": "not a job file",
    "stale": "its machine does not answer; the last state is shown",
}


class EntryBatch(msgspec.Struct, frozen=True):
    """Jobs that appeared or changed, keys that are gone, and how many are still to be read."""

    changed: list[JobEntry] = []
    gone: list[str] = []
    loading: int = 0
