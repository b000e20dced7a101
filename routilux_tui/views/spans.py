"""A job's changes as spans: one for each run of a handler, linked to the run that caused it.

What was emitted is in none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from routilux_tui.job.jsonable import shortened
from routilux_tui.job.status import error_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_WIDEST = 200


class Run(NamedTuple):
    """One run of a task's handler: which of its tries it was."""

    task: int
    tries: int


class Span(NamedTuple):
    """A run of a handler. Times are in seconds since the epoch; ``waited`` is in seconds.

    ``cause`` is the run that emitted its input, by ``event``; None where that came from outside.
    ``worker`` is the worker process where it ran, if in one.
    """

    run: Run
    routine_id: str
    begin: float
    end: float
    outcome: str
    waited: float = 0.0
    error: str = ""
    cause: Run | None = None
    event: str = ""
    worker: str = ""


class _Queued(NamedTuple):
    at: float
    cause: Run | None
    event: str


class _Tracer:
    """Makes spans of changes, one after the other; memory holds what is queued or runs."""

    def __init__(self) -> None:
        self._queued: dict[int, _Queued] = {}
        self._running: dict[int, tuple[str, float]] = {}
        self._tries: dict[int, int] = {}
        self._workers: dict[int, str] = {}
        #: What failed for good, and may be sent again as another task.
        self._failed: dict[int, _Queued] = {}
        self._last = 0.0

    def spans_of(self, change: Any) -> list[Span]:
        """The spans that end with a change; of one that is odd, none."""
        try:
            does = _SPANS_BY_KIND.get(change[1])
            return [] if does is None else list(does(self, *change[2:]))
        except (TypeError, ValueError, IndexError, KeyError, OverflowError):
            return []  # a file is data: it may hold anything

    def emit(
        self, _routine: str, event: str, _data: Any, at: float, parent: int | None,
        tasks: Iterable[Any], *_: Any,
    ) -> Iterator[Span]:  # fmt: skip
        """Tasks are queued."""
        cause = None if parent is None else Run(parent, self._tries.get(parent, 1))
        for task in tasks:
            self._queued[task[0]] = _Queued(at, cause, event)
        yield from ()

    def queue(
        self, tasks: Iterable[Any], _data: Any, at: float, _source: Any = None, event: Any = None,
        *_: Any,
    ) -> Iterator[Span]:  # fmt: skip
        """Tasks are queued that no record tells of."""
        for task in tasks:
            self._queued[task[0]] = _Queued(at, None, str(event or ""))
        yield from ()

    def again(self, old: int, new: int, _data: Any, at: float, *_: Any) -> Iterator[Span]:
        """A task stands in the place of another: one that waits, or that failed."""
        before = self._queued.pop(old, None) or self._failed.pop(old, _Queued(at, None, ""))
        self._queued[new] = before._replace(at=at)
        yield from ()

    def undrop(self, tasks: Iterable[int], at: float, *_: Any) -> Iterator[Span]:
        """Tasks that were dropped are queued again."""
        for one in tasks:
            self._queued[one] = self._queued.get(one, _Queued(at, None, ""))._replace(at=at)
        yield from ()

    def run(self, task_id: int, routine_id: str, at: float, *_: Any) -> Iterator[Span]:
        """A handler has started."""
        self._last = max(self._last, at)
        self._tries[task_id] = self._tries.get(task_id, 0) + 1
        self._running[task_id] = (routine_id, at)
        yield from ()

    def worker(self, task_id: int, worker: str, *_: Any) -> Iterator[Span]:
        """A handler runs in a worker process."""
        self._workers[task_id] = worker
        yield from ()

    def ran(
        self, task_id: int, _routine: str, status: str, at: float, detail: Any = None, *_: Any
    ) -> Iterator[Span]:
        """A handler has ended."""
        yield from self._close(task_id, at, status, detail)
        known = self._queued.pop(task_id, None)
        if known is not None and detail is not None:
            self._failed[task_id] = known
        self._tries.pop(task_id, None)

    def retry(
        self, task_id: int, _routine: str, at: float, detail: Any, _most: Any, due: float, *_: Any
    ) -> Iterator[Span]:
        """A handler has raised, and its task will be run again."""
        yield from self._close(task_id, at, "retry", detail)
        before = self._queued.get(task_id, _Queued(due, None, ""))
        self._queued[task_id] = before._replace(at=due)

    def take_up(self, at: float, *_: Any) -> Iterator[Span]:
        """Another process runs the job: what ran in the one before was killed."""
        for task_id in list(self._running):
            yield from self._close(task_id, self._last, "killed", None)
        self._last = max(self._last, at)

    def _close(self, task_id: int, at: float, status: str, detail: Any) -> Iterator[Span]:
        routine_id, begin = self._running.pop(task_id)
        self._last = max(self._last, at)
        queued = self._queued.get(task_id, _Queued(begin, None, ""))
        raised = error_line(detail) if isinstance(detail, dict) else ""
        yield Span(
            Run(task_id, self._tries.get(task_id, 1)),
            routine_id,
            begin,
            max(begin, at),
            status,
            max(0.0, begin - queued.at),
            shortened(" ".join(raised.split()), _WIDEST),
            queued.cause,
            queued.event,
            self._workers.pop(task_id, ""),
        )


_SPANS_BY_KIND: dict[str, Callable[..., Iterator[Span]]] = {
    "emit": _Tracer.emit,
    "queue": _Tracer.queue,
    "again": _Tracer.again,
    "undrop": _Tracer.undrop,
    "run": _Tracer.run,
    "worker": _Tracer.worker,
    "ran": _Tracer.ran,
    "retry": _Tracer.retry,
    "take_up": _Tracer.take_up,
}


def spans(changes: Iterable[Any]) -> Iterator[Span]:
    """The spans of a job's changes, in the order of their ends; what still runs has none."""
    tracer = _Tracer()
    for change in changes:
        yield from tracer.spans_of(change)
