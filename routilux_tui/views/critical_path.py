"""The chain of waits and runs that the end of a job waited for, or that led to one record.

Each task was queued by an emit of another; so from the last task to end the chain leads back, by
one look at the changes in reverse, to what the job was started with.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job.change_kinds import TIME_PLACES
from routilux_tui.views.formatting import counted, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from routilux_tui.views.timeline import Timeline

#: Links that are followed, and seconds that it takes, at the most.
MOST_LINKS, MOST_SECONDS = 20_000, 20.0
_LOOK_EVERY = 5000
_OF_THE_ENGINE = frozenset({"emit", "queue", "run", "ran", "retry", "status"})
"""The kinds of change by which a process is known to have run on until then."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A task on the way: when it was queued, first ran, and let the next one begin.

    Times are in seconds since the epoch; ``waited`` and ``ran`` are in seconds, over all of its
    ``tries``. ``event`` of ``source`` queued it; both are empty for the first.
    """

    task: int
    routine_id: str
    source: str = ""
    event: str = ""
    queued: float = 0.0
    begun: float = 0.0
    ended: float = 0.0
    waited: float = 0.0
    ran: float = 0.0
    tries: int = 1


class CriticalPath(msgspec.Struct, frozen=True, kw_only=True):
    """The links, the first of them first; not ``is_whole`` where not all were followed."""

    links: list[Link] = []
    is_whole: bool = True


class _Open:
    """The link that is being followed back."""

    def __init__(self, task: int, until: float) -> None:
        self.task = task
        self.ended = self.until = until
        self.routine_id = ""
        self.begun = until
        self.ran = 0.0
        self.tries = 0

    def note_run(self, routine_id: str, at: float) -> None:
        self.routine_id = routine_id
        self.begun = at
        self.ran += max(0.0, self.until - at)
        self.tries += 1

    def closed(self, source: str, event: str, queued: float) -> Link:
        taken = max(0.0, self.ended - queued)
        return Link(
            task=self.task, routine_id=self.routine_id, source=source, event=event, queued=queued,
            begun=self.begun, ended=self.ended, waited=max(0.0, taken - self.ran), ran=self.ran,
            tries=max(1, self.tries),
        )  # fmt: skip


def chain_back(
    changes: Iterable[Any], task: int | None, at: float, is_stopped: Callable[[], bool]
) -> CriticalPath:
    """Follow a task back.

    Args:
        changes: the last first.
        task: the task; None for the last one that ended.
        at: when it did what is asked about, in seconds since the epoch.
        is_stopped: whether it is to end.
    """
    until = time.monotonic() + MOST_SECONDS
    links: list[Link] = []
    one = None if task is None else _Open(task, at)
    is_cut = False
    for n, change in enumerate(changes):
        if not n % _LOOK_EVERY and (is_stopped() or time.monotonic() > until):
            return CriticalPath(links=links[::-1], is_whole=False)
        kind = change[1]
        if is_cut and kind in _OF_THE_ENGINE:  # what ran was killed, after this
            is_cut = False
            if one is not None:
                one.until = min(one.until, change[TIME_PLACES[kind]])
        if one is None:
            if kind == "ran":
                one = _Open(change[2], change[5])
        elif kind == "run" and change[2] == one.task:
            one.note_run(change[3], change[4])
        elif kind in {"ran", "retry"} and change[2] == one.task:
            one.until = change[5] if kind == "ran" else change[4]
        elif kind == "take_up":
            is_cut = True
        elif kind == "again" and change[3] == one.task:
            one.task = change[2]  # it is the same input, in its next try
        elif kind == "emit" and _queues(change[7], one.task):
            links.append(one.closed(change[2], change[3], change[5]))
            parent = change[6]
            if parent is None or len(links) == MOST_LINKS:
                return CriticalPath(links=links[::-1], is_whole=parent is None)
            one = _Open(parent, change[5])
        elif kind == "queue" and _queues(change[2], one.task):
            links.append(one.closed(str(change[5] or ""), str(change[6] or ""), change[4]))
            break
    return CriticalPath(links=links[::-1])


def _queues(tasks: Sequence[Any], task: int) -> bool:
    return any(one[0] == task for one in tasks)


def summary(path: CriticalPath) -> str:
    """A path in a sentence."""
    links = path.links
    if not links:
        return "No chain is known: nothing has ended yet."
    ran: dict[str, float] = {}
    waited: dict[str, float] = {}
    for one in links:
        ran[one.routine_id] = ran.get(one.routine_id, 0.0) + one.ran
        waited[one.routine_id] = waited.get(one.routine_id, 0.0) + one.waited
    longest, held = max(ran, key=lambda one: ran[one]), max(waited, key=lambda one: waited[one])
    more = "" if path.is_whole else " (the last of them; it goes further back)"
    return (
        f"{counted(len(links), 'task')}{more}: ran {duration(sum(ran.values()))}, "
        f"{duration(ran[longest])} of it {longest}; waited {duration(sum(waited.values()))}, "
        f"{duration(waited[held])} of it for {held}"
    )


def busiest(shown: Timeline) -> tuple[float, float, float]:
    """The busiest tenth of what is seen: its begin and end, and how many handlers ran at once."""
    loads = shown.busy or [0.0] * shown.columns
    width = max(1, shown.columns // 10)
    best = max(range(len(loads) - width + 1), key=lambda n: sum(loads[n : n + width]))
    handlers = sum(loads[best : best + width]) / width
    return shown.time_at(best), shown.time_at(best + width), handlers
