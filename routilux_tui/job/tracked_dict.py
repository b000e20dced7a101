"""A dict whose every alteration is a change of its job, as assigning in place must be, too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import threading


class _Tracker(Protocol):
    """The job that a dict belongs to."""

    lock: threading.RLock

    def make(self, kind: str, *args: Any) -> None:
        """Make a change."""


class TrackedDict(dict[Any, Any]):
    """A dict of a job's that makes a change of whatever is done to it."""

    __slots__ = ("_job", "_put", "_take")

    def __init__(self, job: _Tracker, put: str, take: str, items: dict[Any, Any]) -> None:
        super().__init__(items)
        self._job = job
        self._put = put
        self._take = take

    def __setitem__(self, key: Any, value: Any) -> None:
        self._job.make(self._put, key, value, time.time())

    def __delitem__(self, key: Any) -> None:
        if key not in self:
            raise KeyError(key)
        self._job.make(self._take, key, time.time())

    def pop(self, key: Any, *default: Any) -> Any:
        """Take a value out, as `dict.pop`."""
        with self._job.lock:
            if key not in self:
                return super().pop(key, *default)
            value = self[key]
            del self[key]
            return value

    def popitem(self) -> tuple[Any, Any]:
        """Take out what was put in last, as `dict.popitem`."""
        with self._job.lock:
            key = next(reversed(self))
            return key, self.pop(key)

    def clear(self) -> None:
        """Take everything out, one by one."""
        with self._job.lock:
            for key in list(self):
                del self[key]

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of a key, put there where there is none."""
        with self._job.lock:
            if key not in self:
                self[key] = default
            return self[key]

    def update(self, *others: Any, **more: Any) -> None:
        """Put in what others have, one by one."""
        for key, value in dict(*others, **more).items():
            self[key] = value

    def __ior__(self, other: Any) -> TrackedDict:  # type: ignore[misc] # noqa: PYI034 - in place, as dict does; 3.10 has no Self
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (dict, (dict(self),))
