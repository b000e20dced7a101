"""One entry of a job's history.

A new field of a record is a slot of `ExecutionRecord`, a parameter of its `of`, if it tells the
record's cause one of `CAUSE_KEYS`, and has a name in

- `change_kinds` and `fold_lists`, `fold_tasks`: an argument of the changes that make records; it
  stands behind a dot, for older versions write none;
- `store.list_growth`, which makes records of changes without a job;
- `deserialize` and `from_plain` here, `history` (`Saved`, `SavedHistory.make_all`) and
  `store.large_file` (`_Entry`), which read them of a file;
- `store.job_file` (`_FIELDS`, `_Written`), which writes them;
- `file_places._RECORD`: whether it is a name, a text or data;
- `tap.state_reporter` and `runner.script_messages`, if a script's records have it, too;
- `views.rows.record_row` and `views.shapes.Row`, if a line of the history shows it.

A new field of a job is an attribute of `data.JobData`: see `our_keys`.
``tests/extension_points/test_new_field.py`` checks all of them, and says which is missing.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from serilux import Serializable

from routilux_tui.job import timestamps
from routilux_tui.job.jsonable import as_text, decode, to_plain
from routilux_tui.job.numbers import is_id

#: How many distinct tracebacks a job keeps, each of at most some kilobytes.
MOST_TRACEBACKS = 500
#: What a record knows of its cause: keys that routilux ignores.
CAUSE_KEYS = ("task", "first", "trace")


class ExecutionRecord(Serializable):
    """What happened once: a routine, an event, its data and the moment.

    Not registered with serilux: its registry is global and by class name, and routilux's own
    class of that name is there already when both packages are in use.

    Args:
        routine_id: the routine's id in the flow.
        event_name: the event it emitted, or what happened (``start``, ``error``, ...).
        data: the event's data; `{}` by default.
        timestamp: when; now by default.

    Beside routilux's fields it knows its cause: ``task`` is the id of the task whose handler made
    it, ``first`` the id of the first task that it queued (those of one emit follow each other; a
    record that queued none has the id that the next task got). ``first`` never falls along the
    history. ``trace`` is the number of its traceback in the job's ``tracebacks``. Each is None
    where it is not known.
    """

    __slots__ = ("_at", "_data", "event_name", "first", "routine_id", "task", "trace")

    #: What serilux would keep in a list of every instance.
    fields_to_serialize: ClassVar[list[str]] = [  # type: ignore[misc]
        "routine_id",
        "event_name",
        "data",
        "timestamp",
    ]

    def __init__(
        self,
        routine_id: str = "",
        event_name: str = "",
        data: dict[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        self.routine_id = routine_id
        self.event_name = event_name
        self._data: Any = {} if data is None else data
        self._at: Any = time.time() if timestamp is None else timestamp
        self.task: int | None = None
        self.first: int | None = None
        self.trace: int | None = None

    @classmethod
    def of(
        cls,
        routine_id: str,
        event_name: str,
        data: Any,
        at: Any,
        task: int | None = None,
        first: int | None = None,
        trace: int | None = None,
    ) -> ExecutionRecord:
        """A record from parts that are known to be right: the engine's and the reader's way in.

        ``at`` is seconds since the epoch, or whatever a file holds; ``data`` may be JSON text
        (`msgspec.Raw`) that is decoded when first asked for.
        """
        record = cls.__new__(cls)
        record.routine_id = routine_id
        record.event_name = event_name
        record._data = data
        record._at = at
        record.task = task
        record.first = first
        record.trace = trace
        return record

    @property
    def data(self) -> Any:
        """The event's data: a dict, or in a file of unknown making any JSON value."""
        data = self._data
        if type(data) is msgspec.Raw:
            try:
                data = self._data = decode(bytes(data))
            except ValueError:  # it was skipped over when the file was read, and is odd
                data = self._data = bytes(data).decode("utf-8", "replace")
        return data

    @data.setter
    def data(self, data: Any) -> None:
        self._data = data

    @property
    def raw_data(self) -> Any:
        """The data as it lies here: decoded, or the JSON text of a file (`msgspec.Raw`)."""
        return self._data

    @property
    def timestamp(self) -> Any:
        """The moment, as an aware datetime; what a file has instead of a time, as it is."""
        moment = timestamps.parse(self._at)
        return self._at if moment is None else moment

    @timestamp.setter
    def timestamp(self, timestamp: Any) -> None:
        self._at = timestamp

    @property
    def at(self) -> float | None:
        """The moment in seconds since the epoch, or None where there is no time."""
        at = self._at
        return at if type(at) is float else timestamps.to_epoch(at)

    @property
    def written_at(self) -> Any:
        """The moment as a file has it: ISO 8601 with its offset, or what it had instead."""
        at = self._at
        if type(at) is float:
            return timestamps.to_iso(at)
        if isinstance(at, datetime):
            return timestamps.shown(at)
        return at

    def __repr__(self) -> str:
        at = self.timestamp
        at = at if isinstance(at, datetime) else as_text(at)
        return f"ExecutionRecord[{self.routine_id}.{self.event_name}@{at}]"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExecutionRecord):
            return NotImplemented
        return (self.routine_id, self.event_name, self.data, self.timestamp) == (
            other.routine_id,
            other.event_name,
            other.data,
            other.timestamp,
        )

    def __hash__(self) -> int:
        return hash((self.routine_id, self.event_name))

    def to_plain(self) -> dict[str, Any]:
        """The record as a file has it; what is not known of its cause is left out."""
        plain = {
            "_type": "ExecutionRecord",
            "routine_id": self.routine_id,
            "event_name": self.event_name,
            "data": self.data,
            "timestamp": self.written_at,
        }
        for name in CAUSE_KEYS:
            number = getattr(self, name)
            if number is not None:
                plain[name] = number
        return plain

    @classmethod
    def from_plain(cls, plain: Any) -> ExecutionRecord:
        """The record that a file's entry tells, whatever is missing from it."""
        if not isinstance(plain, dict):
            return cls.of("", "", plain, None)
        routine_id, event_name = plain.get("routine_id"), plain.get("event_name")
        return cls.of(
            routine_id if isinstance(routine_id, str) else as_text(routine_id),
            event_name if isinstance(event_name, str) else as_text(event_name),
            plain.get("data", {}),
            plain.get("timestamp"),
            *(number if is_id(number := plain.get(name)) else None for name in CAUSE_KEYS),
        )

    def serialize(self, max_depth: int = 100, _current_depth: int = 0) -> dict[str, Any]:
        """The record as a plain dict, with the timestamp as ISO 8601."""
        del max_depth, _current_depth  # serilux 0.4 and newer pass them; to_plain has its own bound
        plain: dict[str, Any] = to_plain(self.to_plain())
        return plain

    def deserialize(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Take over what `serialize` gave; the timestamp may be ISO text or a datetime.

        Nothing in ``data`` is imported or instantiated, whatever its ``_type`` says.
        """
        other = self.from_plain(data)
        self.routine_id, self.event_name = other.routine_id, other.event_name
        self._data, self._at = other._data, other._at
        self.task, self.first, self.trace = other.task, other.first, other.trace
