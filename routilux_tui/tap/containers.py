"""Dicts and lists of a job's state that tell how they are altered, and are plain ones to all else.

Copies, pickles and JSON of them are those of a dict and a list. An alteration that is not the
commonest of its kind is told as the whole new content.
"""

from __future__ import annotations

from typing import Any, Protocol


class Listener(Protocol):
    """Who is told how a container is altered."""

    def item_set(self, name: str, key: Any, value: Any) -> None:
        """An item of a dict was set."""

    def item_gone(self, name: str, key: Any) -> None:
        """An item of a dict is gone."""

    def appended(self, name: str, item: Any) -> None:
        """An item was added to a list."""

    def replaced(self, name: str, content: Any) -> None:
        """A whole container is another."""


class _Observed:
    """A container that tells how it is altered.

    Args:
        content: what it begins with.
        name: the attribute of the state.
        job: who is told.
    """

    _plain: Any

    def __init__(self, content: Any, name: str, job: Listener) -> None:
        super().__init__(content)  # type: ignore[call-arg] # a dict or a list stands beside it
        self._name = name
        self._job = job

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._plain, (self._plain(self),)


class ObservedDict(_Observed, dict):  # type: ignore[type-arg] # it is made of any dict
    """A dict of a job's state: shared data, or the states of its routines."""

    _plain = dict

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._job.item_set(self._name, key, value)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._job.item_gone(self._name, key)

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc] # any mapping will do
        self.update(other)
        return self

    def update(self, *args: Any, **more: Any) -> None:
        """Set each of these items."""
        for key, value in dict(*args, **more).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The item; ``default`` is set where it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        """Take an item out."""
        there = key in self
        value = super().pop(key, *default)
        if there:
            self._job.item_gone(self._name, key)
        return value

    def popitem(self) -> Any:
        """Take any item out."""
        item = super().popitem()
        self._job.item_gone(self._name, item[0])
        return item

    def clear(self) -> None:
        """Take all items out."""
        super().clear()
        self._job.replaced(self._name, {})


class ObservedList(_Observed, list):  # type: ignore[type-arg] # it is made of any list
    """A list of a job's state: its logs, its deferred events, its pause points."""

    _plain = list

    def append(self, item: Any) -> None:
        """Add an item."""
        super().append(item)
        self._job.appended(self._name, item)

    def extend(self, items: Any) -> None:
        """Add these items."""
        for item in list(items):
            self.append(item)

    def __iadd__(self, items: Any) -> Any:  # type: ignore[misc] # any items will do
        self.extend(items)
        return self


def _reporting(name: str) -> Any:
    plain = getattr(list, name)

    def altered(self: ObservedList, *args: Any, **more: Any) -> Any:
        result = plain(self, *args, **more)
        self._job.replaced(self._name, list(self))
        return self if name.startswith("__i") else result

    altered.__name__ = name
    altered.__doc__ = plain.__doc__
    return altered


for _name in (
    "insert", "pop", "remove", "clear", "reverse", "sort", "__setitem__", "__delitem__", "__imul__",
):  # fmt: skip
    setattr(ObservedList, _name, _reporting(_name))
