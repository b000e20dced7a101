"""The statuses of jobs and routines, how each is shown, and what may follow what.

What a status means stands in this file: which are ends, what may follow which, how each looks.
The names are routilux's own (`JobState.status` and the ``status`` of a
routine's state).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from routilux_tui.job.jsonable import as_text


class Appearance(NamedTuple):
    """How a status is shown without colour: a glyph, its ASCII stand-in, a word and a letter."""

    glyph: str
    ascii: str
    word: str
    letter: str


#: What may follow each status of a job.
JOB_NEXT: dict[str, frozenset[str]] = {
    "pending": frozenset({"running", "cancelled", "failed"}),
    "running": frozenset({"paused", "completed", "failed", "cancelled"}),
    "paused": frozenset({"running", "cancelled", "failed"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}

JOB_STATUSES = tuple(JOB_NEXT)
WAITS = "waits for an answer: "
"""How the reason of a pause begins that only questions have made."""
KILLED = "killed"
"""How a job is called that says that it runs, and whose process was killed: no file says so."""
NO_ANSWER, UNREADABLE, DOWN = "no answer", "unreadable", "down"
LISTED_STATUSES = (*JOB_STATUSES, KILLED, NO_ANSWER, UNREADABLE, DOWN)
"""How a job, its file or its machine may be in a list of jobs, as conditions on it have it."""
ROUTINE_STATUSES = ("pending", "running", "completed", "failed", "error_continued", "skipped")

_ENDED = frozenset(status for status, following in JOB_NEXT.items() if not following)
#: What a job is called that waits for its handlers to return, by the status that it has meanwhile.
BECOMES = {"running": "pausing", "cancelled": "cancelling"}
_ROUTINE_DONE = frozenset({"completed", "error_continued", "skipped"})
_ROUTINE_FAILED = frozenset({"failed", "error"})

APPEARANCES: dict[str, Appearance] = {
    "pending": Appearance("·", ".", "pending", "P"),
    "running": Appearance("▶", ">", "running", "R"),
    "paused": Appearance("‖", "=", "paused", "Z"),
    "completed": Appearance("✓", "+", "completed", "C"),
    "failed": Appearance("✗", "x", "failed", "F"),
    "cancelled": Appearance("⊘", "/", "cancelled", "X"),
    "error_continued": Appearance("!", "!", "continued", "E"),
    "skipped": Appearance("»", "~", "skipped", "S"),
}


def appearance_of(status: str) -> Appearance:
    """How to show a status; one that nobody knows is shown by its own word."""
    return APPEARANCES.get(status) or Appearance("?", "?", status or "unknown", "?")


def word_of(status: str, still_running: int = 0) -> str:
    """A job's status in words that are true while handlers of it have not returned.

    ``running`` as it is; with handlers that it waits for ``pausing, 2 running``. A cancelled one is
    ``cancelling, 1 running`` until the last has returned; a failed one ``failed, 1 running``.
    """
    word = appearance_of(status).word
    if not still_running:
        return word
    return f"{BECOMES.get(status, word)}, {still_running:,} running"


def has_ended(status: str) -> bool:
    """Whether a job of that status can change no more."""
    return status in _ENDED


def is_settled(status: str) -> bool:
    """Whether a waiter for the end may go: the job has ended, or is paused."""
    return status in _ENDED or status == "paused"


def may_be_resumed(status: str) -> bool:
    """Whether a job of that status, which nobody runs, can go on: it is paused, or was killed."""
    return status in {"paused", "running"}


def how_left(status: str) -> str:
    """How a job is that has not ended and that nobody runs."""
    is_killed = status == "running"
    return f"its {'process was killed' if is_killed else f'job is {status}'}, and nobody runs it"


def routine_is_done(status: str) -> bool:
    """Whether a routine's status counts as done in "routines done of all"."""
    return status in _ROUTINE_DONE


def routine_has_failed(status: str) -> bool:
    """Whether a routine of that status makes its job fail (routilux writes ``error``, too)."""
    return status in _ROUTINE_FAILED


def end_of(routine_statuses: list[str]) -> str:
    """The status of a job that has run out of tasks: ``failed`` if any routine's is."""
    return "failed" if any(map(routine_has_failed, routine_statuses)) else "completed"


def is_routine(routine_id: str) -> bool:
    """Whether a key of the routine states is a routine, and no note such as ``_cancellation``."""
    return routine_id not in {"_cancellation", "_failure"}


def error_line(detail: dict[str, Any]) -> str:
    """The error that a routine's state tells: its type and its message."""
    error, kind = as_text(detail.get("error") or ""), as_text(detail.get("error_type"))
    return f"{kind}: {error}" if kind and kind != error else error
