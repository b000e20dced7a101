"""The history of a job that was read from a file: records that are made when they are asked for.

Most of a large history is never looked at, and what is only saved again need not be understood.
"""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

import msgspec

from routilux_tui.job.record import ExecutionRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Saved(msgspec.Struct, gc=False, omit_defaults=True):
    """A record as every version writes it, its data still JSON text."""

    routine_id: str
    event_name: str
    timestamp: str
    data: msgspec.Raw
    task: int | None = None
    first: int | None = None
    trace: int | None = None

    @property
    def raw_data(self) -> msgspec.Raw:
        """The data as it lies here, as an `ExecutionRecord` has it."""
        return self.data

    @property
    def written_at(self) -> str:
        """The moment as the file has it."""
        return self.timestamp

    def record(self) -> ExecutionRecord:
        """The record that it tells."""
        return ExecutionRecord.of(
            self.routine_id,
            self.event_name,
            self.data,
            self.timestamp,
            self.task,
            self.first,
            self.trace,
        )


class SavedHistory(list[Any]):
    """A list of records, each of which is a `Saved` until it is asked for, and then stays.

    Only what is asked for by its position is made alone; whatever looks at all of them, or moves
    them, makes all of them first. Copies are plain lists.
    """

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self._lock = threading.RLock()
        self._made = False

    def as_saved(self) -> list[Any]:
        """A copy with the records as they lie here: made, or `Saved`."""
        return list.__getitem__(self, slice(None))

    def make_all(self) -> None:
        """Make every record that is not made yet."""
        if self._made:
            return
        with self._lock:
            names: dict[str, str] = {}
            known, record, put = names.setdefault, ExecutionRecord.of, super().__setitem__
            for n, one in enumerate(super().__iter__()):
                if type(one) is Saved:
                    routine, event = one.routine_id, one.event_name
                    routine, event = known(routine, routine), known(event, event)
                    cause = one.task, one.first, one.trace
                    put(n, record(routine, event, one.data, one.timestamp, *cause))
            self._made = True

    def __getitem__(self, n: Any) -> Any:
        if not self._made:
            with self._lock:
                where = range(*n.indices(len(self))) if isinstance(n, slice) else (n,)
                for at in where:
                    one = super().__getitem__(at)
                    if type(one) is Saved:
                        super().__setitem__(at, one.record())
        return super().__getitem__(n)

    def __radd__(self, other: Any) -> Any:
        return other + list(self)

    def __reduce_ex__(self, _: Any) -> tuple[Any, ...]:
        return (list, (list(self),))


def _of_all(name: str) -> Callable[..., Any]:
    """A method of a list, with every record made before it is carried out."""
    method = getattr(list, name)

    @wraps(method)
    def carry_out(self: SavedHistory, *args: Any, **named: Any) -> Any:
        for one in (self, *args):
            if isinstance(one, SavedHistory):
                one.make_all()
        return method(self, *args, **named)

    return carry_out


for _name in (
    *("__iter__", "__reversed__", "__contains__", "__repr__", "copy", "count", "index"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
    *("__add__", "__mul__", "__rmul__", "__imul__", "__setitem__", "__delitem__"),
    *("insert", "pop", "remove", "clear", "reverse", "sort"),
):
    setattr(SavedHistory, _name, _of_all(_name))
