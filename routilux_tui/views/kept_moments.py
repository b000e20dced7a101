"""The moments of a job whose changes are kept: to move among them, and to find what matters."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.job import timestamps
from routilux_tui.job.error_kinds import FAILURES
from routilux_tui.job.jsonable import as_text, preview, shortened
from routilux_tui.store.recovery import time_of
from routilux_tui.store.seeking import KeptChanges
from routilux_tui.store.segments import Damaged
from routilux_tui.views.condition_search import ConditionSearch
from routilux_tui.views.control_kinds import CONTROLS
from routilux_tui.views.critical_path import CriticalPath, chain_back
from routilux_tui.views.task_spans import MOST_CHANGES, TaskSpan, TaskSpans

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from routilux_tui.job.model import Job
    from routilux_tui.store.seeking import Piece
    from routilux_tui.views.conditions import Condition

#: Seconds for which what is known of a job that goes on is taken for its last state.
_FRESH = 2.0
#: What somebody may ask of a job that is no reply to what it does.
_NO_REPLIES = frozenset(name for name, control in CONTROLS.items() if not control.is_reply)


class KeptMoments:
    """The moments of a job, each named by the number of the last change until then.

    Args:
        path: the job's file.

    Raises:
        JobFileMissing: when its changes are not kept.
    """

    is_exact = True
    note = ""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._kept = KeptChanges(path)
        self._looked = time.monotonic()
        self._final: tuple[int, Job] | None = None

    # Where there are any

    def refresh(self) -> None:
        """Take note of what the job did since; not more often than it is worth."""
        if time.monotonic() - self._looked > _FRESH:
            self._kept.refresh()
            self._looked = time.monotonic()

    @property
    def first(self) -> int:
        """The first moment that is known; 0 is the job's birth."""
        return self._kept.first

    @property
    def last(self) -> int:
        """The last one."""
        return self._kept.last

    @property
    def begin(self) -> float:
        """When the first one was."""
        return self._kept.begin

    @property
    def end(self) -> float:
        """When the last one was."""
        return self._kept.end

    def job_at(self, seq: int) -> Job:
        """The job at a moment."""
        return self._kept.job_at(seq)

    def job_at_time(self, at: float) -> Job:
        """The job at a time."""
        return self._kept.job_at_time(at)

    def final(self) -> Job:
        """The job as it is at the last moment."""
        if self._final is None or self._final[0] != self.last:
            self._final = (self.last, self._kept.fresh_at(self.last))
        return self._final[1]

    # What the changes are

    def change(self, seq: int) -> Any:
        """A change; None where it is not kept."""
        for piece in self._kept.pieces:
            if piece.first <= seq <= piece.last:
                for changes in self._blocks(piece, seq - 1):
                    return next((one for one in changes if one[0] == seq), None)
        return None

    def ends_at(self, seq: int, at: float) -> bool:
        """Whether what was made after a moment until a time is missing, or can't be carried out."""
        if seq >= self.last:
            return False
        made = time_of(self.change(seq + 1))
        return made is None or made <= at  # one without a time would be carried out

    def next_piece(self, seq: int) -> int | None:
        """The first moment behind the piece that a change is in; None where that is the last."""
        pieces = self._kept.pieces
        return next((one.first for one in pieces if one.first > seq and one.has_keyframe), None)

    def seq_of_record(self, n: int) -> int:
        """The moment at which a record was made.

        Raises:
            UsageError: when there is no such record.
        """
        at = len(self._kept.job_at(self.first).execution_history)
        if n < at:
            raise UsageError(f"Record {n:,} was made before its changes were kept.")
        for piece in self._kept.pieces:
            content: Any = piece.content
            if piece.changes is None and at + content.counts[0] <= n:
                at += content.counts[0]
                continue
            for change in self._each(piece, 0):
                if change[1] in {"emit", "record"}:
                    if at == n:
                        return int(change[0])
                    at += 1
        raise UsageError(f"There is no record {n:,}: it has {at:,}, from 0 on.")

    def next_mark(self, seq: int, step: int, is_stopped: Callable[[], bool]) -> int | None:
        """The next moment that is marked, or with a negative step the one before; None: no more."""
        matters = self._stretches_that_matter()
        pieces = self._kept.pieces if step > 0 else reversed(self._kept.pieces)
        for piece in pieces:
            if is_stopped():
                return None
            if piece.last <= seq if step > 0 else piece.first >= seq:
                continue
            if piece.changes is None and not any(
                begin <= piece.end and end >= piece.begin for begin, end in matters
            ):
                continue
            found = [
                change[0]
                for change in self._each(piece, seq if step > 0 else 0)
                if mark_of(change) and (change[0] > seq if step > 0 else change[0] < seq)
            ]
            if found:
                return int(found[0] if step > 0 else found[-1])
        return None

    def _stretches_that_matter(self) -> list[tuple[float, float]]:
        """When there were errors or retries, by the statistics' buckets; pauses, and people."""
        job = self.final()
        job.statistics.sort_in(job.running)
        clock = job.statistics.clock
        origin, width = clock.origin or 0.0, clock.width
        numbers = {
            number
            for one in job.statistics.routines.values()
            for number, values in one.activity.items()
            if values[3] or values[4] or number == clock.most - 1
        }
        points = [one.get("timestamp") for one in job.pause_points if isinstance(one, dict)]
        points += [one.get("at") for one in job.controls]
        times = [at for at in map(timestamps.to_epoch, points) if at is not None]
        return [
            *((origin + n * width - 1, origin + (n + 1) * width + 1) for n in numbers),
            *((at - 1, at + 1) for at in times),
            (self.end - 1, self.end + 1),
        ]

    def spans(self, begin: float, end: float) -> list[TaskSpan]:
        """When each task waited and ran in a stretch of time.

        Raises:
            NotPossible: when there is too much of it to be read at once.
            JobFileMissing: when it can't be read.
        """
        pieces = [one for one in self._kept.pieces if one.begin <= end and one.end >= begin]
        if sum(one.last - one.first + 1 for one in pieces) > MOST_CHANGES:
            raise NotPossible("Too much happened then to be drawn one by one: zoom in (+).")
        job = self._kept.fresh_at_time(begin)
        spans = TaskSpans(job, begin)
        for piece in pieces:
            for changes in self._blocks(piece, job.seq):
                with contextlib.suppress(IndexError, TypeError, ValueError, KeyError):
                    if not spans.take((one for one in changes if one[0] > job.seq), end):
                        return spans.close(end)
        return spans.close(end)

    def chain(self, record: int | None, is_stopped: Callable[[], bool]) -> CriticalPath:
        """The chain of tasks that led to a record, or None to the end of the last task.

        Raises:
            UsageError: when there is no such record.
        """
        seq, task, at = self.last, None, self.end
        if record is not None:
            seq = self.seq_of_record(record)
            change = self.change(seq)
            task, at = change[6] if len(change) > 6 else None, change[5]
            if task is None:
                return CriticalPath()
        with contextlib.suppress(IndexError, TypeError, ValueError):
            return chain_back(self._backward(seq), task, at, is_stopped)
        return CriticalPath(is_whole=False)

    def _backward(self, seq: int) -> Iterator[Any]:
        """The changes up to one, the last first."""
        for piece in reversed(self._kept.pieces):
            if piece.first <= seq:
                for changes in reversed(list(self._blocks(piece, 0))):
                    yield from (one for one in reversed(changes) if one[0] <= seq)

    def next_flip(
        self, condition: Condition, seq: int, step: int, is_stopped: Callable[[], bool]
    ) -> tuple[int, bool] | None:
        """The next moment at which a condition changes its value, or the one before.

        Returns:
            The moment, and whether it was found: else the search was ended there. None where there
            is none.
        """
        return ConditionSearch(self._kept, condition).next_flip(seq, step, is_stopped)

    def _blocks(self, piece: Piece, after: int) -> Iterator[Sequence[Any]]:
        try:
            yield from self._kept.blocks(piece, after)
        except Damaged:  # the hole is told where a moment in it is asked for
            return

    def _each(self, piece: Piece, after: int) -> Iterator[Any]:
        for changes in self._blocks(piece, after):
            yield from changes


def mark_of(change: Any) -> str:
    """What a moment is marked with, of `replay_shapes.MARKS`; empty where with nothing."""
    with contextlib.suppress(IndexError, TypeError, ValueError):  # whatever a file has
        return _mark_of(change)
    return ""


def _mark_of(change: Any) -> str:
    kind, values = change[1], change[2:]
    if kind == "retry":
        return "retry"
    if kind == "ran":
        failed = len(values) > 4 and values[4] is not None and values[2] != "cancelled"
        return "error" if failed else ""
    if kind == "record":
        return "error" if values[1] in FAILURES and (len(values) < 5 or values[4] is None) else ""
    if kind == "status":
        return "pause" if values[0] in {"paused", "cancelled"} else ""
    if kind == "control":
        return "" if values[0] in _NO_REPLIES else "answer"
    return ""


def described(change: Any) -> str:
    """What a change was, in a few words; its values are text of the job's own."""
    with contextlib.suppress(IndexError, TypeError, AttributeError, ValueError):
        return "" if change is None else _described(change)
    return ""


def _described(change: Any) -> str:
    kind, values = change[1], change[2:]
    if kind == "emit":
        if values[1] == "start" and values[4] is None:
            return f"{values[0]} is started"
        return f"{values[0]} emits {values[1]}  {preview(values[2], 60)}"
    if kind == "record":
        return f"{values[0]}: {values[1]}  {preview(values[2], 60)}"
    if kind == "run":
        return f"{values[1]} runs, task {values[0]}"
    if kind == "worker":
        return f"task {values[0]} runs in {values[1]}"
    if kind == "ran":
        detail = values[4] if len(values) > 4 and isinstance(values[4], dict) else {}
        error = f": {_short(detail.get('error'))}" if detail else ""
        return f"{values[1]} {values[2]}, task {values[0]}{error}"
    if kind == "retry":
        return f"{values[1]} fails, will be tried again: {_short(values[3].get('error'))}"
    if kind == "status":
        return f"the job is {values[0]}"
    if kind == "control":
        who = values[1] if isinstance(values[1], dict) else {}
        reason = f": {values[2]}" if values[2] else ""
        return f"{values[0]} by {who.get('name') or who.get('uid') or 'somebody'}{reason}"
    if kind == "ask" and isinstance(values[2], dict):
        return f"{values[1]} asks: {_short(values[2].get('question'))}"
    if kind in {"shared", "unshared"}:
        return f"shared data: {values[0]}"
    return str(kind).replace("_", " ")


def _short(value: Any) -> str:
    return shortened(as_text(value), 80)
