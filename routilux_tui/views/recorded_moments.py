"""The moments of a job of which there are no changes: what its file's times tell of each.

Its records, log entries, outputs and pauses have times, so each moment has those until then. What
has none, shared data above all, is as the file has it at its end; the note says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from routilux_tui.errors import NotPossible, UsageError
from routilux_tui.job import timestamps
from routilux_tui.job.error_kinds import FAILURES
from routilux_tui.job.model import Job
from routilux_tui.job.status import is_routine

if TYPE_CHECKING:
    from collections.abc import Callable

    from routilux_tui.views.critical_path import CriticalPath

_HISTORY, _LOG, _OUTPUT, _PAUSE = range(4)
_LISTS = ("_history", "_shared_log", "_output_log", "_pause_points")


class RecordedMoments:
    """The moments of a job, each named by how many of its records, entries and pauses there were.

    Args:
        job: the job, as its file has it.

    Raises:
        NotPossible: when it has none with a time.
    """

    is_exact = False
    note = "by its records' times: its changes are not kept, and shared data are those of its end"

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lists: list[Any] = [
            job.execution_history,
            job.shared_log,
            job.output_log,
            job.pause_points,
        ]
        found: list[tuple[float, int]] = []
        for of, entries in enumerate(self._lists):
            at = 0.0
            for entry in entries:
                at = max(at, _time(entry) or at)
                found.append((at, of))
        found.sort(key=lambda one: one[0])  # stable: entries of one list stay in their order
        if not found or not found[-1][0]:
            raise NotPossible(
                "Nothing tells how this job was before: its changes are not kept, and its records "
                "have no times."
            )
        self._times = [at for at, _ in found]
        self._of = bytes(of for _, of in found)

    def refresh(self) -> None:
        """A file that is read is as it is."""

    @property
    def first(self) -> int:
        """The first moment: nothing was recorded."""
        return 0

    @property
    def last(self) -> int:
        """The last one."""
        return len(self._times)

    @property
    def begin(self) -> float:
        """When the first one was."""
        created = timestamps.to_epoch(self._job.created_at)
        known = next(at for at in self._times if at)
        return known if created is None else min(created, known)

    @property
    def end(self) -> float:
        """When the last one was."""
        return self._times[-1]

    def job_at(self, n: int) -> Job:
        """The job at a moment, as far as it is known."""
        n = max(0, min(n, self.last))
        if n == self.last:
            return self._job
        at = self._times[n - 1] if n else self.begin
        plain = self._job.to_plain(lists=False)
        plain["pending_tasks"], plain["deferred_events"] = [], []
        plain["status"] = "running" if n else "pending"
        if n and self._of[n - 1] == _PAUSE:
            plain["status"] = "paused"
        states = self._job.routine_states
        plain["routine_states"] = {
            name: {"status": _status_then(state, at)}
            for name, state in states.items()
            if is_routine(name) and isinstance(state, dict) and _began(state) <= at
        }
        for key in ("statistics", "seq"):
            plain.pop(key, None)
        job = Job.from_plain(plain)
        job._updated = at  # noqa: SLF001 - nobody has seen it yet
        for of, name in enumerate(_LISTS):
            setattr(job, name, Beginning(self._lists[of], self._of.count(of, 0, n)))
        return job

    def job_at_time(self, at: float) -> Job:
        """The job at a time."""
        return self.job_at(self.seq_at(at))

    def seq_at(self, at: float) -> int:
        """The last moment until a time."""
        return bisect_right(self._times, at + 1e-6)

    def time_at(self, n: int) -> float:
        """When a moment was."""
        return self._times[min(n, self.last) - 1] if n > 0 else self.begin

    def final(self) -> Job:
        """The job as its file has it."""
        return self._job

    def change(self, n: int) -> Any:
        """Nothing is known but what was added."""
        if not 0 < n <= self.last:
            return None
        of = self._of[n - 1]
        entry = self._lists[of][self._of.count(of, 0, n) - 1]
        if of == _HISTORY:
            return [n, "record", entry.routine_id, entry.event_name, entry.data, 0.0]
        return [n, ("", "log", "output", "pause_point")[of]]

    def seq_of_record(self, record: int) -> int:
        """The moment at which a record was made.

        Raises:
            UsageError: when there is no such record.
        """
        at = -1
        for _ in range(record + 1):
            at = self._of.find(_HISTORY, at + 1)
            if at < 0:
                raise UsageError(
                    f"There is no record {record:,}: it has {len(self._lists[_HISTORY]):,}."
                )
        return at + 1

    def next_mark(self, n: int, step: int, is_stopped: Callable[[], bool]) -> int | None:
        """The next moment with an error or a pause, or the one before; None: no more."""
        positions = range(n, self.last) if step > 0 else range(n - 2, -1, -1)
        record = self._of.count(_HISTORY, 0, n)
        history = self._lists[_HISTORY]
        if step < 0:
            record -= bool(n and self._of[n - 1] == _HISTORY)
        for at in positions:
            if self._of[at] == _PAUSE:
                return at + 1
            if self._of[at] == _HISTORY:
                record -= step < 0
                if history[record].event_name in FAILURES:
                    return at + 1
                record += step > 0
            if not at % 1000 and is_stopped():
                return None
        return None

    @cached_property
    def failed_at(self) -> list[float]:
        """When each record of an error was made."""
        at, history = -1, self._lists[_HISTORY]
        found = []
        for record in range(len(history)):
            at = self._of.find(_HISTORY, at + 1)
            if history[record].event_name in FAILURES:
                found.append(self._times[at])
        return found

    def spans(self, *_: Any) -> list[Any]:
        """Its records say when handlers emitted, not when they ran.

        Raises:
            NotPossible: always.
        """
        raise NotPossible("When each handler ran is not known: the job's changes are not kept.")

    def chain(self, *_: Any) -> CriticalPath:
        """Its records say when handlers emitted, not when they ran.

        Raises:
            NotPossible: always.
        """
        raise NotPossible("When each handler ran is not known: the job's changes are not kept.")

    def next_flip(self, *_: Any) -> tuple[int, bool] | None:
        """Conditions can't be judged on what is not known.

        Raises:
            NotPossible: always.
        """
        raise NotPossible(
            "A condition can't be judged at a moment of this job: its changes are not kept.",
            "Go by a time, or by a record: #12",
        )


class Beginning(Sequence[Any]):
    """The first entries of a list, without a copy of them."""

    def __init__(self, entries: Sequence[Any], count: int) -> None:
        self._entries = entries
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, n: int) -> Any: ...
    @overload
    def __getitem__(self, n: slice) -> Sequence[Any]: ...
    def __getitem__(self, n: int | slice) -> Any:
        if isinstance(n, slice):
            return [self._entries[one] for one in range(*n.indices(self._count))]
        if not -self._count <= n < self._count:
            raise IndexError(n)
        return self._entries[n + self._count if n < 0 else n]


def _time(entry: Any) -> float | None:
    at = entry.get("timestamp") if isinstance(entry, dict) else getattr(entry, "at", None)
    moment = timestamps.to_epoch(at)
    return moment if moment is not None and timestamps.is_time(moment) else None


def _began(state: dict[str, Any]) -> float:
    at = timestamps.to_epoch(state.get("started_at") or state.get("start_time"))
    return 0.0 if at is None else at


def _status_then(state: dict[str, Any], at: float) -> Any:
    ended = timestamps.to_epoch(state.get("ended_at") or state.get("end_time"))
    return "running" if ended is not None and ended > at else state.get("status", "completed")
