"""What the calling thread is doing for which job."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .flow_call import Starting

KEY = "_routilux_tui"
"""The attribute that ties a state or a task to what is here. Their classes have it, too, with
nothing in it, so that it may be asked of any of them."""


class Cancelled(BaseException):
    """Raised by `emit` in a handler of a cancelled job; an ``except Exception`` lets it pass."""


class Refused(BaseException):
    """What was asked for can't be run; not an `Exception`, as no script is to go on after it."""

    def __init__(self, message: str, hint: str = "", trace: str = "") -> None:
        super().__init__(message)
        self.message, self.hint, self.trace = message, hint, trace


class Hidden:
    """An attribute that stands beside its objects, so that copies and pickles don't have it.

    Whatever is set keeps its object alive.
    """

    def __init__(self) -> None:
        self._kept: dict[int, Any] = {}

    def __get__(self, thing: Any, owner: Any = None) -> Any:
        return self._kept.get(id(thing))

    def __set__(self, thing: Any, value: Any) -> None:
        if value is None:
            self._kept.pop(id(thing), None)
        else:
            self._kept[id(thing)] = value


class Place:
    """One thread's place: the handler that runs on it, the event that it emits."""

    __slots__ = (
        "emitting", "error", "is_retry", "job", "next_number", "numbers_left", "printed", "retried",
        "starting", "task",
    )  # fmt: skip

    def __init__(self) -> None:
        #: The job whose handler runs on this thread, and the number of its task.
        self.job: Any = None
        self.task = 0
        #: What the handler raised, where the library has swallowed it.
        self.error: BaseException | None = None
        #: The task that waits for its next try; the library is about to queue it anew.
        self.retried = 0
        #: Whether the end of this try is told already, as a retry.
        self.is_retry = False
        #: The event that is being emitted, until the library has recorded it.
        self.emitting: str | None = None
        #: The numbers of the tasks that the library is about to make for that event.
        self.next_number = 0
        self.numbers_left = 0
        #: What its handlers have printed that has no end of a line yet, by stream.
        self.printed: dict[str, str] = {}
        #: The `Flow.execute` that runs on this thread.
        self.starting: Starting | None = None


class _Places(threading.local):
    place: Place | None = None


_places = _Places()


def here() -> Place:
    """The calling thread's place."""
    place = _places.place
    if place is None:
        place = _places.place = Place()
    return place


def job_of(thing: Any) -> Any:
    """The job that a state of the library belongs to, or None."""
    return getattr(thing, KEY, None)
