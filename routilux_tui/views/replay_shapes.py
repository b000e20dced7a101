"""What whoever looks at a job's past says to whoever has it: where to go, and what is there."""

from __future__ import annotations

import msgspec

#: What a moment may be marked with, worst first; how it is shown: glyph, ASCII stand-in, word.
MARKS: dict[str, tuple[str, str, str]] = {
    "error": ("✗", "x", "error"),
    "pause": ("‖", "=", "pause"),
    "answer": ("●", "*", "answer"),
    "retry": ("↻", "r", "retry"),
}


class Seek(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go.

    One of these is given: ``to``, a moment as people write it (see `time_spec.target_of`);
    ``at``, in seconds since the epoch; ``steps``, so many changes on, or back; ``marks``, to the
    next of `MARKS`, or the one before, or where there is a ``condition``, to where its value
    changes. ``origin`` is the number of the change after which the asker stands; -1: the last.
    """

    origin: int = -1
    to: str = ""
    at: float | None = None
    steps: int = 0
    marks: int = 0
    condition: str = ""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a job: after change ``seq``, at ``at`` (seconds since the epoch).

    ``what`` says what that change was, or what was found. The job is known from change ``first``
    at ``begin`` to ``last`` at ``end``. ``is_exact`` is false where there are no changes, and it
    is made of the records' times; then ``seq`` counts those. ``note`` says what is not known.
    """

    seq: int
    at: float
    first: int = 0
    last: int = 0
    begin: float = 0.0
    end: float = 0.0
    what: str = ""
    is_exact: bool = True
    note: str = ""

    @property
    def is_last(self) -> bool:
        """Whether nothing is known to come after it."""
        return self.seq >= self.last
