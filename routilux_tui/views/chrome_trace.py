"""A job's changes as Chrome trace events, which Perfetto and chrome://tracing show.

Each routine is a process there, each of its handlers that run at the same time a thread of it. A
run of a handler is a slice, with its task, its outcome and what the task had waited; an emit is an
arrow from the slice that made it to each slice that came of it. Times are in microseconds since
the first change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from routilux_tui.job.jsonable import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_WIDEST = 200


class _Slice:
    """A handler that runs: its lane, and when it began."""

    __slots__ = ("at", "lane", "process", "routine_id", "waited")

    def __init__(self, routine_id: str, process: int, lane: int, at: float, waited: float) -> None:
        self.routine_id, self.process, self.lane = routine_id, process, lane
        self.at, self.waited = at, waited


class _Tracer:
    """Makes events of changes, one after the other; memory holds what is queued or runs."""

    def __init__(self) -> None:
        self.begin: float | None = None
        self.last = 0.0
        self._processes: dict[str, int] = {}
        self._lanes: dict[str, list[bool]] = {}
        self._running: dict[int, _Slice] = {}
        self._workers: dict[int, str] = {}
        #: When each task was queued, and the beginning of its arrow: it has one when it runs.
        self._queued: dict[int, tuple[float, dict[str, Any] | None]] = {}

    def events_of(self, change: Any) -> list[dict[str, Any]]:
        """The events of one change; of one that is odd, none."""
        try:
            does = _EVENTS_BY_KIND.get(change[1])
            return [] if does is None else list(does(self, *change[2:]))
        except (TypeError, ValueError, IndexError, KeyError, OverflowError):
            return []  # a file is data: it may hold anything

    def end(self) -> Iterator[dict[str, Any]]:
        """The slices of handlers that have not ended."""
        for task_id in list(self._running):
            yield from self._close(task_id, self.last, "unfinished", None)

    def _time(self, at: float) -> float:
        if self.begin is None:
            self.begin = at
        self.last = max(self.last, at)
        return round((at - self.begin) * 1e6, 1)

    def emit(
        self, routine_id: str, event: str, data: Any, at: float, parent: int | None,
        tasks: Iterable[Any], *_: Any,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        """A record, and the tasks that it queues."""
        time = self._time(at)
        source = self._running.get(parent) if parent is not None else None
        place = None if source is None else (source.process, source.lane)
        for task in tasks:
            arrow = {"id": task[0], "cat": "emit"}
            begins = None if place is None else self._event("s", event, time, place, **arrow)
            self._queued[task[0]] = (at, begins)
        if place is not None:
            args = {"data": preview(data, _WIDEST)}
            yield self._event("i", f"{routine_id}.{event}", time, place, s="t", args=args)

    def queue(self, tasks: Iterable[Any], _data: Any, at: float, *_: Any) -> Iterator[Any]:
        """Tasks are queued that no record tells of."""
        self._time(at)
        for task in tasks:
            self._queued[task[0]] = (at, None)
        yield from ()

    def again(self, _old: int, new: int, _data: Any, at: float, *_: Any) -> Iterator[Any]:
        """A task stands in the place of another."""
        return self.queue([[new]], None, at)

    def undrop(self, tasks: Iterable[int], at: float, *_: Any) -> Iterator[Any]:
        """Tasks that were dropped are queued again."""
        return self.queue([[one] for one in tasks], None, at)

    def run(self, task_id: int, routine_id: str, at: float, *_: Any) -> Iterator[dict[str, Any]]:
        """A handler has started."""
        time = self._time(at)
        if routine_id not in self._processes:
            number = self._processes[routine_id] = len(self._processes) + 1
            self._lanes[routine_id] = []
            name = {"name": routine_id}
            yield {"ph": "M", "name": "process_name", "pid": number, "tid": 0, "args": name}
        lanes = self._lanes[routine_id]
        lane = lanes.index(False) if False in lanes else len(lanes)
        if lane == len(lanes):
            lanes.append(True)
        lanes[lane] = True
        queued, begins = self._queued.pop(task_id, (at, None))
        process = self._processes[routine_id]
        self._running[task_id] = _Slice(routine_id, process, lane, at, max(0.0, at - queued))
        if begins is not None:  # its ends are found by their name, too
            ends = {"ph": "f", "ts": time, "pid": process, "tid": lane, "bp": "e"}
            yield from (begins, {**begins, **ends})

    def worker(self, task_id: int, worker: str, *_: Any) -> Iterator[dict[str, Any]]:
        """A handler runs in a worker process."""
        self._workers[task_id] = worker
        yield from ()

    def ran(
        self, task_id: int, _routine_id: str, status: str, at: float, detail: Any = None, *_: Any
    ) -> Iterator[dict[str, Any]]:
        """A handler has ended."""
        yield from self._close(task_id, at, status, detail)

    def retry(
        self, task_id: int, _routine_id: str, at: float, detail: Any, _most: Any, due: float,
        *_: Any,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        """A handler has raised, and its task will be run again."""
        yield from self._close(task_id, at, "retry", detail)
        self._queued[task_id] = (due, None)

    def _close(self, task_id: int, at: float, status: str, detail: Any) -> Iterator[dict[str, Any]]:
        one, worker = self._running.pop(task_id, None), self._workers.pop(task_id, "")
        if one is None:
            return
        self._lanes[one.routine_id][one.lane] = False
        args: dict[str, Any] = {"task": task_id, "outcome": status}
        args["waited_ms"] = round(one.waited * 1000, 3)
        if worker:
            args["worker"] = worker
        if isinstance(detail, dict) and detail.get("error"):
            args["error"] = preview(detail["error"], _WIDEST)
        self._time(at)
        length = round(max(0.0, at - one.at) * 1e6, 1)
        place = (one.process, one.lane)
        yield self._event("X", one.routine_id, self._time(one.at), place, dur=length, args=args)

    def status(self, status: str, at: float, *_: Any) -> Iterator[dict[str, Any]]:
        """The job has another status."""
        yield self._event("i", f"job {status}", self._time(at), (0, 0), s="g")

    def take_up(self, at: float, *_: Any) -> Iterator[dict[str, Any]]:
        """Another process runs the job: what ran in the one before was killed."""
        for task_id in list(self._running):  # their process was killed
            yield from self._close(task_id, self.last, "killed", None)
        self._time(at)

    @staticmethod
    def _event(
        kind: str, name: str, time: float, place: tuple[int, int], **more: Any
    ) -> dict[str, Any]:
        return {"ph": kind, "name": name, "ts": time, "pid": place[0], "tid": place[1], **more}


_EVENTS_BY_KIND: dict[str, Callable[..., Iterator[dict[str, Any]]]] = {
    "emit": _Tracer.emit,
    "queue": _Tracer.queue,
    "again": _Tracer.again,
    "undrop": _Tracer.undrop,
    "run": _Tracer.run,
    "worker": _Tracer.worker,
    "ran": _Tracer.ran,
    "retry": _Tracer.retry,
    "status": _Tracer.status,
    "take_up": _Tracer.take_up,
}


def chrome_trace(flow_id: str, changes: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """The events of a job.

    Args:
        flow_id: the name that the whole goes by.
        changes: its changes, in order; see `routilux_tui.job.changes`.
    """
    yield {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": flow_id}}
    tracer = _Tracer()
    for change in changes:
        yield from tracer.events_of(change)
    yield from tracer.end()
